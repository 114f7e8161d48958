"""Storing: a feed's plan and what was found of its files, in the tables.

Here: reading what the catalogue holds of a show, and writing a feed's news in one transaction.
Not here: what is to be written (planning.py, measuring.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from assets.catalogue.feeds.measuring import FileToMeasure, Look
from assets.catalogue.feeds.probing import Measures
from assets.catalogue.feeds.reading import Feed
from assets.catalogue.feeds.remote_files import Content
from assets.catalogue.feeds.retrieving import Retrieved
from assets.catalogue.feeds.state import Episode, FeedPlan, FollowedFile, MediaFile, NewFile, ShowState
from assets.catalogue.feeds.unwrapping import unwrap
from assets.catalogue.names import LONGEST
from sql.connections.locks import take_locks
from sql.statements import statement
from sql.values import EarshotError
from sql.warehouse import Connection, Warehouse


class OvertakenError(EarshotError):
    """Another run has written the feed since it was looked at."""


@dataclass(frozen=True, slots=True)
class FollowedFeed:
    """A feed as its row has it, with how it was when it was last looked at."""

    tenant_id: UUID
    tenant: str
    feed_id: UUID
    podcast_id: UUID
    show: str
    url: str
    is_active: bool = True
    state: str | None = None
    detail: str | None = None
    checked_at: datetime | None = None
    read_at: datetime | None = None
    next_at: datetime | None = None
    failures: int = 0
    etag: str | None = None
    last_modified: str | None = None
    episodes: int = 0
    left_episodes: int = 0
    unmeasured_files: int = 0

    @property
    def subject(self) -> str:
        """The feed among the pieces of work of a tenant."""
        return f"feed of {self.show} ({str(self.feed_id)[:8]})"


@dataclass(frozen=True, slots=True)
class Seen:
    """How a look at a feed went. retrieved: None where it failed."""

    state: str
    detail: str
    now: datetime
    next_at: datetime
    failures: int = 0
    retrieved: Retrieved | None = None


def read_feeds(warehouse: Warehouse, tenants: Sequence[UUID]) -> list[FollowedFeed]:
    """The feeds of these tenants, by tenant and show."""
    names = FollowedFeed.__dataclass_fields__
    rows = warehouse.rows("read_feeds", tenants=list(tenants))
    return [FollowedFeed(**{name: value for name, value in row.items() if name in names}) for row in rows]


def read_show_state(warehouse: Warehouse, feed: FollowedFeed, content: Feed) -> ShowState:
    """What the catalogue holds of the feed's show, and under the paths that the feed names."""
    paths = sorted({unwrap(file.url).path for item in content.items for file in item.files})
    show = {"tenant": feed.tenant_id, "podcast": feed.podcast_id}
    items = warehouse.rows("read_feed_items", tenant=feed.tenant_id, feed=feed.feed_id)
    return ShowState(
        tuple(Episode(**row) for row in warehouse.rows("read_show_episodes", **show)),
        {row["guid"]: row["episode_id"] for row in items},
        frozenset(row["guid"] for row in items if row["has_left"]),
        tuple(MediaFile(**row) for row in warehouse.rows("read_show_files", **show, feed=feed.feed_id, paths=paths)),
    )


def read_due(
    warehouse: Warehouse, feed: FollowedFeed, now: datetime, most: int, *, unmeasured: bool = False
) -> list[FileToMeasure]:
    """The files of the feed that are to be looked at now; with unmeasured also those that could not be read lately."""
    rows = warehouse.rows(
        "read_due_files", tenant=feed.tenant_id, feed=feed.feed_id, now=now, unmeasured=unmeasured, most=most
    )
    return [
        FileToMeasure(
            row["asset_id"],
            row["episode_id"],
            row["path"],
            row["url"],
            row["published_at"],
            None if row["is_unmeasured"] else Content(row["content_bytes"], row["etag"], row["last_modified"]),
            row["failures"],
            row["is_unmeasured"],
        )
        for row in rows
    ]


def write_feed(
    warehouse: Warehouse,
    feed: FollowedFeed,
    seen: Seen,
    plan: FeedPlan,
    looks: Sequence[Look],
    new_id: Callable[[], UUID],
) -> None:
    """Write a feed's news in one transaction. Raises OvertakenError, writing nothing, if another run was quicker."""
    with warehouse.transaction() as connection:
        take_locks(connection, [f"feed {feed.feed_id}"])
        write = _Writing(connection, feed, seen.now)
        write.refuse_overtaken()
        write.plan(plan, {look.file.asset_id: look for look in looks})
        write.looks(looks, new_id)
        write.state(seen)


@dataclass(frozen=True, slots=True)
class _Writing:
    connection: Connection
    feed: FollowedFeed
    now: datetime

    def refuse_overtaken(self) -> None:
        found = self.connection.execute(
            "SELECT checked_at FROM feed_states WHERE tenant_id = %s AND feed_id = %s",
            [self.feed.tenant_id, self.feed.feed_id],
        ).fetchone()
        if found is not None and found[0] != self.feed.checked_at:
            raise OvertakenError(f"{self.feed.show} of {self.feed.tenant}: another run has just read this feed")

    def plan(self, plan: FeedPlan, looks: Mapping[UUID, Look]) -> None:
        changed = (*plan.changed, *plan.added)
        if plan.title is not None:
            self._run_of_feed("set_show", podcast=self.feed.podcast_id, title=plan.title)
        self._run(
            "add_feed_episodes",
            podcast=self.feed.podcast_id,
            episodes=[each.episode_id for each in changed],
            guids=[each.guid for each in changed],
            titles=[each.title for each in changed],
            published=[each.published_at for each in changed],
            numbers=[each.number for each in changed],
            durations=[each.duration_s for each in changed],
        )
        slugs = [f"{self.feed.show}-{slug}"[:LONGEST].strip("-") for slug in plan.slugs.values()]
        self._run("add_feed_slugs", episodes=[*plan.slugs], slugs=slugs)
        self._run_of_feed("add_feed_items", guids=[*plan.items], episodes=[*plan.items.values()], now=self.now)
        self._run_of_feed("add_feed_departures", guids=[*plan.left], reasons=[*plan.left.values()], now=self.now)
        self._run("replace_media", assets=[*plan.replaced], moments=[self.now for _ in plan.replaced])
        self._run("restore_media", assets=[*plan.restored])
        self._add_media(plan.new_files, {asset: _measures(look) for asset, look in looks.items()})
        followed: list[NewFile | FollowedFile] = [*plan.new_files, *plan.followed]
        self._run_of_feed(
            "add_feed_files",
            assets=[each.asset_id for each in followed],
            urls=[each.url for each in followed],
            declared=[each.declared_bytes for each in followed],
            now=self.now,
        )

    def looks(self, looks: Sequence[Look], new_id: Callable[[], UUID]) -> None:
        """What was found: of a file that had no measures yet they are its own; another content is another file."""
        first = [(look, found) for look in looks if look.file.is_unmeasured and (found := _measures(look))]
        self._run(
            "measure_media",
            assets=[look.file.asset_id for look, _ in first],
            sizes=[found.file_bytes for _, found in first],
            headers=[found.header_bytes for _, found in first],
            durations=[found.duration_s for _, found in first],
            bitrates=[found.bitrate_bps for _, found in first],
        )
        self._reopen([look.file.episode_id for look, _ in first])
        again = [(look, found) for look in looks if not look.file.is_unmeasured and (found := _measures(look))]
        versions = {look.file.asset_id: new_id() for look, _ in again}
        self._run(
            "replace_media",
            assets=[*versions],
            moments=[look.probe.changed_at(self.now) for look, _ in again if look.probe],
        )
        files = [
            NewFile(versions[look.file.asset_id], look.file.episode_id, look.file.path, look.file.url)
            for look, _ in again
        ]
        self._add_media(files, {versions[look.file.asset_id]: found for look, found in again})
        self._run_of_feed("move_feed_files", assets=[*versions], versions=[*versions.values()])
        self._run(
            "record_feed_looks",
            assets=[versions.get(look.file.asset_id, look.file.asset_id) for look in looks],
            sizes=[look.probe.content.content_bytes if look.probe else None for look in looks],
            etags=[look.probe.content.etag if look.probe else None for look in looks],
            modified=[look.probe.content.last_modified if look.probe else None for look in looks],
            next_at=[look.next_at for look in looks],
            problems=[look.problem for look in looks],
            now=self.now,
        )

    def state(self, seen: Seen) -> None:
        read = seen.retrieved.feed if seen.retrieved else None
        if seen.retrieved is not None and seen.retrieved.url != self.feed.url:
            self._run_of_feed("move_feed", url=seen.retrieved.url)
        self._run_of_feed(
            "add_feed_state",
            state=seen.state,
            detail=seen.detail,
            now=seen.now,
            read_at=seen.now if read else None,
            next_at=seen.next_at,
            failures=seen.failures,
            etag=seen.retrieved.etag if seen.retrieved else None,
            last_modified=seen.retrieved.last_modified if seen.retrieved else None,
            title=read.title if read else None,
            podcast_guid=read.podcast_guid if read else None,
            is_locked=read.locked if read else None,
            medium=read.medium if read else None,
        )

    def _reopen(self, episodes: list[UUID]) -> None:
        """Days of these episodes that were computed before their files were measured are computed again."""
        values = {"tenant": self.feed.tenant_id, "episodes": episodes}
        found = self.connection.execute(statement("read_days_of_episodes").text, values).fetchall()
        self._run("reopen_days", days=[day for (day,) in found], sources=["requests"])

    def _add_media(self, files: Sequence[NewFile], measures: Mapping[UUID, Measures | None]) -> None:
        found = [measures.get(file.asset_id) for file in files]
        self._run(
            "add_media_files",
            assets=[file.asset_id for file in files],
            episodes=[file.episode_id for file in files],
            paths=[file.path for file in files],
            sizes=[each.file_bytes if each else None for each in found],
            headers=[each.header_bytes if each else 0 for each in found],
            durations=[each.duration_s if each else None for each in found],
            bitrates=[each.bitrate_bps if each else None for each in found],
        )

    def _run_of_feed(self, name: str, **values: Any) -> None:
        self._run(name, feed=self.feed.feed_id, **values)

    def _run(self, name: str, **values: Any) -> None:
        """Run a statement; one about nothing is left out."""
        lists = [value for value in values.values() if isinstance(value, list)]
        if lists and not all(lists):
            return
        self.connection.execute(statement(name).text, {"tenant": self.feed.tenant_id, **values})


def _measures(look: Look) -> Measures | None:
    return look.probe.measures if look.probe else None
