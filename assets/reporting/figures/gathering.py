"""Gathering: from a period's results to the facts of one report.

Here: choosing the rows of one report's scope and model, and replacing ids by names.
Not here: what the numbers mean (campaigns/), sentences and formats (reports/), reading (reading.py).
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl

from assets.campaigns.period.summarising import PeriodResult
from assets.reporting.figures.folding import Counted, fold_small, shows_apart
from assets.reporting.figures.periods import ReportPeriod
from assets.reporting.figures.subscriptions import ReportCampaign, Subject
from reports.content.tables.grouping import together
from reports.facts.report_facts import (
    Brand,
    CampaignRow,
    Daily,
    FailedCheck,
    Measure,
    Method,
    ModelRow,
    OpenWindows,
    Pacing,
    Period,
    PlacementRow,
    ReportFacts,
    ShowRow,
    SignalCounts,
    Totals,
)
from reports.facts.to_date import Figures
from sql.values import Interval

# What the period has beside its headline: of its own ads, or of its own conversions. What relates money to conversions
# is to date.
RESPONSE = ("conversion_rate", "visitor_rate", "aov")

# Of households that were reached: their sample is the numerator, the reach of the same rows the denominator.
RATES = ("conversion_rate", "visitor_rate")

Kpis = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What a report states about itself: who sends it, how its numbers were made."""

    report_id: str
    revision: int
    brand: Brand
    rules_version: str
    methodology: str | None
    code_version: str
    data_through: datetime
    lateness_hours: int
    download_window: str
    unsubscribe: str
    view_online: str | None
    fewest_households: int
    is_final: bool
    failed_checks: tuple[FailedCheck, ...]


@dataclass(frozen=True, slots=True)
class SoFar:
    """Figures since the campaigns' start. shows: of period.to_date.shows_until; campaigns: by their ids."""

    shows: pl.DataFrame
    campaigns: Mapping[UUID, Figures]


def gather(
    subject: Subject,
    period: ReportPeriod,
    now: PeriodResult,
    previous: PeriodResult | None,
    so_far: SoFar,
    names: pl.DataFrame,
    context: ReportContext,
) -> ReportFacts:
    """Everything that one report shows of its period, as numbers. names: of read_report_names."""
    kpis = kpis_of(now, subject.level, subject.scope_id, subject.model)
    counted = placement_rows(now, subject, so_far.shows, names, context.brand.timezone)
    placements, folded = fold_small(counted, context.fewest_households)
    return ReportFacts(
        report_id=context.report_id,
        revision=context.revision,
        brand=context.brand,
        sponsor=subject.sponsor,
        campaign=None if subject.is_portfolio else subject.campaigns[0].name,
        cadence=period.cadence,
        goal_kind=subject.campaigns[0].goal_kind,
        period=Period(period.first, period.last),
        previous_period=Period(period.previous_first, period.previous_last) if previous else None,
        currency=subject.currency,
        now=headline(now, subject),
        previous=headline(previous, subject) if previous else None,
        daily=daily(now, subject.model),
        previous_daily=daily(previous, subject.model) if previous else None,
        placements=placements,
        models=model_rows(now, subject),
        signals=signal_counts(now, subject),
        method=_method(subject, context),
        campaigns=campaign_rows(now, subject, so_far.campaigns) if subject.is_portfolio else (),
        pacing=pacing(now.pacing),
        windows=open_windows(now, subject),
        unsubscribe=context.unsubscribe,
        view_online=context.view_online,
        fewest_households=context.fewest_households,
        failed_checks=context.failed_checks,
        folded_rows=folded,
        shows=show_rows(so_far.shows, names, subject, shows_apart(counted, context.fewest_households)),
        response=tuple(measures(kpis, RESPONSE)),
        flights=tuple(Period(campaign.starts_on, campaign.ends_on) for campaign in subject.campaigns),
    )


def kpis_of(result: PeriodResult, level: str, scope_id: bytes, model: str) -> Kpis:
    """The KPI rows of one scope and model by name."""
    return result.kpis_by_scope.get((level, scope_id, model), {})


def headline(result: PeriodResult, subject: Subject) -> Totals:
    """The totals of a period, with whom it reached and which part of its conversions its own ads earned."""
    kinds = result.reached.filter(pl.col("scope_id") == subject.scope_id, level=subject.level)
    return replace(
        totals(kpis_of(result, subject.level, subject.scope_id, subject.model)),
        reached=tuple(kinds.select("address_class", "addresses").iter_rows()),
        own_conversions=math.fsum(result.shows.filter(model=subject.model)["own_conversions"]),
    )


def totals(kpis: Kpis) -> Totals:
    """The headline of a period, with intervals where there are any."""
    reach = kpis["reach"]["estimate"]
    return Totals(
        delivered=int(kpis["impressions"]["estimate"]),
        reach=None if reach is None else int(reach),
        conversions=float(kpis["conversions"]["estimate"]),
        sample=int(kpis["conversions"]["sample"]),
        revenue_minor=kpis["revenue"]["amount_minor"],
        spend_minor=kpis["spend"]["amount_minor"],
        conversions_interval=_interval(kpis["conversions"]),
        revenue_interval=_interval(kpis["revenue"]),
        roas_interval=_interval(kpis["roas"]),
        cpa_interval=_interval(kpis["cpa"]),
        modelled=_interval(kpis["modelled_conversions"]),
        usable_share=kpis["conversions"]["usable_share"],
        unvalued=int(kpis["conversions"]["sample"] - kpis["revenue"]["sample"]),
    )


def measures(kpis: Kpis, names: Sequence[str]) -> Iterator[Measure]:
    """The KPIs of these names, as far as they can be context."""
    for name in names:
        row = kpis[name]
        interval = None if row["estimate"] is None else Interval(row["estimate"], row["lower"], row["upper"])
        is_small = row["badge"] == "too_few" and row["sample"] > 0
        is_doubtful = row["badge"] == "low_confidence"
        parts = (int(row["sample"]), int(kpis["reach"]["estimate"])) if name in RATES and interval else (None, None)
        yield Measure(name, interval, row["unit"] == "minor", is_small, is_doubtful, *parts)


def _interval(kpi: Mapping[str, Any]) -> Interval | None:
    if kpi["estimate"] is None or (kpi["lower"] is None and kpi["upper"] is None):
        return None
    return Interval(kpi["estimate"], kpi["lower"], kpi["upper"])


def daily(result: PeriodResult, model: str) -> Daily:
    """Ads and conversions per local day, over the report's campaigns."""
    days = result.daily.filter(model=model).group_by("day").agg(pl.col("impressions", "conversions").sum()).sort("day")
    return Daily(tuple(days["impressions"].to_list()), tuple(days["conversions"].to_list()))


def placement_rows(
    result: PeriodResult, subject: Subject, so_far: pl.DataFrame, names: pl.DataFrame, timezone: str
) -> tuple[Counted, ...]:
    """One row per placement and episode. Booked is of the placement: it stands where the placement has one episode."""
    campaigns = {campaign.campaign_id: campaign for campaign in subject.campaigns}
    valued = {
        campaign: kpis_of(result, "campaign", campaign, subject.model)["revenue"]["amount_minor"] is not None
        for campaign in campaigns
    }
    placed = ["placement_id", "episode_id"]
    models = result.shows.group_by(placed, maintain_order=True).agg(
        models=pl.struct("model", "conversions").sort_by("model")
    )
    shows = result.shows.filter(model=subject.model).join(models, on=placed, validate="1:1")
    booked = result.pacing.select("placement_id", "booked")
    rows = (
        shows.join(_figures(so_far, placed), on=placed, how="left", validate="1:1")
        .join(names, on=["placement_id", "episode_id"], how="left", validate="1:1")
        .join(booked, on="placement_id", how="left", validate="m:1")
        .with_columns(
            aired=pl.col("aired_at").dt.convert_time_zone(timezone).dt.date(),
            alone=pl.len().over("placement_id") == 1,
        )
    )
    return tuple(
        Counted(_placement_row(row, campaigns, valued), row["households"]) for row in rows.iter_rows(named=True)
    )


def _placement_row(
    row: Mapping[str, Any], campaigns: Mapping[bytes, ReportCampaign], valued: Mapping[bytes, bool]
) -> PlacementRow:
    return PlacementRow(
        campaign=campaigns[row["campaign_id"]].name,
        show=row["show"],
        episode=row["episode"],
        placement=row["placement"],
        position=row["position"],
        aired=row["aired"],
        booked=row["booked"] if row["alone"] else None,
        delivered=row["impressions"],
        conversions=row["conversions"],
        revenue_minor=row["revenue_minor"] if valued[row["campaign_id"]] else None,
        spend_minor=row["spend_minor"],
        currency=campaigns[row["campaign_id"]].currency,
        to_date=Figures(**row["so_far"]) if row["so_far"] else None,
        by_model=tuple((each["model"], each["conversions"]) for each in row["models"]),
        episode_url=row["episode_url"],
    )


def show_rows(
    so_far: pl.DataFrame, names: pl.DataFrame, subject: Subject, apart: Container[tuple[str, str]]
) -> tuple[ShowRow, ...]:
    """The shows that are named, over all of their placements and episodes. so_far: of period.to_date.shows_until."""
    currencies = {campaign.campaign_id: campaign.currency for campaign in subject.campaigns}
    titles = dict(names.select("placement_id", "show").unique().iter_rows())
    heard = so_far.select("placement_id", "podcast_id").unique().iter_rows()
    title_of = {podcast: titles[placement] for placement, podcast in heard if placement in titles}
    parts: dict[tuple[str, str], list[Figures]] = {}
    for row in so_far.rename({"impressions": "delivered"}).iter_rows(named=True):
        show = currencies[row["campaign_id"]], title_of.get(row["podcast_id"], "")
        if show in apart:
            parts.setdefault(show, []).append(Figures(*(row[name] for name in Figures.__slots__)))
    return tuple(ShowRow(name, currency, together(each)) for (currency, name), each in sorted(parts.items()))


def _figures(so_far: pl.DataFrame, placed: Sequence[str]) -> pl.DataFrame:
    """The figures of each placement and episode, as one column of structs. so_far: of period.to_date.shows_until."""
    named = so_far.rename({"impressions": "delivered"})
    return named.select(*placed, so_far=pl.struct(list(Figures.__slots__)))


def campaign_rows(result: PeriodResult, subject: Subject, so_far: Mapping[UUID, Figures]) -> tuple[CampaignRow, ...]:
    """One row per campaign of a portfolio, in the order of the subject."""
    rows = []
    for campaign in subject.campaigns:
        own = totals(kpis_of(result, "campaign", campaign.campaign_id, subject.model))
        paced = pacing(result.pacing.filter(pl.col("campaign_id") == campaign.campaign_id))
        rows.append(
            CampaignRow(
                name=campaign.name,
                starts_on=campaign.starts_on,
                ends_on=campaign.ends_on,
                booked=paced.booked if paced else None,
                delivered=own.delivered,
                reach=own.reach,
                conversions=own.conversions,
                sample=own.sample,
                revenue_minor=own.revenue_minor,
                spend_minor=own.spend_minor,
                currency=campaign.currency,
                to_date=so_far.get(UUID(bytes=campaign.campaign_id)),
            )
        )
    return tuple(rows)


def model_rows(result: PeriodResult, subject: Subject) -> tuple[ModelRow, ...]:
    """The subject's conversions and revenue under each model that it was measured with."""
    # Another campaign may lead with a model of its own, under which this subject was not measured.
    by_model = {
        model: totals(kpis)
        for (level, scope_id, model), kpis in result.kpis_by_scope.items()
        if level == subject.level and scope_id == subject.scope_id
    }
    return tuple(ModelRow(model, own.conversions, own.revenue_minor) for model, own in by_model.items())


def signal_counts(result: PeriodResult, subject: Subject) -> SignalCounts:
    """Conversions by signal, and how many had more than one."""
    seen = result.signals.filter(pl.col("scope_id") == subject.scope_id, level=subject.level)
    counts = tuple(
        (signal, count) for signal, count in zip(seen["signal"], seen["conversions"], strict=True) if count > 0
    )
    return SignalCounts(counts, int(seen["all_overlapping"].max() or 0))  # type: ignore[arg-type]


def pacing(rows: pl.DataFrame) -> Pacing | None:
    """Booked against delivered since the start; None unless every placement's booking is known."""
    if rows.is_empty() or rows["booked"].has_nulls():
        return None
    expected = None if rows["expected"].has_nulls() else int(rows["expected"].sum())
    missing = (rows["booked"] - rows["delivered"]).clip(0).filter(rows["ended"])
    booked, delivered = int(rows["booked"].sum()), int(rows["delivered"].sum())
    return Pacing(booked, delivered, expected, bool(rows["ended"].all()), int(missing.sum()))


def open_windows(result: PeriodResult, subject: Subject) -> OpenWindows:
    """Episodes that delivered in the period, and how many of them have ads whose window is open."""
    delivered = result.shows.filter(pl.col("impressions") > 0, model=subject.model)
    # Counted from the ad and not from the airing: an old episode is downloaded anew every day.
    still_open = delivered.filter(pl.col("mature_impressions") < pl.col("impressions"))["episode_id"].n_unique()
    kpis = kpis_of(result, subject.level, subject.scope_id, subject.model)
    return OpenWindows(delivered["episode_id"].n_unique(), still_open, kpis["impressions"]["mature_share"])


def _method(subject: Subject, context: ReportContext) -> Method:
    versions = sorted({str(campaign.version) for campaign in subject.campaigns})
    return Method(
        download_window=context.download_window,
        window_days=tuple(sorted({campaign.window_days for campaign in subject.campaigns})),
        default_model=subject.model,
        rules_version=context.rules_version,
        config_version=", ".join(versions),
        code_version=context.code_version,
        data_through=context.data_through,
        is_final=context.is_final,
        lateness_hours=context.lateness_hours,
        methodology=context.methodology,
        half_life_days=tuple(sorted({campaign.half_life_days for campaign in subject.campaigns})),
    )
