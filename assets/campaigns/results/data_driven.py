"""Data-driven: what campaigns earn under the models that are fitted to all journeys, with bounds.

Here: reading all journeys of the sponsors, and folding what each model gives to placements into their campaigns.
Not here: the models (attribution/), KPIs made from the totals (kpis.py), when they are computed (daily.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl

from assets.attribution.journeys.channels import credit_paths
from assets.attribution.journeys.group_totals import FittedJourneys
from assets.attribution.journeys.reading import (
    DATA_DRIVEN,
    all_journeys,
    converted_households,
    fit_totals,
    non_converting_journeys,
)
from assets.attribution.money import Rates, convert_values, net_values, rates_of
from assets.campaigns.results.credited_conversions import credit_campaigns, ids_of, since_start
from assets.campaigns.results.response import respond, with_bounds
from assets.grain import CAMPAIGN, CONVERSION, GOAL, SCOPE, SCOPE_MODEL, SPONSOR
from sql.values import Reader, Window

# What each campaign gets under each model; bounds as in response.with_bounds.
NUMBERS = ("conversions", "sample", "valued_conversions", "valued_sample", "revenue_minor")
BOUNDS = ("conversions_lower", "conversions_upper", "revenue_lower", "revenue_upper", "aov_lower", "aov_upper")


@dataclass(frozen=True, slots=True)
class JourneyFacts:
    """All journeys of the sponsors' households, and what came of them.

    journeys: of journeys.reading.all_journeys; paths: of read_sponsor_paths; conversions: of read_sponsor_conversions;
    adjustments: of read_conversion_adjustments
    """

    journeys: pl.DataFrame
    paths: pl.DataFrame
    conversions: pl.DataFrame
    adjustments: pl.DataFrame
    rates: pl.DataFrame

    def totals(self) -> pl.DataFrame:
        """The rows of model_totals but for the day."""
        return fit_totals(self.journeys)


def read_journeys(
    read: Reader, tenants: list[UUID], campaigns: pl.DataFrame, live: pl.DataFrame, window: Window
) -> JourneyFacts:
    """All journeys of sponsors with a live campaign that began since the first campaign of each.

    campaigns: all of read_campaigns; live: those that are still reported
    """
    goals = campaigns.join(live.select(SPONSOR).unique(), on=SPONSOR, how="semi")
    kinds = goals.select(GOAL).unique()
    begun = goals.group_by(SPONSOR).agg(first_day=pl.col("starts_at").min().dt.date())
    start: datetime = Window.of_day(begun["first_day"].min()).start  # type: ignore[arg-type]
    parameters = {"start": start, "end": window.end, "tenants": tenants, "sponsors": ids_of(goals, "sponsor_id")}
    days = {"first": start.date(), "last": window.day}
    paths = read("read_sponsor_paths", **parameters, **days).join(kinds, on=GOAL, how="semi")
    exposures = read("read_sponsor_exposures", **parameters)
    conversions = read("read_household_conversions", **parameters).join(kinds, on=GOAL, how="semi")
    conversions = pl.concat(
        [conversions.select(*GOAL, "household_key", "converted_at"), converted_households(paths, exposures)]
    )
    settings = read("read_attribution_configs", tenants=tenants)
    non_converting = non_converting_journeys(exposures.join(kinds, on=SPONSOR), conversions, settings, window.end)
    counted = read("read_sponsor_conversions", **parameters).join(begun, on=SPONSOR, validate="m:1")
    counted = counted.filter(pl.col("converted_at").dt.date() >= pl.col("first_day")).drop("first_day")
    paths = paths.join(counted, on=CONVERSION, how="semi")
    return JourneyFacts(
        all_journeys(paths, non_converting),
        paths,
        counted.join(paths, on=CONVERSION, how="semi"),
        read("read_conversion_adjustments", **days, tenants=tenants),
        read("read_fx_rates", **days),
    )


def respond_data_driven(
    facts: JourneyFacts,
    totals: pl.DataFrame,
    live: pl.DataFrame,
    placements: pl.DataFrame,
    linear: pl.DataFrame,
    as_of: datetime,
) -> pl.DataFrame:
    """What the campaigns earned under each of the models, with bounds: what kpis.measure_data_driven needs.

    totals:     of Journeys.totals; live: campaigns with sponsor_id, goal_kind, currency, starts_at
    placements: tenant_id, placement_id, campaign_id
    linear:     credited_conversions.read_credited of the live campaigns since their start: what stands for the models
                where there are too few conversions to fit them
    returns:    tenant_id, scope_id (the campaign), model, NUMBERS, BOUNDS, is_fallback
    """
    fitted = live.join(totals.filter(~pl.col("is_fallback")), on=GOAL, how="semi")
    fallback = live.join(fitted, on=CAMPAIGN, how="anti")
    own = respond(linear.filter(model="linear").rename({"campaign_id": "scope_id"})).drop("model")
    shown = own.select(*SCOPE, *NUMBERS, *BOUNDS)
    scopes = fallback.select("tenant_id", scope_id="campaign_id")
    models = pl.DataFrame({"model": DATA_DRIVEN})
    fallback_rows = scopes.join(models, how="cross").join(shown, on=SCOPE, how="left", validate="m:1")
    frames = [fallback_rows.with_columns(is_fallback=pl.lit(True))]
    if not fitted.is_empty():
        frames.append(_counterfactual(facts, fitted, as_of))
        frames.append(_markov(facts, fitted, placements, as_of))
    columns = [*SCOPE_MODEL, *NUMBERS, *BOUNDS, "is_fallback"]
    return pl.concat([frame.select(columns) for frame in frames], how="vertical_relaxed").sort(SCOPE_MODEL)


def _counterfactual(facts: JourneyFacts, live: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Its credits are made per conversion, so they are summed as those of any other model.

    The fit is taken as certain: bounds are of chance in the households, not in the fitted model.
    """
    goals = facts.journeys.join(live, on=GOAL, how="semi").rename({"placement_id": "channel"})
    credit = pl.concat(_credited_touches(goal) for goal in goals.partition_by(GOAL))
    touch = [*CONVERSION, "touch_no"]
    share = ["tenant_id", "model", "conversion_id", "placement_id", "episode_id", "campaign_id"]
    shares = (
        credit.filter(pl.col("credit") > 0)
        .join(facts.paths.select(*touch, "placement_id", "episode_id", "campaign_id"), on=touch, validate="1:1")
        .sort(*share, "touch_no")
        .group_by(share, maintain_order=True)
        .agg(pl.col("credit").sum())
        .join(facts.conversions, on=CONVERSION, validate="m:1")
    )
    credited = since_start(credit_campaigns(shares, facts.adjustments, live, facts.rates, as_of), live)
    response = respond(credited.rename({"campaign_id": "scope_id"}))
    scopes = live.select("tenant_id", scope_id="campaign_id", model=pl.lit("counterfactual"))
    return scopes.join(response, on=SCOPE_MODEL, how="left", validate="1:1").with_columns(is_fallback=pl.lit(False))


def _credited_touches(goal: pl.DataFrame) -> pl.DataFrame:
    """tenant_id, conversion_id, touch_no, model, credit: the touches of journeys that led to a conversion."""
    touch = ["path_id", "touch_no"]
    won = goal.filter(pl.col("conversion_id").is_not_null()).select("tenant_id", "conversion_id", *touch)
    credit = credit_paths(goal, ["counterfactual"]).select(*touch, "model", "credit")
    return won.join(credit, on=touch, validate="1:1", maintain_order="left").drop("path_id")


def _markov(facts: JourneyFacts, live: pl.DataFrame, placements: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Each campaign's share of all conversions and of their value, by the removal effects of its placements."""
    rates = rates_of(facts.rates)
    values = _values(facts, live, rates, as_of)
    rows: list[dict[str, Any]] = []
    for goal in facts.journeys.join(live, on=GOAL, how="semi").partition_by(GOAL):
        chain = FittedJourneys.of(goal, facts.conversions)
        campaigns = live.join(goal.head(1), on=GOAL, how="semi")
        for campaign in campaigns.iter_rows(named=True):
            own = placements.filter(pl.col("campaign_id") == campaign["campaign_id"])
            value = values.filter(pl.col("target") == campaign["currency"]).drop("target")
            scope = {"tenant_id": campaign["tenant_id"], "scope_id": campaign["campaign_id"], "model": "markov"}
            rows.append({**scope, **chain.total_of(own["placement_id"], value), "is_fallback": False})
    types = {"revenue_minor": pl.Int64}
    return with_bounds(pl.DataFrame(rows, schema_overrides=types), ["conversions"])


def _values(facts: JourneyFacts, live: pl.DataFrame, rates: Rates, as_of: datetime) -> pl.DataFrame:
    """What each conversion is worth in the currencies of the live campaigns of its kind, refunds taken off.

    returns: tenant_id, conversion_id, target, net_minor. A currency into which some value of the kind has no rate is
    left out whole: these models share all conversions, those of campaigns in other currencies too.
    """
    net = net_values(facts.conversions, facts.adjustments, rates, as_of)
    kinds = facts.conversions.select(*CONVERSION, "sponsor_id", goal_kind="kind")
    targets = live.select(*GOAL, target="currency").unique()
    wanted = net.join(kinds, on=CONVERSION, validate="1:1").join(targets, on=GOAL)
    rated = facts.rates.select("day", currency="base", target="quote")
    foreign = wanted.filter(pl.col("currency") != pl.col("target"))
    lacking = foreign.join(rated, on=["day", "currency", "target"], how="anti")
    whole = wanted.join(lacking, on=[*GOAL, "target"], how="anti")
    return convert_values(whole, rates).select(*CONVERSION, "target", "net_minor")
