"""Erasing: a listener or a household leaves a tenant's rows, those of the archive, and what is computed of them.

Here: whose rows they are: raw rows that have an address or kept keys, archived rows, all under the keys in force.
Not here: the tables (sql/raw/erasing.py), requests that wait (requesting.py), computing the days again (earshot heal).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl

from assets.archive.files import read_day, read_manifest, root_of
from assets.archive.keeping import read_rows, replace_files
from assets.importing.sources.places import Place
from assets.listening.identity.keys import Keyring, derive_keys, renew_keys
from assets.steps import MADE_OF_RAW
from sql.raw.archiving import ArchivedState
from sql.raw.erasing import Keys, Proof, count_rows, erase_rows, listeners_of, raw_days
from sql.tables import RAW
from sql.values import PermanentError, Window
from sql.warehouse import Warehouse

_RETAINED_KEYS = {"listener_events": "event_keys", "attribution_events": "attribution_event_keys"}


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased: rows by table before and after, the days that are to be computed again, and of the archive."""

    before: Mapping[str, int]
    after: Mapping[str, int]
    days: tuple[date, ...]
    archived_days: int
    archived_rows: int


@dataclass(frozen=True, slots=True)
class _Archived:
    """What was erased in the archive: days and rows; the keys with those found there; its days as they were left."""

    days: int
    rows: int
    keys: Keys
    states: Mapping[date, ArchivedState]


def kind_of(listener: int | None, address: str | None) -> str:
    """Which of both is named: listener or address. Raises PermanentError for none and for both."""
    if (listener is None) == (address is None):
        raise PermanentError("Name a listener by key or a household by address")
    return "listener" if listener is not None else "address"


def spelt_address(address: str) -> str:
    """The address in its usual spelling. Raises PermanentError for what is none."""
    try:
        return str(ipaddress.ip_address(address.strip()))
    except ValueError:
        raise PermanentError(f"{address!r} is no address: write one such as 203.0.113.7 or 2001:db8::1") from None


def keys_of_address(address: str, tenant: UUID, keyring: Keyring) -> frozenset[int]:
    """The key of a household under the newest version of the ring. Raises PermanentError for what is no address."""
    text = spelt_address(address)
    frame = pl.DataFrame({"tenant_id": [tenant.bytes], "client_ip": [text], "user_agent": [None]}).cast(
        {"user_agent": pl.String}
    )
    return frozenset(derive_keys(frame, keyring)["household_key"].to_list())


def erase(
    warehouse: Warehouse,
    tenant: UUID,
    keyring: Keyring,
    person: str,
    *,
    listener: int | None = None,
    address: str | None = None,
    root: Place | None = None,
    dry_run: bool = False,
    request: UUID | None = None,
) -> Erasure:
    """Erase one listener, by key, or one household, by address (IPv6: its /64 network); keep the proof without either.

    root: its options open the archive, whose files are written again first. request: the one that this carries out. It
    may be stopped and run again. Raises PermanentError, and leaves the tables as they are, where rows come meanwhile,
    or for a key or address that is none; RowsChangedError where days are archived or restored meanwhile;
    RequestEndedError where the request does not wait any more.
    """
    kind = kind_of(listener, address)
    began = warehouse.clock()
    keyring = keyring.in_force(warehouse.read, [tenant])
    households = keys_of_address(address, tenant, keyring) if address is not None else frozenset[int]()
    listeners = listeners_of(warehouse, tenant, households) if households else frozenset({listener or 0})
    keys = Keys(households, listeners)
    # First, so that rows which move between the tables and the archive while both are read are not missed.
    in_archive = warehouse.rows("read_archived_days", tenants=[tenant], first=date.min, last=date.max)
    events: dict[str, list[UUID]] = {table: [] for table in RAW}
    days: set[date] = set()
    for day in raw_days(warehouse, tenant):
        found, keys = _find(read_rows(warehouse, tenant, Window.of_day(day)), tenant, keys, keyring)
        for table, ids in found.items():
            events[table] += [UUID(bytes=each) for each in ids]
            days |= {day} if ids else set()
    archived = _erase_archived(warehouse, tenant, keys, keyring, in_archive, root, dry_run=dry_run)
    keys = archived.keys
    before = count_rows(warehouse, tenant, keys, events)
    if dry_run:
        return Erasure(before, before, tuple(sorted(days)), archived.days, archived.rows)
    proof = Proof(kind, person, before, archived.days, archived.rows, request)
    after, touched = erase_rows(
        warehouse, tenant, keys, events, days, address, MADE_OF_RAW, began, archived.states, proof
    )
    return Erasure(before, after, tuple(touched), archived.days, archived.rows)


def _find(
    frames: Mapping[str, pl.DataFrame], tenant: UUID, keys: Keys, keyring: Keyring
) -> tuple[dict[str, list[bytes]], Keys]:
    """The ids of the raw events that are theirs, by table; and the keys with those of the household's listeners."""
    found: dict[str, list[bytes]] = {}
    listeners = set(keys.listeners)
    for table, key_table in _RETAINED_KEYS.items():
        frame = frames.get(table, pl.DataFrame())
        if frame.is_empty():
            continue
        supplied = ["household_key", *(["key_version"] if "key_version" in frame.columns else [])]
        named = frame.select(
            "tenant_id", "event_id", "user_agent", *supplied, client_ip=pl.col("client_ip").str.split("/").list.first()
        )
        derived = [derive_keys(named, keyring).select("event_id", "household_key", "consumer_key")]
        own = pl.Schema({"event_id": pl.Binary, "household_key": pl.Int64, "consumer_key": pl.Int64})
        both = ["household_key", "consumer_key"]
        if "listener_key" in frame.columns:
            supplied_keys = frame.select("tenant_id", "event_id", "household_key", consumer_key="listener_key")
            derived.append(renew_keys(supplied_keys, both, keyring).select("event_id", *both).cast(own))
        if not frames.get(key_table, pl.DataFrame()).is_empty():
            renewed = renew_keys(frames[key_table], both, keyring, since="key_version")
            derived.append(renewed.select("event_id", *both))
        theirs = pl.concat(derived).filter(
            pl.col("household_key").is_in(list(keys.households)) | pl.col("consumer_key").is_in(list(keys.listeners))
        )
        if keys.households:
            listeners |= set(theirs["consumer_key"].drop_nulls())
        found[table] = theirs["event_id"].unique(maintain_order=True).to_list()
    return found, Keys(keys.households, frozenset(listeners))


def _erase_archived(
    warehouse: Warehouse,
    tenant: UUID,
    keys: Keys,
    keyring: Keyring,
    in_archive: Iterable[Mapping[str, Any]],
    root: Place | None,
    *,
    dry_run: bool,
) -> _Archived:
    """Write archived days again without their rows."""
    days = rows = 0
    states: dict[date, ArchivedState] = {}
    for each in in_archive:
        place = Place(each["place"], root.options if root else {})
        states[each["day"]] = (each["manifest_sha256"], each["dropped_at"], each["restored_at"])
        frames = read_day(place, read_manifest(place, each["manifest_sha256"]))
        found, keys = _find(frames, tenant, keys, keyring)
        gone = {name: ids for table, ids in found.items() for name in (table, _RETAINED_KEYS[table])}
        left = {table: frame.filter(~pl.col("event_id").is_in(gone.get(table, []))) for table, frame in frames.items()}
        fewer = sum(frames[table].height - left[table].height for table in frames)
        if not fewer:
            continue
        days, rows = days + 1, rows + fewer
        if not dry_run:
            above = Place(root_of(place.location, tenant, each["day"]), place.options)
            manifest = replace_files(warehouse, above, tenant, each["day"], left, each["manifest_sha256"])
            states[each["day"]] = (manifest.sha256, each["dropped_at"], each["restored_at"])
    return _Archived(days, rows, keys, states)
