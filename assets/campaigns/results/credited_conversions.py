"""Credited conversions: what campaigns earned credit for, with their money: the table that results are made of.

Here: joining credits, conversions, refunds and rates into rows of one campaign's share each, in its currency.
Not here: credits themselves (attribution/), sums over them (response.py), databases: a Reader is handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import polars as pl

from assets.attribution.models import MODELS, credit_shows
from assets.attribution.money import attribute_money, rates_of
from assets.campaigns.results.apart import Apart
from assets.campaigns.results.as_of import read_as_of
from assets.grain import CAMPAIGN, CONVERSION
from sql.values import Reader, Window

SIGNALS = ("pixel", "server", "promo_code", "vanity_url", "utm", "survey")

CREDIT_COLUMNS = ["tenant_id", "model", "conversion_id", "placement_id", "episode_id", "campaign_id", "credit"]


def read_credited(
    read: Reader,
    tenants: Sequence[UUID],
    chosen: pl.DataFrame,
    window: Window,
    as_of: datetime,
    received_by: datetime | None = None,
    apart: Apart | None = None,
) -> pl.DataFrame:
    """What the chosen campaigns earned from the conversions in the window; see credit_campaigns for its columns.

    received_by: count conversions and what they were worth by the signals and refunds received by then; None: by all.
    apart: parts the rows among several reports, to whose campaigns chosen belongs.
    """
    scope = list(tenants)
    earlier = (
        None if received_by is None else read_as_of(read, scope, ids_of(chosen, "sponsor_id"), window, received_by)
    )
    start = window.start if earlier is None else earlier.since
    first, last = start.date(), (window.end - timedelta(microseconds=1)).date()
    days = {"first": first, "last": last, "tenants": scope}
    rows = read("read_campaign_credits", start=start, end=window.end, **days, campaigns=ids_of(chosen, "campaign_id"))
    if earlier is None:
        adjustments = read("read_conversion_adjustments", **days)
    else:
        rows, adjustments = earlier.restate(rows), earlier.adjustments
    if apart is not None:
        rows = apart.by_conversion(rows)
        adjustments = apart(adjustments, rows, "conversion_id")
    rates = read("read_fx_rates", first=first, last=max(last, as_of.date()))
    own = chosen.filter(~pl.col("default_model").is_in(list(MODELS)))
    if own.is_empty():
        return credit_campaigns(rows, adjustments, chosen, rates, as_of)
    touches = read("read_campaign_touches", **days, campaigns=ids_of(own, "campaign_id"))
    if apart is not None:
        touches = apart.by_conversion(touches)
    rows = pl.concat([rows, credit_own_models(rows, touches, own)], how="diagonal")
    led_by = chosen.select(*CAMPAIGN, "default_model")
    return (
        credit_campaigns(rows, adjustments, chosen, rates, as_of)
        .join(led_by, on=CAMPAIGN, validate="m:1", maintain_order="left")
        .filter(pl.col("model").is_in(list(MODELS)) | (pl.col("model") == pl.col("default_model")))
        .drop("default_model")
    )


def credit_own_models(rows: pl.DataFrame, touches: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Rows under the models that campaigns lead with beyond those that are stored, made from the stored paths.

    rows:    as in credit_campaigns, under the stored models; it determines the conversions
    touches: the paths of conversions that touched the campaigns: tenant_id, day, conversion_id, touch_no, campaign_id,
             placement_id, episode_id, config_version, is_excluded (the placement was not paid for)
    own:     tenant_id, campaign_id, default_model
    returns: rows like those given. A changed model is so in force for all that the campaign ever earned.
    """
    of_conversion = rows.drop("model", "placement_id", "episode_id", "campaign_id", "credit").unique(
        CONVERSION, keep="any"
    )
    own_touches = touches.join(of_conversion, on=CONVERSION, how="semi")
    credit = credit_shows(own_touches, sorted(own["default_model"].unique()))
    return credit.select(CREDIT_COLUMNS).join(of_conversion, on=CONVERSION, validate="m:1").select(rows.columns)


def credit_campaigns(
    rows: pl.DataFrame,
    adjustments: pl.DataFrame,
    chosen: pl.DataFrame,
    rates: pl.DataFrame,
    as_of: datetime,
) -> pl.DataFrame:
    """One row per conversion, model, placement and episode of the chosen campaigns.

    rows:    credits with their conversion: CREDIT_COLUMNS, day, converted_at, kind, value_minor, currency,
             household_key (null where the address stands for no household), listener_id, matched_by and the count of
             each signal
    returns: CREDIT_COLUMNS, currency (the campaign's), revenue_minor (null: no value known), converted_at, kind,
             is_goal (the campaign's goal kind), unit (the household, or what stands for it), household_key, matched_by
             (listener_id: by the platform's id of the listener alone, behind an address that many share), signals
    """
    signals = [f"{signal}_signals" for signal in SIGNALS]
    by_id_alone = (pl.col("matched_by") == "listener") & pl.col("household_key").is_null()
    conversions = rows.unique(CONVERSION, keep="any").with_columns(
        unit=_unit(rows.schema["conversion_id"]),
        matched_by=pl.when(by_id_alone).then(pl.lit("listener_id")).otherwise("matched_by"),
    )
    valued = attribute_money(rows.select(CREDIT_COLUMNS), conversions, adjustments, chosen, rates_of(rates), as_of)
    return (
        valued.join(chosen.select(*CAMPAIGN, "goal_kind"), on=CAMPAIGN, validate="m:1")
        .join(
            conversions.select(*CONVERSION, "converted_at", "kind", "unit", "household_key", "matched_by", *signals),
            on=CONVERSION,
            validate="m:1",
        )
        .with_columns(is_goal=pl.col("kind") == pl.col("goal_kind"))
        .drop("goal_kind")
        .sort("tenant_id", "model", "conversion_id", "placement_id", "episode_id")
    )


def since_start(credited: pl.DataFrame, live: pl.DataFrame) -> pl.DataFrame:
    """What each campaign earned from the UTC day of its start on."""
    starts = live.select(*CAMPAIGN, first_day=pl.col("starts_at").dt.date())
    return credited.join(starts, on=CAMPAIGN, validate="m:1").filter(
        pl.col("converted_at").dt.date() >= pl.col("first_day")
    )


def _unit(id_type: pl.DataType) -> pl.Expr:
    """What conversions are independent by: the household, else the listener, else each stands alone."""
    alone = pl.col("conversion_id")
    text = alone.bin.encode("hex") if id_type == pl.Binary else alone.cast(pl.String)
    return pl.coalesce(
        pl.lit("household ") + pl.col("household_key").cast(pl.String),
        pl.lit("listener ") + pl.col("listener_id"),
        pl.lit("conversion ") + text,
    )


def ids_of(frame: pl.DataFrame, column: str) -> list[UUID]:
    """The distinct ids of a column as UUIDs, in order."""
    values = frame.get_column(column).unique().sort()
    return [UUID(bytes=value) if isinstance(value, bytes) else UUID(str(value)) for value in values]
