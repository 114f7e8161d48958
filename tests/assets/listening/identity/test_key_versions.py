"""What is read on both sides of a rotation is read again, and given up where rotations never end."""

from __future__ import annotations

from uuid import UUID

import polars as pl
import pytest

from assets.listening.identity.key_versions import TRIES, at_one_version, stored_version
from sql.values import PermanentError

TENANT = UUID(int=7)


class Stored:
    """Keys of a tenant, of a version that the test changes."""

    def __init__(self, version: int | None) -> None:
        self.version = version

    def __call__(self, name: str, /, **params: object) -> pl.DataFrame:
        assert (name, params) == ("read_key_versions", {"tenants": [TENANT]})
        versions = [] if self.version is None else [self.version]
        return pl.DataFrame({"tenant_id": [TENANT.bytes] * len(versions), "version": versions})


@pytest.mark.parametrize("version", [None, 3])
def test_what_nobody_disturbs_is_read_once(version: int | None) -> None:
    seen: list[int | None] = []
    assert at_one_version(Stored(version), TENANT, lambda each: seen.append(each) or "read") == "read"  # type: ignore[func-returns-value]
    assert seen == [version] == [stored_version(Stored(version), TENANT)]


@pytest.mark.parametrize("rotations", range(TRIES))
def test_what_a_rotation_disturbs_is_read_again_with_the_new_version(rotations: int) -> None:
    stored, seen = Stored(None), list[int | None]()

    def work(version: int | None) -> int:
        seen.append(version)
        stored.version = min(len(seen), rotations) or None
        return len(seen)

    assert at_one_version(stored, TENANT, work) == rotations + 1
    assert seen == [None, *range(1, rotations + 1)]


def test_keys_that_never_stay_are_given_up() -> None:
    stored = Stored(1)

    def work(version: int | None) -> None:
        stored.version = (version or 0) + 1

    with pytest.raises(PermanentError, match="were rotated each time"):
        at_one_version(stored, TENANT, work)
