"""Expiry: raw addresses go when a tenant's time for them is over; the keys made of them stay.

Here: which days are due, and the order that makes it safe: keys first, and no address goes without its keys.
Not here: how keys are made and put back (kept.py and kept_signals.py in assets/listening), when this runs
(pipelines/upkeep.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import polars as pl

from assets.listening.addresses import AddressRanges
from assets.listening.kept import keep_keys
from assets.listening.kept_signals import keep_signal_keys
from assets.listening.keys import Keyring
from sql.statements import statement
from sql.values import Scope, Window
from sql.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Expired:
    """What went of one tenant's day: addresses of requests and playback, and those of attribution events."""

    slug: str
    day: date
    addresses: int
    signals: int = 0


def expire_addresses(
    warehouse: Warehouse, scope: Scope, ranges: AddressRanges, keyring: Keyring, now: datetime
) -> Iterator[Expired]:
    """Take the addresses of whole UTC days away that are older than their tenant's address_days, oldest first.

    A tenant that has set none keeps them. It may be stopped at any moment: what is left goes the next time. Lines that
    an importer could not store hold addresses too, and so do rows that are left out of every number; those that came
    that long ago are deleted.
    """
    tenants = warehouse.tenants(scope)
    ids = [UUID(bytes=each) for each in tenants["tenant_id"]]
    limits = dict(warehouse.read("read_method_settings", tenants=ids).select("tenant_id", "address_days").iter_rows())
    for tenant_id, slug in tenants.select("tenant_id", "slug").iter_rows():
        if limits[tenant_id] is None:
            continue
        before = Window.of_day(now.date() - timedelta(days=limits[tenant_id])).start
        tenant = UUID(bytes=tenant_id)
        for day in _due_days(warehouse, tenant, before):
            window = Window.of_day(day)
            signals = expire_signals(warehouse, tenant, window, ranges, keyring)
            yield Expired(slug, day, expire_day(warehouse, tenant, window, ranges, keyring), signals)
        with warehouse.transaction() as connection:
            for name in ("expire_strange_addresses", "expire_rejects"):
                connection.execute(statement(name).text, {"tenant": tenant, "before": before})


def _due_days(warehouse: Warehouse, tenant: UUID, before: datetime) -> list[date]:
    due = [
        warehouse.read(name, before=before, tenants=[tenant])["day"]
        for name in ("read_due_addresses", "read_due_signal_addresses")
    ]
    return pl.concat(due).unique().sort().to_list()


def expire_day(warehouse: Warehouse, tenant: UUID, window: Window, ranges: AddressRanges, keyring: Keyring) -> int:
    """Keep the keys of one tenant's requests of a UTC day, then take their addresses away; returns how many went.

    A row that arrives in between has no keys yet and keeps its address until the next time.
    """
    span = {"start": window.start, "end": window.end}
    rows = warehouse.read("read_addresses", **span, tenants=[tenant])
    inclusions = warehouse.read("read_ip_inclusions", tenants=[tenant])
    warehouse.insert("event_keys", keep_keys(rows, ranges, inclusions, keyring, window.day))
    return _expire(warehouse, "expire_addresses", tenant, window)


def expire_signals(warehouse: Warehouse, tenant: UUID, window: Window, ranges: AddressRanges, keyring: Keyring) -> int:
    """The same for one tenant's attribution events."""
    span = {"start": window.start, "end": window.end}
    rows = warehouse.read("read_signal_addresses", **span, tenants=[tenant])
    if rows.is_empty():
        return 0
    inclusions = warehouse.read("read_ip_inclusions", tenants=[tenant])
    kept = keep_signal_keys(rows, ranges, inclusions, keyring, tenant, window.day)
    warehouse.insert("attribution_event_keys", kept)
    return _expire(warehouse, "expire_signal_addresses", tenant, window)


def _expire(warehouse: Warehouse, name: str, tenant: UUID, window: Window) -> int:
    with warehouse.transaction() as connection:
        values = {"tenant": tenant, "start": window.start, "end": window.end}
        return connection.execute(statement(name).text, values).rowcount
