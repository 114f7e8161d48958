"""To date: the campaigns of a report from their start to the end of its period, and what changed since the last report.

Here: which days and moments are needed, choosing the rows, and comparing them with what the last report said.
Not here: computing them (cumulative.py), what the values are (reports/facts/to_date.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from assets.campaigns.period.summarising import PeriodResult
from assets.reporting.figures.cumulative import ByCampaign, Cumulative, figures_of
from assets.reporting.figures.gathering import kpis_of, measures
from assets.reporting.figures.periods import ReportPeriod, month_of, week_of
from assets.reporting.figures.subscriptions import ReportCampaign, Subject
from reports.facts.report_facts import FactsError, ReportFacts
from reports.facts.to_date import EarlierChanges, Figures, ScopeFigures, ToDate
from sql.values import DAY, Interval, Reader, Window

# Sums of credits in another order differ in their last digits.
CLOSE_ENOUGH = 1e-6

FiguresAt = Mapping[datetime, ByCampaign]

# Costs and returns to date, beside conversions, ROAS and cost per conversion.
FURTHER = ("cpv", "cpl", "roi")


@dataclass(frozen=True, slots=True)
class LastReport:
    """What the last report before said of each campaign to date: its figures, its name and currency."""

    through: date
    model: str
    figures: ByCampaign
    names: Mapping[UUID, tuple[str, str]]


def read_last_reports(
    read: Reader, tenant: UUID, subscriptions: Sequence[UUID], before: date
) -> dict[UUID, LastReport]:
    """What the last report of each subscription that left said, of those on periods that ended before the day."""
    rows = read("read_last_figures", tenants=[tenant], subscriptions=list(subscriptions), before=before).to_dicts()
    return {
        UUID(bytes=subscription): _last_report(list(own))
        for subscription, own in groupby(rows, key=lambda row: row["subscription_id"])
    }


def _last_report(rows: Sequence[Mapping[str, Any]]) -> LastReport:
    figures = {
        UUID(bytes=row["campaign_id"]): Figures(
            row["delivered"], row["conversions"], row["sample"], row["revenue_minor"], row["spend_minor"]
        )
        for row in rows
    }
    names = {UUID(bytes=row["campaign_id"]): (row["name"], row["currency"]) for row in rows}
    return LastReport(rows[0]["reported_through"], rows[0]["model"], figures, names)


def moments_of(period: ReportPeriod, last: LastReport | None) -> list[datetime]:
    """The moments until which a report needs figures: the ends of the last report's period, of the days before this
    period, and of this period."""
    end_of_last = [_end_of(last.through, period)] if last else []
    return [*end_of_last, period.window.start, period.window.end]


def since_of(subject: Subject, period: ReportPeriod, last: LastReport | None) -> datetime:
    """From when on rows are needed for the figures at moments_of."""
    return min(begin_of(subject, period), *moments_of(period, last))


def begin_of(subject: Subject, period: ReportPeriod) -> datetime:
    """From when on figures to date count."""
    first = first_day_of(subject, period)
    return Window.of_local_days(first, max(first, period.last), period.timezone).start


def with_to_date(
    facts: ReportFacts,
    so_far: Cumulative,
    subject: Subject,
    period: ReportPeriod,
    last: LastReport | None,
    now: PeriodResult,
) -> ReportFacts:
    """The facts with the campaigns to date, and with the figures that are kept of the report.

    so_far: the report's own of accumulate, by moments_of; now: the period's result. Raises FactsError where they do
    not add up.
    """
    stored = (*period_figures(now, subject), *figures_to_date(so_far, subject, period))
    made = tuple(to_date(so_far, subject, period, last))
    refuse_another_period(facts, made)
    return replace(facts, to_date=made, stored_figures=stored)


def refuse_another_period(facts: ReportFacts, made: Sequence[ToDate]) -> None:
    """Raises FactsError where the campaigns to date hold another period than the one that the report tells.

    Nothing would add up to them. Over several currencies there is no total to compare with.
    """
    if len(made) != 1:
        return
    totals, held = facts.now, made[0].period
    for name in ("delivered", "conversions", "revenue_minor", "spend_minor"):
        ours, theirs = getattr(held, name) or 0, getattr(totals, name) or 0
        if abs(ours - theirs) > CLOSE_ENOUGH * max(1.0, abs(theirs)):
            raise FactsError(
                f"report {facts.report_id} for {facts.sponsor}: {name} of the period are {theirs:g}, and {ours:g} in "
                "the campaign to date"
            )


def _end_of(day: date, period: ReportPeriod) -> datetime:
    return Window.of_local_days(day, day, period.timezone).end


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


def to_date(
    so_far: Cumulative, subject: Subject, period: ReportPeriod, last: LastReport | None = None
) -> Iterator[ToDate]:
    """One value for each currency of the campaigns, in the order of the currencies."""
    end, each = period.window.end, so_far.each
    for currency in sorted({campaign.currency for campaign in subject.campaigns}):
        own = [campaign for campaign in subject.campaigns if campaign.currency == currency]
        kpis, (booked, budget_minor) = so_far.kpis[currency], so_far.prices[currency]
        ids = [UUID(bytes=campaign.campaign_id) for campaign in own]
        yield ToDate(
            currency=currency,
            first=min(campaign.starts_on for campaign in own),
            through=period.last,
            figures=figures_of(kpis),
            booked=booked,
            budget_minor=budget_minor,
            conversions_interval=_interval(kpis["conversions"]),
            revenue_interval=_interval(kpis["revenue"]),
            roas_interval=_interval(kpis["roas"]),
            cpa_interval=_interval(kpis["cpa"]),
            campaigns=tuple(campaign.name for campaign in own),
            measures=tuple(measures(kpis, FURTHER)),
            period=add_up(each[end][one] - each[period.window.start][one] for one in ids),
            earlier=_earlier(last, each, own, subject, period) if last else None,
            unvalued=int(kpis["conversions"]["sample"] - kpis["revenue"]["sample"]),
        )


def _earlier(
    last: LastReport,
    each: FiguresAt,
    own: Sequence[ReportCampaign],
    subject: Subject,
    period: ReportPeriod,
) -> EarlierChanges:
    """What changed about the campaigns of one currency. each: figures of all campaigns at the moments of moments_of."""
    at_last, at_start = each[_end_of(last.through, period)], each[period.window.start]
    ids = [UUID(bytes=campaign.campaign_id) for campaign in own]
    reported = [one for one in ids if one in last.figures]
    unreported = [at_start[one] - at_last[one] for one in reported]
    unreported += [at_start[one] for one in ids if one not in last.figures]
    after, currency = last.through + DAY, own[0].currency
    still_in = set(subject.campaign_ids)
    return EarlierChanges(
        reported_through=last.through,
        reported=add_up(last.figures[one] for one in reported),
        changed=add_up(at_last[one] - last.figures[one] for one in reported),
        unreported=add_up(unreported),
        unreported_days=(after, period.first - DAY) if after < period.first else None,
        model_changed=bool(reported) and last.model != subject.model,
        ended=tuple(name for one, (name, of) in last.names.items() if of == currency and one not in still_in),
    )


def period_figures(result: PeriodResult, subject: Subject) -> Iterator[ScopeFigures]:
    """What the report says of its period: each campaign, and all of a portfolio's together."""
    for level, scope_id, currency in _scopes(subject):
        kpis = kpis_of(result, level, scope_id.bytes, subject.model)
        yield ScopeFigures("period", level, scope_id, subject.model, currency, figures_of(kpis))


def figures_to_date(so_far: Cumulative, subject: Subject, period: ReportPeriod) -> Iterator[ScopeFigures]:
    """What the report says of the same until the period's end."""
    for level, scope_id, currency in _scopes(subject):
        is_one = level == "campaign"
        figures = so_far.each[period.window.end][scope_id] if is_one else figures_of(so_far.together)
        yield ScopeFigures("to_date", level, scope_id, subject.model, currency, figures)


def _scopes(subject: Subject) -> Iterator[tuple[str, UUID, str | None]]:
    """level, id and currency of what a report keeps figures of."""
    for campaign in subject.campaigns:
        yield "campaign", UUID(bytes=campaign.campaign_id), campaign.currency
    if subject.is_portfolio:
        yield "sponsor", UUID(bytes=subject.sponsor_id), subject.currency


def add_up(figures: Iterable[Figures]) -> Figures:
    """Their sum; of none, nothing."""
    return sum(figures, Figures())


def _interval(kpi: Mapping[str, Any]) -> Interval | None:
    """The bounds with their estimate; None where it has none, or is not shown."""
    if kpi["estimate"] is None:
        return None
    return Interval(kpi["estimate"], kpi["lower"], kpi["upper"])
