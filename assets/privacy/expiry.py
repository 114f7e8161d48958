"""Expiry: raw addresses go when a tenant's time for them is over; the keys made of them stay.

Here: which days are over their time, and the order that makes it safe: keys first, no address goes without its keys.
Not here: how keys are made and restored (assets/listening/identity/retained_keys.py), when this runs
(assets/privacy/assets.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import polars as pl

from assets.each_tenant import for_each_tenant
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.keys import Keyring
from assets.listening.identity.retained_keys import REQUESTS, SIGNALS, Relation, retain_keys
from sql.connections.locks import take_locks
from sql.failures import FailureLog
from sql.statements import statement
from sql.values import Scope, Window
from sql.warehouse import Warehouse
from sql.writing import insert, key_lock, refuse_erased

# In tenant_failures: the asset that does it every night.
SUBJECT = "expired_addresses"


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements of a relation: its days with addresses, its rows that have one, and the update that takes them."""

    due: str
    read: str
    expire: str


# By the table of the relation's retained keys.
STATEMENTS = {
    REQUESTS.table: Statements("read_due_addresses", "read_addresses", "expire_addresses"),
    SIGNALS.table: Statements("read_due_signal_addresses", "read_signal_addresses", "expire_signal_addresses"),
}


@dataclass(frozen=True, slots=True)
class Expired:
    """What went of one tenant's day: addresses of requests and playback, and those of attribution events."""

    slug: str
    day: date
    addresses: int
    signals: int = 0


def expire_addresses(
    warehouse: Warehouse,
    scope: Scope,
    ranges: AddressRanges,
    keyring: Keyring,
    now: datetime,
    failures: FailureLog | None = None,
) -> Iterator[Expired]:
    """Take the addresses of whole UTC days away that are older than their tenant's address_days, oldest first.

    A tenant that has set none keeps them. It may be stopped at any moment: what is left goes the next time. Lines that
    an importer could not store hold addresses too, and so do rows that are left out of every number; those that came
    that long ago are deleted. A tenant that it fails for goes to failures, and the others go on; without a log it
    raises.
    """

    def expire(tenant: UUID, slug: str) -> Iterator[Expired]:
        return _expire_tenant(warehouse, tenant, slug, ranges, keyring, now)

    yield from for_each_tenant(warehouse, scope, failures, SUBJECT, expire)


def _expire_tenant(
    warehouse: Warehouse, tenant: UUID, slug: str, ranges: AddressRanges, keyring: Keyring, now: datetime
) -> Iterator[Expired]:
    limit = warehouse.read("read_method_settings", tenants=[tenant])["address_days"][0]
    if limit is None:
        return
    before = Window.of_day(now.date() - timedelta(days=limit)).start
    for day in _due_days(warehouse, tenant, before):
        window = Window.of_day(day)
        signals = expire_day(warehouse, tenant, window, ranges, keyring, SIGNALS)
        yield Expired(slug, day, expire_day(warehouse, tenant, window, ranges, keyring), signals)
    with warehouse.transaction() as connection:
        for name in ("expire_strange_addresses", "expire_rejects"):
            connection.execute(statement(name).text, {"tenant": tenant, "before": before})


def _due_days(warehouse: Warehouse, tenant: UUID, before: datetime) -> list[date]:
    due = [warehouse.read(names.due, before=before, tenants=[tenant])["day"] for names in STATEMENTS.values()]
    return pl.concat(due).unique().sort().to_list()


def expire_day(
    warehouse: Warehouse,
    tenant: UUID,
    window: Window,
    ranges: AddressRanges,
    keyring: Keyring,
    relation: Relation = REQUESTS,
) -> int:
    """Retain the keys of one tenant's rows of a UTC day, then take their addresses away; returns how many went.

    relation: its requests, or its attribution events
    A row that arrives in between has no keys yet and keeps its address until the next time.
    """
    names = STATEMENTS[relation.table]
    began = warehouse.clock()
    rows = warehouse.read(names.read, start=window.start, end=window.end, tenants=[tenant])
    if rows.is_empty():
        return 0
    inclusions = warehouse.read("read_ip_inclusions", tenants=[tenant])
    in_force = keyring.in_force(warehouse.read, [tenant])
    retained = retain_keys(rows, relation, ranges, inclusions, in_force, window.day)
    with warehouse.transaction() as connection:
        # While the tenant's keys are rotated none are added; what comes after it names the version that it is of.
        take_locks(connection, [], [key_lock(tenant)])
        refuse_erased(connection, {tenant: began})
        insert(connection, relation.table, retained)
    with warehouse.transaction() as connection:
        values = {"tenant": tenant, "start": window.start, "end": window.end}
        return connection.execute(statement(names.expire).text, values).rowcount
