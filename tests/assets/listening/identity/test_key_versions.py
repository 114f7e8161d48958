"""What is read on both sides of a rotation is read again, and given up where rotations never end."""

from __future__ import annotations

from uuid import UUID

import polars as pl
import pytest

from assets.listening.identity.key_versions import NEVER_ROTATED, TRIES, at_one_version, stored_version
from sql.values import PermanentError

TENANT = UUID(int=7)


class Stored:
    """Keys of a tenant, of a version that the test changes."""

    def __init__(self, version: int) -> None:
        self.version, self.reads = version, 0

    def __call__(self, name: str, /, **params: object) -> pl.DataFrame:
        assert (name, params) == ("read_key_versions", {"tenants": [TENANT]})
        self.reads += 1
        versions = [self.version] if self.version else []
        return pl.DataFrame({"tenant_id": [TENANT.bytes] * len(versions), "version": versions})


@pytest.mark.parametrize("version", [NEVER_ROTATED, 3])
def test_what_nobody_disturbs_is_read_once(version: int) -> None:
    seen: list[int] = []
    assert at_one_version(Stored(version), TENANT, lambda each: seen.append(each) or "read") == "read"  # type: ignore[func-returns-value]
    assert seen == [version] == [stored_version(Stored(version), TENANT)]


@pytest.mark.parametrize("rotations", range(TRIES))
def test_what_a_rotation_disturbs_is_read_again_with_the_new_version(rotations: int) -> None:
    stored, seen = Stored(NEVER_ROTATED), list[int]()

    def work(version: int) -> int:
        seen.append(version)
        stored.version = min(len(seen), rotations)
        return len(seen)

    assert at_one_version(stored, TENANT, work) == rotations + 1
    assert seen == [*range(rotations + 1)]


def test_a_version_that_was_read_before_is_not_read_again() -> None:
    stored = Stored(3)
    assert at_one_version(stored, TENANT, lambda version: version, 3) == 3
    assert stored.reads == 1
    assert at_one_version(stored, TENANT, lambda version: version, 2) == 3, "rotated since what it builds on was read"


def test_keys_that_never_stay_are_given_up() -> None:
    stored = Stored(1)

    def work(version: int) -> None:
        stored.version = version + 1

    with pytest.raises(PermanentError, match="were rotated each time"):
        at_one_version(stored, TENANT, work)
