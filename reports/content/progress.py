"""Progress: the campaigns to date as text, so that a reader can follow them from one report to the next.

Here: the section, one for each currency, and its sentences.
Not here: the figures (to_date.py), the period's own numbers (tiles.py, tables.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from reports.content.ratios import cost_of_each, ratios_allowed, return_on_spend
from reports.content.report import Pair, Section
from reports.content.response import WITH_INTERVAL, measured
from reports.facts.growing import Customers
from reports.facts.report_facts import Period, ReportFacts
from reports.facts.to_date import EarlierChanges, Figures, ToDate
from reports.wording.catalogues import counted, message
from reports.wording.formats import NOTHING, Formatter, exact
from reports.wording.labels import KPIS
from sql.values import Interval

# Credits are fractions that sum to whole conversions up to the last digits of a float.
SMALLEST_CREDIT = 1e-6

PART_OF = message("{part} of {whole} booked")
PART_OF_BUDGET = message("{part} of a budget of {whole}")
# Of the conversions of which the sponsor says whether the customer is new.
NEW_CUSTOMERS = counted(
    "{new} of {known} conversion where it is known; in this period {new_now} of {known_now}",
    "{new} of {known} conversions where it is known; in this period {new_now} of {known_now}",
)
NEW_CUSTOMERS_WITH_SHARE = message(
    "{new} of {known} conversions where it is known ({share}); in this period {new_now} of {known_now}"
)

# What changed on the days that the last report covered. Of conversions and revenue, of one alone, of neither.
CAME_IN = message("Since the last report, {conversions} and {revenue} of earlier days came in.")
CONVERSIONS_CAME_IN = message("Since the last report, {conversions} of earlier days came in.")
REVENUE_CAME_IN = message("Since the last report, revenue of {revenue} came in for earlier days.")
TAKEN_BACK = message("Since the last report, {conversions} and {revenue} of earlier days were taken back.")
CONVERSIONS_TAKEN_BACK = message("Since the last report, {conversions} of earlier days were taken back.")
REVENUE_TAKEN_BACK = message("Since the last report, revenue of {revenue} of earlier days was refunded or corrected.")
NOTHING_CHANGED = message("Since the last report, no conversions or revenue of earlier days have changed.")
# For one, and for any other number.
ADS_ADDED = counted(
    "{count} ad of earlier days was added to the count.",
    "{count} ads of earlier days were added to the count.",
)
ADS_TAKEN_OFF = counted(
    "{count} ad of earlier days was taken off the count.",
    "{count} ads of earlier days were taken off the count.",
)
SPEND_HIGHER = message("The spend of earlier days is {amount} higher than the last report said.")
SPEND_LOWER = message("The spend of earlier days is {amount} lower than the last report said.")
UNREPORTED_DAYS = message("No report told of {days}: they brought {conversions} and {revenue}.")
UNTOLD_CAMPAIGNS = message(
    "Campaigns that are new in this report brought {conversions} and {revenue} before this period."
)
MODEL_CHANGED = message("The last report used another attribution model, which is a part of the difference.")
ENDED = message("No longer in this report, because their time is over: {campaigns}.")
ADDING_UP = message(
    "{reported} in the last report, {changed} of earlier days since then and {now} of this period make {total}."
)
ADDING_UP_WITH_UNREPORTED = message(
    "{reported} in the last report, {changed} of earlier days since then, {unreported} that no report told and {now} "
    "of this period make {total}."
)


def progress(facts: ReportFacts, formatter: Formatter) -> tuple[Section, ...]:
    """What was delivered, spent and earned since the start, one section for each currency."""
    return tuple(
        Section(_title(each, facts, formatter), (*_to_date(each, formatter), *_since_the_last_report(each, formatter)))
        for each in facts.to_date
    )


def shown_figures(to_date: ToDate) -> tuple[Figures, ...]:
    """All figures that the section prints, which share one number of digits."""
    earlier = to_date.earlier
    parts = (earlier.reported, earlier.changed, earlier.unreported) if earlier else ()
    return (to_date.figures, to_date.period, *parts)


def _title(to_date: ToDate, facts: ReportFacts, formatter: Formatter) -> str:
    if not facts.is_portfolio:
        return formatter.say("Campaign to date")
    if len(facts.to_date) == 1:
        return formatter.say("Campaigns to date")
    return formatter.say("Campaigns to date, in {currency}", currency=to_date.currency)


def _to_date(to_date: ToDate, formatter: Formatter) -> Iterator[Pair]:
    """What is known; of spend and values that are not, a notice of the report speaks."""
    return (pair for pair in _pairs(to_date, formatter) if pair.text != NOTHING)


def _pairs(to_date: ToDate, formatter: Formatter) -> Iterator[Pair]:
    figures, currency, say = to_date.figures, to_date.currency, formatter.say

    def money(minor: Decimal | float | None) -> str:
        return formatter.money(minor, currency)

    delivered = formatter.count(figures.delivered)
    if to_date.booked:
        delivered = say(PART_OF, part=delivered, whole=formatter.count(to_date.booked))
    spend = money(figures.spend_minor)
    if to_date.budget_minor and figures.spend_minor is not None:
        spend = say(PART_OF_BUDGET, part=spend, whole=money(to_date.budget_minor))
    yield Pair(say("Ads delivered"), delivered)
    yield Pair(say("Spend"), spend)
    conversions = formatter.credit(figures.conversions)
    roas, cost = formatter.ratio(return_on_spend(figures)), money(cost_of_each(figures))
    for term, value, interval, show in (
        (say("Conversions"), conversions, to_date.conversions_interval, formatter.bound),
        (say("Attributed revenue"), money(figures.revenue_minor), to_date.revenue_interval, money),
        (say("Return on ad spend (ROAS)"), roas, to_date.roas_interval, formatter.ratio),
        (say("Cost per conversion (CPA)"), cost, to_date.cpa_interval, money),
    ):
        yield Pair(term, _with_interval(value, interval, show, formatter))
    if to_date.customers is not None:
        yield Pair(say("New customers"), _customers(to_date.customers, formatter))
    for measure in to_date.measures:
        if measure.interval is not None or measure.is_small:
            yield Pair(say(KPIS[measure.kpi]), measured(measure, currency, formatter))


def _customers(customers: Customers, formatter: Formatter) -> str:
    """A share of few is noise, and stays out."""
    parts = {
        "new": formatter.count(customers.new),
        "known": formatter.count(customers.stated),
        "new_now": formatter.count(customers.new_now),
        "known_now": formatter.count(customers.stated_now),
    }
    if not ratios_allowed(customers.stated):
        return formatter.say_counted(customers.stated, *NEW_CUSTOMERS, **parts)
    share = formatter.percent(exact(customers.new) / customers.stated, 0)
    return formatter.say(NEW_CUSTOMERS_WITH_SHARE, **parts, share=share)


def _since_the_last_report(to_date: ToDate, formatter: Formatter) -> Iterator[Pair]:
    """What changed about days that were reported, and how the campaign to date follows from what was reported."""
    earlier = to_date.earlier
    if earlier is None:
        return
    yield Pair(formatter.say("Earlier days"), formatter.one_by_one(*_changes(earlier, to_date, formatter)))
    parts = {
        "reported": earlier.reported,
        "changed": earlier.changed,
        "unreported": earlier.unreported,
        "now": to_date.period,
    }
    shown = {name: formatter.credit(part.conversions) for name, part in parts.items()}
    whole = ADDING_UP if _is_nothing(earlier.unreported) else ADDING_UP_WITH_UNREPORTED
    yield Pair(
        formatter.say("Adding up"), formatter.say(whole, **shown, total=_conversions(to_date.figures, formatter))
    )


def _changes(earlier: EarlierChanges, to_date: ToDate, formatter: Formatter) -> Iterator[str]:
    changed, unreported, currency = earlier.changed, earlier.unreported, to_date.currency
    yield _earned(changed, currency, formatter)
    if changed.delivered:
        one, many = ADS_ADDED if changed.delivered > 0 else ADS_TAKEN_OFF
        count = abs(changed.delivered)
        yield formatter.say_counted(count, one, many, count=formatter.count(count))
    if changed.spend_minor:
        amount = formatter.money(abs(changed.spend_minor), currency)
        yield formatter.say(SPEND_HIGHER if changed.spend_minor > 0 else SPEND_LOWER, amount=amount)
    brought = {
        "conversions": _conversions(unreported, formatter),
        "revenue": formatter.money(unreported.revenue_minor, currency),
    }
    if earlier.unreported_days is not None:
        yield formatter.say(UNREPORTED_DAYS, days=formatter.period(Period(*earlier.unreported_days)), **brought)
    elif not _is_nothing(unreported):
        yield formatter.say(UNTOLD_CAMPAIGNS, **brought)
    if earlier.model_changed:
        yield formatter.say(MODEL_CHANGED)
    if earlier.ended:
        yield formatter.say(ENDED, campaigns=formatter.say(", ").join(earlier.ended))


def _earned(changed: Figures, currency: str, formatter: Formatter) -> str:
    """What came in or was taken back: conversions and money in one sentence where they go the same way."""
    shown = {
        "conversions": _conversions(changed, formatter),
        "revenue": formatter.money(abs(changed.revenue_minor or 0), currency),
    }
    count, money = _direction(changed.conversions), _direction(changed.revenue_minor or 0)
    if not count and not money:
        return formatter.say(NOTHING_CHANGED)
    if count == money:
        return formatter.say(CAME_IN if count > 0 else TAKEN_BACK, **shown)
    conversions = {1: CONVERSIONS_CAME_IN, 0: "", -1: CONVERSIONS_TAKEN_BACK}[count]
    revenue = {1: REVENUE_CAME_IN, 0: "", -1: REVENUE_TAKEN_BACK}[money]
    return formatter.one_by_one(*(formatter.say(each, **shown) for each in (conversions, revenue) if each))


def _conversions(figures: Figures, formatter: Formatter) -> str:
    return formatter.credits(abs(figures.conversions), "{number} conversion", "{number} conversions")


def _direction(change: float) -> int:
    """1, 0 or -1; the last digits of sums of credits are no change."""
    return 0 if abs(change) < SMALLEST_CREDIT else (1 if change > 0 else -1)


def _is_nothing(figures: Figures) -> bool:
    return not any((figures.delivered, _direction(figures.conversions), figures.revenue_minor, figures.spend_minor))


def _with_interval(value: str, interval: Interval | None, show: Callable[[float], str], formatter: Formatter) -> str:
    if value == NOTHING or interval is None or interval.lower is None or interval.upper is None:
        return value
    return formatter.say(WITH_INTERVAL, value=value, lower=show(interval.lower), upper=show(interval.upper))
