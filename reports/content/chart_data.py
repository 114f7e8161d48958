"""Chart data: what the two charts draw: the days of a period as a line, conversions by their origin as bars.

Here: grouping, order, folding, ticks and alternative texts, from facts to chart content.
Not here: how a chart looks or becomes a picture (charts.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import timedelta

from reports.content.facts import Period, PlacementRow, ReportFacts
from reports.content.formats import Formatter
from reports.content.report import Bar, BarChart, BarGroup, LineChart
from reports.content.sentences import counted

# What fits into a mail without scrolling past it; the rest of a group folds into one bar, so bars sum to the total.
MOST_BARS = 6
MOST_DAY_TICKS = 5
COUNT_STEPS = 4


def line_chart(facts: ReportFacts, formatter: Formatter) -> LineChart | None:
    """Ads delivered per day against the previous period, or None where both delivered nothing."""
    previous = facts.previous_daily.delivered if facts.previous_daily else ()
    if not any(facts.daily.delivered) and not any(previous):
        return None
    return LineChart(
        title="Ads delivered per day",
        current_label="This period",
        previous_label="Previous period" if previous else "",
        current=facts.daily.delivered,
        previous=previous,
        day_ticks=_day_ticks(facts.period, formatter),
        count_ticks=count_ticks(max((*facts.daily.delivered, *previous)), formatter),
        alt=_line_alternative(facts, formatter),
    )


def bar_chart(facts: ReportFacts, formatter: Formatter) -> BarChart | None:
    """Conversions by show, episode and placement, or None where there are none."""
    least_shown = 0.5 * 10**-formatter.credit_digits
    # What was folded into one row may have earned less than the chart can print; a bar of 0.0 shows nothing.
    earning = [row for row in facts.placements if row.conversions > (least_shown if row.is_folded else 0)]
    if not earning:
        return None
    everything = (
        _group("By show", "shows", earning, lambda row: (row.show,), formatter),
        _group("By episode", "episodes", earning, lambda row: (row.episode or row.placement, row.show), formatter),
        _group("By placement", "placements", earning, lambda row: (row.placement, row.campaign), formatter),
    )
    groups = tuple(group for group in everything if len(group.bars) > 1) or everything[1:2]
    alternative = ". ".join(
        f"{group.heading}: " + ", ".join(f"{bar.label} {bar.text}" for bar in group.bars) for group in groups
    )
    return BarChart("Conversions by show, episode and placement", groups, f"Bar chart of conversions. {alternative}.")


def _group(
    heading: str,
    plural: str,
    rows: Iterable[PlacementRow],
    key: Callable[[PlacementRow], tuple[str, ...]],
    formatter: Formatter,
) -> BarGroup:
    """One group of bars, largest first, ties by name."""
    earned: dict[tuple[str, ...], list[float]] = {}
    few: dict[str, list[float]] = {}
    for row in rows:
        if row.is_folded:
            few.setdefault(key(row)[0], []).append(row.conversions)
        else:
            earned.setdefault(key(row), []).append(row.conversions)
    sums = sorted(((math.fsum(parts), name) for name, parts in earned.items()), key=lambda item: (-item[0], item[1]))
    kept = sums if len(sums) <= MOST_BARS + 1 else sums[:MOST_BARS]
    bars = [Bar(name[0], value, formatter.credit(value)) for value, name in kept]
    if rest := sums[len(kept) :]:
        value = math.fsum(part for part, _ in rest)
        bars.append(Bar(f"{formatter.count(len(rest))} more {plural}", value, formatter.credit(value), folded=True))
    for name, parts in few.items():
        value = math.fsum(parts)
        bars.append(Bar(name, value, formatter.credit(value), folded=True))
    return BarGroup(heading, tuple(bars))


def _day_ticks(period: Period, formatter: Formatter) -> tuple[tuple[int, str], ...]:
    """Firsts of months for long periods, evenly spaced days for short ones; positions are days from the first."""
    days = [period.first + timedelta(days=offset) for offset in range(period.length)]
    if period.length > 62:
        firsts = [(offset, day) for offset, day in enumerate(days) if day.day == 1]
        every = math.ceil(len(firsts) / MOST_DAY_TICKS)
        return tuple((offset, formatter.month(day)) for offset, day in firsts[::every])
    every = max(1, math.ceil(period.length / MOST_DAY_TICKS))
    return tuple((offset, formatter.short_day(days[offset])) for offset in range(0, period.length, every))


def count_ticks(largest: int, formatter: Formatter) -> tuple[tuple[int, str], ...]:
    """0 and up in whole steps of 1, 2, 2.5 or 5 times a power of ten, past the largest value."""
    rough = max(1, largest) / COUNT_STEPS
    power = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    steps = (power, 2 * power, 5 * power // 2 if power > 1 else 0, 5 * power, 10 * power)
    step = next(step for step in steps if step >= rough)
    top = math.ceil(max(1, largest) / step)
    return tuple((step * index, formatter.axis_count(step * index)) for index in range(top + 1))


def _line_alternative(facts: ReportFacts, formatter: Formatter) -> str:
    delivered = facts.daily.delivered
    busiest = max(range(len(delivered)), key=lambda offset: (delivered[offset], -offset))
    day = formatter.day(facts.period.first + timedelta(days=busiest))
    most = counted(formatter.count(delivered[busiest]), "ad", "ads")
    text = f"Line chart of ads delivered per day. Most on {day}: {most}."
    if facts.previous is not None:
        text += (
            f" In all {formatter.count(facts.now.delivered)}, in the previous period "
            f"{formatter.count(facts.previous.delivered)}."
        )
    return text
