"""KPI tiles: the four headline numbers, their change against the previous period, and whether that is good news.

Here: value, change, mood and detail of each tile.
Not here: the ratios (ratios.py), how a tile looks (templates), where totals come from (the layer above).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from reports.content.facts import ReportFacts, Totals
from reports.content.formats import NOTHING, Formatter, exact, rounded
from reports.content.ratios import cpa, is_low_confidence, ratios_allowed, roas
from reports.content.report import Direction, Mood, Tile
from reports.thresholds import FEWEST_FOR_RATIOS
from sql.values import Interval

VERSUS = "vs previous"
FIRST = "no period to compare"


@dataclass(frozen=True, slots=True)
class Change:
    """How a number changed since the period before."""

    text: str
    versus: str
    direction: Direction
    mood: Mood


def change(now: Decimal | None, before: Decimal | None, formatter: Formatter, *, rising_is_good: bool = True) -> Change:
    """The relative change. A zero base has none: "new" where something came from nothing, "–" where nothing did."""
    if now is None or before is None:
        return Change(NOTHING, VERSUS, "none", "neutral")
    if before == 0:
        return Change("new" if now > 0 else NOTHING, VERSUS, "none", "neutral")
    share = (now - before) / abs(before)
    if rounded(share, 3) == 0:
        return Change(formatter.percent(0), VERSUS, "flat", "neutral")
    direction: Direction = "up" if share > 0 else "down"
    mood: Mood = "good" if (share > 0) == rising_is_good else "bad"
    return Change(formatter.percent(abs(share)), VERSUS, direction, mood)


def tiles(facts: ReportFacts, formatter: Formatter) -> tuple[Tile, ...]:
    """Ads delivered, conversions, return and cost, in this order."""
    shown = tuple(make(facts, formatter) for make in (_delivered, _conversions, _roas, _cost))
    if facts.previous is None:
        return tuple(replace(tile, change=NOTHING, versus=FIRST) for tile in shown)
    return shown


def _delivered(facts: ReportFacts, formatter: Formatter) -> Tile:
    now, before = facts.now, facts.previous
    moved = change(Decimal(now.delivered), Decimal(before.delivered) if before else None, formatter)
    detail = f"to {formatter.count(now.reach)} households" if now.reach is not None else "reach is not known"
    return _tile("Ads delivered", formatter.count(now.delivered), moved, detail)


def _conversions(facts: ReportFacts, formatter: Formatter) -> Tile:
    now, before = facts.now, facts.previous
    detail = _with_badge(now, _range(now.conversions_interval, formatter.credit))
    if before is not None and before.conversions and not _both_allow_ratios(now, before):
        counts = f"{formatter.credit(before.conversions)} in the previous period"
        moved = Change(NOTHING, VERSUS, "none", "neutral")
        detail = " · ".join(part for part in (counts, detail) if part)
    else:
        moved = change(exact(now.conversions), exact(before.conversions) if before else None, formatter)
    return _tile("Conversions", formatter.credit(now.conversions), moved, detail)


def _both_allow_ratios(now: Totals, before: Totals) -> bool:
    """A percentage between two counts is a ratio too."""
    return ratios_allowed(now.sample) and ratios_allowed(before.sample)


def _roas(facts: ReportFacts, formatter: Formatter) -> Tile:
    now, value = facts.now, roas(facts.now)
    moved = change(value, roas(facts.previous) if facts.previous else None, formatter)
    detail = _with_badge(now, _range(now.roas_interval, formatter.ratio)) if value is not None else _why_none(facts)
    return _tile("Return on ad spend (ROAS)", formatter.ratio(value), moved, detail)


def _cost(facts: ReportFacts, formatter: Formatter) -> Tile:
    now, value = facts.now, cpa(facts.now)
    before = cpa(facts.previous) if facts.previous else None
    moved = change(value, before, formatter, rising_is_good=False)
    if value is None or facts.currency is None:
        return _tile("Cost per conversion (CPA)", NOTHING, moved, _why_none(facts))
    currency = facts.currency
    bounds = _range(now.cpa_interval, lambda minor: formatter.money(minor, currency))
    return _tile("Cost per conversion (CPA)", formatter.money(value, currency), moved, _with_badge(now, bounds))


def _tile(label: str, value: str, moved: Change, detail: str) -> Tile:
    return Tile(label, value, moved.text, moved.versus, moved.direction, moved.mood, detail)


def _range(interval: Interval | None, show: Callable[[float], str]) -> str:
    """A 95 % range in the tile's own unit. A side that the method does not give stays open."""
    if interval is None or (interval.lower is None and interval.upper is None):
        return ""
    if interval.upper is None:
        return f"95% interval from {show(interval.lower or 0.0)}"
    return f"95% interval {show(interval.lower or 0.0)} to {show(interval.upper)}"


def _with_badge(totals: Totals, bounds: str) -> str:
    badge = "low confidence" if is_low_confidence(totals.sample) else ""
    return " · ".join(part for part in (badge, bounds) if part)


def _why_none(facts: ReportFacts) -> str:
    now = facts.now
    if facts.currency is None:
        return "several currencies, see the campaigns"
    if now.spend_minor is None:
        return "spend is not known"
    if now.spend_minor == 0:
        return "no spend in this period"
    if not ratios_allowed(now.sample):
        return f"shown from {FEWEST_FOR_RATIOS} conversions"
    return "no order values are known"
