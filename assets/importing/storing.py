"""Storing: the lines of one object become rows of the raw tables, batch by batch, and a row of imports says so.

Here: the order of the steps, what is refused before anything is stored, and the summary.
Not here: reading objects and formats, where objects come from (sources/), what a person sees (pipelines/commands).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import polars as pl

from assets.importing.addresses import TrustedProxies
from assets.importing.ahead import ahead
from assets.importing.checks.doubts import doubts_of, refuse_doubtful, unmapped_paths, without_address
from assets.importing.checks.notices import Notices
from assets.importing.events import MadeBatch
from assets.importing.files.batches import Batch
from assets.importing.formats import mapping_of
from assets.importing.mappings.mapping import LogMapping
from assets.importing.paths import MediaPaths
from assets.importing.reading import Reading, made_batches, recognise
from assets.importing.requests import unread
from sql.failures import cause_of, is_database_away
from sql.raw.imports import ImportId, ImportStart, begin_import, end_import, store_batch
from sql.values import PermanentError
from sql.warehouse import Warehouse

Progress = Callable[[int, str], object]


@dataclass(slots=True)
class ImportSummary:
    """What an import did. stored is 0, and number None, in a dry run, where nothing is stored.

    no_requests: the rejected rows that are none by their format
    """

    lines: int = 0
    events: int = 0
    stored: int = 0
    rejected: int = 0
    no_requests: int = 0
    unmapped: int = 0
    without_address: int = 0
    first: datetime | None = None
    last: datetime | None = None
    example: str | None = None
    number: int | None = None
    problems: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def count(self, batch: Batch, made: MadeBatch) -> dict[str, int]:
        """Add a batch; returns its counts by the names of count_import."""
        if batch.problem is not None:
            self.problems.append(batch.problem)
        self.lines += made.events.height + made.rejects.height
        self.events += made.events.height
        self.rejected += made.rejects.height
        self.no_requests += made.rejects.height - unread(made.rejects).height
        unmapped = unmapped_paths(made.events)
        self.unmapped += len(unmapped)
        self.example = self.example or next(iter(unmapped.drop_nulls().head(1)), None)
        nobody = without_address(made.events)
        self.without_address += nobody
        moments = made.events.get_column("occurred_at")
        for moment in (moments.min(), moments.max()):
            if isinstance(moment, datetime):
                self.first = moment if self.first is None else min(self.first, moment)
                self.last = moment if self.last is None else max(self.last, moment)
        return {"unmapped": len(unmapped), "without_address": nobody}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogImport:
    """What is to be imported for whom. object: its name in messages and in imports.

    is_forced: store what looks wrong, too. fields: the names of its columns, where a format leaves them to an operator.
    mapping: the format, where it is an operator's own. Without it, and with an empty format_name, the format is the one
    that the first lines are of. trusted: the proxies that are believed about their clients.
    """

    tenant: UUID
    tenant_slug: str
    object: str
    format_name: str
    started_by: str
    source: str | None = None
    version: str | None = None
    fields: Sequence[str] = ()
    mapping: LogMapping | None = None
    trusted: TrustedProxies = field(default_factory=TrustedProxies)
    is_dry_run: bool = False
    is_forced: bool = False

    @property
    def reading(self) -> Reading:
        """How the object is read. Raises PermanentError for a format that is not known."""
        return Reading(self.object, self.mapping or mapping_of(self.format_name), self.fields, self.trusted)

    @property
    def start(self) -> ImportStart:
        """The row of imports."""
        return ImportStart(
            tenant=self.tenant,
            kind="requests",
            object=self.object,
            format=self.format_name,
            started_by=self.started_by,
            source=self.source,
            version=self.version,
        )


def import_batches(
    warehouse: Warehouse,
    task: LogImport,
    batches: Iterable[Batch],
    on_rejects: Callable[[pl.DataFrame], object] = lambda _rejects: None,
    progress: Progress = lambda _bytes, _item: None,
) -> ImportSummary:
    """Store the requests and rejects of an object; a batch that is stored stays, whatever comes after it.

    on_rejects: called with the rejects of each batch. progress: with how far into the object it is, and in words.
    Raises PermanentError if not one line of the first batch is of the format, or the batches raise it; DoubtfulError if
    the first batch should not be stored. Nothing is stored then.
    """
    media = MediaPaths.of(warehouse.read("read_media_paths", tenants=[task.tenant]))
    summary, begun, notices = ImportSummary(), None, Notices()
    is_recognised = []
    if not task.format_name:
        mapping, batches = recognise(batches, task.object)
        task = replace(task, format_name=mapping.name, mapping=mapping)
        is_recognised = [f"read by its first lines as: {mapping.title} (--format {mapping.name})"]
    try:
        for batch, made in ahead(made_batches(task.reading, batches, task.tenant, media)):
            if not summary.lines and not task.is_forced:
                refuse_doubtful(made, task.tenant_slug, lambda: _other_files(warehouse, task.tenant))
            counts = summary.count(batch, made)
            notices.add(made.events)
            on_rejects(made.rejects)
            if not task.is_dry_run and made.height:
                begun = begun or begin_import(warehouse, task.start)
                summary.stored += store_batch(warehouse, begun, made.events, made.rejects, counts)
            progress(batch.bytes_read, f"{summary.lines:,} lines")
        if not summary.lines:
            raise PermanentError(f"{task.object} holds no requests: there are only headers or blank lines in it")
    except BaseException as error:
        _end_failed(warehouse, begun, error)
        raise
    summary.notices = [*is_recognised, *notices.sentences(media)]
    summary.doubts = [f"not all of it could be read: {problem}" for problem in summary.problems] + doubts_of(
        lines=summary.lines - summary.no_requests,
        rejected=summary.rejected - summary.no_requests,
        events=summary.events,
        unmapped=summary.unmapped,
        without_address=summary.without_address,
    )
    if begun is not None:
        summary.number = begun.number
        end_import(warehouse, begun, "done", "; ".join(summary.doubts) or None)
    return summary


def _end_failed(warehouse: Warehouse, begun: ImportId | None, error: BaseException) -> None:
    """What was stored stays, and its days are to be computed; a database that is away hears of it with the next one."""
    if begun is not None and not is_database_away(error):
        stopped = not isinstance(error, Exception)
        end_import(warehouse, begun, "failed", "it was stopped" if stopped else cause_of(error))


def _other_files(warehouse: Warehouse, tenant: UUID) -> Mapping[str, MediaPaths]:
    """The files of every other tenant, by its slug."""
    return {
        slug: MediaPaths.of(warehouse.read("read_media_paths", tenants=[UUID(bytes=each)]))
        for each, slug in warehouse.tenants().select("tenant_id", "slug").iter_rows()
        if each != tenant.bytes
    }
