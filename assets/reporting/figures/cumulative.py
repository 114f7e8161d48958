"""Cumulative: what the campaigns of reports did from their start to the end of a period, as plain numbers.

Here: computing the histories of several reports at once, and parting the rows by report, campaign and currency.
Not here: which days and moments a report needs, and what it says of them (to_date.py), the functions that compute
(campaigns/period/to_date.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl

from assets.campaigns.delivery.terms import sum_or_null
from assets.campaigns.period.to_date import (
    CampaignHistory,
    measure_each,
    measure_together,
    price_until,
    shows_until,
)
from assets.campaigns.results.apart import TENANT
from reports.facts.to_date import Figures

Kpis = Mapping[str, Mapping[str, Any]]
# Of campaigns, by their ids.
ByCampaign = Mapping[UUID, Figures]

# What figures are made of.
HEADLINE = ("impressions", "conversions", "revenue", "spend")


@dataclass(slots=True)
class Cumulative:
    """The campaigns of one report.

    each: their figures until each moment; together: the KPIs of all of them until the end, kpis of those of a currency;
    prices: what those were booked for and cost, null: not known; shows: of period.to_date.shows_until; credited: of
    credited_conversions.read_credited, under the report's model.
    """

    shows: pl.DataFrame
    credited: pl.DataFrame
    each: dict[datetime, dict[UUID, Figures]] = field(default_factory=dict)
    together: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    kpis: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    prices: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)


def accumulate(history: CampaignHistory) -> dict[bytes, Cumulative]:
    """The history of each report, until each of the moments, by its key (results/apart.py)."""
    end = history.moments[-1]
    all_shows = shows_until(history, end)
    shows, credited = parted(all_shows), parted(history.credited)
    found = {
        key: Cumulative(shows.get(key, all_shows.clear()), credited.get(key, history.credited.clear()))
        for key in history.campaigns[TENANT].unique()
    }
    for moment in history.moments:
        rows = measure_each(history, moment).filter(pl.col("kpi").is_in(HEADLINE))
        kpis: dict[tuple[bytes, bytes], dict[str, Mapping[str, Any]]] = {}
        for row in rows.iter_rows(named=True):
            kpis.setdefault((row[TENANT], row["scope_id"]), {})[row["kpi"]] = row
        for (key, campaign), own in kpis.items():
            found[key].each.setdefault(moment, {})[UUID(bytes=campaign)] = figures_of(own)
    for row in measure_together(history, end).iter_rows(named=True):
        found[row[TENANT]].together[row["kpi"]] = row
    for currency in history.campaigns["currency"].unique():
        part = history.of(history.campaigns.filter(currency=currency))
        for row in measure_together(part, end).iter_rows(named=True):
            found[row[TENANT]].kpis.setdefault(currency, {})[row["kpi"]] = row
        # A campaign without placements was booked for nothing.
        for key in part.campaigns[TENANT]:
            found[key].prices[currency] = (0, 0)
        prices = price_until(part, end).group_by(TENANT).agg(sum_or_null("booked"), sum_or_null("cost_minor"))
        for key, booked, cost in prices.iter_rows():
            found[key].prices[currency] = (booked, cost)
    return found


def parted(rows: pl.DataFrame) -> dict[bytes, pl.DataFrame]:
    """The rows of each report by its key, in their order."""
    keys = rows[TENANT].unique(maintain_order=True)
    return dict(zip(keys, rows.partition_by(TENANT, maintain_order=True), strict=True))


def figures_of(kpis: Kpis) -> Figures:
    """The figures among the KPIs of one scope and model."""
    return Figures(
        delivered=int(kpis["impressions"]["estimate"]),
        conversions=float(kpis["conversions"]["estimate"]),
        sample=int(kpis["conversions"]["sample"]),
        revenue_minor=kpis["revenue"]["amount_minor"],
        spend_minor=kpis["spend"]["amount_minor"],
    )
