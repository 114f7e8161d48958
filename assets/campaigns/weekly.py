"""Weekly: what is computed of live campaigns once a week, after their results: their lift and their benchmarks.

Here: what is read and the tables that come out, as of the end of each Sunday (ISO weeks); other days have no rows.
Not here: formulas (incrementality.py, benchmarks.py), and who writes the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import polars as pl

from assets.attribution.money import convert_values, net_values, rates_of
from assets.campaigns.daily import Tables, ends_week, live_campaigns
from assets.campaigns.delivery.terms import settings_at
from assets.campaigns.results.benchmarks import compare_campaigns
from assets.campaigns.results.credited_conversions import ids_of
from assets.campaigns.results.incrementality import assign_groups, find_responses, measure_lift, sum_sides
from assets.frames import empty_frame
from assets.grain import CAMPAIGN, CONVERSION, GOAL
from sql.values import Reader, Window

COUNTS = ("households", "responders", "base_households", "base_responders")
NUMBERS = (
    "compared_share",
    "base_rate",
    "difference",
    "difference_lower",
    "difference_upper",
    "relative_lift",
    "relative_lower",
    "relative_upper",
    "minimum_detectable_lift",
    "incremental_minor",
    "iroas",
    "iroas_lower",
    "iroas_upper",
)
# Columns without run_id and is_final; None: ids.
LIFT_RESULTS: dict[str, pl.DataType | None] = {
    "tenant_id": None,
    "campaign_id": None,
    "design": pl.String(),
    "is_causal": pl.Boolean(),
    **dict.fromkeys(COUNTS, pl.Int64()),
    **dict.fromkeys(NUMBERS, pl.Float64()),
    "is_shown": pl.Boolean(),
    "currency": pl.String(),
    "config_version": pl.Int32(),
    "day": pl.Date(),
}


def compute_week(read: Reader, window: Window, tenants: Sequence[UUID]) -> Tables:
    """lift_results and campaign_benchmarks of one UTC day, without run_id and is_final."""
    return {**compute_lift(read, window, tenants), **compute_benchmarks(read, window, tenants)}


def compute_benchmarks(read: Reader, window: Window, tenants: Sequence[UUID]) -> Tables:
    """campaign_benchmarks as of the end of a Sunday, without run_id and is_final: from campaign_roi as it is stored."""
    results = read("read_latest_results", day=window.day, tenants=list(tenants))
    if not ends_week(window):
        results = results.clear()
    return {"campaign_benchmarks": compare_campaigns(results, window.day)}


def compute_lift(read: Reader, window: Window, tenants: Sequence[UUID]) -> Tables:
    """lift_results as of the end of a Sunday, without run_id and is_final, for every live campaign with two sides.

    Spend is that of campaign_roi on the same day; where it is not known, there is no return on it.
    """
    scope = list(tenants)
    campaigns = read("read_campaigns", tenants=scope)
    empty = empty_frame(LIFT_RESULTS, campaigns.schema["tenant_id"])
    live = live_campaigns(campaigns, window)
    if not ends_week(window) or live.is_empty():
        return {"lift_results": empty}
    chosen = settings_at(live, read("read_attribution_configs", tenants=scope), window.end)
    span = {"start": chosen["starts_at"].min(), "end": window.end, "tenants": scope}
    ids = ids_of(chosen, "campaign_id")
    listeners = read("read_lift_listeners", **span, campaigns=ids)
    groups = assign_groups(listeners, chosen, window.end)
    responses = find_responses(groups, read_goal_conversions(read, scope, chosen, window))
    spend = read("read_recognised_spend", day=window.day, tenants=scope, campaigns=ids)
    spend_of = {(tenant, campaign): amount for tenant, campaign, amount in spend.iter_rows()}
    measured = measure_lift(sum_sides(responses), spend_of, responses)
    rows = pl.DataFrame(measured, schema=empty.drop("day", "currency", "config_version").schema)
    rows = rows.join(chosen.select(*CAMPAIGN, "currency", "config_version"), on=CAMPAIGN, validate="1:1")
    return {"lift_results": rows.with_columns(day=pl.lit(window.day)).select(empty.columns)}


def read_goal_conversions(read: Reader, tenants: list[UUID], chosen: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Conversions of each campaign's goal kind, attributed or not, with their net value in the campaign's currency."""
    start = chosen["starts_at"].min()
    rows = read(
        "read_household_conversions",
        start=start,
        end=window.end,
        tenants=tenants,
        sponsors=ids_of(chosen, "sponsor_id"),
    )
    days = {"first": start.date(), "last": window.day}  # type: ignore[union-attr]
    rates = rates_of(read("read_fx_rates", **days))
    net = net_values(rows, read("read_conversion_adjustments", **days, tenants=tenants), rates, window.end)
    goals = chosen.select(*GOAL, "campaign_id", target="currency")
    conversions = rows.join(goals, on=GOAL).select(
        *CONVERSION, "campaign_id", "household_key", "converted_at", "target"
    )
    valued = conversions.join(net.select(*CONVERSION, "day", "currency", "net_minor"), on=CONVERSION)
    priced = convert_values(valued, rates).select(*CONVERSION, "campaign_id", value_minor="net_minor")
    return conversions.join(priced, on=[*CONVERSION, "campaign_id"], how="left", validate="1:1").drop("target")
