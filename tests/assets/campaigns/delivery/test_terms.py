"""What campaigns were booked for, cost and lack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from assets.campaigns.delivery.terms import price_campaigns

NOW = datetime(2026, 3, 20, tzinfo=UTC)
OWNER = {"tenant_id": "harbour", "campaign_id": "spring"}


def priced(*placements: dict[str, Any]) -> dict[str, Any]:
    """Each placement is booked 100 for 50.00, of which 90 were due, and ended a day ago, unless it says otherwise."""
    usual = {"kind": "dynamic", "booked_impressions": 100, "cost_minor": 5000, "due": 90, "delivered": 100}
    ended = {"flight_ends_at": NOW - timedelta(days=1)}
    rows = [{**OWNER, "placement_id": f"spot {n}", **usual, **ended, **each} for n, each in enumerate(placements)]
    kept = {"booked_impressions": pl.Int64, "due": pl.Int64, "cost_minor": pl.Int64}
    frame = pl.DataFrame(rows, schema_overrides=kept)
    spend = frame.select("tenant_id", "placement_id", episode_id=pl.lit("ep"), spend_minor=pl.lit(1000))
    delivered = frame.select("tenant_id", "placement_id", impressions="delivered")
    expected = frame.select("tenant_id", "placement_id", expected="due")
    return price_campaigns(frame, spend, delivered, expected, NOW).row(0, named=True)


def test_a_campaign_is_the_sum_of_its_placements() -> None:
    result = priced({}, {"delivered": 80, "due": 60})
    assert [result[name] for name in ("spend_minor", "cost_minor", "booked", "delivered", "expected")] == [
        2000, 10_000, 200, 180, 150,
    ]  # fmt: skip


def test_too_much_of_one_placement_does_not_pay_for_too_little_of_another() -> None:
    assert priced({"delivered": 150}, {"delivered": 60})["make_good"] == 40


def test_nothing_is_owed_before_a_flight_has_ended() -> None:
    assert priced({"delivered": 10, "flight_ends_at": NOW + timedelta(seconds=1)})["make_good"] == 0
    assert priced({"delivered": 10, "flight_ends_at": NOW})["make_good"] == 90


@pytest.mark.parametrize(
    ("lacking", "unknown"),
    [
        ({"booked_impressions": None}, {"booked", "make_good", "spend_minor"}),
        ({"due": None}, {"expected"}),
        ({"cost_minor": None}, {"cost_minor", "spend_minor"}),
    ],
)
def test_what_is_not_known_of_one_placement_is_not_known_of_the_campaign(
    lacking: dict[str, Any], unknown: set[str]
) -> None:
    result = priced({}, lacking)
    assert {name for name, value in result.items() if value is None} == unknown
