"""Partitions: how time is cut for the orchestrator, and the scope and failures of every asset's runs.

Here: the partition definitions and mappings, the days of a run, and the words for scopes and for tenants that failed.
Not here: the assets of a day (assets.py), how far they look back (steps.py), when runs start (pipelines/schedules.py).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dagster import (
    AssetExecutionContext,
    BackfillPolicy,
    DailyPartitionsDefinition,
    Failure,
    MetadataValue,
    MonthlyPartitionsDefinition,
    TimeWindowPartitionMapping,
    WeeklyPartitionsDefinition,
)
from dagster_shared.utils.warnings import BetaWarning

from assets.markdown import table
from sql.failures import TenantFailure
from sql.values import PermanentError, Scope, Window

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "EVER",
    "Partitions",
    "daily",
    "days_ago",
    "days_of",
    "days_of_tags",
    "describe_failures",
    "describe_scope",
    "fail_for_tenants",
    "first_of_tags",
    "local_period",
    "mapping_back",
    "month_of_days",
    "monthly",
    "partitions_from",
    "refuse_campaigns",
    "refuse_days_to_come",
    "refuse_partial",
    "weekly",
]

# Backfill policies and partition mappings are marked beta by Dagster 1.13; its version is bounded, so that is noise.
warnings.filterwarnings("ignore", category=BetaWarning)

# The partitions that the schedules request exist before there is data: three days, the last week, the last month.
DAYS_SCHEDULED, WEEK_SCHEDULED = timedelta(days=3), timedelta(days=16)


class Partitions(NamedTuple):
    """Days, weeks and months from one day on; weeks and months are whole."""

    daily: DailyPartitionsDefinition
    weekly: WeeklyPartitionsDefinition
    monthly: MonthlyPartitionsDefinition


def partitions_from(first: date, today: date) -> Partitions:
    """The partitions from a first day on, and from a little earlier where today's schedules request more."""
    week = min(first, today - WEEK_SCHEDULED)
    month = min(first, (today - DAYS_SCHEDULED).replace(day=1) - timedelta(days=1))
    return Partitions(
        DailyPartitionsDefinition(start_date=min(first, today - DAYS_SCHEDULED).isoformat()),
        # Weeks begin on Mondays (ISO 8601); without the offset they would begin on Sundays.
        WeeklyPartitionsDefinition(start_date=(week - timedelta(days=week.weekday())).isoformat(), day_offset=1),
        MonthlyPartitionsDefinition(start_date=month.replace(day=1).isoformat()),
    )


# As wide as raw rows may lie; the code location cuts it to the days that have data (pipelines/first_day.py).
EARLIEST = date(2000, 1, 1)
EVER = partitions_from(EARLIEST, EARLIEST + timedelta(days=100))
daily, weekly, monthly = EVER

# A tenant-local week or month touches one UTC day more on each side.
local_period = TimeWindowPartitionMapping(start_offset=-1, end_offset=1, allow_nonexistent_upstream_partitions=True)

# One process serves up to a month of days: it starts once, and a failed day leaves the finished ones green.
month_of_days = BackfillPolicy.multi_run(max_partitions_per_run=31)

# In a run's metadata: more are in `earshot status`.
FAILURES_SHOWN = 50
FAILURES_NAMED = 3
SLUGS_SHOWN = 10


@cache
def mapping_back(days: int) -> TimeWindowPartitionMapping | None:
    """The days up to so many before a day, those that there are; None for the same day alone.

    A backfill from the UI extends itself along these mappings, to the days that look back at the ones it was given.
    """
    if not days:
        return None
    return TimeWindowPartitionMapping(start_offset=-days, allow_nonexistent_upstream_partitions=True)


def days_of(context: AssetExecutionContext) -> list[Window]:
    """The UTC days that this run is for, in order.

    Raises PermanentError for none, and for days to come, which no page of the UI offers, but a tag of a run can name.
    """
    days = [Window.of_day(datetime.fromisoformat(key).replace(tzinfo=UTC).date()) for key in context.partition_keys]
    refuse_days_to_come(days)
    return days


def refuse_days_to_come(days: Sequence[Window]) -> None:
    """Raises PermanentError for no days, and for days that are not over."""
    if not days or days[-1].end > datetime.now(UTC):
        named = f"{days[-1].day} is not over yet (UTC)" if days else "The range ends before it begins"
        raise PermanentError(f"{named}: nothing was computed. The last day that can be is {days_ago(1)}.")


def first_of_tags(tags: Mapping[str, str]) -> str | None:
    """The first day that a run's tags name, if they do."""
    return tags.get("dagster/asset_partition_range_start") or tags.get("dagster/partition")


def days_of_tags(tags: Mapping[str, str]) -> list[date] | None:
    """The days that a run's tags name, for what is given no partition (a check); None if they name none.

    Raises PermanentError for days that there are not.
    """
    first = first_of_tags(tags)
    last = tags.get("dagster/asset_partition_range_end") or first
    if not first or not last:
        return None
    # Not by listing the partitions: they begin so early that it takes longer than judging a day.
    earliest, latest = str(daily.get_first_partition_key()), str(daily.get_last_partition_key())
    bounds = [max(first, earliest), min(last, latest)]
    if bounds[0] > bounds[1] or not all(map(daily.has_partition_key, bounds)):
        raise PermanentError(f"There is no day from {first} to {last} that can be judged: {earliest} to {latest} are.")
    return list(Window.of_days(*map(date.fromisoformat, bounds)).days())


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
    named_failures = [f"{failure.where}: {failure.cause.rstrip('.')}" for failure in failures[:FAILURES_NAMED]]
    more = f"; and {len(failures) - FAILURES_NAMED} more" if len(failures) > FAILURES_NAMED else ""
    raise Failure(
        f"{what} for {len({failure.tenant_id for failure in failures})} tenant(s): {'; '.join(named_failures)}{more}. "
        "Everything else is done; `earshot status` lists what is open.",
        metadata={"failures": describe_failures(failures)},
        allow_retries=False,
    )


def days_ago(days: int, clock: datetime | None = None) -> str:
    """The partition key of the UTC day that lies this many days before the clock's day."""
    return ((clock or datetime.now(UTC)).date() - timedelta(days=days)).isoformat()
