"""Rematching: requests that were imported before their file was in the catalogue are matched once it is there.

Here: which tenants have new files, the paths of requests that had none, and giving these requests what they are for.
Not here: what a path means (paths.py), days that are computed again because of edits (assets/edits.py).

A request keeps its path where it is for no file (event_data). The days of those that are matched count as changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import polars as pl

from assets.edits import SETTLED_AFTER
from assets.importing.paths import GUID, MediaPaths
from sql.connections.locks import take_locks
from sql.statements import statement
from sql.warehouse import Warehouse

EVER, NEVER = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)

# A path, what it stands for from when until when, and the ids of that: podcast, episode, asset.
Match = tuple[str, datetime, datetime, UUID, UUID, UUID | None]


def match_again(warehouse: Warehouse, tenants: Sequence[UUID], now: datetime | None = None) -> int:
    """Match the requests of tenants whose catalogue has new files; returns how many found theirs.

    To be called before the edits that say so are seen (reopen_edited_days). As these are looked at once more when
    every run that had read the catalogue before is over, so are the requests that such a run has imported.
    """
    settled_before = (now or warehouse.clock()) - SETTLED_AFTER
    found = warehouse.rows("read_new_files", tenants=list(tenants), settled_before=settled_before)
    return sum(_match(warehouse, row["tenant_id"], row["since"]) for row in found)


def _match(warehouse: Warehouse, tenant: UUID, since: datetime) -> int:
    paths = [row["path"] for row in warehouse.rows("read_unmatched_paths", tenant=tenant, start=since)]
    if not paths:
        return 0
    media = MediaPaths.of(warehouse.read("read_media_paths", tenants=[tenant]))
    matches = [match for path in paths for match in matches_of(media, path)]
    if not matches:
        return 0
    names = ("paths", "sinces", "untils", "podcasts", "episodes", "assets")
    values = dict(zip(names, map(list, zip(*matches, strict=True)), strict=True))
    with warehouse.transaction() as connection:
        take_locks(connection, ["setting_edits"])
        text = statement("match_requests").text.encode()
        days = connection.execute(text, {"tenant": tenant, "start": since, **values}).fetchall()
        if days:
            reopened = {"tenant": tenant, "days": [day for day, _ in days], "sources": ["requests"]}
            connection.execute(statement("reopen_days").text.encode(), reopened)
    return sum(int(str(requests)) for _, requests in days)


def matches_of(media: MediaPaths, path: str) -> Iterator[Match]:
    """What a path that an import has kept stands for, the versions of its file one after the other; nothing: none."""
    # Imports of before kept the guid of an episode as a path.
    ids = media.find(path.removeprefix("/") if path.startswith(f"/{GUID}") else path)
    if ids is None:
        return
    before = media.versions.before.filter(pl.col("current_id") == pl.lit(ids[2], dtype=pl.Binary))
    since = EVER
    for _, until, *version in before.sort("replaced_at").iter_rows():
        yield path, since, until, *_uuids(version)
        since = until
    yield path, since, NEVER, *_uuids(ids)


def _uuids(ids: Sequence[object]) -> tuple[UUID, UUID, UUID | None]:
    podcast, episode, asset = (UUID(bytes=each) if isinstance(each, bytes) else None for each in ids)
    assert podcast is not None  # noqa: S101
    assert episode is not None  # noqa: S101
    return podcast, episode, asset
