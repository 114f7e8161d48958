"""Histories of several reports, computed at once: each report has its own figures."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import polars as pl

from assets.campaigns.period.to_date import CampaignHistory
from assets.reporting.figures.cumulative import accumulate
from reports.facts.to_date import Figures
from tests.assets.campaigns.quarter import SPRING, START, Order, World

WEEK = timedelta(weeks=1)


def under(history: CampaignHistory, key: bytes) -> CampaignHistory:
    frames = {each.name: getattr(history, each.name) for each in fields(history)}
    parts = {name: each for name, each in frames.items() if isinstance(each, pl.DataFrame)}
    changed: dict[str, Any] = {name: each.with_columns(tenant_id=pl.lit(key)) for name, each in parts.items()}
    return replace(history, **changed)


def test_each_report_has_what_it_has_alone() -> None:
    moments = [START + WEEK, START + 2 * WEEK]
    few = World([Order(n, START + n * WEEK / 10, START, 2_000 + n) for n in range(20)]).history(
        moments, START + 3 * WEEK
    )
    none = World([]).history(moments, START + 3 * WEEK)
    apart = [under(few, b"few"), under(none, b"none")]
    frames = [each.name for each in fields(few) if isinstance(getattr(few, each.name), pl.DataFrame)]
    joined: dict[str, Any] = {name: pl.concat([getattr(each, name) for each in apart]) for name in frames}
    both = replace(few, **joined)

    together = accumulate(both)

    for history, key in zip(apart, (b"few", b"none"), strict=True):
        (alone,) = accumulate(history).values()
        ours = together[key]
        assert (ours.each, ours.prices) == (alone.each, alone.prices)
        assert (ours.together, ours.kpis) == (alone.together, alone.kpis)
        assert ours.shows.equals(alone.shows)
        assert ours.credited.equals(alone.credited)
    assert together[b"few"].each[moments[0]][UUID(bytes=SPRING)].conversions == 10
    assert together[b"none"].each[moments[1]][UUID(bytes=SPRING)] == Figures(0, 0.0, 0, 0, 0)
