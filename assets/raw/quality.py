"""Quality: are the raw rows of a tenant's day as they should be: complete, about as many as usual, and in time?

Here: what is looked at with its thresholds, counting it for some tenants, and the pure judgement of the counts.
Not here: showing it (assets.py); what is computed from rows, and what holds reports (assets/upkeep/checks.py). A day
with few or bad rows is computed as it is: what it lacks is the platform's to mend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sql.failures import bisect_failures, cause_of
from sql.values import Reader

if TYPE_CHECKING:
    import polars as pl

# Of the rows of a tenant's day, at least this share.
CAMPAIGNS_NAMED = 0.95
EVENTS_COMPLETE = 0.90
ROWS_IN_TIME = 0.95

# The same weekday of the four weeks before; below half of their median or above twice it, a day is unusual. Of fewer
# than two such days, or fewer rows, chance alone makes as much.
WEEKS_BEFORE = 4
LEAST_DAYS = 2
LEAST_ROWS = 50
LEAST_OF_USUAL, MOST_OF_USUAL = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class Quality:
    """A check of a raw table: its name, the table, what it looks at, and what holds when it passes."""

    name: str
    table: str
    looks_at: str
    promise: str


_IN_TIME = (
    f"Of each tenant's rows at least {ROWS_IN_TIME:.0%} were there by 02:00 UTC of the next day, imported history "
    "apart, and a weekday that usually has rows has some."
)
_AS_USUAL = (
    f"Each tenant has between {LEAST_OF_USUAL:.0%} and {MOST_OF_USUAL:.0%} of the median of the same weekday in the "
    f"{WEEKS_BEFORE} weeks before, where that is {LEAST_ROWS} rows or more."
)

QUALITIES = (
    Quality(
        "attribution_events_complete",
        "attribution_events",
        "complete",
        f"At least {CAMPAIGNS_NAMED:.0%} of each tenant's rows have what their method needs, and a valid campaign.",
    ),
    Quality(
        "listener_events_complete",
        "listener_events",
        "complete",
        f"At least {EVENTS_COMPLETE:.0%} of each tenant's rows have a platform or agent, a type and a possible time.",
    ),
    Quality("attribution_events_as_usual", "attribution_events", "volume", _AS_USUAL),
    Quality("listener_events_as_usual", "listener_events", "volume", _AS_USUAL),
    Quality(
        "requests_reconcile",
        "request_dispositions",
        "counts",
        "Dispositions sum to the counts of raw events that continuous aggregates keep (TimescaleDB Community).",
    ),
    Quality("attribution_events_in_time", "attribution_events", "time", _IN_TIME),
    Quality("listener_events_in_time", "listener_events", "time", _IN_TIME),
)

# The aggregates are brought up to date each hour (sql/schema/community.py).
COUNTS_FOLLOW = timedelta(hours=2)
NOT_RECONCILED = "not computed, in the archive, or changed in the last two hours"

_LEAST_COMPLETE = {"attribution_events": CAMPAIGNS_NAMED, "listener_events": EVENTS_COMPLETE}


def judge_quality(read: Reader, days: Sequence[date], tenants: Sequence[UUID]) -> pl.DataFrame:
    """tenant_id, day, check_name, passed, value, detail: one row per tenant, day and check.

    value: the share that was looked at, or the rows as a multiple of the usual; null where there is nothing to judge.
    A tenant whose rows cannot be counted has failed, with the cause. What aggregates have followed yet goes by the
    database's clock, which wrote when rows came.
    """
    import polars as pl

    needed = sorted({day - timedelta(weeks=weeks) for day in days for weeks in range(WEEKS_BEFORE + 1)})
    followed_until = read("read_clock").item() - COUNTS_FOLLOW if read("read_counts_kept").item() else None
    broken: dict[UUID, BaseException] = {}

    def judge_some(some: Sequence[UUID]) -> pl.DataFrame:
        scope = {"days": list(days), "tenants": list(some)}
        counted = judge_counts(read("count_raw_quality", days=needed, tenants=list(some)), days, some)
        found = read("count_reconciled", **scope, followed_until=followed_until) if followed_until else None
        return pl.concat([counted, judge_reconciled(found, days, some)])

    judged = list(bisect_failures(tenants, judge_some, broken.__setitem__))
    rows = [
        (tenant.bytes, day, quality.name, False, None, f"its rows could not be counted: {cause_of(error)}")
        for tenant, error in broken.items()
        for day in days
        for quality in QUALITIES
    ]
    schema = {
        "tenant_id": pl.Binary,
        "day": pl.Date,
        "check_name": pl.String,
        "passed": pl.Boolean,
        "value": pl.Float64,
        "detail": pl.String,
    }
    return pl.concat([*judged, pl.DataFrame(rows, schema=schema, orient="row")])


def judge_counts(counts: pl.DataFrame, days: Sequence[date], tenants: Sequence[UUID]) -> pl.DataFrame:
    """As judge_quality. counts: rows of count_raw_quality, of the days and of the same weekdays before them."""
    import polars as pl

    every = _every_day(days, tenants).join(pl.DataFrame({"source_table": list(_LEAST_COMPLETE)}), how="cross")
    keys = ["tenant_id", "source_table", "day"]
    before = (
        every.join(pl.DataFrame({"weeks": range(1, WEEKS_BEFORE + 1)}), how="cross")
        .with_columns(then=pl.col("day") - pl.duration(weeks=pl.col("weeks")))
        .join(
            counts.select("tenant_id", "source_table", then="day", before="rows"),
            on=["tenant_id", "source_table", "then"],
            validate="m:1",
        )
        .group_by(keys)
        .agg(usual=pl.col("before").median(), usual_days=pl.len())
    )
    found = every.join(counts, on=keys, how="left", validate="1:1").join(before, on=keys, how="left", validate="1:1")
    found = found.with_columns(
        pl.col("rows", "complete", "late_able", "prompt").fill_null(0),
        is_usual=(pl.col("usual_days").fill_null(0) >= LEAST_DAYS) & (pl.col("usual").fill_null(0) >= LEAST_ROWS),
    )
    judged = [each for each in QUALITIES if each.table in _LEAST_COMPLETE]
    return pl.concat([_judge(found.filter(source_table=quality.table), quality) for quality in judged])


def judge_reconciled(found: pl.DataFrame | None, days: Sequence[date], tenants: Sequence[UUID]) -> pl.DataFrame:
    """As judge_quality, of the check requests_reconcile. found: rows of count_reconciled; None where none are kept."""
    import polars as pl

    nothing = pl.lit("no counts are kept in this database") if found is None else pl.lit(NOT_RECONCILED)
    schema = {"tenant_id": pl.Binary, "day": pl.Date, "requests": pl.Int64, "events": pl.Int64}
    counts = pl.DataFrame(schema=schema) if found is None else found
    both = _every_day(days, tenants).join(counts, on=["tenant_id", "day"], how="left")
    counted = pl.format("{} events kept, {} with a disposition", "events", "requests")
    return both.select(
        "tenant_id",
        "day",
        check_name=pl.lit("requests_reconcile"),
        passed=(pl.col("events") == pl.col("requests")).fill_null(value=True),
        value=pl.col("events") / pl.col("requests"),
        detail=pl.coalesce(counted, nothing),
    )


def _every_day(days: Sequence[date], tenants: Sequence[UUID]) -> pl.DataFrame:
    """tenant_id, day: each tenant with each day."""
    import polars as pl

    ids = pl.DataFrame({"tenant_id": [tenant.bytes for tenant in tenants]}, schema={"tenant_id": pl.Binary})
    return ids.join(pl.DataFrame({"day": days}, schema={"day": pl.Date}), how="cross")


def _judge(found: pl.DataFrame, quality: Quality) -> pl.DataFrame:
    """found: of the check's table, a row per tenant and day with its counts, usual (rows) and is_usual."""
    import polars as pl

    rows, usual = pl.col("rows"), pl.col("usual")
    if quality.looks_at == "complete":
        value = pl.col("complete") / rows
        passed = (rows == 0) | (value >= _LEAST_COMPLETE[quality.table])
        detail = pl.format("{} of {} rows", "complete", "rows")
    elif quality.looks_at == "volume":
        value = pl.when("is_usual").then(rows / usual)
        passed = value.is_between(LEAST_OF_USUAL, MOST_OF_USUAL).fill_null(value=True)
        detail = pl.format("{} rows, usual are {}", "rows", usual.round(0).cast(pl.Int64).fill_null(0))
    else:
        value = pl.col("prompt") / pl.col("late_able")
        is_missing = (rows == 0) & pl.col("is_usual")
        passed = ~is_missing & ((pl.col("late_able") == 0) | (value >= ROWS_IN_TIME))
        detail = (
            pl.when(is_missing)
            .then(pl.lit("no rows at all"))
            .otherwise(pl.format("{} of {} rows", "prompt", "late_able"))
        )
    return found.select(
        "tenant_id",
        "day",
        check_name=pl.lit(quality.name),
        passed=passed,
        value=pl.when(value.is_finite()).then(value),
        detail=detail,
    )
