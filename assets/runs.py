"""Runs: how a step computes its days for its tenants, writes them with their ledger lines, and leaves fresh ones alone.

Here: the day chunk by chunk in one transaction each, the tenants that it fails for, finality, ledger lines.
Not here: which tenants are computed on which day (run_scope.py), the orchestrator (partitions.py), what a day computes
(the domain packages), which exceptions may be one tenant's (sql/failures.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from uuid import UUID
from weakref import WeakKeyDictionary

import polars as pl

from assets.frames import UTC_TIME
from assets.lineage import hash_content, raw_sources
from assets.run_scope import RunScope
from sql.events import note_event
from sql.failures import FailureLog, TenantFailure, bisect_failures, is_explained
from sql.raw.watermarks import put_back_if_free
from sql.values import PermanentError, RawRowsGoneError, Reader, Scope, Window
from sql.warehouse import LedgerLine, Warehouse, Write

# Tables of judgements about a day rather than of its numbers: they are not provisional or final.
WITHOUT_FINALITY = frozenset({"check_results"})

Tables = dict[str, pl.DataFrame]
ComputeDay = Callable[[Window, Sequence[UUID]], Tables]
# Called after each commit with the assets, the day and the tenants that are written now.
Committed = Callable[[Sequence[str], date, Sequence[UUID]], object]


class NobodyComputedError(PermanentError):
    """A run could compute none of its tenants: the schema, a privilege, a setting or the code, and no tenant's data."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one day of one run left behind: rows per asset, for whom it failed, and where the time went."""

    rows: Mapping[str, int]
    tenants: int
    failures: Sequence[TenantFailure]
    compute_seconds: float
    write_seconds: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one transaction wrote: rows per asset."""

    rows: Mapping[str, int]
    tenants: Sequence[UUID]
    compute_seconds: float
    write_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRun:
    """A step in one run: what stays the same from day to day, and for whom it failed so far."""

    run_id: UUID
    warehouse: Warehouse
    tenants: pl.DataFrame
    is_partial: bool
    tables_of: Mapping[str, Sequence[str]]
    compute: ComputeDay
    # Records and logs what could not be computed.
    failures: FailureLog
    # When the watermarks of the raw rows were recorded; None for assets that are not made of raw rows.
    watermarks_at: datetime | None
    # When reading the raw rows of a day began, where that was before the run: those of a tenant that is measured in
    # shards. Computing may take a day out.
    read_from: Mapping[date, datetime] = field(default_factory=dict)
    # Tenants whose stale days could not be read (RunScope.barred); it may grow during the run.
    barred: Mapping[UUID, BaseException] = field(default_factory=dict)
    committed: Committed = lambda _assets, _day, _tenants: None
    # Tenants that failed on an earlier day are tried on their own, so that the others need not be halved every day.
    _suspects: set[UUID] = field(default_factory=set)
    _computed: set[UUID] = field(default_factory=set)

    def replace_day(self, window: Window, chunks: Sequence[Sequence[UUID]]) -> Outcome:
        """Compute and write the day for these tenants; those that it fails for lose their lines in the ledger.

        Raises NobodyComputedError if it fails for every one of several tenants that are the run's whole scope, without
        an explanation by their data: the days after it would only fail alike.
        """
        before = len(self.failures.found)
        assets = list(self.tables_of)
        parts: list[Chunk] = []
        work, give_up = partial(self._replace_chunk, window), partial(self._give_up, window)
        for chunk in chunks:
            for tenant in chunk:
                if tenant in self.barred:
                    give_up(tenant, self.barred[tenant])
            alone = [[tenant] for tenant in chunk if tenant in self._suspects and tenant not in self.barred]
            together = [tenant for tenant in chunk if tenant not in self._suspects and tenant not in self.barred]
            for group in (together, *alone):
                for part in bisect_failures(group, work, give_up):
                    self.committed(assets, window.day, part.tenants)
                    parts.append(part)
        failed = self.failures.found[before:]
        if len(failed) > 1 and not parts and not self.is_partial and not any(is_explained(f.error) for f in failed):
            raise _nobody(failed)
        return Outcome(
            {asset: sum(part.rows[asset] for part in parts) for asset in assets},
            sum(len(part.tenants) for part in parts),
            failed,
            sum((part.compute_seconds for part in parts), 0.0),
            sum((part.write_seconds for part in parts), 0.0),
        )

    def finish(self) -> None:
        """Raises NobodyComputedError if the whole run computed nobody.

        Where it was to heal what is stale, only if that is not explained by the data: the check of the ledger names
        those tenants, and what can be computed of them goes on.
        """
        failed = self.failures.found
        for tenant in self.barred.keys() - {failure.tenant_id for failure in failed}:
            self.failures.add(tenant, self.barred[tenant], list(self.tables_of))
        if failed and not self._computed and not (self.is_partial and any(is_explained(f.error) for f in failed)):
            raise _nobody(failed)

    def _give_up(self, window: Window, tenant: UUID, error: BaseException) -> None:
        """Record the failure, and that the tenant's rows of the day are not up to date."""
        assets = list(self.tables_of)
        if not isinstance(error, RawRowsGoneError):
            self.warehouse.forget(assets, window.day, [tenant])
        elif self.watermarks_at is not None:
            self.warehouse.let_stand(assets, window.day, [tenant], self.watermarks_at)
        self._suspects.add(tenant)
        self.failures.add(tenant, error, assets, window.day)

    def _refuse_dropped(self, window: Window, chunk: Sequence[UUID]) -> None:
        """Raises RawRowsGoneError for a day whose raw rows lie in the archive alone, of what is made of raw rows.

        Rows that came since, or that stayed, do not stand for those that went.
        """
        if not raw_sources(list(self.tables_of)):
            return
        gone = self.warehouse.rows("read_dropped_days", day=window.day, tenants=list(chunk))
        if gone:
            raise RawRowsGoneError(
                f"The raw rows of {window.day} lie in the archive ({gone[0]['place']}). Its numbers stay as they are; "
                "`earshot archive restore` brings the rows back to compute them again"
            )

    def _arrivals(self, day: date, chunk: Sequence[UUID]) -> tuple[pl.DataFrame, datetime]:
        """tenant_id, input_watermark; and the time, both of the database that is written to: the ledger goes by it."""
        found = self.warehouse.rows("read_arrivals", day=day, tenants=list(chunk))
        columns = {
            "tenant_id": [row["tenant_id"].bytes for row in found],
            "input_watermark": [row["input_watermark"] for row in found],
        }
        return pl.DataFrame(columns, schema={"tenant_id": pl.Binary, "input_watermark": UTC_TIME}), found[0]["read_at"]

    def _replace_chunk(self, window: Window, chunk: Sequence[UUID]) -> Chunk:
        began = time.perf_counter()
        arrivals, clock = self._arrivals(window.day, chunk)
        part = self.tenants.filter(pl.col("tenant_id").is_in([tenant.bytes for tenant in chunk]))
        self._refuse_dropped(window, chunk)
        content = self.compute(window, chunk)
        read_from = self.read_from.get(window.day)
        read_at, began_at = read_from or clock, read_from or self.watermarks_at or clock
        status = finality(part, window, read_at)
        tables = {name: _stamp(name, frame, status, self.run_id) for name, frame in content.items()}
        computed = time.perf_counter()
        writes = [Write(name, frame) for name, frame in tables.items()]
        finality_and_arrivals = status.join(arrivals, on="tenant_id", validate="1:1")
        lines = _ledger_lines(content, self.tables_of, finality_and_arrivals, window, self.run_id, began_at, read_at)
        self.warehouse.replace(writes, window, chunk, lines)
        self._computed.update(chunk)
        self._suspects.difference_update(chunk)
        for tenant in chunk:
            note_event("day_written", run=self.run_id, tenant=tenant, day=window.day, assets=list(self.tables_of))
        rows = {asset: tables[names[0]].height for asset, names in self.tables_of.items()}
        return Chunk(rows, chunk, computed - began, time.perf_counter() - computed)


# The run for which each warehouse was last put right: that looks at the whole ledger, and once a run is enough.
_PUT_BACK_FOR: WeakKeyDictionary[Warehouse, UUID] = WeakKeyDictionary()


def begin_step(
    warehouse: Warehouse,
    scope: Scope,
    tables_of: Mapping[str, Sequence[str]],
    days: Sequence[date],
    compute: ComputeDay,
    *,
    run_id: UUID,
    log_error: Callable[[str], object],
    committed: Committed = lambda _assets, _day, _tenants: None,
    read_from: Mapping[date, datetime] | None = None,
) -> tuple[RunScope, StepRun]:
    """A step at the begin of its run: for whom it computes which days, and the run of it. read_from: as of StepRun."""
    warehouse.analyze_new()
    if _PUT_BACK_FOR.get(warehouse) != run_id:
        put_back_if_free(warehouse)
        _PUT_BACK_FOR[warehouse] = run_id
    run_scope = RunScope(warehouse, scope, list(tables_of), days)
    run = StepRun(
        run_id=run_id,
        warehouse=warehouse,
        tenants=warehouse.tenants(scope),
        is_partial=scope.is_partial,
        tables_of=tables_of,
        compute=compute,
        failures=FailureLog(warehouse, "computing", log_error, run_id),
        watermarks_at=run_scope.record_watermarks(),
        read_from=read_from if read_from is not None else {},
        barred=run_scope.barred,
        committed=committed,
    )
    return run_scope, run


def _nobody(failed: Sequence[TenantFailure]) -> NobodyComputedError:
    causes = list(dict.fromkeys(failure.cause.rstrip(".") for failure in failed))
    who = list(dict.fromkeys(failure.where for failure in failed))
    error = NobodyComputedError(
        f"Nobody could be computed: {'. '.join(causes[:3])}. It failed for {'; '.join(who[:5])}"
        + (f" and {len(who) - 5} more." if len(who) > 5 else ".")
    )
    error.__cause__ = failed[-1].error
    return error


def finality(tenants: pl.DataFrame, window: Window, clock: datetime) -> pl.DataFrame:
    """tenant_id, is_final: a day is final once its tenant's lateness has passed since the day's end."""
    end = pl.lit(window.end, dtype=UTC_TIME)
    final_from = end + pl.duration(hours=pl.col("lateness_hours"))
    return tenants.select("tenant_id", is_final=final_from <= pl.lit(clock, dtype=UTC_TIME))


def _stamp(table: str, frame: pl.DataFrame, status: pl.DataFrame, run_id: UUID) -> pl.DataFrame:
    """Add who computed the row and whether its day is final, where the table keeps it."""
    if table not in WITHOUT_FINALITY:
        frame = frame.join(status, on="tenant_id", how="left", validate="m:1")
    return frame.with_columns(run_id=pl.lit(run_id.bytes, dtype=pl.Binary))


def _ledger_lines(
    content: Tables,
    tables_of: Mapping[str, Sequence[str]],
    tenants: pl.DataFrame,
    window: Window,
    run_id: UUID,
    began_at: datetime,
    read_at: datetime,
) -> list[LedgerLine]:
    """A line for each asset and tenant, also where it has no rows. tenants: tenant_id, is_final, input_watermark."""
    lines = []
    measures = rules_versions_of(content)
    for asset, names in tables_of.items():
        counted = dict(content[names[0]].group_by("tenant_id").len().iter_rows())
        hashes = hash_content([content[name] for name in names])
        for tenant_id, is_final, watermark in tenants.select("tenant_id", "is_final", "input_watermark").iter_rows():
            lines.append(
                LedgerLine(
                    asset=asset,
                    day=window.day,
                    tenant_id=UUID(bytes=tenant_id),
                    run_id=run_id,
                    rows=counted.get(tenant_id, 0),
                    input_watermark=watermark,
                    status="final" if is_final else "provisional",
                    began_at=began_at,
                    content_hash=hashes.get(tenant_id, ""),
                    rules_version=measures.get(tenant_id),
                    read_at=read_at,
                )
            )
    return lines


def rules_versions_of(content: Tables) -> dict[bytes, str]:
    """Each tenant's rules_version values of the day, sorted and joined by commas.

    Downloads are left out: they are many, and request_dispositions has the same versions.
    """
    columns = ["tenant_id", "rules_version"]
    versioned = [frame for name, frame in content.items() if "rules_version" in frame.columns and name != "downloads"]
    versions = [frame.select(columns).unique() for frame in versioned if frame.height]
    if not versions:
        return {}
    named = pl.concat(versions).with_columns(pl.col("rules_version").str.split(", ")).explode("rules_version").unique()
    return dict(named.group_by("tenant_id").agg(pl.col("rules_version").sort().str.join(", ")).iter_rows())


def cached_reader(read: Reader) -> Reader:
    """The reader with a cache of results that do not depend on time: dimensions, needed for every day of a range.

    All days of a run then see the same dimensions, whoever changes them meanwhile.
    """
    cache: dict[tuple[str, str], pl.DataFrame] = {}

    def read_once(statement: str, /, **params: object) -> pl.DataFrame:
        if any(isinstance(value, date) for value in params.values()):
            return read(statement, **params)
        key = (statement, repr(sorted(params.items())))
        if key not in cache:
            cache[key] = read(statement, **params)
        return cache[key]

    return read_once
