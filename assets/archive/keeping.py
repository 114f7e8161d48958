"""Keeping: which raw rows a tenant has kept long enough, and the order in which they leave: files first, then rows.

Here: the days that are due, what they wait for, archiving and dropping one.
Not here: files (files.py), statements (sql/raw/archiving.py), when this runs (assets/archive/assets.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import polars as pl

from assets.archive.files import Manifest, read_day, read_manifest, remove_earlier, write_day
from assets.each_tenant import for_each_tenant
from assets.importing.sources.places import Place
from assets.lineage import read_stale
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.keys import Keyring
from assets.listening.identity.retained_keys import REQUESTS, SIGNALS
from assets.privacy.expiry import expire_day
from assets.spans import CALENDAR_DAY, ROLLING_AHEAD, ROLLING_BACK
from assets.steps import MADE_OF_RAW
from sql.connections.connecting import LockedError
from sql.connections.locks import take_locks
from sql.failures import FailureLog
from sql.raw.archiving import (
    TABLES,
    RowsChangedError,
    archive_lock,
    archived_states,
    columns_of,
    drop_day,
    drop_empty_parts,
    fingerprints,
    refuse_changed_files,
)
from sql.statements import statement
from sql.values import PermanentError, Scope, Window
from sql.warehouse import Warehouse
from sql.writing import is_erased_since

# In tenant_failures: the asset that does it every night.
SUBJECT = "archived_rows"

# What tenants.raw_days may be at least (sql/migrations/0024_archive.sql says why).
FEWEST_DAYS = 63


@dataclass(frozen=True, slots=True)
class ArchivedDay:
    """A tenant's day that is due: what was archived and dropped of it, or why it waits.

    rows, bytes: of its files. dropped: rows that left the tables. waits: None where it does not. loses_addresses: the
    tenant's addresses go at some time, so the archive has none.
    """

    tenant: UUID
    slug: str
    day: date
    rows: int
    bytes: int = 0
    dropped: int = 0
    place: str = ""
    waits: str | None = None
    loses_addresses: bool = False


@dataclass(frozen=True, slots=True)
class Archiving:
    """What archiving is done with. root: None where no archive is configured: then nothing may go."""

    root: Place | None
    ranges: AddressRanges
    keyring: Keyring


def archive_rows(
    warehouse: Warehouse,
    scope: Scope,
    archiving: Archiving,
    now: datetime,
    failures: FailureLog | None = None,
    *,
    before: date | None = None,
    dry_run: bool = False,
) -> Iterator[ArchivedDay]:
    """Archive and drop whole UTC days of raw rows that are older than their tenant's raw_days, oldest first.

    before: days before this one instead, for every tenant of the scope. dry_run: the days that are due, unchanged.
    It may be stopped at any moment: a day leaves the tables in one transaction, after its files have been read back.
    Raises PermanentError where no archive is configured and a tenant has raw_days, or for a day too near.
    """
    if before is not None and before > now.date() - timedelta(days=FEWEST_DAYS):
        raise PermanentError(
            f"Rows before {before} are not archived: days may still be computed of rows of the last {FEWEST_DAYS} "
            f"days. Name {now.date() - timedelta(days=FEWEST_DAYS)} or an earlier day"
        )
    dropped: set[date] = set()

    def work(tenant: UUID, slug: str) -> Iterator[ArchivedDay]:
        for day in _due_days(warehouse, tenant, slug, now, before):
            done = day if dry_run or day.waits else _archive_day(warehouse, archiving, day)
            if done.dropped:
                dropped.add(done.day)
            yield done

    yield from for_each_tenant(warehouse, scope, failures, SUBJECT, work)
    for each in sorted(dropped):
        # An empty part costs next to nothing.
        with suppress(LockedError):
            drop_empty_parts(warehouse, each)


def _due_days(
    warehouse: Warehouse, tenant: UUID, slug: str, now: datetime, before: date | None
) -> Iterator[ArchivedDay]:
    settings = warehouse.read("read_method_settings", tenants=[tenant]).row(0, named=True)
    if before is None:
        if settings["raw_days"] is None:
            return
        before = now.date() - timedelta(days=settings["raw_days"])
    due = warehouse.read("read_due_raw_days", before=Window.of_day(before).start, tenants=[tenant])
    if due.is_empty():
        return
    # Days around that are made of the day's rows, too.
    is_rolling = settings["download_window"] != CALENDAR_DAY
    back, ahead = (ROLLING_AHEAD, ROLLING_BACK) if is_rolling else (timedelta(), timedelta())
    first, last = due["day"][0] - back, due["day"][-1] + ahead
    # A day of what is made of raw rows that is not as it should be needs them still.
    stale = set(read_stale(warehouse.read, [tenant], first, last, MADE_OF_RAW)["day"])
    lines = warehouse.ledger("request_dispositions", Window.of_days(first, last)).filter(tenant_id=tenant.bytes)
    final = set(lines.filter(status="final")["day"])
    for day, rows in due.iter_rows():
        around = {day + timedelta(days=step) for step in range(-back.days, ahead.days + 1)}
        waits = (
            f"it is not computed for good yet: earshot backfill --tenant {slug} --from {day} --to {day}"
            if day not in final
            else f"{min(around & stale)} is stale and made of its rows: earshot heal"
            if around & stale
            else None
        )
        loses_addresses = settings["address_days"] is not None
        yield ArchivedDay(tenant, slug, day, rows, waits=waits, loses_addresses=loses_addresses)


def _archive_day(warehouse: Warehouse, archiving: Archiving, due: ArchivedDay) -> ArchivedDay:
    """One tenant's day into files that were read back, then out of the tables."""
    if archiving.root is None:
        raise PermanentError(
            "No archive is configured, so no raw row is dropped. Set EARSHOT_ARCHIVE to a folder or an address such as "
            "s3://bucket/earshot, or tenants.raw_days to NULL"
        )
    window = Window.of_day(due.day)
    began = warehouse.clock()
    if due.loses_addresses:
        # Whose addresses are to go at some time has none in the archive, where nobody would take them out.
        for relation in (REQUESTS, SIGNALS):
            expire_day(warehouse, due.tenant, window, archiving.ranges, archiving.keyring, relation)
    before = fingerprints(warehouse, due.tenant, window)
    frames = _read_tables(warehouse, due.tenant, window)
    merged, manifest_sha256 = _with_dropped(warehouse, archiving.root, due.tenant, due.day, frames)
    manifest = replace_files(warehouse, archiving.root, due.tenant, due.day, merged, manifest_sha256, began)
    gone = drop_day(warehouse, due.tenant, window, before)
    return ArchivedDay(due.tenant, due.slug, due.day, manifest.rows, manifest.bytes, sum(gone.values()), manifest.place)


def read_rows(warehouse: Warehouse, tenant: UUID, window: Window) -> dict[str, pl.DataFrame]:
    """A tenant's rows of a UTC day as the archive keeps them, by table."""
    return {
        table: warehouse.read(f"read_archive_{table}", start=window.start, end=window.end, tenants=[tenant])
        for table in TABLES
    }


def _read_tables(warehouse: Warehouse, tenant: UUID, window: Window) -> dict[str, pl.DataFrame]:
    """As read_rows. Raises PermanentError where a column of a table is not among what the archive keeps."""
    frames = read_rows(warehouse, tenant, window)
    for table, frame in frames.items():
        if missing := set(columns_of(warehouse, table)) - set(frame.columns):
            raise PermanentError(
                f"The archive does not keep {', '.join(sorted(missing))} of {table}, so nothing is dropped: "
                f"read_archive_{table} lacks what the table has"
            )
    return frames


def _with_dropped(
    warehouse: Warehouse, root: Place, tenant: UUID, day: date, frames: dict[str, pl.DataFrame]
) -> tuple[dict[str, pl.DataFrame], str | None]:
    """The rows with those that were archived and dropped before: the day is in the tables in part, as late rows.

    And the hash of the day's manifest so far; None where it has none.
    """
    archived = warehouse.rows("read_archived_days", tenants=[tenant], first=day, last=day)
    manifest_sha256 = archived[0]["manifest_sha256"] if archived else None
    if not archived or archived[0]["dropped_at"] is None:
        return frames, manifest_sha256
    place = Place(archived[0]["place"], root.options)
    earlier = read_day(place, read_manifest(place, str(manifest_sha256)))
    merged = dict(frames)
    for table, frame in earlier.items():
        key = ["occurred_at", "event_id", *(["key_version"] if table == "attribution_event_keys" else [])]
        rest = frame.join(frames[table], on=key, how="anti")
        # A column that came since is NULL in earlier rows, as in the table.
        merged[table] = pl.concat([frames[table], rest], how="diagonal_relaxed").sort(key)
    return merged, manifest_sha256


def replace_files(
    warehouse: Warehouse,
    root: Place,
    tenant: UUID,
    day: date,
    frames: Mapping[str, pl.DataFrame],
    manifest_sha256: str | None,
    began: datetime | None = None,
) -> Manifest:
    """Write an archived day's files in place of those so far, and keep where it lies, with the hash of its manifest.

    manifest_sha256: of the manifest so far, None where it has none. began: before the frames were read, where somebody
    may have been erased since. Raises RowsChangedError, and writes nothing, where the files so far are other ones by
    now, or somebody was erased: nobody comes back by rows that were read before.
    """
    with warehouse.transaction() as connection:
        take_locks(connection, [archive_lock(tenant)])
        # Files may take longer than a transaction may idle.
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        refuse_changed_files(connection, tenant, day, manifest_sha256)
        if began is not None and is_erased_since(connection, {tenant: began}):
            raise RowsChangedError(
                f"Somebody was erased while {day} was archived; nothing was dropped, and the next night tries again"
            )
        manifest = write_day(root, tenant, day, frames)
        connection.execute(
            statement("note_archived_day").text,
            {
                "tenant": tenant,
                "day": day,
                "place": manifest.place,
                "manifest_sha256": manifest.sha256,
                "rows": manifest.rows,
                "bytes": manifest.bytes,
            },
        )
    with warehouse.transaction() as connection:
        take_locks(connection, [archive_lock(tenant)])
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        if archived_states(connection, tenant)[day][0] == manifest.sha256:
            remove_earlier(Place(manifest.place, root.options), manifest)
    return manifest
