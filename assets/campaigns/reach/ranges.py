"""Reach range: whom campaigns reached on any range of days, and the sketches that keep large ranges cheap.

Here: what is read for a range, whether it is counted or estimated, and the sketches that a large day leaves behind.
Not here: counting and estimating (counting.py), how a sketch works (sketches.py).

Sketches of earlier days only save reading: those of a day and those of its keys are the same, so a range has the same
numbers with and without them, whatever was computed first. Sketches that are older than the exposures of their day are
not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl

from assets.campaigns.reach.counting import LEVEL_COLUMNS, UNITS, campaign_levels, estimate_levels
from assets.campaigns.reach.sketches import ENTRIES, build_sketches
from assets.grain import CAMPAIGN, CAMPAIGN_PLACEMENT
from sql.values import DAY, Reader, Window

SKETCH = [*CAMPAIGN_PLACEMENT, "unit", "sketch"]


@dataclass(frozen=True, slots=True)
class ReachLimits:
    """Up to how many impressions of a campaign its reach is counted; from how many a day's sketches are stored.

    Five million impressions are 200 MB of keys, and counting them takes 2 s of a processor and 0.7 GB. A day is stored
    beyond four times the entries of a sketch: with fewer, its keys are hardly larger than sketches of them.
    """

    counted: int = 5_000_000
    sketched_day: int = 4 * ENTRIES


LIMITS = ReachLimits()

# Sketches are made of so many exposures at a time, in 0.3 GB: they can be merged, so memory need not grow with a range.
READ_AT_ONCE = 1_000_000


def measure_reach(
    read: Reader,
    campaigns: pl.DataFrame,
    first: date,
    last: date,
    limits: ReachLimits = LIMITS,
    *,
    timezone: str = "UTC",
) -> pl.DataFrame:
    """Reach of campaigns and each of their placements on the days from first to last of a time zone, both included.

    campaigns: tenant_id, campaign_id
    timezone:  whose midnights part the days. With the tenant's own, a week has the numbers of its report.
    returns:   reach.campaign_levels. Campaigns with at most limits.counted impressions in the range are counted; of the
               others is_estimate is true, unless so few people stand behind them that the sketches hold every one.
    """
    return _measure(read, campaigns, Window.of_local_days(first, last, timezone), limits)


def measure_reach_so_far(
    read: Reader, campaigns: pl.DataFrame, first: date, window: Window, sketches: pl.DataFrame
) -> pl.DataFrame:
    """measure_reach of the UTC days from each campaign's own start, and first at the earliest, to that of the window.

    sketches: sketch_large_day of that day, to spare reading it
    """
    return _measure(read, campaigns, Window.of_days(first, window.day), LIMITS, sketches, since_start=True)


def _measure(
    read: Reader,
    campaigns: pl.DataFrame,
    window: Window,
    limits: ReachLimits,
    day_sketches: pl.DataFrame | None = None,
    since_start: bool = False,
) -> pl.DataFrame:
    sizes = _read_sizes(read, campaigns, window, since_start=since_start)
    totals = sizes.group_by(CAMPAIGN).agg(pl.col("impressions").sum())
    large = totals.filter(pl.col("impressions") > limits.counted).select(CAMPAIGN).sort(CAMPAIGN)
    batches = _batched(totals.join(large, on=CAMPAIGN, how="anti"), limits.counted)
    levels = [campaign_levels(_read_audience(read, batch, window, since_start)) for batch in batches]
    if not large.is_empty():
        sketches = _gather_sketches(read, large, window, day_sketches, since_start)
        levels.append(estimate_levels(sizes.join(large, on=CAMPAIGN, how="semi").drop("day"), sketches))
    return pl.concat(levels).sort(LEVEL_COLUMNS[:4])


def _batched(campaigns: pl.DataFrame, most: int) -> list[pl.DataFrame]:
    """Campaigns that are read together, each batch of fewer than twice so many impressions; one batch at least."""
    ordered = campaigns.sort(CAMPAIGN)
    batch = (pl.col("impressions").cum_sum() - 1) // most
    return ordered.with_columns(batch=batch).partition_by("batch", include_key=False, maintain_order=True) or [ordered]


def sketch_large_day(
    read: Reader, campaigns: pl.DataFrame, window: Window, limits: ReachLimits = LIMITS
) -> pl.DataFrame:
    """The rows of reach_sketches of one UTC day: of every placement of the campaigns that have many impressions on it.

    campaigns: tenant_id, campaign_id, all begun by the end of the day
    returns: tenant_id, day, campaign_id, placement_id, unit (household, consumer), keys, sketch
    """
    sizes = _read_sizes(read, campaigns, window)
    totals = sizes.group_by(CAMPAIGN).agg(pl.col("impressions").sum())
    large = totals.filter(pl.col("impressions") > limits.sketched_day).select(CAMPAIGN).sort(CAMPAIGN)
    sketches = _sketch_audience(_read_audience(read, large, window))
    return sketches.with_columns(day=pl.lit(window.day)).sort(*CAMPAIGN_PLACEMENT, "unit")


def _gather_sketches(
    read: Reader, large: pl.DataFrame, window: Window, day_sketches: pl.DataFrame | None, since_start: bool
) -> pl.DataFrame:
    """Sketches that hold every exposure of the window: those that are stored, of whole UTC days, and those of the rest.

    Where a window is cut at local midnights, its first and last UTC day are read as far as they lie inside it.
    """
    whole = window.whole_days()
    stored = read("read_reach_sketches", **_whole(window), **_parameters(large))
    parts = [stored]
    if day_sketches is not None and day_sketches.height:
        parts = [stored.join(day_sketches, on=[*CAMPAIGN, "day"], how="anti"), day_sketches.select(stored.columns)]
    available = pl.concat(parts).join(large, on=CAMPAIGN, how="semi").filter(pl.col("day").is_in(whole))
    sizes = _read_sizes(read, large, window, by_day=True, since_start=since_start)
    missing = sizes.join(available, on=[*CAMPAIGN, "day"], how="anti")
    per_day = missing.group_by("day").agg(pl.col("impressions").sum()).sort("day")
    spans = (_cut(span, window) for span in spans_of(list(per_day.iter_rows()), READ_AT_ONCE))
    made_now = [_sketch_audience(_read_audience(read, large, span, since_start)).select(SKETCH) for span in spans]
    return pl.concat([available.select(SKETCH), *made_now])


def _cut(span: Window, window: Window) -> Window:
    return Window(max(span.start, window.start), min(span.end, window.end))


def spans_of(days: list[tuple[date, int]], most: int) -> Iterator[Window]:
    """The days, in order and each with its rows, as spans without a gap that hold at most so many rows, or one day."""
    first, last, held = None, None, 0
    for day, rows in days:
        if first and last and (day != last + DAY or held + rows > most):
            yield Window.of_days(first, last)
            first, held = None, 0
        first, last, held = first or day, day, held + rows
    if first and last:
        yield Window.of_days(first, last)


def _sketch_audience(audience: pl.DataFrame) -> pl.DataFrame:
    """tenant_id, campaign_id, placement_id, unit, keys, sketch."""
    scopes = audience.select(CAMPAIGN_PLACEMENT).unique().sort(CAMPAIGN_PLACEMENT).with_row_index("scope_no")
    numbered = audience.join(scopes, on=CAMPAIGN_PLACEMENT, validate="m:1")
    units = [
        build_sketches(numbered.select("scope_no", key=key), ["scope_no"]).with_columns(unit=pl.lit(unit))
        for unit, (key, _people) in UNITS.items()
    ]
    return scopes.join(pl.concat(units), on="scope_no", validate="1:m").drop("scope_no")


def _read_sizes(
    read: Reader, campaigns: pl.DataFrame, window: Window, *, by_day: bool = False, since_start: bool = False
) -> pl.DataFrame:
    days, whole = list(window.days()), _whole(window)
    return read(
        "read_reach_sizes",
        start=window.start,
        end=window.end,
        first=days[0],
        last=days[-1],
        whole_first=whole["first"],
        whole_last=whole["last"],
        by_day=by_day,
        since_start=since_start,
        **_parameters(campaigns),
    )


def _whole(window: Window) -> dict[str, date]:
    """The first and the last UTC day that lie inside the window whole; the first after the last where none does."""
    days = window.whole_days()
    return {"first": days[0], "last": days[-1]} if days else {"first": window.day + DAY, "last": window.day}


def _read_audience(read: Reader, campaigns: pl.DataFrame, window: Window, since_start: bool = False) -> pl.DataFrame:
    return read(
        "read_campaign_audience", start=window.start, end=window.end, since_start=since_start, **_parameters(campaigns)
    )


def _parameters(campaigns: pl.DataFrame) -> dict[str, Any]:
    """The campaigns as statements take them: two lists of ids that belong together, and whose they are."""
    owners = [UUID(bytes=each) for each in campaigns["tenant_id"]]
    chosen = [UUID(bytes=each) for each in campaigns["campaign_id"]]
    return {"tenants": sorted(set(owners)), "owners": owners, "campaigns": chosen}
