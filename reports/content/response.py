"""Response: what came back in a period beyond the headline: rates and averages with their intervals.

Here: which of them are shown, in which unit, and what stands for those of too small a sample.
Not here: the headline (tiles.py), how they are measured (assets/campaigns/results), markup.
"""

from __future__ import annotations

from reports.content.report import Pair, Section
from reports.facts.report_facts import Measure, ReportFacts
from reports.thresholds import FEWEST_FOR_RATIOS
from reports.wording.catalogues import message
from reports.wording.formats import NOTHING, Formatter
from reports.wording.labels import KPIS
from sql.values import Interval

# Ratios that read as percentages, with their digits: few of those reached respond.
PERCENTAGES = {"delivery_rate": 0, "conversion_rate": 2, "visitor_rate": 2, "roi": 0}

TOO_FEW = message("too few to tell: shown from {fewest}")
DOUBTFUL = message("{value}, low confidence")
WITH_INTERVAL = message("{value} (95% interval {lower} to {upper})")
WITH_INTERVAL_DOUBTFUL = message("{value} (95% interval {lower} to {upper}), low confidence")
OF_REACHED = message("{value} ({counted} of {reached}; 95% interval {lower} to {upper})")
OF_REACHED_DOUBTFUL = message("{value} ({counted} of {reached}; 95% interval {lower} to {upper}), low confidence")
# All that a measure can be printed as, where it is more than its value.
MEASURED = (OF_REACHED_DOUBTFUL, OF_REACHED, WITH_INTERVAL_DOUBTFUL, WITH_INTERVAL, DOUBTFUL)


def response(facts: ReportFacts, formatter: Formatter) -> Section | None:
    """Rates, costs and returns with their intervals; no amount of several currencies; None where there are none."""
    printable = (measure for measure in facts.response if facts.currency is not None or not measure.is_money)
    shown = [measure for measure in printable if measure.interval is not None or measure.is_small]
    pairs = tuple(
        Pair(formatter.say(KPIS[measure.kpi]), measured(measure, facts.currency, formatter)) for measure in shown
    )
    title = formatter.say("What came back, {period}", period=formatter.period(facts.period))
    return Section(title, pairs) if any(measure.interval for measure in shown) else None


def measured(measure: Measure, currency: str | None, formatter: Formatter) -> str:
    """A measure with its interval, the parts of a rate, and a word on its confidence."""
    interval = measure.interval
    if interval is None:
        return formatter.say(TOO_FEW, fewest=formatter.count(FEWEST_FOR_RATIOS))
    bounds = [bound for bound in (interval.lower, interval.upper) if bound is not None]
    shown, *ends = (_amount(measure, value, currency, formatter) for value in (interval.estimate, *bounds))
    say, is_doubtful = formatter.say, measure.is_doubtful
    if len(ends) < 2:
        return say(DOUBTFUL, value=shown) if is_doubtful else shown
    parts = {"value": shown, "lower": ends[0], "upper": ends[1]}
    if measure.counted is None or measure.reached is None:
        return say(WITH_INTERVAL_DOUBTFUL if is_doubtful else WITH_INTERVAL, **parts)
    parts |= {"counted": formatter.count(measure.counted), "reached": formatter.count(measure.reached)}
    return say(OF_REACHED_DOUBTFUL if is_doubtful else OF_REACHED, **parts)


def headline(measure: Measure, currency: str | None, formatter: Formatter) -> tuple[str, str]:
    """The value of a measure that has one, and its interval in words, apart from each other."""
    interval = measure.interval or Interval(0.0, None, None)
    value = _amount(measure, interval.estimate, currency, formatter)
    if interval.lower is None or interval.upper is None:
        return value, ""
    lower, upper = (_amount(measure, bound, currency, formatter) for bound in (interval.lower, interval.upper))
    return value, formatter.say("95% interval {lower} to {upper}", lower=lower, upper=upper)


def _amount(measure: Measure, value: float, currency: str | None, formatter: Formatter) -> str:
    if measure.is_money:
        return formatter.money(value, currency) if currency else NOTHING
    return formatter.percent(value, PERCENTAGES[measure.kpi])
