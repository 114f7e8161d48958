"""Order values: what to know about money where orders came without a value, or where too few have one.

Here: the notices, of the period and to date: how many conversions revenue leaves out, and why it has no interval.
Not here: other notices (sentences.py), revenue and averages themselves (assets/campaigns/results).
"""

from __future__ import annotations

from collections.abc import Iterator

from reports.content.report import Notice
from reports.facts.report_facts import ReportFacts
from reports.thresholds import FEWEST_FOR_RATIOS
from reports.wording.catalogues import counted
from reports.wording.formats import Formatter

# For one without a value, and for any other number. A conversion that others have a share in is one of {all}.
OF_THIS_PERIOD = counted(
    "{missing} of the {all} conversions that count in full or in part in this period came without an order value. Its "
    "revenue leaves that one out, so it is at least what is shown; revenue per conversion is the average of the "
    "others.",
    "{missing} of the {all} conversions that count in full or in part in this period came without an order value. Its "
    "revenue leaves them out, so it is at least what is shown; revenue per conversion is the average of the others.",
)
TO_DATE = counted(
    "{missing} of the {all} conversions that count in full or in part to date came without an order value. Revenue and "
    "return to date leave that one out, so they are at least what is shown.",
    "{missing} of the {all} conversions that count in full or in part to date came without an order value. Revenue and "
    "return to date leave them out, so they are at least what is shown.",
)


def unknown_values(facts: ReportFacts, formatter: Formatter) -> Iterator[Notice]:
    """Nothing where no value is known: then there is no revenue to explain."""
    now = facts.now
    if facts.currency is not None and now.revenue_minor is not None:
        if now.unvalued:
            text = formatter.say_counted(
                now.unvalued,
                *OF_THIS_PERIOD,
                missing=formatter.count(now.unvalued),
                all=formatter.count(now.sample),
            )
            yield Notice("info", text)
        if now.revenue_minor > 0 and now.revenue_interval is None:
            text = formatter.say(
                "Revenue of this period is shown without an interval, and so is revenue per conversion: it takes "
                "{fewest} households whose orders have a known value, and none that got back more than it paid.",
                fewest=formatter.count(FEWEST_FOR_RATIOS),
            )
            yield Notice("info", text)
    for to_date in facts.to_date:
        figures, interval = to_date.figures, to_date.revenue_interval
        if figures.revenue_minor is None:
            continue
        if to_date.unvalued:
            text = formatter.say_counted(
                to_date.unvalued,
                *TO_DATE,
                missing=formatter.count(to_date.unvalued),
                all=formatter.count(figures.sample),
            )
            yield Notice("info", text)
        if figures.revenue_minor > 0 and (interval is None or interval.upper is None):
            text = formatter.say(
                "Revenue and return to date are shown without an interval: it takes {fewest} households whose orders "
                "have a known value, and none that got back more than it paid.",
                fewest=formatter.count(FEWEST_FOR_RATIOS),
            )
            yield Notice("info", text)
