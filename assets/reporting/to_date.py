"""To date: the campaigns of a report from their start to the end of its period, one value for each currency.

Here: which days and moments are needed, and choosing the rows.
Not here: computing them (campaigns/period/to_date.py), what the values are (reports/content/to_date.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import polars as pl

from assets.campaigns.period.to_date import CampaignHistory, measure_each, measure_together, price_until, read_history
from assets.reporting.gathering import measures
from assets.reporting.periods import ReportPeriod, month_of, week_of
from assets.reporting.subscriptions import Subject
from reports.content.to_date import Figures, ToDate
from sql.values import DAY, Interval, Reader, Window

Kpis = Mapping[str, Mapping[str, Any]]


# Costs and returns to date, beside conversions, ROAS and cost per conversion.
FURTHER = ("cpv", "cpl", "roi")


def read_so_far(read: Reader, tenant: UUID, subject: Subject, period: ReportPeriod, as_of: datetime) -> CampaignHistory:
    """The subject's campaigns from their start to the period's end, as they are known now."""
    since = Window.of_local_days(first_day_of(subject, period), period.last, period.timezone).start
    moments = [period.window.start, period.window.end]
    return read_history(read, tenant, subject.campaign_ids, since, moments, as_of, subject.model)


def first_day_of(subject: Subject, period: ReportPeriod) -> date:
    """The first day of the first period in which one of the campaigns ran: that period's report counted from it."""
    starts_on = min(campaign.starts_on for campaign in subject.campaigns)
    match period.cadence:
        case "weekly":
            return week_of(starts_on - starts_on.weekday() * DAY, period.timezone).first
        case "monthly":
            return month_of(starts_on.replace(day=1), period.timezone).first
        case _:
            return min(starts_on, period.first)


def to_date(history: CampaignHistory, subject: Subject, period: ReportPeriod) -> Iterator[ToDate]:
    """One value for each currency of the campaigns, in the order of the currencies."""
    for currency in sorted({campaign.currency for campaign in subject.campaigns}):
        own = [campaign for campaign in subject.campaigns if campaign.currency == currency]
        part = history.of(history.campaigns.filter(currency=currency))
        kpis = {row["kpi"]: row for row in measure_together(part, period.window.end).iter_rows(named=True)}
        prices = price_until(part, period.window.end)
        yield ToDate(
            currency=currency,
            first=min(campaign.starts_on for campaign in own),
            through=period.last,
            figures=_figures(kpis),
            booked=_sum_if_known(prices["booked"]),
            budget_minor=_sum_if_known(prices["cost_minor"]),
            conversions_interval=_interval(kpis["conversions"]),
            revenue_interval=_interval(kpis["revenue"]),
            roas_interval=_interval(kpis["roas"]),
            cpa_interval=_interval(kpis["cpa"]),
            campaigns=tuple(campaign.name for campaign in own),
            measures=tuple(measures(kpis, FURTHER)),
        )


def figures_by_campaign(history: CampaignHistory, moment: datetime) -> dict[UUID, Figures]:
    """What each campaign did until the moment."""
    rows: dict[UUID, dict[str, Mapping[str, Any]]] = {}
    for row in measure_each(history, moment).iter_rows(named=True):
        rows.setdefault(UUID(bytes=row["scope_id"]), {})[row["kpi"]] = row
    return {campaign: _figures(kpis) for campaign, kpis in rows.items()}


def _figures(kpis: Kpis) -> Figures:
    return Figures(
        delivered=int(kpis["impressions"]["estimate"]),
        conversions=float(kpis["conversions"]["estimate"]),
        sample=int(kpis["conversions"]["sample"]),
        revenue_minor=kpis["revenue"]["amount_minor"],
        spend_minor=kpis["spend"]["amount_minor"],
    )


def _interval(kpi: Mapping[str, Any]) -> Interval | None:
    """The bounds with their estimate; None where it has none, or is not shown."""
    if kpi["estimate"] is None:
        return None
    return Interval(kpi["estimate"], kpi["lower"], kpi["upper"])


def _sum_if_known(amounts: pl.Series) -> int | None:
    return None if amounts.has_nulls() else int(amounts.sum())
