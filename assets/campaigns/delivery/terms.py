"""Terms: what campaigns were booked for and cost, one by one and for all campaigns of a sponsor together.

Here: campaigns with the settings in force, their prices and bookings, and the fold of campaigns to a sponsor.
Not here: the KPIs (kpis.py), reading (daily.py, period/reading.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from assets.attribution.paths import with_settings
from assets.campaigns.delivery.spend import unknown_spend
from assets.frames import UTC_TIME, whole_sum
from assets.grain import CAMPAIGN, PLACEMENT, SCOPE, SPONSOR

PRICES = ("spend_minor", "cost_minor", "booked", "delivered", "expected", "make_good")


def settings_at(campaigns: pl.DataFrame, settings: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """The campaigns with window_days, default_model and config_version as in force at the moment."""
    at = pl.lit(moment, dtype=UTC_TIME)
    in_force = with_settings(campaigns.select(CAMPAIGN).with_columns(converted_at=at), settings)
    return campaigns.join(
        in_force.select(*CAMPAIGN, "window_days", "default_model", "config_version"), on=CAMPAIGN, validate="1:1"
    )


def models_of(scopes: pl.DataFrame, key: list[str], models: Sequence[str]) -> pl.DataFrame:
    """The key and model of each scope: the models that all are measured under, and the one that it leads with.

    scopes: the key and, if scopes lead with models of their own, default_model (null: with none)
    """
    common = scopes.select(key).join(pl.DataFrame({"model": list(models)}, schema={"model": pl.String}), how="cross")
    if "default_model" not in scopes.columns:
        return common
    own = scopes.filter(~pl.col("default_model").is_in(list(models))).select(*key, model="default_model")
    return pl.concat([common, own])


def sum_or_null(column: str) -> pl.Expr:
    """The sum, or null as soon as one part is not known: a part that is missing is not 0."""
    return pl.when(pl.col(column).is_not_null().all()).then(whole_sum(pl.col(column))).alias(column)


def price_campaigns(
    placements: pl.DataFrame, spend: pl.DataFrame, delivered: pl.DataFrame, expected: pl.DataFrame, moment: datetime
) -> pl.DataFrame:
    """tenant_id, campaign_id, spend_minor, cost_minor, booked, delivered, expected, make_good by the moment.

    placements: with kind, cost_minor, booked_impressions and flight_ends_at; spend: of spend.recognise_spend
    delivered:  tenant_id, placement_id, impressions: all since the campaign's start
    expected:   of pacing.expect_delivery

    Each is null where a placement's part is not known. make_good: what placements whose flight has ended lack of their
    booking; more than booked in one does not make up for less in another.
    """
    unknown = unknown_spend(placements)
    so_far = delivered.group_by(PLACEMENT).agg(delivered=pl.col("impressions").sum())
    spent = spend.group_by(PLACEMENT).agg(whole_sum(pl.col("spend_minor")))
    return (
        placements.join(spent, on=PLACEMENT, how="left", validate="1:1")
        .join(unknown.with_columns(is_unknown=pl.lit(True)), on=PLACEMENT, how="left", validate="1:1")
        .join(so_far, on=PLACEMENT, how="left", validate="1:1")
        .join(expected, on=PLACEMENT, how="left", validate="1:1")
        .rename({"booked_impressions": "booked"})
        .with_columns(
            pl.col("delivered").fill_null(0),
            spend_minor=pl.when(pl.col("is_unknown").is_null()).then(pl.col("spend_minor").fill_null(0)),
        )
        .with_columns(make_good=pl.when(pl.col("flight_ends_at") <= moment).then(_owed()).otherwise(0))
        .group_by(CAMPAIGN)
        .agg(sum_or_null(name) for name in PRICES)
        .sort(CAMPAIGN)
    )


def _owed() -> pl.Expr:
    missing = pl.col("booked") - pl.col("delivered")
    return pl.when(missing < 0).then(0).otherwise(missing)


def sponsor_scopes(campaigns: pl.DataFrame) -> pl.DataFrame:
    """The campaigns of each sponsor as one scope: currency, margin and model only where all of them share it.

    returns: tenant_id, scope_id (the sponsor), currency, margin, default_model, config_version (the latest of them)
    """
    return (
        campaigns.group_by(SPONSOR)
        .agg(_common("currency"), _common("margin"), _common("default_model"), pl.col("config_version").max())
        .rename({"sponsor_id": "scope_id"})
        .sort(SCOPE)
    )


def _common(column: str) -> pl.Expr:
    return pl.when(pl.col(column).n_unique() == 1).then(pl.col(column).first()).alias(column)


def fold_money(frame: pl.DataFrame, sponsors: pl.DataFrame) -> pl.DataFrame:
    """Rows of a sponsor with their amounts, which are null where its campaigns have several currencies."""
    single = sponsors.select(*SCOPE, has_one=pl.col("currency").is_not_null())
    amounts = [name for name in ("revenue_minor", "spend_minor", "cost_minor") if name in frame.columns]
    return (
        frame.join(single, on=SCOPE, validate="m:1")
        .with_columns(pl.when("has_one").then(name).alias(name) for name in amounts)
        .drop("has_one")
    )
