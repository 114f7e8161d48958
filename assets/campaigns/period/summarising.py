"""Period results: the six tables of a period, from its facts alone.

Here: KPIs, days, placements by episode, pacing and signals over a tenant's local period, by the functions that also
compute a day; what several tables need is computed once (_Shared). Periods are never made by subtracting rows.
Not here: reading (reading.py), text and formats (reports), rollups by UTC day (daily.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import polars as pl

from assets.attribution.models import MODELS
from assets.campaigns.delivery.impressions import IS_IMPRESSION, count_delivery
from assets.campaigns.delivery.pacing import expect_delivery
from assets.campaigns.delivery.spend import recognise_spend, unknown_spend
from assets.campaigns.delivery.terms import (
    PRICES,
    fold_money,
    models_of,
    price_campaigns,
    sponsor_scopes,
    sum_or_null,
)
from assets.campaigns.period.reading import PeriodFacts
from assets.campaigns.reach.counting import count_kinds, count_reach
from assets.campaigns.results.credited_conversions import SIGNALS
from assets.campaigns.results.kpis import measure
from assets.campaigns.results.responders import find_first_ads
from assets.frames import MICROSECONDS_PER_DAY, ratio, whole_sum
from assets.grain import CAMPAIGN, CAMPAIGN_PLACEMENT_EPISODE, PLACEMENT, PLACEMENT_EPISODE, SCOPE
from sql.values import Window


@dataclass(frozen=True)
class PeriodResult:
    """A period of one or more campaigns of one tenant.

    campaigns: of read_campaigns, with window_days, default_model and config_version as in force at as_of
    kpis:    tenant_id, level (campaign, sponsor), scope_id, model, kpi, unit, currency, amount_minor, estimate, lower,
             upper, sample, badge, usable_share, mature_share, config_version
    daily:   tenant_id, campaign_id, day (local), model, impressions, conversions (goal credit), revenue_minor
    shows:   tenant_id, campaign_id, model, placement_id, episode_id, impressions, clicks, households, frequency,
             mature_impressions, conversions, own_conversions (the part of them that ads of the period earned),
             revenue_minor, spend_minor (null: not known), aired_at
    pacing:  tenant_id, campaign_id, placement_id, kind, booked, delivered (since the campaign's start), expected (null:
             not known), ended, cost_minor, impressions, households, consumers, frequency (in the period)
    signals: tenant_id, level, scope_id, signal, events, conversions (with it), overlapping (with another signal too),
             all_conversions, all_overlapping: of the goal conversions that earned credit
    reached: tenant_id, level, scope_id, address_class, addresses: what the reach of a scope is made of
    """

    window: Window
    as_of: datetime
    campaigns: pl.DataFrame
    kpis: pl.DataFrame
    daily: pl.DataFrame
    shows: pl.DataFrame
    pacing: pl.DataFrame
    signals: pl.DataFrame
    reached: pl.DataFrame

    @cached_property
    def kpis_by_scope(self) -> Mapping[tuple[str, bytes, str], Mapping[str, Mapping[str, Any]]]:
        """The rows of kpis by their names, of each level, scope_id and model in the order of the rows."""
        found: dict[tuple[str, bytes, str], dict[str, Mapping[str, Any]]] = {}
        for row in self.kpis.iter_rows(named=True):
            found.setdefault((row["level"], row["scope_id"], row["model"]), {})[row["kpi"]] = row
        return found


@dataclass(frozen=True, slots=True)
class _Shared:
    """What more than one table is made of.

    audience: exposures but for clicks, each one impression; delivery: of _count_delivery; spend: of recognise_spend;
    expected: of expect_delivery; models: each campaign with its models; goals: credited conversions of the goal kind
    """

    audience: pl.DataFrame
    delivery: pl.DataFrame
    spend: pl.DataFrame
    expected: pl.DataFrame
    models: pl.DataFrame
    goals: pl.DataFrame


def summarise(facts: PeriodFacts) -> PeriodResult:
    """Everything a report shows of the campaigns of a period."""
    shared = _share(facts)
    return PeriodResult(
        window=facts.window,
        as_of=facts.as_of,
        campaigns=facts.campaigns,
        kpis=_kpis(facts, shared),
        daily=_daily(facts, shared),
        shows=_shows(facts, shared),
        pacing=_pacing(facts, shared),
        signals=_signals(facts, shared),
        reached=_address_kinds(facts, shared),
    )


def _share(facts: PeriodFacts) -> _Shared:
    delivery, window = _count_delivery(facts), facts.window
    return _Shared(
        audience=facts.exposures.filter(IS_IMPRESSION).with_columns(impressions=pl.lit(1, dtype=pl.Int64)),
        delivery=delivery,
        spend=recognise_spend(facts.placements, facts.airings, facts.before, delivery, window.start, window.end),
        expected=expect_delivery(facts.placements, facts.airings, facts.curves, window.end),
        models=models_of(facts.campaigns, CAMPAIGN, list(MODELS)),
        goals=facts.credited.filter("is_goal"),
    )


def _count_delivery(facts: PeriodFacts) -> pl.DataFrame:
    """impressions.count_delivery by campaign, with mature_impressions: those whose window is complete by as_of."""
    windows = facts.campaigns.select(*CAMPAIGN, window_us=(pl.col("window_days") * MICROSECONDS_PER_DAY).cast(pl.Int64))
    elapsed = (pl.lit(facts.as_of) - pl.col("occurred_at")).dt.total_microseconds()
    mature = (
        facts.exposures.filter(IS_IMPRESSION)
        .join(windows, on=CAMPAIGN, validate="m:1")
        .filter(elapsed >= pl.col("window_us"))
        .group_by(CAMPAIGN_PLACEMENT_EPISODE)
        .agg(mature_impressions=pl.len().cast(pl.Int64))
    )
    return (
        count_delivery(facts.exposures, CAMPAIGN)
        .join(mature, on=CAMPAIGN_PLACEMENT_EPISODE, how="left", validate="1:1")
        .with_columns(pl.col("mature_impressions").fill_null(0))
    )


def _kpis(facts: PeriodFacts, shared: _Shared) -> pl.DataFrame:
    """Every KPI per campaign, and per sponsor over its chosen campaigns, whose reach is counted anew."""
    so_far = pl.concat([frame.select(*PLACEMENT, "impressions") for frame in (facts.before, shared.delivery)])
    priced = price_campaigns(facts.placements, shared.spend, so_far, shared.expected, facts.window.end)
    settings = ["tenant_id", "currency", "margin", "default_model", "config_version"]
    campaigns = facts.campaigns.select(*settings, scope_id="campaign_id")
    levels = []
    exposed = facts.exposures.select(*CAMPAIGN, "household_key", "occurred_at", "kind")
    for level, scopes in (("campaign", campaigns), ("sponsor", sponsor_scopes(facts.campaigns))):
        scope_of = facts.campaigns.select(*CAMPAIGN, scope_id=f"{level}_id")
        delivery, audience, prices, credited, exposures = (
            frame.join(scope_of, on=CAMPAIGN, validate="m:1")
            for frame in (shared.delivery, shared.audience, priced, facts.credited, exposed)
        )
        prices = prices.group_by(SCOPE).agg(sum_or_null(name) for name in PRICES)
        measured = measure(
            scopes,
            delivery,
            count_reach(audience, SCOPE),
            fold_money(prices, scopes),
            fold_money(credited, scopes),
            list(MODELS),
            find_first_ads(exposures),
        )
        levels.append(measured.with_columns(level=pl.lit(level)))
    return pl.concat(levels)


def _address_kinds(facts: PeriodFacts, shared: _Shared) -> pl.DataFrame:
    """The kinds of addresses that each campaign reached, and all campaigns of a sponsor together."""
    levels = []
    for level in ("campaign", "sponsor"):
        scope_of = facts.campaigns.select(*CAMPAIGN, scope_id=f"{level}_id")
        audience = shared.audience.join(scope_of, on=CAMPAIGN, validate="m:1")
        levels.append(count_kinds(audience, SCOPE).with_columns(level=pl.lit(level)))
    return pl.concat(levels)


def _daily(facts: PeriodFacts, shared: _Shared) -> pl.DataFrame:
    """Impressions and goal conversions on every local day of the period, zeros included."""
    hours = pl.datetime_range(facts.window.start, facts.window.end, "1h", closed="left", eager=True)
    grid = (
        facts.campaigns.select(CAMPAIGN)
        .join(pl.DataFrame({"day": hours.dt.convert_time_zone(facts.timezone).dt.date().unique()}), how="cross")
        .join(shared.models, on=CAMPAIGN)
    )
    impressions = (
        shared.audience.with_columns(day=_local_day("occurred_at", facts.timezone))
        .group_by(*CAMPAIGN, "day")
        .agg(pl.col("impressions").sum())
    )
    key = [*CAMPAIGN, "day", "model"]
    earned = shared.goals.with_columns(day=_local_day("converted_at", facts.timezone)).pipe(_sum_credit, key)
    return (
        grid.join(impressions, on=[*CAMPAIGN, "day"], how="left", validate="m:1")
        .join(earned, on=key, how="left", validate="1:1")
        .with_columns(pl.col("impressions", "conversions", "revenue_minor").fill_null(0))
        .sort(*CAMPAIGN, "model", "day")
        .select(*key, "impressions", "conversions", "revenue_minor")
    )


def _local_day(column: str, timezone: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone(timezone).dt.date()


def _sum_credit(goals: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """by, conversions (credit), revenue_minor. Sums of floats keep the order of the rows."""
    return goals.group_by(by, maintain_order=True).agg(
        conversions=pl.col("credit").sum(), revenue_minor=whole_sum(pl.col("revenue_minor"))
    )


def _shows(facts: PeriodFacts, shared: _Shared) -> pl.DataFrame:
    """Every placement and episode that delivered, cost or earned something, under each model."""
    key, by_model = CAMPAIGN_PLACEMENT_EPISODE, [*CAMPAIGN_PLACEMENT_EPISODE, "model"]
    campaign_of = facts.placements.select(*PLACEMENT, "campaign_id")
    spend = shared.spend.join(campaign_of, on=PLACEMENT, validate="m:1")
    own = shared.goals.group_by(by_model, maintain_order=True).agg(own_conversions=pl.col("own_credit").sum())
    earned = _sum_credit(shared.goals, by_model).join(own, on=by_model, validate="1:1")
    grid = (
        pl.concat([shared.delivery.select(key), spend.select(key), earned.select(key)])
        .unique()
        .join(shared.models, on=CAMPAIGN)
    )
    unknown = unknown_spend(facts.placements).with_columns(is_unknown=pl.lit(True))
    aired = facts.airings.unique(PLACEMENT_EPISODE)
    return (
        grid.join(shared.delivery, on=key, how="left", validate="m:1")
        .join(spend, on=key, how="left", validate="m:1")
        .join(earned, on=by_model, how="left", validate="1:1")
        .join(unknown, on=PLACEMENT, how="left", validate="m:1")
        .join(aired, on=PLACEMENT_EPISODE, how="left", validate="m:1")
        .with_columns(
            pl.col("impressions", "usable_impressions", "clicks", "households", "mature_impressions").fill_null(0),
            pl.col("conversions", "own_conversions", "revenue_minor").fill_null(0),
            spend_minor=pl.when(pl.col("is_unknown").is_null()).then(pl.col("spend_minor").fill_null(0)),
        )
        .with_columns(
            frequency=pl.when(pl.col("households") > 0).then(ratio(pl.col("impressions"), pl.col("households")))
        )
        .drop("is_unknown")
        .sort(*CAMPAIGN, "model", "placement_id", "episode_id")
    )


def _pacing(facts: PeriodFacts, shared: _Shared) -> pl.DataFrame:
    """Booked against delivered since the campaign's start, beside what was due by the end of the period."""
    return (
        facts.placements.rename({"booked_impressions": "booked"})
        .join(count_reach(shared.audience, PLACEMENT), on=PLACEMENT, how="left", validate="1:1")
        .join(facts.before.select(*PLACEMENT, before="impressions"), on=PLACEMENT, how="left", validate="1:1")
        .join(shared.expected, on=PLACEMENT, how="left", validate="1:1")
        .with_columns(pl.col("impressions", "before", "households", "consumers").fill_null(0))
        .with_columns(
            delivered=pl.col("before") + pl.col("impressions"),
            ended=pl.col("flight_ends_at") <= facts.window.end,
        )
        .drop("before", "podcast_id", "flight_starts_at", "flight_ends_at")
        .sort(*CAMPAIGN, "placement_id")
    )


def _signals(facts: PeriodFacts, shared: _Shared) -> pl.DataFrame:
    """Each signal's count on the goal conversions that earned credit, and how many of those had another signal too."""
    goals = shared.goals.join(
        facts.campaigns.select(*CAMPAIGN, sponsor="sponsor_id", campaign="campaign_id"), on=CAMPAIGN, validate="m:1"
    )
    kinds = pl.sum_horizontal(pl.col(f"{signal}_signals") > 0 for signal in SIGNALS)
    counted = []
    for level in ("campaign", "sponsor"):
        conversions = goals.rename({level: "scope_id"}).unique([*SCOPE, "conversion_id"])
        for signal in SIGNALS:
            has_signal = pl.col(f"{signal}_signals") > 0
            counted.append(
                conversions.group_by(SCOPE).agg(
                    level=pl.lit(level),
                    signal=pl.lit(signal),
                    events=pl.col(f"{signal}_signals").sum().cast(pl.Int64),
                    conversions=has_signal.sum().cast(pl.Int64),
                    overlapping=(has_signal & (kinds > 1)).sum().cast(pl.Int64),
                    all_conversions=pl.len().cast(pl.Int64),
                    all_overlapping=(kinds > 1).sum().cast(pl.Int64),
                )
            )
    return pl.concat(counted).sort("tenant_id", "level", "scope_id", "signal")
