"""A network of two tenants and one week, small enough to know by heart.

Here: its rows, and what can go wrong with them. Harbor counts in US dollars on UTC; Kreuz in euros on Berlin's time.
Not here: running anything.

Each day three homes fetch the day's one episode file in full, ad included. On Wednesday and Friday the first home buys
at the sponsor for 20.00.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid5

import polars as pl

from sql.warehouse import Warehouse

NAMES = UUID("4f0d8a2e-54f4-4f35-8c35-0a6c3f3b7c1d")
MONDAY = date(2026, 3, 2)
SUNDAY = date(2026, 3, 8)
# Berlin's Monday begins on Sunday evening, UTC.
FIRST = date(2026, 3, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(8)]
TENANTS = {"harbor": ("UTC", "USD"), "kreuz": ("Europe/Berlin", "EUR")}
HOMES = ("10.0.0.1", "10.0.0.2", "10.0.0.3")

Row = Mapping[str, object]


def named(*names: object) -> UUID:
    return uuid5(NAMES, "/".join(map(str, names)))


def at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def add(warehouse: Warehouse, table: str, *rows: Row) -> int:
    """Rows of a table; returns how many were new."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    texts = {name: [str(v) if isinstance(v, UUID) else v for v in values] for name, values in columns.items()}
    return warehouse.insert(table, pl.DataFrame(texts, strict=False))


def build_network(warehouse: Warehouse) -> None:
    """Both tenants with their week of raw rows."""
    for slug, (timezone, currency) in TENANTS.items():
        add_tenant(warehouse, slug, timezone, currency)
        for day in DAYS:
            add(warehouse, "listener_events", *(download(slug, day, home) for home in HOMES))
        for day in (MONDAY + timedelta(days=2), MONDAY + timedelta(days=4)):
            add(warehouse, "attribution_events", purchase(slug, day, f"order-{day}", currency))


def add_tenant(warehouse: Warehouse, slug: str, timezone: str, currency: str) -> None:
    """One show, one sponsor, one campaign with one baked-in placement of 90.00, and its weekly subscription."""
    owner = {"tenant_id": named(slug)}
    add(
        warehouse,
        "tenants",
        {
            **owner,
            "slug": slug,
            "name": slug.title(),
            "brand_name": slug.title(),
            "timezone": timezone,
            "currency": currency,
        },
    )
    show = {**owner, "podcast_id": named(slug, "show")}
    add(warehouse, "podcasts", {**show, "slug": "tides", "title": "Tides"})
    episode = {**owner, "episode_id": named(slug, "episode")}
    published = at(FIRST, 4)
    add(
        warehouse,
        "episodes",
        {**show, **episode, "guid": "1", "title": "Low water", "published_at": published, "duration_s": 3600.0},
    )
    file = {**episode, "asset_id": named(slug, "file"), "path": "/tides/1.mp3"}
    add(warehouse, "media_assets", {**file, "file_bytes": 3_601_000, "header_bytes": 1000, "duration_s": 3600.0})
    sponsor = {**owner, "sponsor_id": named(slug, "sponsor")}
    add(warehouse, "sponsors", {**sponsor, "name": "Kettle & Co"})
    campaign = {**owner, "campaign_id": named(slug, "campaign")}
    span = {"starts_on": FIRST, "ends_on": date(2026, 3, 31), "goal_kind": "purchase", "currency": currency}
    add(warehouse, "campaigns", {**campaign, **sponsor, "name": "Spring", **span})
    order = {**campaign, "insertion_order_id": named(slug, "order")}
    add(warehouse, "insertion_orders", {**order, "number": "IO-1"})
    placement = {"placement_id": named(slug, "placement")}
    flight = {"flight_start": FIRST, "flight_end": date(2026, 3, 31), "booked_impressions": 100, "cost_minor": 9_000}
    kind = {"name": "Host read", "kind": "baked_in", "position": "pre"}
    add(warehouse, "placements", {**order, **placement, "podcast_id": named(slug, "show"), **kind, **flight})
    add(warehouse, "placement_episodes", {**episode, **placement, "aired_at": published})
    span_of_ad = {"segment_no": 1, "kind": "ad", "first_byte": 1000, "last_byte": 61_000, "insertion": "baked_in"}
    asset = {**owner, "asset_id": named(slug, "file")}
    add(warehouse, "asset_segments", {**asset, **span_of_ad, **placement, "position": "pre"})
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute(
            "INSERT INTO report_subscriptions"
            " (tenant_id, subscription_id, sponsor_id, campaign_id, cadence, recipients)"
            " VALUES (%s, %s, %s, %s, 'weekly', ARRAY['maud@kettle.example'])",
            (owner["tenant_id"], named(slug, "weekly"), sponsor["sponsor_id"], campaign["campaign_id"]),
        )


def download(slug: str, day: date, home: str, **changes: object) -> Row:
    """A home fetches the whole file."""
    return {
        "tenant_id": named(slug),
        "event_id": named(slug, day, home, "download"),
        "occurred_at": at(day, 8),
        "received_at": at(day, 9),
        "source": "server_log",
        "event_type": "download",
        "episode_id": named(slug, "episode"),
        "asset_id": named(slug, "file"),
        "client_ip": home,
        "user_agent": "Overcast/3.0 (+http://overcast.fm/; iOS podcast app)",
        "http_method": "GET",
        "http_status": 200,
        "bytes_sent": 3_601_000,
        **changes,
    }


def purchase(slug: str, day: date, order: str, currency: str, **changes: object) -> Row:
    """The first home buys for 20.00; the shop's pixel reports it."""
    return {
        "tenant_id": named(slug),
        "event_id": named(slug, order, "pixel"),
        "occurred_at": at(day, 20),
        "received_at": at(day, 21),
        "sponsor_id": named(slug, "sponsor"),
        "kind": "purchase",
        "signal": "pixel",
        "order_id": order,
        "value_minor": 2000,
        "currency": currency,
        "client_ip": HOMES[0],
        "user_agent": "Mozilla/5.0 (iPhone)",
        **changes,
    }
