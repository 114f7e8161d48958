"""Restoring: archived days back into the raw tables, so that the same assets compute them again.

Here: which days, the comparison with the manifest, putting rows back.
Not here: files (files.py), statements (sql/raw/archiving.py), computing the days (pipelines/backfill).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from assets.archive.files import read_day, read_manifest
from assets.importing.sources.places import Place
from sql.raw.archiving import restore_day
from sql.values import PermanentError, Window
from sql.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class RestoredDay:
    """A day that came back: rows of its files, and how many of them were not in the tables."""

    day: date
    rows: int
    added: int


def restore_days(
    warehouse: Warehouse, tenant: UUID, first: date, last: date, root: Place | None = None, *, dry_run: bool = False
) -> Iterator[RestoredDay]:
    """Put the dropped rows of a tenant's days, first and last included, back into the raw tables, oldest first.

    root: its options open the archive. dry_run: files and hashes are compared, and nothing is put back.
    A day comes back in one transaction, after every file was found to be what the manifest says, and the manifest to
    be the one that the database knows. Raises DamagedArchiveError otherwise; PermanentError where none is
    archived.
    """
    days = warehouse.rows("read_archived_days", tenants=[tenant], first=first, last=last)
    if not days:
        raise PermanentError(f"No day of this tenant from {first} to {last} lies in the archive")
    for each in days:
        if each["dropped_at"] is None:
            continue
        place = Place(each["place"], root.options if root else {})
        manifest = read_manifest(place, each["manifest_sha256"])
        frames = read_day(place, manifest)
        added = 0 if dry_run else restore_day(warehouse, tenant, Window.of_day(each["day"]), frames, manifest.sha256)
        yield RestoredDay(each["day"], manifest.rows, added)
