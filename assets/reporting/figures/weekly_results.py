"""Weekly results: what is computed once a week of a report's campaigns: lift, data-driven models, benchmarks.

Here: choosing the rows of the last Sunday of the period and adding them to the facts.
Not here: how they were computed (campaigns/), sentences about them (reports/), reading (reading.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl

from assets.reporting.figures.subscriptions import Subject
from reports.content.tables.model_totals import DATA_DRIVEN
from reports.facts.comparisons import Benchmark, Benchmarks, Lift, ModelResult, ModelTotals
from reports.facts.report_facts import ReportFacts
from sql.values import Interval

# Medians are computed under stored models only; a report that leads with another is compared under the industry's.
COMPARED_UNDER = "linear"


def with_lift(facts: ReportFacts, subject: Subject, results: pl.DataFrame) -> ReportFacts:
    """The facts with the lift of each campaign that was compared. results: of read_lift_result."""
    names = {campaign.campaign_id: campaign.name for campaign in subject.campaigns}
    return replace(facts, lifts=tuple(_lift(row, names) for row in results.iter_rows(named=True)))


def _lift(row: Mapping[str, Any], names: Mapping[bytes, str]) -> Lift:
    relative = Interval(row["relative_lift"], row["relative_lower"], row["relative_upper"]) if row["is_shown"] else None
    has_return = row["iroas"] is not None
    return Lift(
        campaign=names[row["campaign_id"]],
        relative=relative,
        causal=row["is_causal"],
        households=row["households"],
        base_households=row["base_households"],
        smallest=row["minimum_detectable_lift"],
        iroas=Interval(row["iroas"], row["iroas_lower"], row["iroas_upper"]) if has_return else None,
    )


def with_model_totals(facts: ReportFacts, subject: Subject, results: pl.DataFrame) -> ReportFacts:
    """The facts with the totals of the data-driven models as of the last day that has them.

    results: of read_data_driven_results.
    """
    if results.is_empty():
        return facts
    newest: date | None = results.filter(model="markov", kpi="conversions")["day"].max()  # type: ignore[assignment]
    if newest is None:
        return facts
    wanted = results.filter(pl.col("model").is_in([subject.model, *DATA_DRIVEN]) & (pl.col("day") == newest))
    return replace(facts, model_totals=ModelTotals(newest, tuple(_model_results(wanted, subject))))


def _model_results(results: pl.DataFrame, subject: Subject) -> Iterator[ModelResult]:
    for campaign in subject.campaigns:
        own = results.filter(pl.col("campaign_id") == campaign.campaign_id)
        for model in own["model"].unique(maintain_order=True):
            kpis = {row["kpi"]: row for row in own.filter(model=model).iter_rows(named=True)}
            conversions = kpis["conversions"]
            yield ModelResult(
                campaign=campaign.name,
                model=model,
                conversions=Interval(conversions["estimate"], conversions["lower"], conversions["upper"]),
                revenue_minor=kpis["revenue"]["amount_minor"],
                cpa=kpis["cpa"]["estimate"],
                roas=kpis["roas"]["estimate"],
                currency=campaign.currency,
                is_fallback=conversions["is_fallback"],
            )


def with_benchmarks(facts: ReportFacts, subject: Subject, results: pl.DataFrame) -> ReportFacts:
    """The facts with the medians of other campaigns; none in portfolios. results: of read_campaign_benchmarks."""
    if results.is_empty() or subject.is_portfolio:
        return facts
    model = subject.model if subject.model in set(results["model"]) else COMPARED_UNDER
    rows = tuple(
        Benchmark(row["kpi"], row["unit"], row["estimate"], row["median"], row["campaigns"], row["sponsors"])
        for row in results.filter(model=model).iter_rows(named=True)
    )
    return replace(facts, benchmarks=Benchmarks(results["day"].max(), model, rows))  # type: ignore[arg-type]
