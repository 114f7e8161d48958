"""Partitions: how time is cut for the orchestrator, and how a run walks over the days it was given.

Here: the partition definitions, the look-back mapping, and telling the orchestrator what a run did day by day.
Not here: how a day is written and which tenants are due (walking.py), what a day computes (the domain packages), when
runs start (pipelines/schedules.py).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

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

from assets.walking import ComputeDay, Due, Outcome, Tables, Walk, remembering
from sql.values import Scope, Window
from sql.warehouse import Warehouse

__all__ = [
    "FIRST_DAY",
    "Description",
    "Tables",
    "daily",
    "days_ago",
    "days_of",
    "local_period",
    "look_back",
    "month_before",
    "month_of_days",
    "monthly",
    "remembering",
    "walk_days",
    "weekly",
]

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

Description = dict[str, MetadataValue]
DescribeDay = Callable[[Tables], Mapping[str, Description]]


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
    Where the scope asks for what is stale only, the other tenants and days are left as they are.
    """
    days = days_of(context)
    due = Due(warehouse, scope, list(tables_of), [window.day for window in days])
    walk = Walk(
        UUID(context.run.run_id),
        warehouse,
        warehouse.tenants(scope),
        scope.stale_only,
        tables_of,
        compute,
        context.log.error,
        due.note_arrivals(),
    )
    finished: list[AssetMaterialization] = []
    try:
        for number, window in enumerate(days, 1):
            chunks = due.chunks(window.day)
            if not chunks and scope.stale_only:
                continue
            outcome = walk.replace_day(window, chunks)
            described = describe(dict(outcome.tables)) if describe and outcome.tables else {}
            key = window.day.isoformat()
            if number % LOG_EVERY == 0 or number == len(days):
                context.log.info(f"{key} written ({number} of {len(days)}): {dict(outcome.rows)}")
            for asset in tables_of:
                metadata = {**_metadata(asset, outcome, scope), **described.get(asset, {})}
                context.add_asset_metadata(metadata, asset_key=AssetKey(asset), partition_key=key)
                finished.append(AssetMaterialization(asset, partition=key, metadata=metadata))
    except Exception:
        # Metadata added to the context is lost with the step, so the events carry it themselves.
        yield from finished
        raise
    for asset in tables_of:
        yield Output(None, output_name=asset)


def _metadata(asset: str, outcome: Outcome, scope: Scope) -> Description:
    return {
        "rows": MetadataValue.int(outcome.rows[asset]),
        "tenants": MetadataValue.int(outcome.tenants),
        "scope": MetadataValue.text(str(scope)),
        "compute_seconds": MetadataValue.float(round(outcome.compute_seconds, 3)),
        "write_seconds": MetadataValue.float(round(outcome.write_seconds, 3)),
    }


def days_ago(days: int, clock: datetime | None = None) -> str:
    """The partition key of the UTC day that lies this many days before the clock's day."""
    return ((clock or datetime.now(UTC)).date() - timedelta(days=days)).isoformat()
