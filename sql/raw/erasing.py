"""Erasing: every row of a tenant that stands for one listener or one household, and what is computed anew without it.

Here: which tables have keys of people, deleting and counting by them, re-opening days, the proof, the request's end.
Not here: whose keys they are (assets/erasure), files of the archive.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from psycopg import sql

from sql.connections.locks import take_locks
from sql.raw.archiving import ArchivedState, RowsChangedError, archive_lock, archived_states
from sql.raw.imports import whole_number
from sql.statements import statement
from sql.tables import RAW
from sql.values import PermanentError
from sql.warehouse import Connection, Warehouse
from sql.writing import key_lock, refuse_rotated

# By table: the columns that hold the key of a household and of a listener, and the day of a row.
KEYED: Mapping[str, tuple[str | None, str | None, str | None]] = {
    "event_keys": ("household_key", "consumer_key", None),
    "attribution_event_keys": ("household_key", "consumer_key", None),
    "downloads": ("household_key", "consumer_key", "day"),
    "ad_exposures": ("household_key", "consumer_key", "(occurred_at AT TIME ZONE 'UTC')::date"),
    "listener_firsts": (None, "consumer_key", "day"),
    "conversions": ("household_key", "listener_key", "day"),
    "campaign_holdouts": ("household_key", None, None),
}

# By it the reach of large days is read faster: hashes of keys, made anew with the day, counted in the proof.
_SKETCHES = "reach_sketches"

# What hangs on a conversion.
_OF_CONVERSIONS = ("conversion_adjustments", "attribution_touches", "attribution_credits", "conversion_days")


@dataclass(frozen=True, slots=True)
class Keys:
    """What stands for somebody: keys of households and of listeners."""

    households: frozenset[int] = frozenset()
    listeners: frozenset[int] = frozenset()


class RequestEndedError(PermanentError):
    """The request of an erasure was carried out or withdrawn meanwhile; nothing was erased."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is kept of an erasure. kind: listener or address. person: who erased. before: rows by table.

    request: the one that it carries out, which ends in the same transaction, and with it what it kept of whom.
    """

    kind: str
    person: str
    before: Mapping[str, int]
    archived_days: int
    archived_rows: int
    request: UUID | None = None


def raw_days(warehouse: Warehouse, tenant: UUID) -> list[date]:
    """The UTC days of which a tenant has raw rows in the tables."""
    with warehouse.transaction() as connection:
        found = connection.execute(
            "SELECT DISTINCT (occurred_at AT TIME ZONE 'UTC')::date FROM ("
            "SELECT occurred_at FROM public.listener_events WHERE tenant_id = %(tenant)s "
            "UNION ALL SELECT occurred_at FROM public.attribution_events WHERE tenant_id = %(tenant)s"
            ") AS rows WHERE in_event_time_bounds(occurred_at) ORDER BY 1",
            {"tenant": tenant},
        ).fetchall()
    return [day for (day,) in found if isinstance(day, date)]


def listeners_of(warehouse: Warehouse, tenant: UUID, households: Iterable[int]) -> frozenset[int]:
    """The keys of the listeners that are known of these households."""
    found: set[int] = set()
    with warehouse.transaction() as connection:
        for table, (household, listener, _) in KEYED.items():
            if household and listener:
                rows = connection.execute(
                    sql.SQL("SELECT DISTINCT {} FROM public.{} WHERE tenant_id = %s AND {} = ANY(%s)").format(
                        sql.Identifier(listener), sql.Identifier(table), sql.Identifier(household)
                    ),
                    [tenant, list(households)],
                ).fetchall()
                found |= {int(str(key)) for (key,) in rows if key is not None}
    return frozenset(found)


def count_rows(warehouse: Warehouse, tenant: UUID, keys: Keys, events: Mapping[str, Sequence[UUID]]) -> dict[str, int]:
    """By table, the rows that are somebody's. events: raw ones, by table."""
    with warehouse.transaction() as connection:
        return _count(connection, tenant, keys, events)


def _count(connection: Connection, tenant: UUID, keys: Keys, events: Mapping[str, Sequence[UUID]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for table in RAW:
        found = connection.execute(
            sql.SQL("SELECT count(*) FROM public.{} WHERE tenant_id = %s AND event_id = ANY(%s)").format(
                sql.Identifier(table)
            ),
            [tenant, list(events.get(table, ()))],
        )
        counts[table] = whole_number(found.fetchone())
    for table in KEYED:
        found = connection.execute(
            sql.SQL("SELECT count(*) FROM public.{} WHERE tenant_id = %(tenant)s AND {}").format(
                sql.Identifier(table), _whose(table)
            ),
            _values(tenant, keys),
        )
        counts[table] = whole_number(found.fetchone())
    found = connection.execute(
        sql.SQL("SELECT count(*) FROM public.reach_sketches WHERE {}").format(_sketches()), _values(tenant, keys)
    )
    counts[_SKETCHES] = whole_number(found.fetchone())
    return counts


def _sketches() -> sql.Composed:
    """The sketches of days on which they were exposed, which may hold their hash."""
    return sql.SQL(
        "tenant_id = %(tenant)s AND day IN (SELECT {} FROM public.ad_exposures WHERE tenant_id = %(tenant)s AND {})"
    ).format(sql.SQL(KEYED["ad_exposures"][2] or ""), _whose("ad_exposures"))


def _whose(table: str) -> sql.Composed:
    household, listener, _ = KEYED[table]
    parts = [
        sql.SQL("{} = ANY({})").format(sql.Identifier(column), sql.Placeholder(name))
        for column, name in ((household, "households"), (listener, "listeners"))
        if column
    ]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(parts))


def _values(tenant: UUID, keys: Keys) -> dict[str, object]:
    return {"tenant": tenant, "households": list(keys.households), "listeners": list(keys.listeners)}


def erase_rows(
    warehouse: Warehouse,
    tenant: UUID,
    keys: Keys,
    events: Mapping[str, Sequence[UUID]],
    days: Iterable[date],
    address: str | None,
    of_raw: Sequence[str],
    began: datetime,
    archived: Mapping[date, ArchivedState],
    proof: Proof,
) -> tuple[dict[str, int], list[date]]:
    """Delete them in one transaction, re-open the days, keep the proof; what is left by table, and the days.

    events, days: raw rows of the tables, by table, and their days. address: whose rejected lines go, too. of_raw: the
    assets that are made of raw rows. began: before the keys were made. archived: the archived days before any row was
    read, with the manifests of those that were written again since. Runs that read the tenant's rows before cannot
    write any more (writing.refuse_erased). Raises PermanentError, and erases nothing, where rows are left or keys were
    rotated meanwhile; RowsChangedError where days were archived or restored; RequestEndedError where the request does
    not wait any more.
    """
    raw = set(days)
    with warehouse.transaction() as connection:
        take_locks(connection, [archive_lock(tenant), key_lock(tenant)])
        if archived_states(connection, tenant) != archived:
            raise RowsChangedError(
                "Days were archived or restored while it was erased, so nothing was in the tables; run it again"
            )
        refuse_rotated(connection, {tenant: began})
        request = {"tenant": tenant, "request": proof.request}
        if proof.request and not connection.execute(statement("lock_erasure_request").text, request).fetchone():
            raise RequestEndedError("It was carried out or withdrawn meanwhile; nothing was erased")
        touched = raw | _delete(connection, tenant, keys, events, address)
        _reopen(connection, tenant, sorted(raw), sorted(touched), of_raw)
        after = _count(connection, tenant, keys, events)
        if any(after.values()):
            raise PermanentError(f"Rows came while it was erased, so nothing was; run it again. Left: {after}")
        erasure = _keep_proof(connection, tenant, proof, after, len(touched))
        if proof.request:
            ended = {**request, "state": "done", "erasure": erasure, "withdrawn_by": None}
            connection.execute(statement("end_erasure_request").text, ended)
    return after, sorted(touched)


def _delete(
    connection: Connection, tenant: UUID, keys: Keys, events: Mapping[str, Sequence[UUID]], address: str | None
) -> set[date]:
    """Delete what is somebody's from every table; the days of the rows that were computed."""
    touched: set[date] = set()
    for table in RAW:
        connection.execute(
            sql.SQL("DELETE FROM public.{} WHERE tenant_id = %s AND event_id = ANY(%s)").format(sql.Identifier(table)),
            [tenant, list(events.get(table, ()))],
        )
    connection.execute(
        "DELETE FROM public.attribution_deliveries WHERE tenant_id = %s AND event_id = ANY(%s)",
        [tenant, list(events.get("attribution_events", ()))],
    )
    for table in _OF_CONVERSIONS:
        connection.execute(
            sql.SQL(
                "DELETE FROM public.{} WHERE tenant_id = %(tenant)s AND conversion_id IN (SELECT conversion_id "
                "FROM public.conversions WHERE tenant_id = %(tenant)s AND {})"
            ).format(sql.Identifier(table), _whose("conversions")),
            _values(tenant, keys),
        )
    connection.execute(sql.SQL("DELETE FROM public.reach_sketches WHERE {}").format(_sketches()), _values(tenant, keys))
    # Whoever was to make a day of them measures it anew.
    connection.execute("DELETE FROM public.day_shards WHERE tenant_id = %s", [tenant])
    for table, (_, _, day) in KEYED.items():
        found = connection.execute(
            sql.SQL("DELETE FROM public.{} WHERE tenant_id = %(tenant)s AND {} RETURNING {}").format(
                sql.Identifier(table),
                _whose(table),
                sql.SQL(day or "NULL::date"),
            ),
            _values(tenant, keys),
        ).fetchall()
        touched |= {each for (each,) in found if isinstance(each, date)}
    if address is not None:
        connection.execute(
            "DELETE FROM public.ingest_rejects WHERE tenant_id = %s AND strpos(line, %s) > 0", [tenant, address]
        )
    return touched


def _keep_proof(connection: Connection, tenant: UUID, proof: Proof, after: Mapping[str, int], days: int) -> UUID:
    """Note that somebody was erased, and never who; the erasure's id. days: how many are computed anew."""
    counts = {table: {"before": before, "after": after[table]} for table, before in proof.before.items()}
    erasure = uuid4()
    connection.execute(
        "INSERT INTO public.erasures (tenant_id, erasure_id, erased_by, kind, counts, days, archived_days, "
        "archived_rows) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            tenant,
            erasure,
            proof.person,
            proof.kind,
            json.dumps(counts),
            days,
            proof.archived_days,
            proof.archived_rows,
        ],
    )
    return erasure


def _reopen(connection: Connection, tenant: UUID, raw: list[date], touched: list[date], of_raw: Sequence[str]) -> None:
    """Days whose raw rows are in the tables are computed anew from what is left; what is made of the others' tables is
    computed anew from those."""
    connection.execute(
        "DELETE FROM public.request_dispositions WHERE tenant_id = %s AND day = ANY(%s) AND NOT EXISTS (SELECT FROM "
        "public.archived_days AS archived WHERE archived.tenant_id = request_dispositions.tenant_id "
        "AND archived.day = request_dispositions.day AND archived.dropped_at IS NOT NULL)",
        [tenant, raw],
    )
    connection.execute(
        "UPDATE public.rollup_ledger AS line SET began_at = '-infinity' WHERE tenant_id = %s AND day = ANY(%s) "
        "AND asset = ANY(%s) AND NOT EXISTS (SELECT FROM public.archived_days AS archived "
        "WHERE archived.tenant_id = line.tenant_id AND archived.day = line.day AND archived.dropped_at IS NOT NULL)",
        [tenant, raw, list(of_raw)],
    )
    connection.execute(
        "UPDATE public.rollup_ledger SET changed_at = clock_timestamp(), content_hash = NULL "
        "WHERE tenant_id = %s AND day = ANY(%s) AND asset = ANY(%s)",
        [tenant, touched, ["downloads", "ad_exposures", "conversions", "attribution_credits"]],
    )
