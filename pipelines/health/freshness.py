"""Freshness: what has to be computed again, and in which days and for whom.

Here: looking at what arrived, asking the ledger what is stale because of it, and folding that into one span of days.
Not here: the rules of what is made of what (assets/lineage.py), who asks when (sensors.py, computing.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from assets.lineage import EVER, read_stale
from sql.arrivals import note_arrivals
from sql.failures import FailureLog, in_halves
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")

logger = logging.getLogger(__name__)

# In tenant_failures: the sensor that looks for late rows every ten minutes.
SUBJECT = "late_rows"
NOT_LOOKED_AT = "not looked at for late rows"

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True, slots=True)
class Healing:
    """Days of tenants that are stale, or that may become so while the first of them are computed again.

    digest: the same for the same tables of the same days and tenants.
    """

    first: date
    last: date
    tenants: tuple[UUID, ...]
    tables: int
    digest: str


def look_at_arrivals(warehouse: Warehouse, received_since: datetime, failures: FailureLog | None = None) -> None:
    """Look again at the days for which rows were received lately. Tenants that it fails for: see _for_tenants."""

    def look(tenants: Sequence[UUID]) -> None:
        _look_at(warehouse, warehouse.read("read_arrived_days", received_since=received_since, tenants=list(tenants)))

    list(_for_tenants(warehouse, look, failures))


def compare_counts(
    warehouse: Warehouse,
    first: date = FIRST_DAY,
    failures: FailureLog | None = None,
    only: Collection[UUID] | None = None,
) -> None:
    """Look again at all computed days from first on: finds rows too that came in without a fresh received_at.

    only: these tenants; None: all.
    """

    def look(tenants: Sequence[UUID]) -> None:
        _look_at(warehouse, warehouse.read("read_days_to_compare", first=first, tenants=list(tenants)))

    list(_for_tenants(warehouse, look, failures, only))


def find_stale(
    warehouse: Warehouse, changed_since: datetime = EVER, failures: FailureLog | None = None
) -> Healing | None:
    """What the ledger knows as stale; None: nothing is. changed_since: changes before it are known to be settled."""
    import polars as pl

    def look(tenants: Sequence[UUID]) -> pl.DataFrame:
        return read_stale(warehouse.read, tenants, FIRST_DAY, LAST_DAY, changed_since=changed_since)

    found = list(_for_tenants(warehouse, look, failures))
    return fold_stale(pl.concat(found)) if found else None


def _for_tenants(
    warehouse: Warehouse,
    look: Callable[[Sequence[UUID]], T],
    failures: FailureLog | None,
    only: Collection[UUID] | None = None,
) -> Iterator[T]:
    """What is found for all tenants at once; those that it fails for go to failures, and are left out.

    Without a log nobody would read of them: a log of its own says it and keeps it.
    """
    kept = failures or FailureLog(warehouse, "sensor", logger.error, not_done=NOT_LOOKED_AT)
    tenants = [UUID(bytes=tenant) for tenant in warehouse.tenants()["tenant_id"]] if only is None else sorted(only)
    return in_halves(tenants, look, lambda tenant, error: kept.add(tenant, error, [SUBJECT]))


def fold_stale(stale: pl.DataFrame) -> Healing | None:
    """One span of days for all that is stale: from its first day to the last that its tenants have computed.

    stale: of assets.lineage.read_stale
    """
    if stale.is_empty():
        return None
    told = blake2b(digest_size=12)
    for day, asset, tenant in stale.select("day", "asset", "tenant_id").sort("day", "asset", "tenant_id").iter_rows():
        told.update(f"{day} {asset} {tenant.hex()};".encode())
    first, last = min(stale["day"].to_list()), max(stale["last_day"].to_list())
    ids = stale["tenant_id"].unique().sort()
    return Healing(first, last, tuple(UUID(bytes=each) for each in ids), stale.height, told.hexdigest())


def _look_at(warehouse: Warehouse, days: pl.DataFrame) -> None:
    pairs = [(UUID(bytes=tenant), day) for tenant, day in days.select("tenant_id", "day").sort("day").iter_rows()]
    note_arrivals(warehouse, pairs)
