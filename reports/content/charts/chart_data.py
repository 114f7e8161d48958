"""Chart data: what the two charts draw: the days of a period, and conversions by their origin as bars.

Here: grouping, order, folding, ticks and alternative texts, from facts to chart content.
Not here: labels that can be told apart (chart_labels.py), how a chart looks or becomes a picture (charts.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from reports.content.ratios import cost_of_each
from reports.content.report import Bar, BarChart, LineChart
from reports.content.tables.grouping import together
from reports.facts.report_facts import Period, PlacementRow, ReportFacts, ShowRow
from reports.facts.to_date import Figures
from reports.wording.catalogues import counted, message
from reports.wording.chart_labels import distinct
from reports.wording.formats import Formatter

# What fits into a mail without scrolling past it; the rest of a group folds into one bar, so bars sum to the total.
MOST_BARS = 6
MOST_DAY_TICKS = 5
COUNT_STEPS = 4
CONVERSION_STEPS = 2

SPENT, SPENT_EACH = message("to date: {spend} spent"), message("to date: {spend} spent, {cost} per conversion")

MORE_SHOWS = counted("{number} more show", "{number} more shows")
MORE_EPISODES = counted("{number} more episode", "{number} more episodes")


def line_chart(facts: ReportFacts, formatter: Formatter) -> LineChart | None:
    """Ads delivered per day against the previous period, and the conversions of the same days below them.

    None where both periods delivered nothing.
    """
    say, previous = formatter.say, facts.previous_daily.delivered if facts.previous_daily else ()
    if not any(facts.daily.delivered) and not any(previous):
        return None
    conversions = facts.daily.conversions if any(facts.daily.conversions) else ()
    return LineChart(
        title=say("Ads and conversions per day") if conversions else say("Ads delivered per day"),
        panel_title=say("Ads delivered"),
        current_label=say("This period"),
        previous_label=say("Previous period") if previous else "",
        current=facts.daily.delivered,
        previous=previous,
        day_ticks=day_ticks(facts.period, formatter),
        count_ticks=count_ticks(max((*facts.daily.delivered, *previous)), formatter),
        conversions_title=say("Conversions"),
        conversions=conversions,
        conversion_ticks=count_ticks(math.ceil(max(conversions, default=0)), formatter, CONVERSION_STEPS),
        alt=_line_alternative(facts, formatter),
    )


def bar_chart(facts: ReportFacts, formatter: Formatter) -> BarChart | None:
    """Conversions by show, each with its spend and cost; by episode where there is one show. None without any."""
    least_shown = 0.5 * 10**-formatter.credit_digits
    # What was folded into one row may have earned less than the chart can print; a bar of 0.0 shows nothing.
    earning = [row for row in facts.placements if row.conversions > (least_shown if row.is_folded else 0)]
    if not earning:
        return None
    if len({row.show for row in earning if not row.is_folded}) > 1:
        title = formatter.say("Conversions by show in this period")
        shows = _costs_of_shows(facts, formatter)
        bars = _bars(MORE_SHOWS, earning, lambda row: (row.show,), shows, formatter)
    else:
        title = formatter.say("Conversions by episode in this period")
        bars = _bars(MORE_EPISODES, earning, _episode, _costs_of_episodes(facts, formatter), formatter)
    each = formatter.say(", ").join(f"{bar.label} {bar.text}" for bar in bars)
    return BarChart(title, bars, formatter.say("Bar chart. {title}: {bars}.", title=title, bars=each))


def _episode(row: PlacementRow) -> tuple[str, ...]:
    """An episode's title, and what tells it from another one of the same title."""
    return (row.episode or row.placement, row.show, row.campaign, row.aired.isoformat() if row.aired else "")


def _bars(
    more: tuple[str, str],
    rows: Iterable[PlacementRow],
    key: Callable[[PlacementRow], tuple[str, ...]],
    costs: Mapping[tuple[str, ...], str],
    formatter: Formatter,
) -> tuple[Bar, ...]:
    """One group of bars, largest first, ties by name. costs: what is said of them by their keys."""
    groups: dict[tuple[str, ...], list[PlacementRow]] = {}
    few: dict[str, list[PlacementRow]] = {}
    for row in rows:
        if row.is_folded:
            few.setdefault(key(row)[0], []).append(row)
        else:
            groups.setdefault(key(row), []).append(row)
    sums = sorted(((_earned(parts), name) for name, parts in groups.items()), key=lambda item: (-item[0], item[1]))
    shown = sums if len(sums) <= MOST_BARS + 1 else sums[:MOST_BARS]
    labels = distinct([name for _, name in shown])
    bars = [
        Bar(label, value, formatter.credit(value), costs.get(name, ""))
        for label, (value, name) in zip(labels, shown, strict=True)
    ]
    if rest := sums[len(shown) :]:
        value = math.fsum(part for part, _ in rest)
        label = formatter.say_counted(len(rest), *more, number=formatter.count(len(rest)))
        bars.append(Bar(label, value, formatter.credit(value), folded=True))
    for name, parts in few.items():
        value = _earned(parts)
        bars.append(Bar(name, value, formatter.credit(value), folded=True))
    return tuple(bars)


def _earned(rows: Iterable[PlacementRow]) -> float:
    return math.fsum(row.conversions for row in rows)


def _costs_of_shows(facts: ReportFacts, formatter: Formatter) -> dict[tuple[str, ...], str]:
    """Of those that were paid in one currency."""
    found: dict[tuple[str, ...], list[ShowRow]] = {}
    for show in facts.shows:
        found.setdefault((show.name,), []).append(show)
    return {name: _cost(own[0].figures, own[0].currency, formatter) for name, own in found.items() if len(own) == 1}


def _costs_of_episodes(facts: ReportFacts, formatter: Formatter) -> dict[tuple[str, ...], str]:
    """Of all of an episode's placements, also those that earned nothing in the period."""
    found: dict[tuple[str, ...], list[PlacementRow]] = {}
    for row in facts.placements:
        if not row.is_folded:
            found.setdefault(_episode(row), []).append(row)
    costs = {}
    for name, rows in found.items():
        figures = [row.to_date for row in rows if row.to_date is not None]
        if len({row.currency for row in rows}) == 1 and len(figures) == len(rows):
            costs[name] = _cost(together(figures), rows[0].currency, formatter)
    return costs


def _cost(figures: Figures, currency: str, formatter: Formatter) -> str:
    """What was spent since the start, and that for a conversion where there are enough; empty where not known."""
    if not figures.spend_minor:
        return ""
    spend, cost = formatter.money(figures.spend_minor, currency), cost_of_each(figures)
    if cost is None:
        return formatter.say(SPENT, spend=spend)
    return formatter.say(SPENT_EACH, spend=spend, cost=formatter.money(cost, currency))


def day_ticks(period: Period, formatter: Formatter) -> tuple[tuple[int, str], ...]:
    """Firsts of months for long periods, evenly spaced days for short ones; positions are days from the first."""
    days = [period.first + timedelta(days=offset) for offset in range(period.length)]
    if period.length > 62:
        firsts = [(offset, day) for offset, day in enumerate(days) if day.day == 1]
        every = math.ceil(len(firsts) / MOST_DAY_TICKS)
        return tuple((offset, formatter.month(day)) for offset, day in firsts[::every])
    every = max(1, math.ceil(period.length / MOST_DAY_TICKS))
    return tuple((offset, formatter.short_day(days[offset])) for offset in range(0, period.length, every))


def count_ticks(largest: int, formatter: Formatter, at_most: int = COUNT_STEPS) -> tuple[tuple[int, str], ...]:
    """0 and up in whole steps of 1, 2, 2.5 or 5 times a power of ten, past the largest value."""
    rough = max(1, largest) / at_most
    power = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    steps = (power, 2 * power, 5 * power // 2 if power > 1 else 0, 5 * power, 10 * power)
    step = next(step for step in steps if step >= rough)
    top = math.ceil(max(1, largest) / step)
    return tuple((step * index, formatter.axis_count(step * index)) for index in range(top + 1))


def _line_alternative(facts: ReportFacts, formatter: Formatter) -> str:
    delivered = facts.daily.delivered
    busiest = max(range(len(delivered)), key=lambda offset: (delivered[offset], -offset))
    most = delivered[busiest]
    ads = formatter.say_counted(most, "{number} ad", "{number} ads", number=formatter.count(most))
    parts = {"day": formatter.day(facts.period.first + timedelta(days=busiest)), "ads": ads}
    if any(facts.daily.conversions):
        text = formatter.say(
            "Line chart of ads delivered per day, with columns of conversions below. Most on {day}: {ads}.", **parts
        )
    else:
        text = formatter.say("Line chart of ads delivered per day. Most on {day}: {ads}.", **parts)
    if facts.previous is None:
        return text
    now, previous = formatter.count(facts.now.delivered), formatter.count(facts.previous.delivered)
    in_all = formatter.say("In all {now}, in the previous period {previous}.", now=now, previous=previous)
    return formatter.one_by_one(text, in_all)
