"""Rotation: a new version of the key ring comes into force, and nobody becomes a stranger by it.

Here: which tenants have a version in their ring that their stored keys are not of yet, and replacing those.
Not here: the statements (sql/raw/rotating.py), the ring (assets/listening/identity/keys.py), when this runs
(assets/privacy/assets.py).

Every stored key x becomes HMAC(new secret, x), and new rows are hashed by the old and the new secrets in turn, which
gives the same. So a listener has one key before and after in every table, and whatever looks back finds the same
people: periods of audiences, first listens, reach, the window of an attribution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

import polars as pl

from assets.each_tenant import for_each_tenant
from assets.listening.identity.keys import Keyring, renew_keys
from sql.failures import FailureLog
from sql.raw.rotating import replace_keys
from sql.values import Scope
from sql.warehouse import Warehouse

# In tenant_failures: the asset that does it every night.
SUBJECT = "rotated_keys"


@dataclass(frozen=True, slots=True)
class Rotated:
    """A tenant whose stored keys are of a new version now. rows: those that changed, by table."""

    slug: str
    before: int
    version: int
    rows: Mapping[str, int]


def due_version(warehouse: Warehouse, tenant: UUID, keyring: Keyring) -> tuple[int, int]:
    """The version that the tenant's stored keys are of, and the newest of its ring."""
    in_force = keyring.in_force(warehouse.read, [tenant])
    return in_force.key_of(tenant).version, keyring.key_of(tenant).version


def rotate_keys(
    warehouse: Warehouse, scope: Scope, keyring: Keyring, person: str, failures: FailureLog | None = None
) -> Iterator[Rotated]:
    """Bring the stored keys of tenants to the newest version of their ring, each tenant in one transaction.

    It may be stopped at any moment: a tenant has its old keys in every table, or its new ones. A tenant that it fails
    for goes to failures, and the others go on; without a log it raises.
    """

    def rotate(tenant: UUID, slug: str) -> Iterator[Rotated]:
        before, after = due_version(warehouse, tenant, keyring)
        if before == after:
            return

        def renew(keys: pl.Series) -> pl.Series:
            rows = pl.DataFrame({"key": keys}).with_columns(
                tenant_id=pl.lit(tenant.bytes), version=pl.lit(before, dtype=pl.Int16)
            )
            return renew_keys(rows, ["key"], keyring, since="version")["key"]

        yield Rotated(slug, before, after, replace_keys(warehouse, tenant, renew, before, after, person))

    yield from for_each_tenant(warehouse, scope, failures, SUBJECT, rotate)
