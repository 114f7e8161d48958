"""To date: the campaigns of a report from their start to the end of its period, and what changed since the last report.

Here: which days and moments are needed, choosing the rows, and comparing them with what the last report said.
Not here: computing them (campaigns/period/to_date.py), what the values are (reports/facts/to_date.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from assets.campaigns.delivery.terms import sum_if_all_known
from assets.campaigns.period.summarising import PeriodResult
from assets.campaigns.period.to_date import CampaignHistory, measure_each, measure_together, price_until, read_history
from assets.reporting.gathering import kpis_of, measures
from assets.reporting.periods import ReportPeriod, month_of, week_of
from assets.reporting.subscriptions import ReportCampaign, Subject
from reports.facts.report_facts import FactsError, ReportFacts
from reports.facts.to_date import EarlierChanges, Figures, ScopeFigures, ToDate
from sql.values import DAY, Interval, Reader, Window

# Sums of credits in another order differ in their last digits.
CLOSE_ENOUGH = 1e-6

Kpis = Mapping[str, Mapping[str, Any]]
# Of campaigns, by their ids.
ByCampaign = Mapping[UUID, Figures]
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


def read_last_report(read: Reader, tenant: UUID, subscription: UUID, before: date) -> LastReport | None:
    """What the last report of the subscription that left said, of those on periods that ended before the day."""
    rows = read("read_last_figures", tenants=[tenant], subscription=subscription, before=before).to_dicts()
    if not rows:
        return None
    figures = {
        UUID(bytes=row["campaign_id"]): Figures(
            row["delivered"], row["conversions"], row["sample"], row["revenue_minor"], row["spend_minor"]
        )
        for row in rows
    }
    names = {UUID(bytes=row["campaign_id"]): (row["name"], row["currency"]) for row in rows}
    return LastReport(rows[0]["reported_through"], rows[0]["model"], figures, names)


def read_so_far(
    read: Reader, tenant: UUID, subject: Subject, period: ReportPeriod, as_of: datetime, last: LastReport | None
) -> CampaignHistory:
    """The subject's campaigns from their start to the period's end, as they are known now."""
    first = first_day_of(subject, period)
    since = Window.of_local_days(first, max(first, period.last), period.timezone).start
    moments = [*_moments(period, last), period.window.end]
    return read_history(read, tenant, subject.campaign_ids, since, moments, as_of, subject.model)


def with_to_date(
    facts: ReportFacts,
    history: CampaignHistory,
    each: FiguresAt,
    subject: Subject,
    period: ReportPeriod,
    last: LastReport | None,
    now: PeriodResult,
) -> ReportFacts:
    """The facts with the campaigns to date, and with the figures that are kept of the report.

    history: of read_so_far; each: of figures_by_moment; now: the period's result. Raises FactsError where they do not
    add up.
    """
    kept = (*period_figures(now, subject), *figures_to_date(history, each, subject, period))
    made = tuple(to_date(history, each, subject, period, last))
    refuse_another_period(facts, made)
    return replace(facts, to_date=made, kept=kept)


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


def _moments(period: ReportPeriod, last: LastReport | None) -> list[datetime]:
    """The ends of the last report's period, and of the days before this period."""
    end_of_last = [_end_of(last.through, period)] if last else []
    return [*end_of_last, period.window.start]


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
    history: CampaignHistory, each: FiguresAt, subject: Subject, period: ReportPeriod, last: LastReport | None = None
) -> Iterator[ToDate]:
    """One value for each currency of the campaigns, in the order of the currencies. each: of figures_by_moment."""
    end = period.window.end
    for currency in sorted({campaign.currency for campaign in subject.campaigns}):
        own = [campaign for campaign in subject.campaigns if campaign.currency == currency]
        part = history.of(history.campaigns.filter(currency=currency))
        kpis = {row["kpi"]: row for row in measure_together(part, end).iter_rows(named=True)}
        prices = price_until(part, end).select(sum_if_all_known("booked"), sum_if_all_known("cost_minor"))
        ids = [UUID(bytes=campaign.campaign_id) for campaign in own]
        yield ToDate(
            currency=currency,
            first=min(campaign.starts_on for campaign in own),
            through=period.last,
            figures=figures_of(kpis),
            booked=prices["booked"][0],
            budget_minor=prices["cost_minor"][0],
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
    """What changed about the campaigns of one currency. each: figures of all campaigns at the moments of _moments."""
    at_last, at_start = each[_end_of(last.through, period)], each[period.window.start]
    ids = [UUID(bytes=campaign.campaign_id) for campaign in own]
    known = [one for one in ids if one in last.figures]
    unreported = [at_start[one] - at_last[one] for one in known]
    unreported += [at_start[one] for one in ids if one not in last.figures]
    after, currency = last.through + DAY, own[0].currency
    still_in = set(subject.campaign_ids)
    return EarlierChanges(
        reported_through=last.through,
        reported=add_up(last.figures[one] for one in known),
        changed=add_up(at_last[one] - last.figures[one] for one in known),
        unreported=add_up(unreported),
        unreported_days=(after, period.first - DAY) if after < period.first else None,
        model_changed=bool(known) and last.model != subject.model,
        ended=tuple(name for one, (name, of) in last.names.items() if of == currency and one not in still_in),
    )


def period_figures(result: PeriodResult, subject: Subject) -> Iterator[ScopeFigures]:
    """What the report says of its period: each campaign, and all of a portfolio's together."""
    for level, scope_id, currency in _scopes(subject):
        kpis = kpis_of(result, level, scope_id.bytes, subject.model)
        yield ScopeFigures("period", level, scope_id, subject.model, currency, figures_of(kpis))


def figures_to_date(
    history: CampaignHistory, each: FiguresAt, subject: Subject, period: ReportPeriod
) -> Iterator[ScopeFigures]:
    """What the report says of the same until the period's end. each: of figures_by_moment."""
    end = period.window.end
    for level, scope_id, currency in _scopes(subject):
        if level == "campaign":
            figures = each[end][scope_id]
        else:
            figures = figures_of({row["kpi"]: row for row in measure_together(history, end).iter_rows(named=True)})
        yield ScopeFigures("to_date", level, scope_id, subject.model, currency, figures)


def _scopes(subject: Subject) -> Iterator[tuple[str, UUID, str | None]]:
    """level, id and currency of what a report keeps figures of."""
    for campaign in subject.campaigns:
        yield "campaign", UUID(bytes=campaign.campaign_id), campaign.currency
    if subject.is_portfolio:
        yield "sponsor", UUID(bytes=subject.sponsor_id), subject.currency


def figures_by_moment(history: CampaignHistory) -> FiguresAt:
    """What each campaign did until each of the history's moments."""
    return {moment: figures_by_campaign(history, moment) for moment in history.moments}


def figures_by_campaign(history: CampaignHistory, moment: datetime) -> dict[UUID, Figures]:
    """What each campaign did until the moment."""
    rows: dict[UUID, dict[str, Mapping[str, Any]]] = {}
    for row in measure_each(history, moment).iter_rows(named=True):
        rows.setdefault(UUID(bytes=row["scope_id"]), {})[row["kpi"]] = row
    return {campaign: figures_of(kpis) for campaign, kpis in rows.items()}


def figures_of(kpis: Kpis) -> Figures:
    """The figures among the KPIs of one scope and model."""
    return Figures(
        delivered=int(kpis["impressions"]["estimate"]),
        conversions=float(kpis["conversions"]["estimate"]),
        sample=int(kpis["conversions"]["sample"]),
        revenue_minor=kpis["revenue"]["amount_minor"],
        spend_minor=kpis["spend"]["amount_minor"],
    )


def add_up(figures: Iterable[Figures]) -> Figures:
    """Their sum; of none, nothing."""
    return sum(figures, Figures())


def _interval(kpi: Mapping[str, Any]) -> Interval | None:
    """The bounds with their estimate; None where it has none, or is not shown."""
    if kpi["estimate"] is None:
        return None
    return Interval(kpi["estimate"], kpi["lower"], kpi["upper"])
