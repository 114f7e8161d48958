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


def stored_version(read: Reader, tenant: UUID) -> int | None:
    """The version that the tenant's stored keys are of; None: they were never rotated."""
    versions = read("read_key_versions", tenants=[tenant])
    return next(iter(versions["version"]), None)


def at_one_version(read: Reader, tenant: UUID, work: Callable[[int | None], Result]) -> Result:
    """What the work returns, given the version, where the tenant's keys were not rotated while it read them.

    Keys that are rotated meanwhile are those of before in some tables and of after in others, so that nobody is found
    again: it works once more then. Raises PermanentError where that happens again and again.
    """
    version = stored_version(read, tenant)
    for _ in range(TRIES):
        result = work(version)
        before, version = version, stored_version(read, tenant)
        if version == before:
            return result
    raise PermanentError("the keys were rotated each time while they were read; try again once the rotation is over")
