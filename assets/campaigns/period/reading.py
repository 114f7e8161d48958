"""Period facts: everything that is read about a period of one tenant's campaigns.

Here: which rows a period needs, and the campaigns with their settings in force.
Not here: what is computed from them (summarising.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import polars as pl

from assets.campaigns.delivery.terms import settings_at
from assets.campaigns.results.apart import Apart, Member, read_since
from assets.campaigns.results.credited_conversions import ids_of, read_credited
from assets.campaigns.results.own_ads import with_own_credit
from assets.frames import UTC_TIME
from assets.grain import CAMPAIGN
from sql.values import PermanentError, Reader, Window


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """What was read for a period: frames in the columns of their statements (sql/queries), of the chosen campaigns.

    window: the period; as_of: the moment by which windows are complete; timezone: whose midnights part the days.
    campaigns: of terms.settings_at; exposures: inside the period; before: impressions by placement from the campaign's
    start to the period's; credited: of own_ads.with_own_credit; curves: of read_age_curves.
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


def read_period(
    read: Reader,
    tenant: UUID,
    campaigns: Sequence[UUID],
    window: Window,
    timezone: str,
    as_of: datetime,
    *,
    received_by: datetime | None = None,
    apart: Apart | None = None,
) -> PeriodFacts:
    """The facts of a period. Raises PermanentError for a campaign that the tenant does not have.

    window:      the period, cut at the tenant's local midnights (Window.of_local_days); timezone names its days
    as_of:       refunds count that occurred before it, and windows are complete or open by it
    received_by: count conversions, their worth and refunds by what had been received by then (a period at an equal age)
    apart:       parts the rows among several reports, whose campaigns these are; the facts are then of all of them,
                 each under its key in place of the tenant's id
    """
    tenants = [tenant]
    apart = apart or Apart([Member(tenant.bytes, campaigns)])
    chosen = apart.by_campaign(_choose(read("read_campaigns", tenants=tenants), tenant, campaigns))
    settings = read("read_attribution_configs", tenants=tenants)
    days = list(window.days())
    span = {"first": days[0], "last": days[-1]}
    touches = apart.by_conversion(read("read_campaign_touches", **span, tenants=tenants, campaigns=campaigns))
    # A path has touches of the sponsor's other campaigns, by their own settings.
    settings = apart(settings, pl.concat([frame.select(CAMPAIGN) for frame in (chosen, touches)]), "campaign_id")
    chosen = settings_at(chosen, settings, as_of)
    placements = apart.by_campaign(read("read_placements", tenants=tenants))
    credited = read_credited(read, tenants, chosen, window, as_of, received_by, apart)
    exposed = read("read_campaign_exposures", start=window.start, end=window.end, tenants=tenants, campaigns=campaigns)
    return PeriodFacts(
        window=window,
        as_of=as_of,
        timezone=timezone,
        campaigns=chosen,
        exposures=apart.by_campaign(exposed),
        before=_read_before(read, tenants, chosen, window),
        placements=placements,
        airings=apart(read("read_airings", tenants=tenants), placements, "placement_id"),
        credited=with_own_credit(credited, touches, settings, window),
        curves=apart(
            read("read_age_curves", before=window.end, tenants=tenants, podcasts=ids_of(placements, "podcast_id")),
            placements,
            "podcast_id",
        ),
    )


def _read_before(read: Reader, tenants: Sequence[UUID], chosen: pl.DataFrame, window: Window) -> pl.DataFrame:
    """What placements delivered before the period, from the start of the first of a report's campaigns on."""
    starts = chosen.group_by("tenant_id").agg(
        since=pl.min_horizontal(pl.col("starts_at").min(), pl.lit(window.start, dtype=UTC_TIME))
    )
    requested = chosen.select(CAMPAIGN).join(starts, on="tenant_id")
    return read_since(read, "read_delivered_before", requested, before=window.start, tenants=list(tenants))


def _choose(campaigns: pl.DataFrame, tenant: UUID, ids: Sequence[UUID]) -> pl.DataFrame:
    wanted = {campaign.bytes for campaign in ids}
    chosen = campaigns.filter(pl.col("campaign_id").is_in(list(wanted)))
    if chosen.height != len(wanted):
        missing = sorted(str(UUID(bytes=each)) for each in wanted - set(chosen["campaign_id"]))
        raise PermanentError(f"tenant {tenant} has no campaign {', '.join(missing)}: check the ids of the subscription")
    return chosen
