"""Partitions: how time is cut for the orchestrator, and how a run walks over the days it was given.

Here: the partition definitions, the look-back mapping, and telling the orchestrator what a run did day by day.
Not here: how a day is written and which tenants are due (walking.py), what a day computes (the domain packages), when
runs start (pipelines/schedules.py).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    BackfillPolicy,
    DailyPartitionsDefinition,
    Failure,
    MetadataValue,
    MonthlyPartitionsDefinition,
    Output,
    TimeWindowPartitionMapping,
    WeeklyPartitionsDefinition,
)
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION
from dagster_shared.utils.warnings import BetaWarning

from assets.markdown import table
from sql.failures import FailureLog, TenantFailure, cause_of, may_be_one_tenants
from sql.values import PermanentError, Reader, Scope, Window
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl

    from assets.walking import Committed, ComputeDay, Due, Outcome

__all__ = [
    "EVER",
    "Description",
    "Partitions",
    "daily",
    "days_ago",
    "days_of",
    "describe_failures",
    "describe_scope",
    "fail_for_tenants",
    "local_period",
    "look_back",
    "month_before",
    "month_of_days",
    "monthly",
    "partitions_from",
    "refuse_campaigns",
    "refuse_partial",
    "walk_days",
    "weekly",
]

# Backfill policies and partition mappings are marked beta by Dagster 1.13; its version is bounded, so that is noise.
warnings.filterwarnings("ignore", category=BetaWarning)

# What the schedules ask for must be there before there is data: three days, the last week, the last month.
DAYS_ASKED, WEEK_ASKED = timedelta(days=3), timedelta(days=16)


class Partitions(NamedTuple):
    """Days, weeks and months from one day on; weeks and months are whole."""

    daily: DailyPartitionsDefinition
    weekly: WeeklyPartitionsDefinition
    monthly: MonthlyPartitionsDefinition


def partitions_from(first: date, today: date) -> Partitions:
    """The partitions from a first day on, and from a little earlier where the schedules of today ask for more."""
    week = min(first, today - WEEK_ASKED)
    month = min(first, (today - DAYS_ASKED).replace(day=1) - timedelta(days=1))
    return Partitions(
        DailyPartitionsDefinition(start_date=min(first, today - DAYS_ASKED).isoformat()),
        # Weeks begin on Mondays (ISO 8601); without the offset they would begin on Sundays.
        WeeklyPartitionsDefinition(start_date=(week - timedelta(days=week.weekday())).isoformat(), day_offset=1),
        MonthlyPartitionsDefinition(start_date=month.replace(day=1).isoformat()),
    )


# As wide as raw rows may lie; the code location cuts it to the days that have data (pipelines/first_day.py).
EARLIEST = date(2000, 1, 1)
EVER = partitions_from(EARLIEST, EARLIEST + timedelta(days=100))
daily, weekly, monthly = EVER

# A backfill from the UI extends itself along these mappings to the days that look back at the ones it was given. The
# orchestrator visits each table once, by the way with the fewest steps, so all ways to a table must add up to the same
# days; tests/pipelines/test_operator_ui.py holds that. From a raw row of a day to
#   what is read of one day (listening, delivery)       that day
#   audiences and ages of episodes                      30 days after it
#   attribution, reach, results of campaigns, checks    60 days after it, the longest attribution window
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
# What an operator would ask of a day, read back over all tenants, so that a run of one draws no drop into the plots.
DescribeDay = Callable[[Reader, date], Mapping[str, Description]]

# An output that writes no events of its own. Dagster writes one for every partition of a range, also for those that the
# run left as they were; skipping the output instead would skip every step downstream. The key is one that Dagster uses
# for outputs whose op has written its events itself.
WITHOUT_EVENTS = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}

# In a run's metadata: more are in `earshot status`.
FAILURES_SHOWN = 50
FAILURES_NAMED = 3
SLUGS_SHOWN = 10


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
    committed: Committed | None = None,
) -> Iterator[AssetMaterialization | Output[None]]:
    """Compute and replace each day, committing tenant chunk by tenant chunk, and say so as soon as a day is done.

    tables_of names the tables that each asset stands for; its first table gives the rows in the ledger. Tables that
    are computed together are written together, whichever of their assets were selected, and each is reported.
    A failure yields the materializations of the days that were finished, so that they stay green.
    A tenant that the computing fails for, whatever the exception, loses its ledger line for the day, and the others go
    on: tenant_failures and the run say why, the check of the ledger names it, and its reports wait. A day whose raw
    rows are gone keeps its rows and its line.
    Where the scope asks for what is stale only, the other tenants and days are left as they are, and a day of which
    nothing was computed is not said to be materialized. Where a stopped backfill goes on, the days that it had finished
    are: the run that computed them may not have come to say so.
    """
    from assets.walking import Due, Walk

    refuse_campaigns(scope, list(tables_of))
    days = days_of(context)
    run_id = UUID(context.run.run_id)
    due = Due(warehouse, scope, list(tables_of), [window.day for window in days])
    tenants = warehouse.tenants(scope)
    walk = Walk(
        run_id,
        warehouse,
        tenants,
        scope.is_partial,
        tables_of,
        compute,
        FailureLog(warehouse, "computing", context.log.error, run_id),
        due.note_arrivals(),
        due.barred,
        committed or (lambda _assets, _day, _tenants: None),
    )
    whose = describe_scope(scope, tenants)
    finished: list[AssetMaterialization] = []
    try:
        for number, window in enumerate(days, 1):
            chunks = due.chunks(window.day)
            if not chunks and scope.stale_only:
                continue
            if not chunks:
                # Without an event, the backfill would wait for the day and fail.
                found = _found_as_it_was(context, warehouse.read, window.day, list(tables_of), whose, describe, due)
                finished += [
                    AssetMaterialization(name, partition=f"{window.day}", metadata=found[name]) for name in found
                ]
                continue
            outcome = walk.replace_day(window, chunks)
            if number % LOG_EVERY == 0 or number == len(days):
                context.log.info(f"{window.day} written ({number} of {len(days)}): {dict(outcome.rows)}")
            if not outcome.tenants and outcome.failures:
                continue
            metadata = _metadata(context, warehouse.read, window.day, outcome, whose, describe)
            for asset in tables_of:
                finished.append(AssetMaterialization(asset, partition=window.day.isoformat(), metadata=metadata[asset]))
        walk.finish()
    except Exception:
        # Metadata added to the context is lost with the step, so the events carry it themselves.
        yield from finished
        raise
    is_whole = len(finished) == len(days) * len(tables_of)
    for event in finished:
        if is_whole and event.asset_key in context.selected_asset_keys:
            context.add_asset_metadata(event.metadata, asset_key=event.asset_key, partition_key=event.partition)
        else:
            yield event
    for asset in tables_of:
        if AssetKey(asset) in context.selected_asset_keys:
            yield Output(None, output_name=asset, metadata={} if is_whole else WITHOUT_EVENTS)


def _found_as_it_was(
    context: AssetExecutionContext,
    read: Reader,
    day: date,
    assets: Sequence[str],
    whose: str,
    describe: DescribeDay | None,
    due: Due,
) -> dict[str, Description]:
    """For each asset what is told of a day that the run had nothing to do on: why, and what is there."""
    from assets.walking import Outcome

    told: dict[str, Description] = {asset: {} for asset in assets}
    if due.is_finished(day):
        words = "Left as it was: the backfill that this one goes on with had computed it."
        nothing = Outcome(dict.fromkeys(assets, 0), 0, (), 0.0, 0.0)
        told = _metadata(context, read, day, nothing, whose, describe)
    else:
        words = "Left alone: request_dispositions of the day are not computed yet, so nothing was written."
    return {asset: {**told[asset], "left_alone": MetadataValue.text(words)} for asset in assets}


def refuse_campaigns(scope: Scope, assets: Sequence[str]) -> None:
    """Raises PermanentError for a scope of single campaigns where whole tenants are computed."""
    if scope.campaigns:
        raise PermanentError(
            f"{', '.join(assets)}: computed for whole tenants, not for single campaigns. Nothing was computed. Leave "
            "scope.campaigns empty, and name the tenant in scope.tenants; reports can be made for single campaigns."
        )


def refuse_partial(scope: Scope, assets: Sequence[str]) -> None:
    """Raises PermanentError for a scope of what is stale, or not computed yet, where there is no such thing."""
    if scope.is_partial:
        raise PermanentError(
            f"{', '.join(assets)}: made whole in every run, whatever is there already. Nothing was done. Leave "
            "scope.stale_only and scope.skip_computed_since empty; they are for the daily tables."
        )


def describe_scope(scope: Scope, tenants: pl.DataFrame) -> str:
    """The scope with slugs, for people. tenants: those of the scope, with their slug."""
    slugs = tenants["slug"].to_list()
    more = f" and {len(slugs) - SLUGS_SHOWN} more" if len(slugs) > SLUGS_SHOWN else ""
    whose = ", ".join(slugs[:SLUGS_SHOWN]) + more if scope.tenants else "all tenants"
    campaigns = f"; campaigns {', '.join(map(str, scope.campaigns))}" if scope.campaigns else ""
    return f"{whose}{campaigns}{'; only what is stale' if scope.stale_only else ''}"


def describe_failures(failures: Sequence[TenantFailure]) -> MetadataValue:
    """A table of tenants, days and causes."""
    rows = [
        (failure.tenant, failure.day or "–", ", ".join(failure.subjects), failure.cause)
        for failure in failures[:FAILURES_SHOWN]
    ]
    return MetadataValue.md(table(("tenant", "day", "what", "cause"), rows))


def fail_for_tenants(what: str, failures: Sequence[TenantFailure]) -> None:
    """Raises Failure, naming the tenants, if there are any: to be called last, when everything else is done."""
    if not failures:
        return
    said = [f"{failure.where}: {failure.cause.rstrip('.')}" for failure in failures[:FAILURES_NAMED]]
    more = f"; and {len(failures) - FAILURES_NAMED} more" if len(failures) > FAILURES_NAMED else ""
    raise Failure(
        f"{what} for {len({failure.tenant_id for failure in failures})} tenant(s): {'; '.join(said)}{more}. "
        "Everything else is done; `earshot status` lists what is open.",
        metadata={"failures": describe_failures(failures)},
        allow_retries=False,
    )


def _metadata(
    context: AssetExecutionContext,
    read: Reader,
    day: date,
    outcome: Outcome,
    whose: str,
    describe: DescribeDay | None,
) -> dict[str, Description]:
    """For each asset: the day's totals over all tenants, which the UI plots, and this run's share of them."""
    assets = list(outcome.rows)
    totals: Mapping[str, tuple[int, int]] = {}
    described: Mapping[str, Description] = {}
    try:
        found = read("read_ledger_totals", assets=assets, day=day)
        totals = {asset: (rows, tenants) for asset, rows, tenants in found.iter_rows()}
        described = describe(read, day) if describe else {}
    except BaseException as error:
        # The day is written; what is told of it stops nothing.
        if not may_be_one_tenants(error):
            raise
        context.log.error(f"{day} is written, but its totals could not be told. {cause_of(error)}")
    failed = {"failed_tenants": MetadataValue.int(len(outcome.failures))} if outcome.failures else {}
    table = {"failures": describe_failures(outcome.failures)} if outcome.failures else {}
    return {
        asset: {
            **({"rows": MetadataValue.int(totals[asset][0])} if asset in totals else {}),
            **({"tenants": MetadataValue.int(totals[asset][1])} if asset in totals else {}),
            "scope": MetadataValue.text(whose),
            "rows_of_this_run": MetadataValue.int(outcome.rows[asset]),
            "tenants_of_this_run": MetadataValue.int(outcome.tenants),
            "compute_seconds": MetadataValue.float(round(outcome.compute_seconds, 3)),
            "write_seconds": MetadataValue.float(round(outcome.write_seconds, 3)),
            **failed,
            **table,
            **described.get(asset, {}),
        }
        for asset in assets
    }


def days_ago(days: int, clock: datetime | None = None) -> str:
    """The partition key of the UTC day that lies this many days before the clock's day."""
    return ((clock or datetime.now(UTC)).date() - timedelta(days=days)).isoformat()
