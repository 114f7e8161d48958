"""Benchmark position: a campaign beside the medians of other campaigns.

Here: which KPIs are shown, in which unit, and how exactly a median may be shown.
Not here: which campaigns are compared (assets/campaigns/results/benchmarks.py), raw numbers (comparisons.py).
"""

from __future__ import annotations

from decimal import Decimal

from reports.content.report import Table, TableRow
from reports.content.response import PERCENTAGES
from reports.facts.comparisons import Benchmark
from reports.facts.report_facts import ReportFacts
from reports.thresholds import FEWEST_FOR_RATIOS, FEWEST_PEER_CAMPAIGNS, FEWEST_PEER_SPONSORS
from reports.wording.formats import NOTHING, Formatter, exact, rounded
from reports.wording.labels import KPIS, MODELS

# A median of an odd number of campaigns is one of their numbers: two digits show where it lies and not whose it is.
MEDIAN_DIGITS = 2


def benchmarks(facts: ReportFacts, formatter: Formatter) -> Table | None:
    """The campaign beside the median of campaigns for other sponsors; None where no median may be shown."""
    if facts.benchmarks is None or facts.currency is None:
        return None
    with_median = {row.kpi: row for row in facts.benchmarks.rows if row.median is not None}
    if not with_median:
        return None
    through = formatter.day(facts.benchmarks.through)
    model, say = formatter.say(MODELS.get(facts.benchmarks.model, facts.benchmarks.model)), formatter.say
    return Table(
        title=say("Beside other campaigns in these shows, from the start to {day}", day=through),
        columns=(say("Measure"), say("This campaign"), say("Median"), say("Compared with")),
        rows=tuple(
            TableRow(say(name), "", _position(with_median[kpi], facts.currency, formatter))
            for kpi, name in KPIS.items()
            if kpi in with_median
        ),
        note=say(
            "Under the model {model}. Compared are campaigns of the same goal for other sponsors whose results are "
            "complete, at least {campaigns} of at least {sponsors} sponsors; their medians are rounded to two digits. "
            "Ratios are shown from {fewest} conversions.",
            model=model,
            campaigns=formatter.count(FEWEST_PEER_CAMPAIGNS),
            sponsors=formatter.count(FEWEST_PEER_SPONSORS),
            fewest=formatter.count(FEWEST_FOR_RATIOS),
        ),
    )


def _position(row: Benchmark, currency: str, formatter: Formatter) -> tuple[str, str, str]:
    own, median = (_shown(row, value, currency, formatter) for value in (row.estimate, two_digits(row.median)))
    campaigns, sponsors = formatter.count(row.campaigns), formatter.count(row.sponsors)
    # NOTE: Both numbers are at least as large as the smallest groups that may be compared: never one.
    compared = formatter.say("{campaigns} campaigns, {sponsors} sponsors", campaigns=campaigns, sponsors=sponsors)
    return own, median, compared


def _shown(row: Benchmark, value: float | Decimal | None, currency: str, formatter: Formatter) -> str:
    if value is None:
        return NOTHING
    if row.unit == "minor":
        return formatter.money(value, currency)
    if row.kpi in PERCENTAGES:
        return formatter.percent(value, PERCENTAGES[row.kpi])
    return formatter.ratio(value) if row.kpi == "roas" else formatter.frequency(exact(value))


def two_digits(value: float | None) -> Decimal | None:
    """The value rounded half-up to two significant digits."""
    if value is None or value == 0:
        return None if value is None else Decimal(0)
    number = exact(value)
    shift = number.adjusted() - MEDIAN_DIGITS + 1
    return rounded(number.scaleb(-shift), 0).scaleb(shift)
