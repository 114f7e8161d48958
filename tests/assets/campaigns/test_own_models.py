"""A campaign that leads with a model beyond the stored ones is measured under it, from its stored paths."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from assets.attribution.models import EXTRA_MODELS, MODELS
from assets.campaigns.delivery.terms import PRICES, models_of
from assets.campaigns.results.credited_conversions import read_credited
from assets.campaigns.results.kpis import measure
from assets.catalogue.files.structure import schema_text
from sql.values import Window
from sql.warehouse import Warehouse

MARCH = Window.of_days(date(2026, 3, 1), date(2026, 3, 31))
TENANT, OWN, OTHER = (name.encode().ljust(16) for name in ("harbour", "spring", "winter"))
ADS = [name.encode().ljust(16) for name in ("first ad", "second ad", "bonus ad")]
EPISODE, ORDER = b"episode".ljust(16), b"order".ljust(16)
SIGNALS = ("pixel", "server", "promo_code", "vanity_url", "utm", "survey")


def credit_rows() -> pl.DataFrame:
    """What is stored for one order over a path of three ads, the last one free, the first of another campaign."""
    bought = datetime(2026, 3, 5, tzinfo=UTC)
    result: dict[str, Any] = {
        "tenant_id": TENANT, "day": bought.date(), "conversion_id": ORDER, "episode_id": EPISODE, "sponsor_id": TENANT,
        "converted_at": bought, "kind": "purchase", "value_minor": 5000, "currency": "USD", "household_key": 7,
        "listener_id": None, "matched_by": "household", **dict.fromkeys([f"{name}_signals" for name in SIGNALS], 1),
    }  # fmt: skip
    rows = [
        {**result, "model": model, "placement_id": ad, "campaign_id": campaign, "credit": 1 / 3}
        for model in MODELS
        for ad, campaign in zip(ADS, (OTHER, OWN, OWN), strict=True)
    ]
    return pl.DataFrame(rows, schema_overrides={"listener_id": pl.String})


def touch_rows() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "tenant_id": [TENANT] * 3,
            "day": [date(2026, 3, 5)] * 3,
            "conversion_id": [ORDER] * 3,
            "touch_no": [1, 2, 3],
            "campaign_id": [OTHER, OWN, OWN],
            "placement_id": ADS,
            "episode_id": [EPISODE] * 3,
            "config_version": [1] * 3,
            "is_excluded": [False, False, True],
        }
    )


def read(statement: str, /, **params: Any) -> pl.DataFrame:
    if statement == "read_campaign_credits":
        return credit_rows()
    if statement == "read_campaign_touches":
        return touch_rows()
    empty: dict[str, Any] = {
        "read_conversion_adjustments": {
            "tenant_id": pl.Binary(), "conversion_id": pl.Binary(), "day": pl.Date(),
            "occurred_at": pl.Datetime("us", "UTC"), "value_minor": pl.Int64(), "currency": pl.String(),
        },
        "read_fx_rates": {"day": pl.Date(), "base": pl.String(), "quote": pl.String(), "rate": pl.String()},
    }  # fmt: skip
    return pl.DataFrame(schema=empty[statement])


def campaigns(**model: str) -> pl.DataFrame:
    ids = {"own": OWN, "other": OTHER}
    return pl.DataFrame(
        [
            {
                "tenant_id": TENANT,
                "campaign_id": ids[name],
                "goal_kind": "purchase",
                "currency": "USD",
                "default_model": led,
            }
            for name, led in model.items()
        ]
    )


def money(chosen: pl.DataFrame, model: str) -> dict[bytes, int]:
    credited = read_credited(read, [], chosen, MARCH, MARCH.end).filter(model=model)
    return dict(
        credited.filter(pl.col("revenue_minor").is_not_null()).select("placement_id", "revenue_minor").iter_rows()
    )


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("j_shaped", {ADS[1]: 1000, ADS[2]: 3000}),
        ("inverse_j", {ADS[1]: 1000, ADS[2]: 1000}),
        ("last_paid_touch", {ADS[1]: 5000}),
    ],
)
def test_a_campaign_is_credited_under_the_model_it_leads_with(model: str, expected: dict[bytes, int]) -> None:
    assert money(campaigns(own=model), model) == expected


def test_a_campaign_can_lead_with_every_model_of_a_path_and_with_no_other(warehouse: Warehouse) -> None:
    with warehouse.transaction("earshot_owner") as connection:
        ((rule,),) = connection.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = 'attribution_configs'::regclass AND conname = 'attribution_configs_default_model_check'"
        ).fetchall()
    assert set(re.findall(r"'(\w+)'", str(rule))) == {*MODELS, *EXTRA_MODELS}


def test_files_of_a_catalogue_name_the_same_models() -> None:
    choices = json.loads(schema_text())["$defs"]["attribution"]["properties"]["default_model"]["enum"]
    assert set(choices) == {*MODELS, *EXTRA_MODELS}


def test_the_stored_models_are_shown_beside_it() -> None:
    result = read_credited(read, [], campaigns(own="j_shaped"), MARCH, MARCH.end)
    assert set(result["model"]) == {*MODELS, "j_shaped"}


def test_a_campaign_is_not_measured_under_a_neighbour_s_model() -> None:
    both = campaigns(own="j_shaped", other="linear")
    result = read_credited(read, [], both, MARCH, MARCH.end)
    assert set(result.filter(model="j_shaped")["campaign_id"]) == {OWN}
    grid = models_of(both, ["campaign_id"], ["linear"])
    assert grid.sort("campaign_id", "model").rows() == [(OWN, "j_shaped"), (OWN, "linear"), (OTHER, "linear")]


def test_its_kpis_stand_beside_those_of_the_common_models() -> None:
    scope = {"tenant_id": ["harbour"], "scope_id": ["spring"]}
    scopes = pl.DataFrame(
        {**scope, "currency": ["USD"], "margin": [None], "default_model": ["inverse_j"], "config_version": [2]},
        schema_overrides={"margin": pl.Float64},
    )
    placed = pl.DataFrame(scope).with_columns(placement_id=pl.lit("mid"))
    counts = ("impressions", "usable_impressions", "mature_impressions", "clicks")
    delivery = placed.with_columns(pl.lit(100).alias(name) for name in counts)
    reach = pl.DataFrame(scope).with_columns(households=80, consumers=80)
    spend = pl.DataFrame(scope).with_columns(**dict.fromkeys(PRICES, 100))
    sale = placed.with_columns(
        model=pl.lit("inverse_j"), conversion_id=pl.lit("order"), episode_id=pl.lit("ep"), kind=pl.lit("purchase"),
        is_goal=True, unit=pl.lit("home"), household_key=7, converted_at=MARCH.start,
        matched_by=pl.lit("household"), credit=0.6, revenue_minor=pl.lit(300),
    )  # fmt: skip
    heard = pl.DataFrame(scope).with_columns(household_key=7, first_ad_at=MARCH.start)
    result = measure(scopes, delivery, reach, spend, sale, ["linear"], heard).filter(kpi="conversions")
    assert dict(result.select("model", "estimate").iter_rows()) == {"inverse_j": 0.6, "linear": 0.0}
