"""Progress: the campaigns to date as text, so that a reader can follow them from one report to the next.

Here: the section, one for each currency, and its sentences.
Not here: the figures (to_date.py), the period's own numbers (tiles.py, tables.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from reports.content.facts import ReportFacts
from reports.content.formats import NOTHING, Formatter
from reports.content.labels import KPIS
from reports.content.ratios import cost_of_each, return_on_spend
from reports.content.report import Pair, Section
from reports.content.response import measured
from reports.content.to_date import ToDate
from sql.values import Interval

PART_OF = "{part} of {whole} booked"
PART_OF_BUDGET = "{part} of a budget of {whole}"
WITH_INTERVAL = "{value} (95% interval {lower} to {upper})"


def progress(facts: ReportFacts, formatter: Formatter) -> tuple[Section, ...]:
    """What was delivered, spent and earned since the start, one section for each currency."""
    return tuple(Section(_title(each, facts), tuple(_pairs(each, formatter))) for each in facts.to_date)


def _title(to_date: ToDate, facts: ReportFacts) -> str:
    if not facts.is_portfolio:
        return "Campaign to date"
    return "Campaigns to date" if len(facts.to_date) == 1 else f"Campaigns to date, in {to_date.currency}"


def _pairs(to_date: ToDate, formatter: Formatter) -> Iterator[Pair]:
    figures, currency = to_date.figures, to_date.currency

    def money(minor: Decimal | float | None) -> str:
        return formatter.money(minor, currency)

    delivered = formatter.count(figures.delivered)
    if to_date.booked:
        delivered = PART_OF.format(part=delivered, whole=formatter.count(to_date.booked))
    spend = money(figures.spend_minor)
    if to_date.budget_minor and figures.spend_minor is not None:
        spend = PART_OF_BUDGET.format(part=spend, whole=money(to_date.budget_minor))
    yield Pair("Ads delivered", delivered)
    yield Pair("Spend", spend)
    yield Pair(
        "Conversions",
        _with_interval(formatter.credit(figures.conversions), to_date.conversions_interval, formatter.bound),
    )
    yield Pair("Attributed revenue", _with_interval(money(figures.revenue_minor), to_date.revenue_interval, money))
    roas, cost = return_on_spend(figures), cost_of_each(figures)
    yield Pair(
        "Return on ad spend (ROAS)", _with_interval(formatter.ratio(roas), to_date.roas_interval, formatter.ratio)
    )
    yield Pair("Cost per conversion (CPA)", _with_interval(money(cost), to_date.cpa_interval, money))
    for measure in to_date.measures:
        if measure.interval is not None or measure.is_small:
            yield Pair(KPIS[measure.kpi], measured(measure, currency, formatter))


def _with_interval(value: str, interval: Interval | None, show: Callable[[float], str]) -> str:
    if value == NOTHING or interval is None or interval.lower is None or interval.upper is None:
        return value
    return WITH_INTERVAL.format(value=value, lower=show(interval.lower), upper=show(interval.upper))
