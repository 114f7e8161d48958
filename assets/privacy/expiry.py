"""Expiry: raw addresses go when a tenant's time for them is over; the keys made of them stay.

Here: which days are due, and the order that makes it safe: keys first, and no address goes without its keys.
Not here: how keys are made and put back (assets/listening/kept.py), when this runs (pipelines/upkeep.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from assets.listening.addresses import AddressRanges
from assets.listening.kept import keep_keys
from assets.listening.keys import Keyring
from sql.statements import statement
from sql.values import Scope, Window
from sql.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Expired:
    """What went of one tenant's day."""

    slug: str
    day: date
    addresses: int


def expire_addresses(
    warehouse: Warehouse, scope: Scope, ranges: AddressRanges, keyring: Keyring, now: datetime
) -> Iterator[Expired]:
    """Take the addresses of whole UTC days away that are older than their tenant's address_days, oldest first.

    A tenant that has set none keeps them. It may be stopped at any moment: what is left goes the next time.
    """
    tenants = warehouse.tenants(scope)
    ids = [UUID(bytes=each) for each in tenants["tenant_id"]]
    limits = dict(warehouse.read("read_method_settings", tenants=ids).select("tenant_id", "address_days").iter_rows())
    for tenant_id, slug in tenants.select("tenant_id", "slug").iter_rows():
        if limits[tenant_id] is None:
            continue
        before = Window.of_day(now.date() - timedelta(days=limits[tenant_id])).start
        tenant = UUID(bytes=tenant_id)
        for day in warehouse.read("read_due_addresses", before=before, tenants=[tenant])["day"]:
            yield Expired(slug, day, expire_day(warehouse, tenant, Window.of_day(day), ranges, keyring))


def expire_day(warehouse: Warehouse, tenant: UUID, window: Window, ranges: AddressRanges, keyring: Keyring) -> int:
    """Keep the keys of one tenant's UTC day, then take its addresses away; returns how many went.

    A row that arrives in between has no keys yet and keeps its address until the next time.
    """
    span = {"start": window.start, "end": window.end}
    rows = warehouse.read("read_addresses", **span, tenants=[tenant])
    inclusions = warehouse.read("read_ip_inclusions", tenants=[tenant])
    warehouse.insert("event_keys", keep_keys(rows, ranges, inclusions, keyring, window.day))
    with warehouse.transaction() as connection:
        return connection.execute(statement("expire_addresses").text, {**span, "tenant": tenant}).rowcount
