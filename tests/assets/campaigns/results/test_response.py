"""What came back to a campaign, and what would have if all addresses responded alike."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from assets.campaigns.results.response import model_conversions, respond
from reports.thresholds import FEWEST_TO_MODEL

CREDIT: dict[str, Any] = {
    "tenant_id": "quayside",
    "scope_id": "autumn",
    "model": "linear",
    "conversion_id": "order-1",
    "placement_id": "pre-roll",
    "episode_id": "harbour-12",
    "kind": "purchase",
    "is_goal": True,
    "unit": "household-1",
    "credit": 1.0,
    "revenue_minor": 5_000,
    "matched_by": "household",
}


def credited(*changes: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([CREDIT | change for change in changes])


def orders(count: int, **change: Any) -> list[dict[str, Any]]:
    """As many orders, each of a household of its own."""
    return [{"conversion_id": f"order-{each}", "unit": f"household-{each}", **change} for each in range(count)]


def test_goal_conversions_visits_and_leads_are_counted_apart() -> None:
    (row,) = respond(
        credited(
            {"credit": 0.5},
            {"conversion_id": "order-2", "credit": 1.0},
            {"conversion_id": "visit-1", "kind": "visit", "is_goal": False, "revenue_minor": None, "unit": "b"},
        )
    ).to_dicts()
    assert (row["conversions"], row["sample"]) == (1.5, 2)
    assert (row["visits"], row["visit_sample"], row["leads"]) == (1.0, 1, 0.0)
    assert row["revenue_minor"] == 10_000
    assert row["conversions_lower"] < 1.5 < row["conversions_upper"]


def test_conversions_without_any_value_have_no_revenue_rather_than_none() -> None:
    (row,) = respond(credited({"revenue_minor": None})).with_columns(pl.col("revenue_minor")).to_dicts()
    assert row["revenue_minor"] is None
    assert row["revenue_lower"] is None


@pytest.mark.parametrize(
    ("usable", "count", "modelled"),
    [(50, FEWEST_TO_MODEL, 2.0 * FEWEST_TO_MODEL), (19, FEWEST_TO_MODEL, None), (50, FEWEST_TO_MODEL - 1, None)],
)
def test_a_placement_is_scaled_to_all_its_ads_if_enough_addresses_and_conversions_are_usable(
    usable: int, count: int, modelled: float | None
) -> None:
    delivery = pl.DataFrame(
        {
            "tenant_id": ["quayside"],
            "scope_id": ["autumn"],
            "placement_id": ["pre-roll"],
            "impressions": [100],
            "usable_impressions": [usable],
        }
    )
    (row,) = model_conversions(credited(*orders(count)), delivery).to_dicts()
    assert row["modelled_conversions"] == modelled
