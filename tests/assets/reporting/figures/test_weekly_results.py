"""What a report takes over from the results of a Sunday: lift, data-driven models, medians of others."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from assets.reporting.figures.subscriptions import Subject
from assets.reporting.figures.weekly_results import with_benchmarks, with_lift, with_model_totals
from reports.facts.report_facts import ReportFacts
from sql.values import Interval
from tests.assets.reporting.campaigns import report_campaign
from tests.reports.conftest import make_facts

SUNDAY = date(2026, 9, 27)
SPRING, SUMMER = b"spring", b"summer"


@pytest.fixture
def facts() -> ReportFacts:
    return make_facts(lifts=(), model_totals=None, benchmarks=None)


def subject(*campaigns: bytes, model: str = "linear", is_portfolio: bool = False) -> Subject:
    chosen = [report_campaign(each, model=model) for each in campaigns]
    return Subject("Kettle", b"kettle", chosen, is_portfolio)


def lift_of(campaign: bytes = SPRING, **fields: Any) -> pl.DataFrame:
    row = {
        "campaign_id": campaign, "is_causal": True, "is_shown": True, "households": 12_000, "base_households": 3_000,
        "relative_lift": 0.2, "relative_lower": 0.1, "relative_upper": 0.3, "minimum_detectable_lift": 0.25,
        "iroas": 0.63, "iroas_lower": 0.2, "iroas_upper": 1.06,
    }  # fmt: skip
    numbers = ("minimum_detectable_lift", "iroas", "iroas_lower", "iroas_upper")
    return pl.DataFrame([{**row, **fields}], schema_overrides=dict.fromkeys(numbers, pl.Float64))


@pytest.mark.parametrize("causal", [True, False])
def test_a_shown_lift_comes_with_its_interval_and_its_design(facts: ReportFacts, causal: bool) -> None:
    (lift,) = with_lift(facts, subject(SPRING), lift_of(is_causal=causal)).lifts
    assert (lift.campaign, lift.relative, lift.causal) == ("spring", Interval(0.2, 0.1, 0.3), causal)
    assert lift.iroas == Interval(0.63, 0.2, 1.06)


def test_a_coarse_comparison_keeps_the_smallest_lift_that_it_finds(facts: ReportFacts) -> None:
    (lift,) = with_lift(facts, subject(SPRING), lift_of(is_shown=False, minimum_detectable_lift=0.814)).lifts
    assert (lift.relative, lift.smallest) == (None, 0.814)


def test_without_known_spend_there_is_no_return_on_it(facts: ReportFacts) -> None:
    (lift,) = with_lift(facts, subject(SPRING), lift_of(iroas=None, iroas_lower=None, iroas_upper=None)).lifts
    assert lift.iroas is None


def test_a_portfolio_has_the_lift_of_every_campaign_that_was_compared(facts: ReportFacts) -> None:
    both = pl.concat([lift_of(), lift_of(SUMMER, is_shown=False)])
    result = with_lift(facts, subject(SPRING, SUMMER, is_portfolio=True), both).lifts
    assert [(lift.campaign, lift.relative is None) for lift in result] == [("spring", False), ("summer", True)]


def data_driven_of(campaign: bytes, model: str, **fields: Any) -> list[dict[str, Any]]:
    base = {
        "campaign_id": campaign, "day": SUNDAY, "model": model, "estimate": 40.0, "lower": 30.0, "upper": 50.0,
        "amount_minor": None, "is_fallback": False,
    }  # fmt: skip
    kpis = ({"kpi": "conversions"}, {"kpi": "revenue", "amount_minor": 80_000}, {"kpi": "cpa"}, {"kpi": "roas"})
    return [{**base, **kpi, **fields} for kpi in kpis]


def test_data_driven_models_come_beside_the_report_s_own(facts: ReportFacts) -> None:
    rows = [
        row for model in ("first_touch", "linear", "markov", "counterfactual") for row in data_driven_of(SPRING, model)
    ]
    result = with_model_totals(
        facts, subject(SPRING), pl.DataFrame(rows, schema_overrides={"amount_minor": pl.Int64})
    ).model_totals
    assert result is not None
    assert (result.through, [row.model for row in result.rows]) == (SUNDAY, ["linear", "markov", "counterfactual"])
    assert result.rows[1].conversions == Interval(40, 30, 50)
    assert result.rows[1].revenue_minor == 80_000


def test_medians_are_of_the_report_s_model_or_else_of_the_linear_one(facts: ReportFacts) -> None:
    row = {"day": SUNDAY, "kpi": "roas", "unit": "ratio", "estimate": 2.0, "campaigns": 7, "sponsors": 4}
    results = pl.DataFrame([{**row, "model": "linear", "median": 1.0}, {**row, "model": "last_touch", "median": 3.0}])
    for model, median in (("last_touch", 3.0), ("linear", 1.0), ("j_shaped", 1.0)):
        result = with_benchmarks(facts, subject(SPRING, model=model), results).benchmarks
        assert result is not None
        assert [each.median for each in result.rows] == [median]
    assert with_benchmarks(facts, subject(SPRING, SUMMER, is_portfolio=True), results).benchmarks is None


def test_without_results_the_facts_stay_as_they_are(facts: ReportFacts) -> None:
    unchanged = with_lift(facts, subject(SPRING), lift_of().clear())
    assert (
        with_benchmarks(with_model_totals(unchanged, subject(SPRING), pl.DataFrame()), subject(SPRING), pl.DataFrame())
        == facts
    )
