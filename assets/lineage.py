"""Lineage: what follows from the steps: what makes a line of the ledger stale, and what the graph shows.

Here: sources of any assets, reading the ledger by them, days back in the graph, and the hash that shows whether a
table's content changed.
Not here: the statement itself (steps.py, spans.py), computing anything again (partitions.py), when the ledger is read
(pipelines/sensors.py).

Raw rows are counted by day and tenant (sql/raw), tables by asset, day and tenant: that is how exact the ledger
is. A table that is made again and comes out the same re-opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from assets.spans import DEFAULT_WINDOW, LONGEST_WINDOW, Span
from assets.steps import RAW_SOURCES, STEPS, VERDICT, DayAsset, DayStep, step_of
from sql.values import Reader

if TYPE_CHECKING:
    import polars as pl

# Before anything was computed.
EVER = datetime(2000, 1, 1, tzinfo=UTC)


def sources_of(assets: Iterable[str]) -> dict[str, Span]:
    """What these assets are made of, raw rows included; the spans are those of the step that makes them."""
    wanted = set(assets)
    return {source: span for step in STEPS if wanted & set(step.names) for source, span in step.sources.items()}


def raw_sources(assets: Iterable[str]) -> dict[str, Span]:
    """The raw rows that these assets are made of."""
    return {source: span for source, span in sources_of(assets).items() if source in RAW_SOURCES}


def is_made_of_tables(assets: Iterable[str]) -> bool:
    """Whether these assets are made of other tables, and not of raw rows alone."""
    return not set(sources_of(assets)) <= set(RAW_SOURCES)


def looks_at_itself(assets: Iterable[str]) -> bool:
    """Whether a day of these assets is made of earlier days of the same ones."""
    wanted = set(assets)
    return any(source in wanted for source in sources_of(wanted))


def days_read(day: date, sources: Mapping[str, Span], *, is_rolling: bool) -> list[date]:
    """The days whose raw rows a day reads."""
    return sorted({each for span in sources.values() for each in span.days_of(day, is_rolling=is_rolling)})


def graph_reach(asset: str) -> int:
    """By how many days after a raw row's own day the graph has it in an asset: a backfill extends itself as far."""
    step = step_of(asset)
    if step is None:
        return 0
    spans = [(source, span) for source, span in step.sources.items() if source not in step.names]
    return min(LONGEST_WINDOW.days, max(graph_reach(source) + span.graph_back for source, span in spans))


def graph_inputs(step: DayStep, asset: DayAsset) -> dict[str, int]:
    """The assets that the graph shows an asset to be made of, raw ones included, and how many days back of each.

    The orchestrator visits every asset once, by the way with the fewest links, so all ways from a raw row to an asset
    add up to the same days, and the assets of a step, which it computes together, look back equally far. Earlier days
    of the step's own assets are left out: the days of a range are computed in their order.
    """
    inputs = asset.inputs or tuple(source for source in step.sources if source not in step.names)
    return {RAW_SOURCES.get(source, source): graph_reach(asset.name) - graph_reach(source) for source in inputs}


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

    assets: None is all of them. changed_since: changes before it are already computed. by_tables_only: raw rows that
    arrived since do not count. reason: older, missing (from a day that was judged, or that an import brought rows of),
    provisional (for too long). last_day: the last day that the tenant has computed or imported, up to which what is
    stale may make more so.
    """
    wanted = None if assets is None else set(assets)
    rules = [
        (asset, source, span)
        for step in STEPS
        for asset in step.names
        if wanted is None or asset in wanted
        for source, span in step.sources.items()
        if not (by_tables_only and source in RAW_SOURCES)
    ]
    return read(
        "read_stale_lines",
        assets=[asset for asset, _, _ in rules],
        sources=[source for _, source, _ in rules],
        sinces=[span.since for _, _, span in rules],
        days_back=[span.days_back for _, _, span in rules],
        days_ahead=[span.days_ahead for _, _, span in rules],
        only_rolling=[span.only_rolling for _, _, span in rules],
        sundays=[asset for step in STEPS if step.only_sundays for asset in step.names],
        raw_sources=list(RAW_SOURCES),
        verdict=VERDICT,
        default_window=DEFAULT_WINDOW.days,
        longest_window=LONGEST_WINDOW.days,
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
    return {tenant: " ".join(sums_by_frame) for tenant, sums_by_frame in parts.items()}
