"""Campaigns as dimension rows: sponsors, campaigns, settings, orders, placements, airings, codes, subscriptions.

Here: what an account manager would have entered. Not here: files (catalogue.py), outcomes (orders.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import polars as pl

from pipelines.demo.world.audience import INCLUDED_AT, INCLUDED_NETWORK, LAPSED_NETWORK
from pipelines.demo.world.calendar import Span, moment
from pipelines.demo.world.catalogue import Library, Placed
from pipelines.demo.world.dice import identity
from pipelines.demo.world.network import Campaign, Tenant

Row = dict[str, object]


def sponsor_id(tenant: Tenant, slug: str) -> UUID:
    """The identifier of a tenant's sponsor, the same in every run."""
    return identity(tenant.slug, "sponsor", slug)


def campaign_id(tenant: Tenant, slug: str) -> UUID:
    """The identifier of a tenant's campaign, the same in every run."""
    return identity(tenant.slug, "campaign", slug)


def campaign_frames(library: Library, span: Span, scale: float) -> dict[str, pl.DataFrame]:
    """Rows by table. What is booked, and its price, grow with the audience: scale 1 is the default size."""
    tenant = library.tenant
    rows: dict[str, list[Row]] = {
        "sponsors": [
            {"sponsor_id": sponsor_id(tenant, each.slug).bytes, "name": each.name} for each in tenant.sponsors
        ],
        "campaigns": [_campaign(tenant, each, span) for each in tenant.campaigns],
        "attribution_configs": [row for each in tenant.campaigns for row in _configs(tenant, each, span)],
        "insertion_orders": [_insertion_order(tenant, each, span) for each in tenant.campaigns],
        "placements": [_placement(library, each, scale) for each in library.placed],
        "placement_episodes": list(_airings(library)),
        "promo_codes": [row for each in library.placed for row in _codes(tenant, each)],
        "report_subscriptions": list(_subscriptions(tenant)),
    }
    return {table: _frame(library, each) for table, each in rows.items()}


def tenant_frames(library: Library, span: Span) -> dict[str, pl.DataFrame]:
    """The tenant itself, its shared addresses, and (the same for all) rates of exchange."""
    tenant = library.tenant
    row: Row = {
        "slug": tenant.slug,
        "name": tenant.name,
        "timezone": tenant.timezone,
        "currency": tenant.currency,
        "locale": tenant.locale,
        "brand_name": tenant.name,
        "brand_color": tenant.color,
        "reply_to": f"partners.{tenant.slug}@example.com",
        "recipient_domains": ["example.com", "example.org", "example.net"],
    }
    frames = {"tenants": _frame(library, [row])}
    if tenant.slug == INCLUDED_AT:
        frames["ip_inclusions"] = _frame(library, list(_inclusions(span)))
    return frames


def _inclusions(span: Span) -> Iterator[Row]:
    """One office that was looked at lately, and one whose last look is so old that it counts for no simulated day."""
    fresh = datetime.combine(span.before_last(20), time(9), UTC)
    stale = datetime.combine(span.first - timedelta(days=120), time(9), UTC)
    yield {"network": INCLUDED_NETWORK, "reason": "Office of a publisher behind a cloud gateway", "validated_at": fresh}
    yield {"network": LAPSED_NETWORK, "reason": "Former campus gateway", "validated_at": stale}


def _frame(library: Library, rows: list[Row]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.select(pl.lit(library.tenant_id.bytes).alias("tenant_id"), pl.all())


def _campaign(tenant: Tenant, campaign: Campaign, span: Span) -> Row:
    return {
        "campaign_id": campaign_id(tenant, campaign.slug).bytes,
        "sponsor_id": sponsor_id(tenant, campaign.sponsor).bytes,
        "name": campaign.name,
        "starts_on": span.before_last(campaign.starts),
        "ends_on": span.before_last(campaign.ends),
        "goal_kind": campaign.goal,
        "currency": tenant.currency,
        "margin": campaign.margin,
        "stage": campaign.stage,
    }


def _configs(tenant: Tenant, campaign: Campaign, span: Span) -> Iterator[Row]:
    begin = datetime.combine(span.first - timedelta(days=90), time(0), UTC)
    row: Row = {
        "campaign_id": campaign_id(tenant, campaign.slug).bytes,
        "version": 1,
        "window_days": str(campaign.window_days),
        "default_model": "linear",
        "half_life_days": "7",
        "valid_from": begin,
    }
    yield row
    if campaign.second_config:
        later = begin + timedelta(days=140)
        yield row | {"version": 2, "default_model": "position_based", "half_life_days": "5", "valid_from": later}


def _insertion_order(tenant: Tenant, campaign: Campaign, span: Span) -> Row:
    return {
        "insertion_order_id": identity(tenant.slug, "order", campaign.slug).bytes,
        "campaign_id": campaign_id(tenant, campaign.slug).bytes,
        "number": f"IO-{tenant.slug[:2].upper()}-{tenant.campaigns.index(campaign) + 1:03d}",
        "signed_on": span.before_last(campaign.starts + 14),
    }


def _placement(library: Library, placed: Placed, scale: float) -> Row:
    tenant, spot = library.tenant, placed.spot
    show = next(n for n, each in enumerate(tenant.shows) if each.slug == spot.show)
    return {
        "placement_id": placed.placement_id.bytes,
        "insertion_order_id": identity(tenant.slug, "order", placed.campaign.slug).bytes,
        "campaign_id": campaign_id(tenant, placed.campaign.slug).bytes,
        "podcast_id": library.show_id(show).bytes,
        "name": f"{tenant.shows[show].title}, {spot.position}-roll {spot.seconds} s",
        "kind": spot.kind,
        "position": spot.position,
        "pricing": spot.pricing,
        "booked_impressions": None if spot.booked is None else max(100, round(spot.booked * scale)),
        "cost_minor": None if spot.cost is None else round(spot.cost * scale),
        "flight_start": placed.flight_start,
        "flight_end": placed.flight_end,
    }


def airings(library: Library) -> list[tuple[Placed, int]]:
    """Each baked-in placement with the episodes (their place in the library) whose file carries it."""
    found = {
        (ad.placed.number, asset.episode)
        for asset in library.assets
        for ad in asset.ads
        if ad.placed.spot.kind == "baked_in"
    }
    return [(library.placed[number], episode) for number, episode in sorted(found)]


def _airings(library: Library) -> Iterator[Row]:
    for placed, episode in airings(library):
        yield {
            "placement_id": placed.placement_id.bytes,
            "episode_id": library.episodes[episode].episode_id.bytes,
            "aired_at": moment(library.episodes[episode].published),
        }


def _codes(tenant: Tenant, placed: Placed) -> Iterator[Row]:
    """Codes are valid for good, or, if read out of a vanity address, from the flight on."""
    for kind, word in (("code", placed.spot.code), ("vanity_url", placed.spot.vanity)):
        if word is not None:
            yield {
                "promo_code_id": identity(tenant.slug, "code", placed.placement_id, word).bytes,
                "sponsor_id": sponsor_id(tenant, placed.campaign.sponsor).bytes,
                "placement_id": placed.placement_id.bytes,
                "code": word,
                "kind": kind,
                "valid": "(,)" if kind == "code" else f"[{placed.flight_start} 00:00+00,)",
            }


def _subscriptions(tenant: Tenant) -> Iterator[Row]:
    """Weekly and monthly reports per campaign; one without recipients, one for a sponsor's whole portfolio."""
    for place, campaign in enumerate(tenant.campaigns):
        cadences = ("weekly", "monthly") if place == 0 else ("weekly",)
        for cadence in cadences:
            people = [f"media.{campaign.sponsor}@example.com"] + (["finance@example.org"] if place == 0 else [])
            yield {
                "subscription_id": identity(tenant.slug, "subscription", campaign.slug, cadence).bytes,
                "sponsor_id": sponsor_id(tenant, campaign.sponsor).bytes,
                "campaign_id": campaign_id(tenant, campaign.slug).bytes,
                "cadence": cadence,
                "recipients": [] if place == len(tenant.campaigns) - 1 and tenant.slug == "lindenfunk" else people,
                "locale": tenant.locale,
                "empty_policy": ("send", "skip", "notify")[place % 3],
            }
    yield {
        "subscription_id": identity(tenant.slug, "subscription", "portfolio").bytes,
        "sponsor_id": sponsor_id(tenant, tenant.campaigns[0].sponsor).bytes,
        "campaign_id": None,
        "cadence": "monthly",
        "recipients": ["board@example.net"],
        "locale": "en_US",
        "empty_policy": "send",
    }
