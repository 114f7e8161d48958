"""The comparison of models in a report: each subject under the models that it was measured with."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from assets.campaigns.period.summarising import PeriodResult
from assets.reporting.gathering import model_rows
from assets.reporting.subscriptions import Subject
from sql.values import Window
from tests.assets.reporting.campaigns import report_campaign

WEEK = Window.of_days(date(2026, 3, 2), date(2026, 3, 8))
HEADLINE = ("impressions", "reach", "conversions", "revenue", "spend", "roas", "cpa", "modelled_conversions")
SPRING, SUMMER, KETTLE = b"spring", b"summer", b"kettle"
MODELS = {
    ("campaign", SPRING): ["linear"],
    ("campaign", SUMMER): ["linear", "j_shaped"],
    ("sponsor", KETTLE): ["linear"],
}


@pytest.fixture
def result() -> PeriodResult:
    """Two campaigns of a sponsor, of which one leads with a model of its own."""
    kpis = [
        {
            "level": level, "scope_id": scope, "model": model, "kpi": kpi, "estimate": 3.0, "lower": 1.0, "upper": 9.0,
            "amount_minor": 300, "sample": 3.0, "usable_share": 0.9,
        }
        for (level, scope), models in MODELS.items() for model in models for kpi in HEADLINE
    ]  # fmt: skip
    nothing = pl.DataFrame()
    return PeriodResult(WEEK, datetime(2026, 3, 11, tzinfo=UTC), nothing, pl.DataFrame(kpis), *[nothing] * 4)


def subject(*campaigns: bytes, is_portfolio: bool = False) -> Subject:
    return Subject("Kettle", KETTLE, [report_campaign(each) for each in campaigns], is_portfolio)


def test_a_portfolio_is_shown_under_what_all_of_its_campaigns_share(result: PeriodResult) -> None:
    assert [row.model for row in model_rows(result, subject(SPRING, SUMMER, is_portfolio=True))] == ["linear"]


@pytest.mark.parametrize(("campaign", "models"), [(SPRING, ["linear"]), (SUMMER, ["linear", "j_shaped"])])
def test_a_campaign_is_shown_under_its_own_models(result: PeriodResult, campaign: bytes, models: list[str]) -> None:
    assert [row.model for row in model_rows(result, subject(campaign))] == models
