"""Growth: how the conversions of a report's campaigns have added up since their start, as a line.

Here: the line from the facts, with its ticks and its text for those who do not see it.
Not here: days of the period (chart_data.py), the figures to date in words (progress.py), how a chart looks.
"""

from __future__ import annotations

from datetime import timedelta

from reports.content.charts.chart_data import count_ticks, day_ticks
from reports.content.report import LineChart
from reports.facts.report_facts import Period, ReportFacts
from reports.wording.formats import Formatter


def growth_line(facts: ReportFacts, formatter: Formatter) -> LineChart | None:
    """Conversions to date at the end of each day. None where it is not known, or the report is of the first period:
    then the days of the period tell the same."""
    totals, last = facts.growth, facts.period.last
    if len(totals) <= facts.period.length or not totals[-1]:
        return None
    say, span = formatter.say, Period(last - timedelta(days=len(totals) - 1), last)
    whole = formatter.credit(totals[-1])
    return LineChart(
        title=say("How conversions have added up"),
        panel_title=say("Conversions"),
        current_label=say("Since the start"),
        previous_label="",
        current=tuple(round(total) for total in totals),
        previous=(),
        day_ticks=day_ticks(span, formatter),
        count_ticks=count_ticks(round(max(totals)), formatter),
        conversions_title="",
        conversions=(),
        conversion_ticks=((0, ""),),
        alt=say(
            "Line chart of conversions since the start: {conversions} by {day}.",
            conversions=whole,
            day=formatter.day(last),
        ),
    )
