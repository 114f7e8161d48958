"""KPI tiles: the four headline numbers, how each changed, and whether that is good news.

Here: value, change, mood and detail of each tile. Ads and conversions are of the period and stand beside the period
before; return and cost are to date, because only then money and conversions are of the same ads. Where spend or order
values are not known, cost per visit, response rate or reach stand in their place. Several currencies have a return and
a cost each.
Not here: the ratios (ratios.py), how a tile looks (templates), where totals come from (the layer above).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from reports.content.ratios import cost_of_each, is_low_confidence, ratios_allowed, return_on_spend
from reports.content.report import Direction, Mood, Tile
from reports.content.response import headline
from reports.content.tables.placements import reached
from reports.facts.report_facts import ReportFacts, Totals
from reports.facts.to_date import Figures, ToDate
from reports.thresholds import FEWEST_FOR_RATIOS
from reports.wording.formats import NOTHING, Formatter, exact, rounded
from sql.values import Interval


@dataclass(frozen=True, slots=True)
class Change:
    """How a number changed since the period before."""

    text: str
    versus: str
    direction: Direction
    mood: Mood = "neutral"


def change(now: Decimal, before: Decimal, versus: str, formatter: Formatter, *, is_clear: bool = False) -> Change:
    """The relative change of a number of which more is better. A zero base has none: "new" where something came from
    nothing, no text where nothing did. is_clear: whether the two could not be the same number by chance."""
    if before == 0:
        return Change(formatter.say("new") if now > 0 else "", versus, "none")
    share = (now - before) / abs(before)
    if rounded(share, 3) == 0:
        return Change(formatter.percent(0), versus, "flat")
    direction: Direction = "up" if share > 0 else "down"
    mood: Mood = "neutral" if not is_clear else "good" if share > 0 else "bad"
    return Change(formatter.percent(abs(share)), versus, direction, mood)


def are_apart(now: Interval | None, before: Interval | None) -> bool:
    """Whether two intervals have no number in common; not where a bound is not known."""
    if now is None or before is None or None in (now.lower, now.upper, before.lower, before.upper):
        return False
    return now.lower > before.upper or now.upper < before.lower  # type: ignore[operator]


def tiles(facts: ReportFacts, formatter: Formatter) -> tuple[Tile, ...]:
    """Ads delivered, conversions, return and cost, in this order; what the campaign's goal allows in place of what has
    no spend or order values to be made of."""
    if len(facts.to_date) > 1:
        return (_delivered(facts, formatter), _conversions(facts, formatter), *_by_currency(facts, formatter))
    to_date, instead = only(facts), _instead(facts, formatter)
    before = to_date.figures - own_figures(facts.now) if to_date else None
    roas, cost = _roas(to_date, before, formatter), _cost(to_date, before, formatter)
    if _lacks(facts, "revenue_minor", "spend_minor"):
        roas = next(instead, roas)
    if _lacks(facts, "spend_minor"):
        cost = next(instead, cost)
    return (_delivered(facts, formatter), _conversions(facts, formatter), roas, cost)


def _lacks(facts: ReportFacts, *names: str) -> bool:
    """Whether amounts to date are not known, or there is nothing but the number of conversions to show."""
    to_date = only(facts)
    if to_date is None or not to_date.figures.delivered:
        return False
    amounts = [getattr(to_date.figures, name) for name in names]
    is_without_values = "revenue_minor" in names and facts.goal_kind != "purchase" and not to_date.figures.revenue_minor
    return None in amounts or is_without_values


def _instead(facts: ReportFacts, formatter: Formatter) -> Iterator[Tile]:
    """Cost per visit, response rate and reach, as far as they are known."""
    to_date = only(facts)
    further = {measure.kpi: measure for measure in (*(to_date.measures if to_date else ()), *facts.response)}
    for kpi, label, span in (
        ("cpv", formatter.say("Cost per visit (CPV), to date"), ""),
        ("conversion_rate", formatter.say("Response rate"), formatter.say("of the households reached, this period")),
        ("visitor_rate", formatter.say("Visitor rate"), formatter.say("of the households reached, this period")),
    ):
        measure = further.get(kpi)
        if measure is not None and measure.interval is not None:
            currency = to_date.currency if to_date else None
            value, detail = headline(measure, currency, formatter)
            yield _tile(label, value, Change("", span or detail, "none"), detail if span else "")
    if facts.now.reach is not None:
        now, before = facts.now, facts.previous
        earlier = before.reach if before else None
        moved = _compared(now.reach or 0, earlier, formatter.count(earlier), facts, formatter)
        yield _tile(formatter.say("Reach"), formatter.count(now.reach), moved, reached(now, formatter))


def _compared(
    now: float, before: float | None, shown: str, facts: ReportFacts, formatter: Formatter, *, is_clear: bool = False,
    is_enough: bool = True,
) -> Change:  # fmt: skip
    """A number of the period beside that of the period before. Both stand there, whether or not a percentage may."""
    if before is None:
        return Change("", formatter.say("no period to compare"), "none")
    if not facts.can_compare:
        versus = formatter.say("{previous} in the previous period; the flight did not run on all days", previous=shown)
        return Change("", versus, "none")
    if not is_enough:
        return Change("", formatter.say("{previous} in the previous period", previous=shown), "none")
    versus = formatter.say("from {previous} in the previous period", previous=shown)
    moved = change(exact(now), exact(before), versus, formatter, is_clear=is_clear)
    # Nothing now and nothing before: there is no change to tell, and the number before stands by itself.
    return (
        moved if moved.text else Change("", formatter.say("{previous} in the previous period", previous=shown), "none")
    )


def _delivered(facts: ReportFacts, formatter: Formatter) -> Tile:
    """A count has no interval: whether more ads are good news depends on the booking, and not on the week before."""
    now, before = facts.now, facts.previous
    shown = formatter.count(before.delivered) if before else NOTHING
    moved = _compared(now.delivered, before.delivered if before else None, shown, facts, formatter)
    whom = formatter.say("reach is not known")
    if now.reach is not None:
        whom = formatter.say("reached {addresses}", addresses=reached(now, formatter))
    return _tile(formatter.say("Ads delivered"), formatter.count(now.delivered), moved, whom)


def _conversions(facts: ReportFacts, formatter: Formatter) -> Tile:
    now, before = facts.now, facts.previous
    moved = _compared(
        now.conversions,
        before.conversions if before else None,
        formatter.credit(before.conversions) if before else NOTHING,
        facts,
        formatter,
        is_clear=before is not None and are_apart(now.conversions_interval, before.conversions_interval),
        is_enough=before is None or not before.conversions or _both_allow_ratios(now, before),
    )
    bounds = _bounds(now.conversions_interval, formatter.bound)
    interval = formatter.say("95% interval {lower} to {upper}, this period", **bounds) if bounds else ""
    details = (_origin(now, formatter), _badge(now.sample, formatter), interval)
    return _tile(formatter.say("Conversions"), formatter.credit(now.conversions), moved, *details)


def _origin(now: Totals, formatter: Formatter) -> str:
    """Whether the period's conversions came from its own ads or from earlier ones."""
    if now.own_conversions is None or not now.conversions:
        return ""
    own, earlier = formatter.credit_parts(now.conversions, now.own_conversions)
    return formatter.say("{own} from this period’s ads, {earlier} from earlier ads", own=own, earlier=earlier)


def _both_allow_ratios(now: Totals, before: Totals) -> bool:
    """A percentage between two counts is a ratio too."""
    return ratios_allowed(now.sample) and ratios_allowed(before.sample)


def _by_currency(facts: ReportFacts, formatter: Formatter) -> Iterator[Tile]:
    """Return and cost of each currency by itself: amounts of several are never summed."""
    for each in facts.to_date:
        before = each.figures - each.period
        roas = formatter.say("ROAS in {currency}, to date", currency=each.currency)
        cost = formatter.say("CPA in {currency}, to date", currency=each.currency)
        yield replace(_roas(each, before, formatter), label=roas)
        yield replace(_cost(each, before, formatter), label=cost)


def _roas(to_date: ToDate | None, before: Figures | None, formatter: Formatter) -> Tile:
    interval = to_date.roas_interval if to_date else None
    label = formatter.say("Return on ad spend (ROAS), to date")
    return _of_money(label, to_date, before, return_on_spend, (formatter.ratio, 2), interval, formatter)


def _cost(to_date: ToDate | None, before: Figures | None, formatter: Formatter) -> Tile:
    interval, currency = (to_date.cpa_interval, to_date.currency) if to_date else (None, "")

    def money(minor: Decimal | float) -> str:
        return formatter.money(minor, currency)

    label = formatter.say("Cost per conversion (CPA), to date")
    return _of_money(label, to_date, before, cost_of_each, (money, 0), interval, formatter)


def only(facts: ReportFacts) -> ToDate | None:
    """The campaigns to date; None where they have several currencies, which are never summed."""
    return facts.to_date[0] if len(facts.to_date) == 1 else None


def _of_money(
    label: str,
    to_date: ToDate | None,
    earlier: Figures | None,
    ratio: Callable[[Figures], Decimal | None],
    printed: tuple[Callable[[Decimal | float], str], int],
    interval: Interval | None,
    formatter: Formatter,
) -> Tile:
    """A ratio to date, and how the period moved it. The two share most of their orders, so neither is good news.

    earlier: what had been to date before the period. printed: how the ratio is printed, and with how many digits: what
    it moved by is the difference of what is printed.
    """
    show, digits = printed
    value = ratio(to_date.figures) if to_date else None
    if to_date is None or value is None:
        return _tile(label, NOTHING, Change("", _why_none(to_date, formatter), "none"))
    before = ratio(earlier) if earlier else None
    moved = Change("", formatter.say("not known before this period"), "none")
    if before is not None:
        versus = formatter.say("in this period, from {before} before it", before=show(before))
        by = rounded(value, digits) - rounded(before, digits)
        # An amount of 0.00 beside "in this period" would be read as the period's own.
        moved = Change(show(abs(by)), versus, "up" if by > 0 else "down")
        if by == 0:
            moved = Change("", formatter.say("unchanged in this period"), "flat")
    bounds = _bounds(interval, show)
    shown = formatter.say("95% interval {lower} to {upper}, to date", **bounds) if bounds else ""
    return _tile(label, show(value), moved, _badge(to_date.figures.sample, formatter), shown)


def own_figures(now: Totals) -> Figures:
    """The period's own part of what is to date."""
    return Figures(now.delivered, now.conversions, now.sample, now.revenue_minor, now.spend_minor)


def _tile(label: str, value: str, moved: Change, *details: str) -> Tile:
    detail = " · ".join(each for each in details if each)
    return Tile(label, value, moved.text, moved.versus, moved.direction, moved.mood, detail)


def _bounds(interval: Interval | None, show: Callable[[float], str]) -> dict[str, str]:
    """Both bounds in the tile's own unit; empty where the method gives no two of them."""
    if interval is None or interval.lower is None or interval.upper is None:
        return {}
    return {"lower": show(interval.lower), "upper": show(interval.upper)}


def _badge(sample: int, formatter: Formatter) -> str:
    return formatter.say("low confidence") if is_low_confidence(sample) else ""


def _why_none(to_date: ToDate | None, formatter: Formatter) -> str:
    if to_date is None or to_date.figures.spend_minor is None:
        return formatter.say("spend is not known")
    if to_date.figures.spend_minor == 0:
        return formatter.say("nothing was spent yet")
    if not ratios_allowed(to_date.figures.sample):
        return formatter.say("shown from {fewest} conversions", fewest=formatter.count(FEWEST_FOR_RATIOS))
    return formatter.say("no order values are known")
