"""What a campaign earned: which conversions are its goal, whose they are, and from when they count."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from assets.campaigns.results.credited_conversions import SIGNALS, credit_campaigns, since_start

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
CHOSEN = pl.DataFrame(
    {"tenant_id": ["harbour"], "campaign_id": ["spring"], "goal_kind": ["purchase"], "currency": ["USD"]}
)
TYPES = {"household_key": pl.Int64, "listener_id": pl.String, "value_minor": pl.Int64}
ADJUSTMENTS = pl.DataFrame(
    schema={
        **dict.fromkeys(("tenant_id", "conversion_id", "currency"), pl.String),
        "day": pl.Date,
        "occurred_at": pl.Datetime("us", "UTC"),
        "value_minor": pl.Int64,
    }
)
RATES = pl.DataFrame(schema={"day": pl.Date, **dict.fromkeys(("base", "quote", "rate"), pl.String)})


def share(conversion: str, **fields: Any) -> dict[str, Any]:
    ids = {"tenant_id": "harbour", "conversion_id": conversion, "campaign_id": "spring", "model": "linear"}
    show = {"placement_id": "mid", "episode_id": "ep", "credit": 1.0, "matched_by": "household"}
    order = {"day": NOON.date(), "converted_at": NOON, "kind": "purchase", "value_minor": 500, "currency": "USD"}
    keys = {"household_key": None, "listener_id": None}
    return {**ids, **show, **order, **keys, **dict.fromkeys((f"{name}_signals" for name in SIGNALS), 0), **fields}


def credited(*shares: dict[str, Any]) -> pl.DataFrame:
    rows = pl.DataFrame(list(shares), schema_overrides=TYPES)
    return credit_campaigns(rows, ADJUSTMENTS, CHOSEN, RATES, datetime(2026, 4, 1, tzinfo=UTC))


def test_only_the_kind_that_the_campaign_is_after_is_its_goal() -> None:
    result = credited(share("bought"), share("asked", kind="lead"))
    assert dict(result.select("conversion_id", "is_goal").iter_rows()) == {"bought": True, "asked": False}


@pytest.mark.parametrize(
    ("keys", "units"),
    [
        ({"household_key": 7}, 1),
        ({"listener_id": "mara"}, 1),
        ({"household_key": 7, "listener_id": "mara"}, 1),
        ({}, 2),
    ],
)
def test_orders_of_one_household_or_listener_are_one_answer(keys: dict[str, Any], units: int) -> None:
    assert credited(share("first", **keys), share("second", **keys))["unit"].n_unique() == units


def test_a_household_is_one_answer_whoever_of_it_listens() -> None:
    both = credited(
        share("first", household_key=7, listener_id="mara"), share("second", household_key=7, listener_id="jon")
    )
    assert both["unit"].n_unique() == 1


def test_a_campaign_earns_nothing_before_the_day_on_which_it_starts() -> None:
    early = share("early", converted_at=datetime(2026, 3, 4, 23, 59, tzinfo=UTC))
    first = share("first", converted_at=datetime(2026, 3, 5, 0, 30, tzinfo=UTC))
    live = CHOSEN.with_columns(starts_at=pl.lit(datetime(2026, 3, 5, 1, tzinfo=UTC)))
    assert since_start(credited(early, first), live)["conversion_id"].to_list() == ["first"]
