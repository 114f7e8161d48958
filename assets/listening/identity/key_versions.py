"""Key versions: what reads stored keys of several tables sees all of them on one side of a rotation.

Here: which version a tenant's stored keys are of, and reading again where it changed meanwhile.
Not here: making keys (keys.py), replacing stored ones (assets/privacy/rotation.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from sql.values import PermanentError, Reader

Result = TypeVar("Result")

# A rotation of a tenant is one transaction, and comes once in months.
TRIES = 3


# The version of keys that were never rotated.
NEVER_ROTATED = 0


def stored_version(read: Reader, tenant: UUID) -> int:
    """The version that the tenant's stored keys are of, or NEVER_ROTATED."""
    versions = read("read_key_versions", tenants=[tenant])
    return next(iter(versions["version"]), NEVER_ROTATED)


def at_one_version(read: Reader, tenant: UUID, work: Callable[[int], Result], version: int | None = None) -> Result:
    """What the work returns, given the version, where the tenant's keys were not rotated while it read them.

    version: what stored_version found before anything was read that the work builds on; None: it is read now. Keys
    that are rotated meanwhile are those of before in some tables and of after in others, so that nobody is found again:
    it works once more then. Raises PermanentError where that happens again and again.
    """
    version = stored_version(read, tenant) if version is None else version
    for _ in range(TRIES):
        result = work(version)
        before, version = version, stored_version(read, tenant)
        if version == before:
            return result
    raise PermanentError("the keys were rotated each time while they were read; try again once the rotation is over")
