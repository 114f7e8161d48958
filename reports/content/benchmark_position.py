"""Benchmark position: a campaign's rates and costs, data-driven models, and the medians of other campaigns.

Here: which rows are shown, with which labels, and how exactly a median may be shown.
Not here: raw numbers (comparisons.py), a period's own tables (tables.py), markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from reports.content.comparisons import Benchmark, ModelResult
from reports.content.facts import Measure, ReportFacts
from reports.content.formats import NOTHING, Formatter, exact, rounded
from reports.content.labels import KPIS, MODEL_RULES, MODELS
from reports.content.report import Pair, Section, Table, TableRow
from reports.thresholds import FEWEST_FOR_RATIOS, FEWEST_PEER_CAMPAIGNS, FEWEST_PEER_SPONSORS, FEWEST_TO_FIT
from sql.values import Interval

# The models that give totals since the campaign began.
DATA_DRIVEN = ("markov", "counterfactual")

# A median of an odd number of campaigns is one of their numbers: two digits show where it lies and not whose it is.
MEDIAN_DIGITS = 2

# Ratios that read as percentages, with their digits: few of those reached respond.
PERCENTAGES = {"delivery_rate": 0, "conversion_rate": 2, "visitor_rate": 2, "roi": 0}


def response(facts: ReportFacts, formatter: Formatter) -> Section | None:
    """Rates, costs and returns with their intervals; None where the period has none."""
    shown = [measure for measure in facts.response if measure.interval is not None or measure.is_small]
    pairs = tuple(Pair(KPIS[measure.kpi], _measure(measure, facts, formatter)) for measure in shown)
    return Section("What came back", pairs) if any(measure.interval for measure in shown) else None


def _measure(measure: Measure, facts: ReportFacts, formatter: Formatter) -> str:
    interval = measure.interval
    if interval is None:
        return f"too few to tell: shown from {FEWEST_FOR_RATIOS}"
    bounds = [bound for bound in (interval.lower, interval.upper) if bound is not None]
    shown, *ends = (_amount(measure, value, facts, formatter) for value in (interval.estimate, *bounds))
    text = f"{shown} (95% interval {ends[0]} to {ends[1]})" if len(ends) > 1 else shown
    return f"{text}, low confidence" if measure.is_doubtful else text


def _amount(measure: Measure, value: float, facts: ReportFacts, formatter: Formatter) -> str:
    if measure.is_money:
        return formatter.money(value, facts.currency) if facts.currency else NOTHING
    return formatter.percent(value, PERCENTAGES[measure.kpi])


def model_totals(facts: ReportFacts, formatter: Formatter) -> Table | None:
    """What data-driven models give, beside the report's own; None where there are no results of them."""
    if facts.model_totals is None or not facts.model_totals.rows:
        return None
    through, rows = formatter.day(facts.model_totals.through), facts.model_totals.rows
    # These totals are fractions, whatever the report's own credits are.
    formatter = replace(formatter, credit_digits=1)
    note = (
        f"From the campaign’s start to {through}. These models also look at journeys that led to no conversion, so "
        "they tell totals, as of Sundays."
    )
    if any(row.is_fallback for row in rows):
        note += (
            f" * Fewer than {FEWEST_TO_FIT} conversions are too few to learn from: these are the numbers of the linear "
            "model."
        )
    title = "Models that learn from all journeys"
    if facts.is_portfolio:
        return Table(
            title, ("Campaign", "This report", "Markov", "Counterfactual"), _by_campaign(facts, formatter), note
        )
    columns = ("Model", "Conv.", "95% interval", "Revenue", "CPA", "ROAS")
    return Table(title, columns, tuple(_model_row(row, facts, formatter) for row in _in_order(rows, facts)), note)


def _in_order(rows: Sequence[ModelResult], facts: ReportFacts) -> list[ModelResult]:
    order = {facts.method.default_model: 0} | {model: place for place, model in enumerate(DATA_DRIVEN, 1)}
    return sorted(rows, key=lambda row: (row.campaign, order.get(row.model, len(order))))


def _model_row(row: ModelResult, facts: ReportFacts, formatter: Formatter) -> TableRow:
    own = " (this report)" if row.model == facts.method.default_model else "*" if row.is_fallback else ""
    return TableRow(
        MODELS.get(row.model, row.model) + own,
        MODEL_RULES.get(row.model, ""),
        (
            formatter.credit(row.conversions.estimate),
            _bounds(row.conversions, formatter),
            formatter.money(row.revenue_minor, row.currency),
            formatter.money(row.cpa, row.currency),
            formatter.ratio(row.roas),
        ),
    )


def _bounds(interval: Interval, formatter: Formatter) -> str:
    if interval.lower is None or interval.upper is None:
        return NOTHING
    return f"{formatter.credit(interval.lower)} – {formatter.credit(interval.upper)}"


def _by_campaign(facts: ReportFacts, formatter: Formatter) -> tuple[TableRow, ...]:
    """One row per campaign of a portfolio, with its conversions under each model."""
    cells_of: dict[str, dict[str, str]] = {}
    for row in facts.model_totals.rows if facts.model_totals else ():
        mark = "*" if row.is_fallback else ""
        cells_of.setdefault(row.campaign, {})[row.model] = formatter.credit(row.conversions.estimate) + mark
    models = (facts.method.default_model, *DATA_DRIVEN)
    return tuple(
        TableRow(campaign, "", tuple(cells.get(model, NOTHING) for model in models))
        for campaign, cells in sorted(cells_of.items())
    )


def benchmarks(facts: ReportFacts, formatter: Formatter) -> Table | None:
    """The campaign beside the median of campaigns for other sponsors; None where no median may be shown."""
    if facts.benchmarks is None or facts.currency is None:
        return None
    with_median = {row.kpi: row for row in facts.benchmarks.rows if row.median is not None}
    if not with_median:
        return None
    through = formatter.day(facts.benchmarks.through)
    model = MODELS.get(facts.benchmarks.model, facts.benchmarks.model)
    return Table(
        title="Beside other campaigns in these shows",
        columns=("Measure", "This campaign", "Median", "Compared with"),
        rows=tuple(
            TableRow(name, "", _position(with_median[kpi], facts.currency, formatter))
            for kpi, name in KPIS.items()
            if kpi in with_median
        ),
        note=f"From the campaign’s start to {through}, under the model {model}. Compared are campaigns of the same "
        f"goal for other sponsors whose results are complete, at least {FEWEST_PEER_CAMPAIGNS} of at least "
        f"{FEWEST_PEER_SPONSORS} sponsors; their medians are rounded to "
        f"two digits. Ratios are shown from {FEWEST_FOR_RATIOS} conversions.",
    )


def _position(row: Benchmark, currency: str, formatter: Formatter) -> tuple[str, str, str]:
    own, median = (_shown(row, value, currency, formatter) for value in (row.estimate, two_digits(row.median)))
    return own, median, f"{formatter.count(row.campaigns)} campaigns, {formatter.count(row.sponsors)} sponsors"


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
