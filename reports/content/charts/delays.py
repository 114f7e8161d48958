"""Delays: how long after the last ad its conversions came, as a small line, which shows why young periods still rise.

Here: the line from the facts, with its ticks, its note and its text for those who do not see it.
Not here: conversions by day (chart_data.py, growth.py), how shares are counted (assets/reporting/figures/growth.py).
"""

from __future__ import annotations

from reports.content.charts.chart_data import MOST_DAY_TICKS
from reports.content.report import LineChart
from reports.facts.growing import Delays
from reports.facts.report_facts import ReportFacts
from reports.wording.catalogues import counted, message
from reports.wording.formats import Formatter

# The days that the note names, by the share of conversions that have come by then.
HALF, MOST = 0.5, 0.9

# Days between two ticks: whole weeks where they are more than two. Windows have 60 days at most.
STEPS = (1, 2, 7, 14, 28)

# NOTE: A part of the sentence below, in the case that it takes there.
WITHIN = counted("within {number} day", "within {number} days")
QUICK = message(
    "Of {number} conversions after ads whose window is complete, half came {half} of the last ad before them and "
    "nine in ten {most}. Recent ads can therefore still bring conversions."
)


def delays_line(facts: ReportFacts, formatter: Formatter) -> LineChart | None:
    """The share of conversions by days since the last ad before them; None where too few are known."""
    delays = facts.delays
    if delays is None:
        return None
    say, note = formatter.say, _note(delays, formatter)
    title, last = say("How long conversions take"), len(delays.within) - 1
    step = next(step for step in STEPS if step * MOST_DAY_TICKS >= last)
    return LineChart(
        title=title,
        panel_title=say("Share of conversions"),
        current_label=say("by days since the last ad"),
        previous_label="",
        current=tuple(round(100 * share) for share in delays.within),
        previous=(),
        day_ticks=tuple((day, formatter.count(day)) for day in range(0, last + 1, step)),
        count_ticks=tuple((percent, formatter.percent(percent / 100, 0)) for percent in (0, 50, 100)),
        conversions_title="",
        conversions=(),
        conversion_ticks=((0, ""),),
        alt=say("Line chart. {title}; explained below.", title=title),
        note=note,
    )


def _note(delays: Delays, formatter: Formatter) -> str:
    half, most = (_within(_day_of(delays, share), formatter) for share in (HALF, MOST))
    return formatter.say(QUICK, number=formatter.count(delays.conversions), half=half, most=most)


def _within(days: int, formatter: Formatter) -> str:
    return formatter.say_counted(days, *WITHIN, number=formatter.count(days))


def _day_of(delays: Delays, share: float) -> int:
    """In how many whole days the share has come; at least one, because a delay of no time is within a day."""
    return max(1, next(day for day, within in enumerate(delays.within) if within >= share))
