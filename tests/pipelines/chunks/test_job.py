"""Which workers may compute a chunk: those that measure as the process does that divided the tenants."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import UUID

import pytest

from assets.listening.identity.keys import Key, Keyring
from assets.resources import Measurement
from pipelines.chunks.chunk import fit, measures_of

TENANTS = [UUID(int=1), UUID(int=2)]
FIRST, SECOND = Key(1, b"the first key of these tests 32b."), Key(2, b"the second key of these tests 32b")
OTHER = Key(1, b"a key that somebody else has, 32b")


def measured(keyring: Keyring, rules: str = "a", tenants: list[UUID] = TENANTS) -> dict[str, object]:
    versions = SimpleNamespace(version=rules), SimpleNamespace(version="b")
    return measures_of(Measurement(*versions, keyring), tenants)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keyring", "rules", "is_alike"),
    [
        (Keyring((FIRST,)), "a", True),
        # It waits to be rotated.
        (Keyring((FIRST, SECOND)), "a", True),
        # A ring of its own with the keys that the others share.
        (Keyring((FIRST,), {str(TENANTS[1]): (FIRST, SECOND)}), "a", True),
        (Keyring((FIRST,)), "another", False),
        (Keyring((OTHER,)), "a", False),
        (Keyring((FIRST,), {str(TENANTS[1]): (OTHER,)}), "a", False),
        (Keyring((SECOND,)), "a", False),
        (Keyring(()), "a", False),
    ],
)
def test_a_worker_computes_by_the_same_rules_and_secrets_or_not_at_all(
    keyring: Keyring, rules: str, is_alike: bool
) -> None:
    divided = measured(Keyring((FIRST,)))
    assert fit(divided, measured(keyring, rules)) is is_alike
    assert FIRST.secret.hex() not in str(divided)
