"""Partitions: how time is cut for the orchestrator, and how a run walks over the days it was given.

Here: the partition definitions, the look-back mapping, and the walk that computes, writes and reports day by day.
Not here: what a day computes (the domain packages), when runs start (pipelines/schedules.py).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import polars as pl
from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    BackfillPolicy,
    DailyPartitionsDefinition,
    MetadataValue,
    MonthlyPartitionsDefinition,
    Output,
    TimeWindowPartitionMapping,
    WeeklyPartitionsDefinition,
)
from dagster_shared.utils.warnings import BetaWarning

from sql.values import PermanentError, RawRowsGoneError, Reader, Scope, Window
from sql.warehouse import LedgerLine, Warehouse, Write

# Backfill policies and partition mappings are marked beta by Dagster 1.13; its version is bounded, so that is noise.
warnings.filterwarnings("ignore", category=BetaWarning)

# A Monday and the first of a year, so that weekly and monthly partitions start on whole periods.
FIRST_DAY = "2024-01-01"

daily = DailyPartitionsDefinition(start_date=FIRST_DAY)
# Weeks begin on Mondays (ISO 8601); without the offset they would begin on Sundays.
weekly = WeeklyPartitionsDefinition(start_date=FIRST_DAY, day_offset=1)
monthly = MonthlyPartitionsDefinition(start_date=FIRST_DAY)

# The longest attribution window is 60 days: a backfill of changed days extends itself to every day that looks back.
look_back = TimeWindowPartitionMapping(start_offset=-60, allow_nonexistent_upstream_partitions=True)
# On the 31st of a month its audience looks back 30 days; 28 rolling days look back less.
month_before = TimeWindowPartitionMapping(start_offset=-30, allow_nonexistent_upstream_partitions=True)
# A tenant-local week or month touches one UTC day more on each side.
local_period = TimeWindowPartitionMapping(start_offset=-1, end_offset=1, allow_nonexistent_upstream_partitions=True)

# One process serves up to a month of days: it starts once, and a failed day leaves the finished ones green.
month_of_days = BackfillPolicy.multi_run(max_partitions_per_run=31)

# A line in the log is an event in the orchestrator's database, and costs as much as a small write.
LOG_EVERY = 7

# Tables of judgements about a day rather than of its numbers: they are not provisional or final.
WITHOUT_FINALITY = frozenset({"check_results"})

Tables = dict[str, pl.DataFrame]
ComputeDay = Callable[[Window, Sequence[UUID]], Tables]
Description = dict[str, MetadataValue]
DescribeDay = Callable[[Tables], Mapping[str, Description]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one day of one run left behind: rows per asset, and where the time went."""

    rows: Mapping[str, int]
    tenants: int
    compute_seconds: float
    write_seconds: float
    description: Mapping[str, Description]


@dataclass(frozen=True, slots=True)
class Part:
    """What one transaction wrote."""

    tables: Tables
    tenants: Sequence[UUID]
    compute_seconds: float
    write_seconds: float


def days_of(context: AssetExecutionContext) -> list[Window]:
    """The UTC days that this run was asked for, in order."""
    return [Window.of_day(datetime.fromisoformat(key).replace(tzinfo=UTC).date()) for key in context.partition_keys]


def walk_days(
    context: AssetExecutionContext,
    warehouse: Warehouse,
    scope: Scope,
    tables_of: Mapping[str, Sequence[str]],
    compute: ComputeDay,
    describe: DescribeDay | None = None,
) -> Iterator[AssetMaterialization | Output[None]]:
    """Compute and replace each day, committing tenant chunk by tenant chunk, and say so as soon as a day is done.

    tables_of names the tables that each asset stands for; its first table gives the rows in the ledger.
    A failure yields the materializations of the days that were finished, so that they stay green.
    A tenant whose data cannot be computed loses its ledger line for the day, and the others go on: the check of the
    ledger then names it, and its reports wait. A day whose raw rows are gone keeps its rows and its line.
    """
    days = days_of(context)
    walk = Walk(context, warehouse, warehouse.tenants(scope), warehouse.tenant_chunks(scope), tables_of, compute)
    finished: list[AssetMaterialization] = []
    try:
        for number, window in enumerate(days, 1):
            outcome = walk.replace_day(window, describe)
            key = window.day.isoformat()
            if number % LOG_EVERY == 0 or number == len(days):
                context.log.info(f"{key} written ({number} of {len(days)}): {dict(outcome.rows)}")
            for asset in tables_of:
                metadata = _metadata(asset, outcome, scope)
                context.add_asset_metadata(metadata, asset_key=AssetKey(asset), partition_key=key)
                finished.append(AssetMaterialization(asset, partition=key, metadata=metadata))
    except Exception:
        # Metadata added to the context is lost with the step, so the events carry it themselves.
        yield from finished
        raise
    for asset in tables_of:
        yield Output(None, output_name=asset)


def remembering(read: Reader) -> Reader:
    """The same reader, asking once for what does not depend on time: dimensions, read again for every day of a range.

    All days of a run then see the same dimensions, whoever changes them meanwhile.
    """
    known: dict[tuple[str, str], pl.DataFrame] = {}

    def read_once(statement: str, /, **params: object) -> pl.DataFrame:
        if any(isinstance(value, date) for value in params.values()):
            return read(statement, **params)
        key = (statement, repr(sorted(params.items())))
        if key not in known:
            known[key] = read(statement, **params)
        return known[key]

    return read_once


def _metadata(asset: str, outcome: Outcome, scope: Scope) -> Description:
    return {
        "rows": MetadataValue.int(outcome.rows[asset]),
        "tenants": MetadataValue.int(outcome.tenants),
        "scope": MetadataValue.text(str(scope)),
        "compute_seconds": MetadataValue.float(round(outcome.compute_seconds, 3)),
        "write_seconds": MetadataValue.float(round(outcome.write_seconds, 3)),
        **outcome.description.get(asset, {}),
    }


@dataclass(frozen=True, slots=True)
class Walk:
    """One run's way over its days: what stays the same from day to day."""

    context: AssetExecutionContext
    warehouse: Warehouse
    tenants: pl.DataFrame
    chunks: Sequence[Sequence[UUID]]
    tables_of: Mapping[str, Sequence[str]]
    compute: ComputeDay

    def replace_day(self, window: Window, describe: DescribeDay | None) -> Outcome:
        failures: list[PermanentError] = []
        parts = [part for chunk in self.chunks for part in self._replace_chunk(window, chunk, failures)]
        if failures and not parts:
            # Nobody could be computed: that is not one tenant's data, but the schema, a privilege or a setting.
            raise failures[-1]
        total = dict.fromkeys(self.tables_of, 0)
        seen: dict[str, list[pl.DataFrame]] = {}
        for part in parts:
            for asset, names in self.tables_of.items():
                total[asset] += part.tables[names[0]].height
            for name, frame in part.tables.items():
                seen.setdefault(name, []).append(frame)
        described = describe({name: pl.concat(frames) for name, frames in seen.items()}) if describe and seen else {}
        return Outcome(
            total,
            sum(len(part.tenants) for part in parts),
            sum(part.compute_seconds for part in parts),
            sum(part.write_seconds for part in parts),
            described,
        )

    def _replace_chunk(self, window: Window, chunk: Sequence[UUID], failures: list[PermanentError]) -> Iterator[Part]:
        """The chunk in one transaction; if something in it cannot be computed, tenant by tenant."""
        try:
            yield self._replace_part(window, chunk)
        except PermanentError as error:
            if len(chunk) > 1:
                for tenant in chunk:
                    yield from self._replace_chunk(window, [tenant], failures)
                return
            if not isinstance(error, RawRowsGoneError):
                self.warehouse.forget(list(self.tables_of), window.day, chunk)
            failures.append(error)
            self.context.log.error(f"Tenant {chunk[0]}, {window.day}: not computed. {error}")

    def _replace_part(self, window: Window, chunk: Sequence[UUID]) -> Part:
        began = time.perf_counter()
        # The watermark is read first: a row that arrives while we compute is newer than what we say we saw.
        marks = self.warehouse.read("read_input_watermarks", start=window.start, end=window.end, tenants=list(chunk))
        part = self.tenants.filter(pl.col("tenant_id").is_in([tenant.bytes for tenant in chunk]))
        status = finality(part, window, datetime.now(UTC))
        run_id = UUID(self.context.run.run_id)
        tables = {name: _stamp(name, frame, status, run_id) for name, frame in self.compute(window, chunk).items()}
        computed = time.perf_counter()
        writes = [Write(name, frame) for name, frame in tables.items()]
        lines = _ledger_lines(tables, self.tables_of, status, marks, window, run_id)
        self.warehouse.replace(writes, window, chunk, lines)
        return Part(tables, chunk, computed - began, time.perf_counter() - computed)


def finality(tenants: pl.DataFrame, window: Window, clock: datetime) -> pl.DataFrame:
    """tenant_id, is_final: a day is final once its tenant's lateness has passed since the day's end."""
    end = pl.lit(window.end, dtype=pl.Datetime("us", "UTC"))
    settled = end + pl.duration(hours=pl.col("lateness_hours"))
    return tenants.select("tenant_id", is_final=settled <= pl.lit(clock, dtype=pl.Datetime("us", "UTC")))


def _stamp(table: str, frame: pl.DataFrame, status: pl.DataFrame, run_id: UUID) -> pl.DataFrame:
    """Add who computed the row and whether its day is final, where the table keeps it."""
    if table not in WITHOUT_FINALITY:
        frame = frame.join(status, on="tenant_id", how="left", validate="m:1")
    return frame.with_columns(run_id=pl.lit(run_id.bytes, dtype=pl.Binary))


def _ledger_lines(
    tables: Tables,
    tables_of: Mapping[str, Sequence[str]],
    status: pl.DataFrame,
    watermarks: pl.DataFrame,
    window: Window,
    run_id: UUID,
) -> list[LedgerLine]:
    known = dict(watermarks.select("tenant_id", "input_watermark").iter_rows())
    lines = []
    for asset, names in tables_of.items():
        counted = dict(tables[names[0]].group_by("tenant_id").len().iter_rows())
        for tenant_id, is_final in status.iter_rows():
            lines.append(
                LedgerLine(
                    asset=asset,
                    day=window.day,
                    tenant_id=UUID(bytes=tenant_id),
                    run_id=run_id,
                    rows=counted.get(tenant_id, 0),
                    input_watermark=known.get(tenant_id),
                    status="final" if is_final else "provisional",
                )
            )
    return lines


def days_ago(days: int, clock: datetime | None = None) -> str:
    """The partition key of the UTC day that lies this many days before the clock's day."""
    return ((clock or datetime.now(UTC)).date() - timedelta(days=days)).isoformat()
