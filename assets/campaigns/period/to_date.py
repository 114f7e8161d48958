"""To date: what campaigns did from their start to any of several moments, from one read of their facts.

Here: the cumulative figures of each campaign and each of its ads, and the KPIs of several campaigns together, without
reading exposures.
Not here: the results of a period (summarising.py), what earlier reports said of them (reporting/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import polars as pl

from assets.campaigns.delivery.spend import recognise_spend, unknown_spend
from assets.campaigns.delivery.terms import fold_money, price_campaigns, settings_at, sponsor_scopes, sum_or_null
from assets.campaigns.results.apart import Apart, Member, read_since
from assets.campaigns.results.credited_conversions import read_credited
from assets.campaigns.results.kpis import FROM_TOTALS, measure_data_driven
from assets.campaigns.results.response import respond
from assets.frames import whole_sum
from assets.grain import CAMPAIGN, CAMPAIGN_PLACEMENT_EPISODE, PLACEMENT, SCOPE, SCOPE_MODEL
from sql.values import Reader, Window


@dataclass(frozen=True, slots=True)
class CampaignHistory:
    """The facts of campaigns since their start, under one attribution model.

    moments: ascending; the last one ends the history. campaigns: of terms.settings_at; credited: of
    credited_conversions.read_credited; delivered: of read_delivered_between, by the moments. since: a column of the
    airings, where the histories of several reports stand under their keys (results/apart.py).
    """

    since: datetime | pl.Expr
    moments: Sequence[datetime]
    model: str
    campaigns: pl.DataFrame
    placements: pl.DataFrame
    airings: pl.DataFrame
    credited: pl.DataFrame
    delivered: pl.DataFrame

    def of(self, campaigns: pl.DataFrame) -> CampaignHistory:
        """The history of some of the campaigns."""
        key = campaigns.select(CAMPAIGN)
        placements = self.placements.join(key, on=CAMPAIGN, how="semi")
        return CampaignHistory(
            self.since,
            self.moments,
            self.model,
            campaigns,
            placements,
            self.airings.join(placements, on=PLACEMENT, how="semi"),
            self.credited.join(key, on=CAMPAIGN, how="semi"),
            self.delivered.join(key, on=CAMPAIGN, how="semi"),
        )


def read_history(
    read: Reader,
    tenant: UUID,
    campaigns: Sequence[UUID],
    since: datetime,
    moments: Sequence[datetime],
    as_of: datetime,
    model: str,
) -> CampaignHistory:
    """The campaigns' facts from since to the last of the moments, by everything that has been received.

    as_of: refunds count that occurred before it. model: the one by which conversions are credited.
    """
    return read_histories(read, tenant, [Member(tenant.bytes, campaigns, min(since, *moments))], moments, as_of, model)


def read_histories(
    read: Reader, tenant: UUID, members: Sequence[Member], moments: Sequence[datetime], as_of: datetime, model: str
) -> CampaignHistory:
    """The histories of several reports, each under its key, from its own since to the last of the moments."""
    tenants, apart, ordered = [tenant], Apart(members), sorted(set(moments))
    chosen = apart.by_campaign(read("read_campaigns", tenants=tenants))
    settings = apart(read("read_attribution_configs", tenants=tenants), chosen, "campaign_id")
    chosen = settings_at(chosen, settings, as_of)
    placements = apart.by_campaign(read("read_placements", tenants=tenants))
    window = Window(min(apart.since["since"]), ordered[-1])
    requested = chosen.select(CAMPAIGN).join(apart.since, on="tenant_id", validate="m:1")
    airings = apart(read("read_airings", tenants=tenants), placements, "placement_id")
    return CampaignHistory(
        since=pl.col("since"),
        moments=ordered,
        model=model,
        campaigns=chosen,
        placements=placements,
        airings=airings.join(apart.since, on="tenant_id", validate="m:1", maintain_order="left"),
        credited=read_credited(read, tenants, chosen, window, as_of, apart=apart).filter(model=model),
        delivered=read_since(
            read, "read_delivered_between", requested, before=window.end, moments=ordered, tenants=tenants
        ),
    )


def measure_each(history: CampaignHistory, moment: datetime) -> pl.DataFrame:
    """The KPIs of each campaign until the moment, one of the history's; columns of kpis.measure, scope_id: campaign."""
    scopes = history.campaigns.select("tenant_id", "currency", "margin", "config_version", scope_id="campaign_id")
    return _measure(history, moment, scopes, history.campaigns.select(*CAMPAIGN, scope_id="campaign_id"))


def measure_together(history: CampaignHistory, moment: datetime) -> pl.DataFrame:
    """The KPIs of all campaigns of the history together until the moment; columns of kpis.measure, scope_id: sponsor.

    Money is null where the campaigns have several currencies.
    """
    scopes = sponsor_scopes(history.campaigns).drop("default_model")
    return _measure(history, moment, scopes, history.campaigns.select(*CAMPAIGN, scope_id="sponsor_id"))


def price_until(history: CampaignHistory, moment: datetime) -> pl.DataFrame:
    """terms.price_campaigns by the moment: what each campaign was booked for, has delivered and has cost."""
    delivered = _delivered_until(history, moment)
    nothing = delivered.clear().select(*PLACEMENT, "impressions")
    spend = recognise_spend(history.placements, history.airings, nothing, delivered, history.since, moment)
    expected = history.placements.select(*PLACEMENT, expected=pl.lit(None, dtype=pl.Int64))
    return price_campaigns(history.placements, spend, delivered, expected, moment)


def shows_until(history: CampaignHistory, moment: datetime) -> pl.DataFrame:
    """What each placement and episode delivered, cost and earned until the moment: money and orders of the same ads.

    returns: CAMPAIGN_PLACEMENT_EPISODE, podcast_id, impressions, spend_minor (null: not known), conversions, sample,
    revenue_minor
    """
    key, nothing = CAMPAIGN_PLACEMENT_EPISODE, history.delivered.clear().select(*PLACEMENT, "impressions")
    delivered = (
        history.delivered.filter(pl.col("span") <= history.moments.index(moment))
        .group_by(key)
        .agg(pl.col("impressions").sum())
    )
    spend = recognise_spend(history.placements, history.airings, nothing, delivered, history.since, moment)
    campaign_of = history.placements.select(*PLACEMENT, "campaign_id")
    spent = spend.join(campaign_of, on=PLACEMENT, validate="m:1")
    earned = (
        history.credited.filter(pl.col("is_goal") & (pl.col("converted_at") < moment))
        .group_by(key, maintain_order=True)
        .agg(
            conversions=pl.col("credit").sum(),
            sample=pl.col("conversion_id").n_unique().cast(pl.Int64),
            revenue_minor=whole_sum(pl.col("revenue_minor")),
        )
    )
    unknown = unknown_spend(history.placements).with_columns(is_unknown=pl.lit(True))
    return (
        pl.concat([delivered.select(key), spent.select(key), earned.select(key)])
        .unique()
        .join(delivered, on=key, how="left", validate="1:1")
        .join(spent, on=key, how="left", validate="1:1")
        .join(earned, on=key, how="left", validate="1:1")
        .join(unknown, on=PLACEMENT, how="left", validate="m:1")
        .with_columns(
            pl.col("impressions", "conversions", "sample", "revenue_minor").fill_null(0),
            spend_minor=pl.when(pl.col("is_unknown").is_null()).then(pl.col("spend_minor").fill_null(0)),
        )
        .drop("is_unknown")
        .join(history.placements.select(*PLACEMENT, "podcast_id"), on=PLACEMENT, how="left", validate="m:1")
        .sort(key)
    )


def _delivered_until(history: CampaignHistory, moment: datetime) -> pl.DataFrame:
    """Impressions by placement. Spend is known by campaign only, so which episodes they were in does not matter."""
    last_span = history.moments.index(moment)
    return (
        history.delivered.filter(pl.col("span") <= last_span)
        .group_by(*CAMPAIGN, "placement_id")
        .agg(pl.col("impressions").sum())
        .with_columns(episode_id=pl.col("placement_id"))
    )


def _measure(history: CampaignHistory, moment: datetime, scopes: pl.DataFrame, scope_of: pl.DataFrame) -> pl.DataFrame:
    """measure_data_driven of the scopes. scope_of: CAMPAIGN, scope_id."""
    zero = pl.lit(0, dtype=pl.Int64)
    delivery = _delivered_until(history, moment).with_columns(
        usable_impressions=zero, mature_impressions=zero, clicks=zero
    )
    earned = history.credited.filter(pl.col("converted_at") < moment)
    delivery, credited, prices = (
        frame.join(scope_of, on=CAMPAIGN, validate="m:1") for frame in (delivery, earned, price_until(history, moment))
    )
    columns = ("spend_minor", "cost_minor", "booked", "delivered", "expected", "make_good")
    prices = prices.group_by(SCOPE).agg(sum_or_null(name) for name in columns)
    reach = scopes.select(*SCOPE, households=zero, consumers=zero)
    grid = scopes.select(*SCOPE, model=pl.lit(history.model))
    response = grid.join(respond(fold_money(credited, scopes)), on=SCOPE_MODEL, how="left", validate="1:1")
    return measure_data_driven(
        scopes, delivery, reach, fold_money(prices, scopes), response, (*FROM_TOTALS, "cpv", "cpl")
    )
