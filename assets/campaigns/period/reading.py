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
from assets.campaigns.results.credited_conversions import ids_of, read_credited
from assets.campaigns.results.own_ads import with_own_credit
from assets.grain import CAMPAIGN, PLACEMENT
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
    received_by: datetime | None = None,
) -> PeriodFacts:
    """The facts of a period. Raises PermanentError for a campaign that the tenant does not have.

    window:   the period, cut at the tenant's local midnights (Window.of_local_days); timezone names its days
    as_of:    refunds count that occurred before it, and windows are complete or open by it
    received_by: count conversions, their worth and refunds by what had been received by then (a period at an equal age)
    """
    tenants = [tenant]
    chosen = _choose(read("read_campaigns", tenants=tenants), tenant, campaigns)
    settings = read("read_attribution_configs", tenants=tenants)
    chosen = settings_at(chosen, settings, as_of)
    ids = ids_of(chosen, "campaign_id")
    since = min(chosen["starts_at"].min(), window.start)  # type: ignore[type-var]
    placements = read("read_placements", tenants=tenants).join(chosen.select(CAMPAIGN), on=CAMPAIGN, validate="m:1")
    own_placements = placements.select(PLACEMENT)
    days = list(window.days())
    touches = read("read_campaign_touches", first=days[0], last=days[-1], tenants=tenants, campaigns=ids)
    credited = read_credited(read, tenants, chosen, window, as_of, received_by)
    return PeriodFacts(
        window=window,
        as_of=as_of,
        timezone=timezone,
        campaigns=chosen,
        exposures=read("read_campaign_exposures", start=window.start, end=window.end, tenants=tenants, campaigns=ids),
        before=read("read_delivered_before", since=since, before=window.start, tenants=tenants, campaigns=ids),
        placements=placements,
        airings=read("read_airings", tenants=tenants).join(own_placements, on=PLACEMENT, validate="m:1"),
        credited=with_own_credit(credited, touches, settings, window),
        curves=read("read_age_curves", before=window.end, tenants=tenants, podcasts=ids_of(placements, "podcast_id")),
    )


def _choose(campaigns: pl.DataFrame, tenant: UUID, ids: Sequence[UUID]) -> pl.DataFrame:
    wanted = {campaign.bytes for campaign in ids}
    chosen = campaigns.filter(pl.col("campaign_id").is_in(list(wanted)))
    if chosen.height != len(wanted):
        missing = sorted(str(UUID(bytes=each)) for each in wanted - set(chosen["campaign_id"]))
        raise PermanentError(f"tenant {tenant} has no campaign {', '.join(missing)}: check the ids of the subscription")
    return chosen
