"""Run scope: which tenants a run computes on which of its days, and what it has read of them.

Here: the tenants of a scope day by day, all of them or those that are stale or not computed yet, and the watermarks of
the raw rows that will be read.
Not here: computing and writing them (runs.py), what makes a day stale (lineage.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from uuid import UUID

import polars as pl

from assets.lineage import days_read, is_made_of_tables, looks_at_itself, raw_sources, read_stale
from assets.spans import CALENDAR_DAY
from sql.failures import bisect_failures
from sql.raw.watermarks import record_watermarks
from sql.values import Reader, Scope
from sql.warehouse import Warehouse


class RunScope:
    """Which tenants a run computes on which of its days: all of its scope, or those whose ledger lines are stale.

    A backfill that extends itself by what looks back reaches days that a tenant has nothing of yet. They are left to
    the run that computes their listening: half a day would fail its checks.
    barred: tenants for whom that cannot be read, with the reason.
    """

    def __init__(self, warehouse: Warehouse, scope: Scope, assets: Sequence[str], days: Sequence[date]) -> None:
        self._warehouse = warehouse
        self._assets = assets
        self._days = days
        self._chunks = warehouse.tenant_chunks(scope)
        self.barred: dict[UUID, BaseException] = {}
        self._stale = self._read_stale(days[0], days[-1]) if scope.stale_only and days else None
        self._skipped = self._read_computed(scope.skip_computed_since)
        self._begun = read_begun(warehouse, days) if is_made_of_tables(assets) else None

    def chunks(self, day: date) -> list[list[UUID]]:
        """The day's tenants, chunk by chunk. What earlier days of the run may have made stale is read again."""
        skipped = self._skipped.get(day, set())
        begun = self._begun.get(day, set()) if self._begun is not None else None
        chunks = [
            remaining
            for chunk in self._chunks
            if (remaining := [each for each in chunk if each not in skipped and (begun is None or each in begun)])
        ]
        if self._stale is None:
            return chunks
        if looks_at_itself(self._assets):
            self._stale |= self._read_stale(day, day)
        stale = self._stale.get(day, set())
        return [remaining for chunk in chunks if (remaining := [tenant for tenant in chunk if tenant in stale])]

    def is_finished(self, day: date) -> bool:
        """Whether a stopped backfill has computed the day for some of the run's tenants before."""
        return bool(self._skipped.get(day))

    def record_watermarks(self) -> datetime | None:
        """Record the watermarks of the raw rows that the run will read; returns the database's clock after that.

        None where it reads no raw rows.

        Rows that arrive from then on count as newer than the run's input, even if the run reads them.
        """
        sources = raw_sources(self._assets)
        if not sources or not self._days:
            return None
        windows = self._warehouse.read("read_tenants").select("tenant_id", "download_window")
        rolling = {UUID(bytes=tenant) for tenant, window in windows.iter_rows() if window != CALENDAR_DAY}
        read: dict[UUID, set[date]] = {}
        for day in self._days:
            for chunk in self.chunks(day):
                for tenant in chunk:
                    read.setdefault(tenant, set()).update(days_read(day, sources, is_rolling=tenant in rolling))

        def look(tenants: Sequence[UUID]) -> None:
            record_watermarks(
                self._warehouse, sorted((each, day) for each in tenants for day in read[each]), list(sources)
            )

        list(bisect_failures(sorted(read), look, self._bar))
        return self._warehouse.clock()

    def _read_computed(self, since: datetime | None) -> dict[date, set[UUID]]:
        """The tenants of days that every asset has been computed for since then, and that are not stale again."""
        if since is None or not self._days:
            return {}

        def look(tenants: Sequence[UUID]) -> pl.DataFrame:
            found = computed_since(self._warehouse.read, tenants, self._days[0], self._days[-1], self._assets, since)
            return found.group_by("day", "tenant_id").len().filter(len=len(self._assets))

        return self._tenants_by_day(look)

    def _read_stale(self, first: date, last: date) -> dict[date, set[UUID]]:
        return self._tenants_by_day(
            lambda tenants: read_stale(self._warehouse.read, tenants, first, last, self._assets)
        )

    def _tenants_by_day(self, look: Callable[[Sequence[UUID]], pl.DataFrame]) -> dict[date, set[UUID]]:
        """The day and tenant_id of what is found for the scope's tenants; one that it fails for to look is barred."""
        days: dict[date, set[UUID]] = {}
        tenants = [tenant for chunk in self._chunks for tenant in chunk if tenant not in self.barred]
        for found in bisect_failures(tenants, look, self._bar):
            for day, tenant in found.select("day", "tenant_id").iter_rows():
                days.setdefault(day, set()).add(UUID(bytes=tenant))
        return days

    def _bar(self, tenant: UUID, error: BaseException) -> None:
        self.barred[tenant] = error


def read_begun(warehouse: Warehouse, days: Sequence[date]) -> dict[date, set[UUID]]:
    """For each of the days the tenants whose listening was computed, or could not be; days without any are left out."""
    begun: dict[date, set[UUID]] = {}
    if not days:
        return begun
    for day, tenant in warehouse.read("read_begun_days", first=min(days), last=max(days)).iter_rows():
        if day in days:
            begun.setdefault(day, set()).add(UUID(bytes=tenant))
    return begun


def computed_since(
    read: Reader, tenants: Sequence[UUID], first: date, last: date, assets: Sequence[str], since: datetime
) -> pl.DataFrame:
    """tenant_id, asset, day: made by a run that began at since or later, and not older than what it is made of."""
    found = read("read_computed_since", assets=list(assets), first=first, last=last, tenants=list(tenants), since=since)
    stale = read_stale(read, tenants, first, last, assets)
    return found.join(stale, on=["tenant_id", "asset", "day"], how="anti")
