"""Model totals: what data-driven models give to campaigns since they began, beside the report's own model.

Here: the table of one campaign and that of a portfolio, and the mark of totals that are the linear model's.
Not here: the models of the period itself (tables.py), raw numbers (comparisons.py), markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reports.content.report import Table, TableRow
from reports.content.tables.models import rule_of
from reports.facts.comparisons import ModelResult
from reports.facts.report_facts import ReportFacts
from reports.thresholds import FEWEST_TO_FIT
from reports.wording.formats import NOTHING, Formatter
from reports.wording.labels import MODELS
from sql.values import Interval

# The models that are fitted to all journeys, in the order in which they are shown.
DATA_DRIVEN = ("markov", "counterfactual")


def model_totals(facts: ReportFacts, formatter: Formatter) -> Table | None:
    """What data-driven models give, beside the report's own; None where there are no results of them."""
    if facts.model_totals is None or not facts.model_totals.rows:
        return None
    through, rows = formatter.day(facts.model_totals.through), facts.model_totals.rows
    # These totals are fractions, whatever the report's own credits are.
    formatter = replace(formatter, credit_digits=1)
    say = formatter.say
    note = say("These models also look at journeys that led to no conversion, so they tell totals, as of Sundays.")
    if any(row.is_fallback for row in rows):
        star = say(
            "* Fewer than {fewest} conversions are too few to learn from: these are the numbers of the linear model.",
            fewest=formatter.count(FEWEST_TO_FIT),
        )
        note = formatter.one_by_one(note, star)
    title = say("Models that learn from all journeys, from the start to {day}", day=through)
    if facts.is_portfolio:
        own = (say("Campaign"), say("This report"), *(say(MODELS[model]) for model in DATA_DRIVEN))
        return Table(title, own, _by_campaign(facts, formatter), note)
    columns = (say("Model"), say("Conv."), say("95% interval"), say("Revenue"), say("CPA"), say("ROAS"))
    return Table(title, columns, tuple(_model_row(row, facts, formatter) for row in _in_order(rows, facts)), note)


def _in_order(rows: Sequence[ModelResult], facts: ReportFacts) -> list[ModelResult]:
    order = {facts.method.default_model: 0} | {model: place for place, model in enumerate(DATA_DRIVEN, 1)}
    return sorted(rows, key=lambda row: (row.campaign, order.get(row.model, len(order))))


def _model_row(row: ModelResult, facts: ReportFacts, formatter: Formatter) -> TableRow:
    name = formatter.say(MODELS.get(row.model, row.model))
    if row.model == facts.method.default_model:
        name = formatter.say("{model} (this report)", model=name)
    elif row.is_fallback:
        name += "*"
    return TableRow(
        name,
        rule_of(row.model, facts.method, formatter),
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
    return f"{formatter.bound(interval.lower)} – {formatter.bound(interval.upper)}"


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
