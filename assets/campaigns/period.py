"""Period: what campaigns did in any span of time, cut from the facts themselves: what reports are made of.

Here: the same functions as of a day, over a tenant's local period: totals, days, shows, pacing, signals.
Not here: words and formats (reports), rollups by UTC day (daily.py). Periods are never made by subtracting rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

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
    settings_at,
    sponsor_scopes,
    sum_if_all_known,
)
from assets.campaigns.reach.counting import count_reach
from assets.campaigns.results.credited_conversions import CAMPAIGN, SIGNALS, ids_of, read_credited
from assets.campaigns.results.kpis import measure
from assets.frames import MICROSECONDS_PER_DAY, ratio, whole_sum
from sql.values import PermanentError, Reader, Window

SHOW = ["tenant_id", "campaign_id", "placement_id", "episode_id"]
PLACEMENT = ["tenant_id", "placement_id"]
SCOPE = ["tenant_id", "scope_id"]


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """What was read for a period: frames in the columns of their statements (sql/queries), of the chosen campaigns.

    campaigns: of scopes.settings_at; exposures: inside the period; before: impressions by placement from
    the campaign's start to the period's; credited: of credited.read_credited; curves: of read_age_curves.
    """

    window: Window
    as_of: datetime
    timezone: str
    campaigns: pl.DataFrame
    exposures: pl.DataFrame
    before: pl.DataFrame
    placements: pl.DataFrame
    airings: pl.DataFrame
    credited: pl.DataFrame
    curves: pl.DataFrame


@dataclass(frozen=True, slots=True)
class PeriodResult:
    """A period of one or more campaigns of one tenant.

    campaigns: of read_campaigns, with window_days, default_model and config_version as in force at as_of
    kpis:    tenant_id, level (campaign, sponsor), scope_id, model, kpi, unit, currency, amount_minor, estimate, lower,
             upper, sample, badge, usable_share, mature_share, config_version
    daily:   tenant_id, campaign_id, day (local), model, impressions, conversions (goal credit), revenue_minor
    shows:   tenant_id, campaign_id, model, placement_id, episode_id, impressions, clicks, households, frequency,
             mature_impressions, conversions, revenue_minor, spend_minor (null: not known), aired_at, is_open
    pacing:  tenant_id, campaign_id, placement_id, kind, booked, delivered (since the campaign's start), expected (null:
             not known), ended, cost_minor, impressions, households, consumers, frequency (in the period)
    signals: tenant_id, level, scope_id, signal, events, conversions (with it), overlapping (with another signal too),
             all_conversions, all_overlapping: of the goal conversions that earned credit
    """

    window: Window
    as_of: datetime
    campaigns: pl.DataFrame
    kpis: pl.DataFrame
    daily: pl.DataFrame
    shows: pl.DataFrame
    pacing: pl.DataFrame
    signals: pl.DataFrame


def campaign_period(
    read: Reader,
    tenant: UUID,
    campaigns: Sequence[UUID],
    window: Window,
    timezone: str,
    as_of: datetime,
    known_by: datetime | None = None,
) -> PeriodResult:
    """Everything a report says about these campaigns in the window, as of a moment.

    window:   the period, cut at the tenant's local midnights (Window.of_local_days); timezone names its days
    as_of:    refunds count that occurred before it, and windows are complete or open by it
    known_by: count conversions, their worth and refunds by what had been received by then (a period at an equal age)
    """
    return summarise(read_period(read, tenant, campaigns, window, timezone, as_of, known_by))


def read_period(
    read: Reader,
    tenant: UUID,
    campaigns: Sequence[UUID],
    window: Window,
    timezone: str,
    as_of: datetime,
    known_by: datetime | None = None,
) -> PeriodFacts:
    """The facts of a period. Raises PermanentError for a campaign that the tenant does not have."""
    scope = [tenant]
    known = read("read_campaigns", tenants=scope)
    wanted = {campaign.bytes for campaign in campaigns}
    chosen = known.filter(pl.col("campaign_id").is_in(list(wanted)))
    if chosen.height != len(wanted):
        lost = sorted(str(UUID(bytes=each)) for each in wanted - set(chosen["campaign_id"]))
        raise PermanentError(f"tenant {tenant} has no campaign {', '.join(lost)}: check the ids of the subscription")
    chosen = settings_at(chosen, read("read_attribution_configs", tenants=scope), as_of)
    ids = ids_of(chosen, "campaign_id")
    keep = chosen.select(CAMPAIGN)
    placements = read("read_placements", tenants=scope).join(keep, on=CAMPAIGN, validate="m:1")
    return PeriodFacts(
        window,
        as_of,
        timezone,
        chosen,
        read("read_campaign_exposures", start=window.start, end=window.end, tenants=scope, campaigns=ids),
        _read_before(read, scope, chosen, ids, window),
        placements,
        read("read_airings", tenants=scope).join(placements.select(PLACEMENT), on=PLACEMENT, validate="m:1"),
        read_credited(read, scope, chosen, window, as_of, known_by),
        read("read_age_curves", before=window.end, tenants=scope, podcasts=ids_of(placements, "podcast_id")),
    )


def _read_before(
    read: Reader, tenants: list[UUID], chosen: pl.DataFrame, ids: list[UUID], window: Window
) -> pl.DataFrame:
    since = min(chosen["starts_at"].min(), window.start)  # type: ignore[type-var]
    return read("read_delivered_before", since=since, before=window.start, tenants=tenants, campaigns=ids)


def summarise(facts: PeriodFacts) -> PeriodResult:
    """The results of a period, from its facts alone."""
    delivery = _delivery(facts)
    spend = recognise_spend(
        facts.placements, facts.airings, facts.before, delivery, facts.window.start, facts.window.end
    )
    return PeriodResult(
        facts.window,
        facts.as_of,
        facts.campaigns,
        _kpis(facts, delivery, spend),
        _daily(facts),
        _shows(facts, delivery, spend),
        _pacing(facts),
        _signals(facts),
    )


def _delivery(facts: PeriodFacts) -> pl.DataFrame:
    """delivery.count_delivery by campaign, with mature_impressions: those whose window is complete by as_of."""
    windows = facts.campaigns.select(*CAMPAIGN, window_us=(pl.col("window_days") * MICROSECONDS_PER_DAY).cast(pl.Int64))
    elapsed = (pl.lit(facts.as_of) - pl.col("occurred_at")).dt.total_microseconds()
    mature = (
        facts.exposures.filter(IS_IMPRESSION)
        .join(windows, on=CAMPAIGN, validate="m:1")
        .filter(elapsed >= pl.col("window_us"))
        .group_by(SHOW)
        .agg(mature_impressions=pl.len().cast(pl.Int64))
    )
    return (
        count_delivery(facts.exposures, CAMPAIGN)
        .join(mature, on=SHOW, how="left", validate="1:1")
        .with_columns(pl.col("mature_impressions").fill_null(0))
    )


def _audience(facts: PeriodFacts) -> pl.DataFrame:
    return facts.exposures.filter(IS_IMPRESSION).with_columns(impressions=pl.lit(1, dtype=pl.Int64))


def _kpis(facts: PeriodFacts, delivery: pl.DataFrame, spend: pl.DataFrame) -> pl.DataFrame:
    """Every KPI per campaign, and per sponsor over its chosen campaigns, whose reach is counted anew."""
    so_far = pl.concat([frame.select(*PLACEMENT, "impressions") for frame in (facts.before, delivery)])
    expected = expect_delivery(facts.placements, facts.airings, facts.curves, facts.window.end)
    priced = price_campaigns(facts.placements, spend, so_far, expected, facts.window.end)
    sponsors = sponsor_scopes(facts.campaigns)
    sponsor_of = facts.campaigns.select(*CAMPAIGN, scope_id="sponsor_id")
    own_of = facts.campaigns.select(*CAMPAIGN, scope_id="campaign_id")
    told = ["tenant_id", "currency", "margin", "default_model", "config_version"]
    own = facts.campaigns.select(*told, scope_id="campaign_id")
    levels = []
    for level, scopes, scope_of in (("campaign", own, own_of), ("sponsor", sponsors, sponsor_of)):
        delivered, heard, spent, earned = (
            frame.join(scope_of, on=CAMPAIGN, validate="m:1")
            for frame in (delivery, _audience(facts), priced, facts.credited)
        )
        spent = spent.group_by(SCOPE).agg(sum_if_all_known(name) for name in PRICES)
        measured = measure(
            scopes,
            delivered,
            count_reach(heard, SCOPE),
            fold_money(spent, scopes),
            fold_money(earned, scopes),
            list(MODELS),
        )
        levels.append(measured.with_columns(level=pl.lit(level)))
    return pl.concat(levels)


def _daily(facts: PeriodFacts) -> pl.DataFrame:
    """Impressions and goal conversions on every local day of the period, zeros included."""
    days = pl.datetime_range(facts.window.start, facts.window.end, "1h", closed="left", eager=True)
    grid = (
        facts.campaigns.select(CAMPAIGN)
        .join(pl.DataFrame({"day": days.dt.convert_time_zone(facts.timezone).dt.date().unique()}), how="cross")
        .join(models_of(facts.campaigns, CAMPAIGN, list(MODELS)), on=CAMPAIGN)
    )
    heard = _audience(facts).with_columns(day=_local_day("occurred_at", facts.timezone))
    impressions = heard.group_by(*CAMPAIGN, "day").agg(pl.col("impressions").sum())
    earned = (
        facts.credited.filter("is_goal")
        .with_columns(day=_local_day("converted_at", facts.timezone))
        .group_by(*CAMPAIGN, "day", "model", maintain_order=True)
        .agg(conversions=pl.col("credit").sum(), revenue_minor=whole_sum(pl.col("revenue_minor")))
    )
    key = [*CAMPAIGN, "day", "model"]
    return (
        grid.join(impressions, on=[*CAMPAIGN, "day"], how="left", validate="m:1")
        .join(earned, on=key, how="left", validate="1:1")
        .with_columns(pl.col("impressions", "conversions", "revenue_minor").fill_null(0))
        .sort(*CAMPAIGN, "model", "day")
        .select(*key, "impressions", "conversions", "revenue_minor")
    )


def _local_day(column: str, timezone: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone(timezone).dt.date()


def _shows(facts: PeriodFacts, delivery: pl.DataFrame, spend: pl.DataFrame) -> pl.DataFrame:
    """Every placement and episode that delivered, cost or earned something, under each model."""
    campaign_of = facts.placements.select(*PLACEMENT, "campaign_id")
    spent = spend.join(campaign_of, on=PLACEMENT, validate="m:1")
    earned = (
        facts.credited.filter("is_goal")
        .group_by(*SHOW, "model", maintain_order=True)
        .agg(conversions=pl.col("credit").sum(), revenue_minor=whole_sum(pl.col("revenue_minor")))
    )
    grid = (
        pl.concat([delivery.select(SHOW), spent.select(SHOW), earned.select(SHOW)])
        .unique()
        .join(models_of(facts.campaigns, CAMPAIGN, list(MODELS)), on=CAMPAIGN)
    )
    unknown = unknown_spend(facts.placements).with_columns(is_unknown=pl.lit(True))
    windows = facts.campaigns.select(*CAMPAIGN, "window_days")
    closes_at = pl.col("aired_at") + pl.duration(seconds=pl.col("window_days") * 86_400)
    aired = facts.airings.unique([*PLACEMENT, "episode_id"])
    return (
        grid.join(delivery, on=SHOW, how="left", validate="m:1")
        .join(spent, on=SHOW, how="left", validate="m:1")
        .join(earned, on=[*SHOW, "model"], how="left", validate="1:1")
        .join(unknown, on=PLACEMENT, how="left", validate="m:1")
        .join(aired, on=[*PLACEMENT, "episode_id"], how="left", validate="m:1")
        .join(windows, on=CAMPAIGN, validate="m:1")
        .with_columns(
            pl.col("impressions", "usable_impressions", "clicks", "households", "mature_impressions").fill_null(0),
            pl.col("conversions", "revenue_minor").fill_null(0),
            spend_minor=pl.when(pl.col("is_unknown").is_null()).then(pl.col("spend_minor").fill_null(0)),
            is_open=closes_at > facts.as_of,
        )
        .with_columns(
            frequency=pl.when(pl.col("households") > 0).then(ratio(pl.col("impressions"), pl.col("households")))
        )
        .drop("is_unknown", "window_days")
        .sort(*CAMPAIGN, "model", "placement_id", "episode_id")
    )


def _pacing(facts: PeriodFacts) -> pl.DataFrame:
    """Booked against delivered since the campaign's start, beside what was due by the end of the period."""
    heard = count_reach(_audience(facts), PLACEMENT)
    expected = expect_delivery(facts.placements, facts.airings, facts.curves, facts.window.end)
    return (
        facts.placements.rename({"booked_impressions": "booked"})
        .join(heard, on=PLACEMENT, how="left", validate="1:1")
        .join(facts.before.select(*PLACEMENT, before="impressions"), on=PLACEMENT, how="left", validate="1:1")
        .join(expected, on=PLACEMENT, how="left", validate="1:1")
        .with_columns(pl.col("impressions", "before", "households", "consumers").fill_null(0))
        .with_columns(
            delivered=pl.col("before") + pl.col("impressions"),
            ended=pl.col("flight_ends_at") <= facts.window.end,
        )
        .drop("before", "podcast_id", "flight_starts_at", "flight_ends_at")
        .sort(*CAMPAIGN, "placement_id")
    )


def _signals(facts: PeriodFacts) -> pl.DataFrame:
    """Each signal's count on the goal conversions that earned credit, and how many of those had another signal too."""
    goals = facts.credited.filter("is_goal").join(
        facts.campaigns.select(*CAMPAIGN, sponsor="sponsor_id", campaign="campaign_id"), on=CAMPAIGN, validate="m:1"
    )
    kinds = pl.sum_horizontal(pl.col(f"{signal}_signals") > 0 for signal in SIGNALS)
    counted = []
    for level in ("campaign", "sponsor"):
        seen = goals.rename({level: "scope_id"}).unique([*SCOPE, "conversion_id"])
        for signal in SIGNALS:
            has_it = pl.col(f"{signal}_signals") > 0
            counted.append(
                seen.group_by(SCOPE).agg(
                    level=pl.lit(level),
                    signal=pl.lit(signal),
                    events=pl.col(f"{signal}_signals").sum().cast(pl.Int64),
                    conversions=has_it.sum().cast(pl.Int64),
                    overlapping=(has_it & (kinds > 1)).sum().cast(pl.Int64),
                    all_conversions=pl.len().cast(pl.Int64),
                    all_overlapping=(kinds > 1).sum().cast(pl.Int64),
                )
            )
    return pl.concat(counted).sort("tenant_id", "level", "scope_id", "signal")
