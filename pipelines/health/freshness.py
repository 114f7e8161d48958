"""Freshness: what has to be computed again, and in which days and for whom.

Here: recording what arrived and which settings were edited, reading from the ledger what is stale because of it, as one
span of days.
Not here: the rules of what is made of what (assets/lineage.py), when this is done (sensors.py, computing.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from assets.edits import reopen_edited_days
from assets.lineage import EVER, read_stale
from pipelines.settings import first_day_setting
from sql.failures import FailureLog, bisect_failures
from sql.raw.watermarks import put_back, record_watermarks
from sql.values import DAY
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")

logger = logging.getLogger(__name__)

# In tenant_failures: the sensor that looks for late rows every ten minutes.
SUBJECT = "late_rows"
NOT_LOOKED_AT = "not looked at for late rows"

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)

# As many days as one run takes: the orchestrator plans each asset of each of them, also of days without any row, of
# which a single row with a wrong clock brings years. What is stale later is found when these are fresh.
LONGEST_SPAN = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class StaleDays:
    """Days of tenants that are stale, or that may become so while the first of them are computed again.

    digest: the same for the same tables of the same days and tenants.
    """

    first: date
    last: date
    tenants: tuple[UUID, ...]
    tables: int
    digest: str


def record_arrivals(warehouse: Warehouse, received_since: datetime, failures: FailureLog | None = None) -> None:
    """Look again at the days for which rows were received lately. Tenants that it fails for: see _for_tenants."""

    def read(tenants: Sequence[UUID]) -> None:
        _record(warehouse, warehouse.read("read_arrived_days", received_since=received_since, tenants=list(tenants)))

    list(_for_tenants(warehouse, read, failures))


def compare_counts(
    warehouse: Warehouse,
    first: date = FIRST_DAY,
    failures: FailureLog | None = None,
    only: Collection[UUID] | None = None,
) -> None:
    """Look again at all computed days from first on: finds rows too that came in without a fresh received_at.

    only: these tenants; None: all. For all, what was recorded while the database's clock was ahead is put right first.
    """
    if only is None and (lines := put_back(warehouse)):
        logger.warning("%d line(s) of the ledger were recorded in a time to come, and are computed again", lines)

    def read(tenants: Sequence[UUID]) -> None:
        _record(warehouse, warehouse.read("read_days_to_compare", first=first, tenants=list(tenants)))

    list(_for_tenants(warehouse, read, failures, only))


def find_stale(
    warehouse: Warehouse,
    changed_since: datetime = EVER,
    failures: FailureLog | None = None,
    last: date = LAST_DAY,
    only: Collection[UUID] | None = None,
    first: date = FIRST_DAY,
) -> StaleDays | None:
    """What is stale by the ledger; None: nothing is. changed_since: what changed before it was found fresh already.

    Edits of settings are looked at first, and so are requests whose file has come into the catalogue since. Tenants
    that it fails for: see _for_tenants. only: these tenants; None: all.
    first, last: earlier and later days are left alone, and so are those before EARSHOT_FIRST_DAY, where it is set.
    """
    import polars as pl

    from assets.importing.rematching import match_again

    begins = max(first, first_day_setting() or FIRST_DAY)
    if last < begins:
        return None

    def read(tenants: Sequence[UUID]) -> pl.DataFrame:
        match_again(warehouse, tenants)
        reopen_edited_days(warehouse, tenants)
        return read_stale(warehouse.read, tenants, begins, last, changed_since=changed_since)

    found = list(_for_tenants(warehouse, read, failures, only))
    return fold_stale(pl.concat(found)) if found else None


def _for_tenants(
    warehouse: Warehouse,
    read: Callable[[Sequence[UUID]], T],
    failures: FailureLog | None,
    only: Collection[UUID] | None = None,
) -> Iterator[T]:
    """What is found for all tenants at once; those that it fails for go to failures, and are left out.

    Without a log they are logged and recorded by a log of its own.
    """
    log = failures or FailureLog(warehouse, "sensor", logger.error, not_done=NOT_LOOKED_AT)
    tenants = [UUID(bytes=tenant) for tenant in warehouse.tenants()["tenant_id"]] if only is None else sorted(only)
    return bisect_failures(tenants, read, lambda tenant, error: log.add(tenant, error, [SUBJECT]))


def fold_stale(stale: pl.DataFrame) -> StaleDays | None:
    """One span of days for all that is stale: from its first day to the last that its tenants have computed, or as many
    as LONGEST_SPAN.

    stale: of assets.lineage.read_stale
    """
    if stale.is_empty():
        return None
    hashed = blake2b(digest_size=12)
    for day, asset, tenant in stale.select("day", "asset", "tenant_id").sort("day", "asset", "tenant_id").iter_rows():
        hashed.update(f"{day} {asset} {tenant.hex()};".encode())
    first, last = min(stale["day"].to_list()), max(stale["last_day"].to_list())
    ids = stale["tenant_id"].unique().sort()
    last = min(last, first + LONGEST_SPAN - DAY)
    return StaleDays(first, last, tuple(UUID(bytes=each) for each in ids), stale.height, hashed.hexdigest())


def _record(warehouse: Warehouse, days: pl.DataFrame) -> None:
    pairs = [(UUID(bytes=tenant), day) for tenant, day in days.select("tenant_id", "day").sort("day").iter_rows()]
    record_watermarks(warehouse, pairs)
