"""Files: a tenant's archived day, as Parquet with a manifest, at any address that fsspec knows.

Here: names, manifest, writing with reading back, reading with the hashes compared.
Not here: which days (keeping.py), rows of the database (sql/raw/archiving.py).

A day lies in tenant_id=ID/day=YYYY-MM-DD/. The names of files and of the manifest have their hashes: a day that is
written again leaves its earlier state whole, until the database knows the new manifest and the earlier one is removed.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import polars as pl

from assets.importing.sources.places import Place, explained, filesystem_of
from sql.values import PermanentError

FORM = 1


class DamagedArchiveError(PermanentError):
    """An archived file is not there, or is not what its manifest says."""


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file of a day: the table, its name in the day's folder, rows, bytes and SHA-256."""

    table: str
    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archived day consists of. place: its folder. sha256: of the manifest's own text."""

    place: str
    tenant: UUID
    day: date
    files: tuple[ArchivedFile, ...]
    sha256: str

    @property
    def name(self) -> str:
        """The manifest's own name in the folder."""
        return manifest_name(self.sha256)

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.files)

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.files)


def manifest_name(sha256: str) -> str:
    """The name of a manifest with this hash."""
    return f"manifest.{sha256[:16]}.json"


def folder_of(root: str, tenant: UUID, day: date) -> str:
    """The address of a day's folder."""
    return f"{root.rstrip('/')}/tenant_id={tenant}/day={day}"


def root_of(folder: str, tenant: UUID, day: date) -> str:
    """The address of the archive that a day's folder lies in."""
    return folder.removesuffix(folder_of("", tenant, day))


def write_day(root: Place, tenant: UUID, day: date, frames: Mapping[str, pl.DataFrame]) -> Manifest:
    """Write the tables' rows of a day, read them back and compare, then write the manifest; returns it.

    frames: by table; a table without rows has no file. Earlier files of the day stay (remove_earlier). Raises
    DamagedArchiveError where what was read is not what was written; PermanentError and SourceUnavailableError for
    places that cannot be written.
    """
    folder = Place(folder_of(root.location, tenant, day), root.options)
    store, path = filesystem_of(folder)
    with explained(folder):
        store.makedirs(path, exist_ok=True)
        files = tuple(_write(store, path, table, frame) for table, frame in frames.items() if frame.height)
        named = {
            each.table: {"name": each.name, "rows": each.rows, "bytes": each.bytes, "sha256": each.sha256}
            for each in files
        }
        content = {"form": FORM, "tenant_id": str(tenant), "day": day.isoformat(), "files": named}
        text = (json.dumps(content, indent=1) + "\n").encode()
        made = Manifest(folder.location, tenant, day, files, hashlib.sha256(text).hexdigest())
        store.pipe_file(f"{path}/{made.name}", text)
        if store.cat_file(f"{path}/{made.name}") != text:
            raise DamagedArchiveError(f"{folder.location}/{made.name} is not what was written; nothing was dropped")
    return made


def remove_earlier(place: Place, manifest: Manifest) -> None:
    """Remove what lies in a day's folder and is not of this manifest: its earlier states."""
    store, path = filesystem_of(place)
    named = {manifest.name, *(each.name for each in manifest.files)}
    with explained(place):
        for old in store.ls(path, detail=False):
            if old.rstrip("/").rpartition("/")[2] not in named:
                store.rm_file(old)


def _write(store: Any, path: str, table: str, frame: pl.DataFrame) -> ArchivedFile:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    name = f"{table}.{digest[:16]}.parquet"
    store.pipe_file(f"{path}/{name}", content)
    back = store.cat_file(f"{path}/{name}")
    if hashlib.sha256(back).hexdigest() != digest or not pl.read_parquet(io.BytesIO(back)).equals(frame):
        raise DamagedArchiveError(f"{path}/{name} reads back as something else than was written; nothing was dropped")
    return ArchivedFile(table, name, frame.height, len(content), digest)


def read_manifest(place: Place, sha256: str) -> Manifest:
    """The manifest in a day's folder. sha256: what it must be, as the database has it.

    Raises DamagedArchiveError for one that is not there, cannot be read, or is another.
    """
    store, path = filesystem_of(place)
    where = f"{place.location}/{manifest_name(sha256)}"
    with explained(place):
        try:
            text = store.cat_file(f"{path}/{manifest_name(sha256)}")
        except FileNotFoundError:
            raise DamagedArchiveError(f"{where} is not there") from None
    if hashlib.sha256(text).hexdigest() != sha256:
        raise DamagedArchiveError(f"{where} is not the manifest that the database knows: its SHA-256 differs")
    content = json.loads(text)
    files = tuple(ArchivedFile(table, **entry) for table, entry in content["files"].items())
    return Manifest(place.location, UUID(content["tenant_id"]), date.fromisoformat(content["day"]), files, sha256)


def read_day(place: Place, manifest: Manifest) -> dict[str, pl.DataFrame]:
    """The rows of an archived day, by table. Raises DamagedArchiveError for a file that is not as the manifest says."""
    store, path = filesystem_of(place)
    frames: dict[str, pl.DataFrame] = {}
    with explained(place):
        for each in manifest.files:
            where = f"{place.location}/{each.name}"
            try:
                content = store.cat_file(f"{path}/{each.name}")
            except FileNotFoundError:
                raise DamagedArchiveError(f"{where} is not there") from None
            if hashlib.sha256(content).hexdigest() != each.sha256:
                raise DamagedArchiveError(f"{where} is not the file that the manifest names: its SHA-256 differs")
            frames[each.table] = pl.read_parquet(io.BytesIO(content))
            if frames[each.table].height != each.rows:
                raise DamagedArchiveError(f"{where} has {frames[each.table].height:,} rows instead of {each.rows:,}")
    return frames
