"""Lineage: what each table of a day is made of, and over which days, so that the ledger can tell what is stale.

Here: the rules as data, asking the ledger by them, and the hash that tells whether a table's content changed.
Not here: computing anything again (partitions.py), when somebody asks (pipelines/sensors.py).

Raw rows are known by day and tenant (sql/arrivals.py), tables by asset, day and tenant: that is how exact the ledger
is. A table that is made again and comes out the same re-opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from sql.arrivals import SOURCES
from sql.values import DAY, Reader

if TYPE_CHECKING:
    import polars as pl

Span = Literal["day", "rolling", "window", "campaign", "history", "before"]

# Before anything was computed.
EVER = datetime(2000, 1, 1, tzinfo=UTC)

# A window that rolls over midnight depends on 30 days before its day and on the two after it (listening/method.py).
ROLLING_BACK, ROLLING_FORWARD = timedelta(days=30), timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Step:
    """What is computed together: its assets, and what they are made of over which days.

    day: the same day. rolling: the same day, and for tenants whose windows roll over midnight the 30 days before and
    the two after. window: as far back as the tenant's longest attribution window. campaign: since the first campaign of
    a sponsor that has a live one. history, before: everything up to the day, with and without it.
    """

    assets: tuple[str, ...]
    made_of: tuple[tuple[str, Span], ...]
    only_sundays: bool = False


LISTENING = Step(
    ("request_dispositions", "downloads", "listener_metrics", "listener_dimension_metrics", "ad_exposures"),
    (("requests", "rolling"), ("ads", "day")),
)
AUDIENCES = Step(
    ("audience_periods", "audience_overlaps", "episode_age_downloads"),
    (("downloads", "history"), ("audience_periods", "before"), ("episode_age_downloads", "before")),
)
PLAYBACK = Step(("retention_curves",), (("requests", "day"),))
ATTRIBUTION = Step(("conversions", "attribution_credits"), (("signals", "day"), ("ad_exposures", "window")))
DELIVERY = Step(("placement_delivery",), (("ad_exposures", "day"),))
REACH = Step(("campaign_reach",), (("ad_exposures", "campaign"),))
RETURNS = Step(
    ("campaign_roi", "model_totals"),
    (
        ("placement_delivery", "campaign"),
        ("campaign_reach", "day"),
        ("ad_exposures", "campaign"),
        ("conversions", "campaign"),
        ("attribution_credits", "campaign"),
        ("episode_age_downloads", "history"),
    ),
)
WEEKLY = Step(
    ("lift_results", "campaign_benchmarks"),
    (
        ("downloads", "campaign"),
        ("ad_exposures", "campaign"),
        ("conversions", "campaign"),
        ("campaign_roi", "history"),
    ),
    only_sundays=True,
)
# In the order in which a day is computed.
COMPUTED = (LISTENING, AUDIENCES, PLAYBACK, ATTRIBUTION, DELIVERY, REACH, RETURNS, WEEKLY)
JUDGED = Step(
    ("tenant_checks",),
    (("requests", "day"), *((asset, "day") for step in COMPUTED for asset in step.assets)),
)
STEPS = (*COMPUTED, JUDGED)


def sources_of(assets: Iterable[str]) -> dict[str, Span]:
    """What these assets are made of, raw rows included; the spans are those of the step that makes them."""
    wanted = set(assets)
    return {source: span for step in STEPS if wanted & set(step.assets) for source, span in step.made_of}


def raw_sources(assets: Iterable[str]) -> dict[str, Span]:
    """The raw rows that these assets are made of."""
    return {source: span for source, span in sources_of(assets).items() if source in SOURCES}


def is_made_of_tables(assets: Iterable[str]) -> bool:
    """Whether these assets are made of other tables, and not of raw rows alone."""
    return not set(sources_of(assets)) <= set(SOURCES)


def looks_at_itself(assets: Iterable[str]) -> bool:
    """Whether a day of these assets is made of earlier days of the same ones."""
    wanted = set(assets)
    return any(source in wanted for source in sources_of(wanted))


def days_read(day: date, sources: Mapping[str, Span], *, is_rolling: bool) -> list[date]:
    """The days whose raw rows a day reads."""
    if not is_rolling or "rolling" not in sources.values():
        return [day]
    first, last = day - ROLLING_BACK, day + ROLLING_FORWARD
    return [first + DAY * number for number in range((last - first).days + 1)]


def read_stale(
    read: Reader,
    tenants: Sequence[UUID],
    first: date,
    last: date,
    assets: Iterable[str] | None = None,
    changed_since: datetime = EVER,
    *,
    by_tables_only: bool = False,
) -> pl.DataFrame:
    """tenant_id, asset, day, reason, last_day: what is older than what it was made of, on days from first to last.

    assets: None is all of them. changed_since: changes before it are known to be settled. by_tables_only: raw rows that
    arrived since do not count. reason: older, missing (from a day that was judged), provisional (for too long).
    last_day: the last day that the tenant has computed, up to which what is stale may make more so.
    """
    wanted = None if assets is None else set(assets)
    rules = [
        (asset, source, span)
        for step in STEPS
        for asset in step.assets
        if wanted is None or asset in wanted
        for source, span in step.made_of
        if not (by_tables_only and source in SOURCES)
    ]
    return read(
        "read_stale_lines",
        assets=[asset for asset, _, _ in rules],
        sources=[source for _, source, _ in rules],
        spans=[span for _, _, span in rules],
        sundays=[asset for step in STEPS if step.only_sundays for asset in step.assets],
        changed_since=changed_since,
        first=first,
        last=last,
        tenants=list(tenants),
    ).sort("day", "asset", "tenant_id")


def hash_content(frames: Sequence[pl.DataFrame]) -> dict[object, str]:
    """For each tenant a text that differs when any row of its frames does; the order of rows does not matter.

    The sums of the halves of 64-bit hashes of the rows, and how many rows there are, frame by frame. When a check was
    made is no part of what it found.
    """
    import polars as pl

    parts: dict[object, list[str]] = {}
    for number, frame in enumerate(frames):
        plain = frame.select(sorted(set(frame.columns) - {"checked_at"})).with_columns(
            pl.selectors.categorical().cast(pl.String), pl.selectors.enum().cast(pl.String)
        )
        hashes = plain.hash_rows(seed=number)
        sums = (
            frame.select("tenant_id", low=hashes & 0xFFFF_FFFF, high=hashes // 2**32)
            .group_by("tenant_id")
            .agg(pl.len(), pl.col("low", "high").sum())
        )
        for tenant, *counts in sums.iter_rows():
            parts.setdefault(tenant, []).append(f"{number}:" + ".".join(format(count, "x") for count in counts))
    return {tenant: " ".join(told) for tenant, told in parts.items()}
