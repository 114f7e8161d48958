"""Reading a source: its new and changed objects are imported one by one; a bad one is set aside and the next comes.

Here: which objects are due, fetching ahead, and quarantine.
Not here: finding objects (places.py), storing their lines (assets/importing/storing.py), when this is done
(pipelines/sensors.py), tenants whose source cannot be read at all (assets.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assets.importing.ahead import ahead
from assets.importing.checks.doubts import DoubtfulError
from assets.importing.sources.configured import ObjectState, Source, note_object, read_object_states
from assets.importing.sources.places import FoundObject, SourceUnavailableError, find_objects, opened
from assets.importing.storing import ImportSummary
from sql.failures import cause_of, is_isolatable
from sql.warehouse import Warehouse

# A file that changed so lately may still be written. Objects of stores appear whole.
UNCHANGED_FOR = timedelta(seconds=60)

# Imports one object: (source, its name and version, where it lies, whether it is forced).
ImportObject = Callable[[Source, FoundObject, Path, bool], ImportSummary]


@dataclass(slots=True)
class SourceRead:
    """What reading a source brought. quarantined: by object, why. waiting: due objects that the look left for later.

    lag: from the last change of the newest object to its import, in hours.
    """

    source: Source
    imported: int = 0
    lines: int = 0
    stored: int = 0
    present: int = 0
    rejected: int = 0
    waiting: int = 0
    newest: datetime | None = None
    lag_hours: float | None = None
    quarantined: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)

    def add(self, found: FoundObject, summary: ImportSummary, now: datetime) -> None:
        self.imported += 1
        self.lines += summary.lines
        self.stored += summary.stored
        self.present += summary.events - summary.stored
        self.rejected += summary.rejected
        if summary.doubts:
            self.doubts[found.name] = "; ".join(summary.doubts)
        if found.modified_at and (self.newest is None or found.modified_at > self.newest):
            self.newest = found.modified_at
            self.lag_hours = round((now - found.modified_at) / timedelta(hours=1), 2)


def due_objects(
    found: Iterable[FoundObject], states: Mapping[str, ObjectState], now: datetime
) -> list[tuple[FoundObject, bool]]:
    """The objects that are to be read, in their order, with whether a person wants them whatever they look like.

    New ones, changed ones (whatever became of the version before), and those that a person wants again. A quarantined
    one that did not change stays where it is. A local file waits until nobody writes it any more.
    """
    due = []
    for each in found:
        before = states.get(each.name)
        is_wanted = before is not None and before.state == "due"
        if before is not None and before.version == each.version and not is_wanted:
            continue
        if each.place.is_local and each.modified_at and now - each.modified_at < UNCHANGED_FOR and not is_wanted:
            continue
        due.append((each, before.is_forced if before else False))
    return due


def has_news(warehouse: Warehouse, source: Source, now: datetime) -> bool:
    """Whether something is due at the source. Raises as find_objects."""
    return bool(due_objects(find_objects(source.place), read_object_states(warehouse, source), now))


def has_set_aside(warehouse: Warehouse, source: Source) -> bool:
    """Whether an object of the source is set aside."""
    aside = warehouse.rows("read_import_objects", tenant=source.tenant, source=source.name, states=["quarantined"])
    return bool(aside)


def read_source(
    warehouse: Warehouse,
    source: Source,
    import_object: ImportObject,
    log: Callable[[str], object] = lambda _text: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> SourceRead:
    """Import what is due. An object is noted after it was stored, so one that a kill interrupts is read again.

    A bad object is quarantined, whatever the exception, and the next one is read. Raises as find_objects; and
    SourceUnavailableError where the store goes away in between: what was noted by then stays.
    """
    read = SourceRead(source)
    due = due_objects(find_objects(source.place), read_object_states(warehouse, source), clock())
    for found, path, is_forced in _fetched(due):
        if isinstance(path, BaseException):
            if isinstance(path, SourceUnavailableError) or not is_isolatable(path):
                raise path
            _quarantine(warehouse, read, found, path, log)
            continue
        try:
            summary = import_object(source, found, path, is_forced)
        except BaseException as error:
            if not is_isolatable(error):
                raise
            _quarantine(warehouse, read, found, error, log)
            continue
        read.add(found, summary, clock())
        note_object(warehouse, source, found, "imported", summary.number, read.doubts.get(found.name))
        log(f"{source.title}: {found.name}: {summary.lines:,} lines, {summary.stored:,} rows stored")
    return read


def _quarantine(
    warehouse: Warehouse, read: SourceRead, found: FoundObject, error: BaseException, log: Callable[[str], object]
) -> None:
    reason = cause_of(error)
    read.quarantined[found.name] = reason
    shown = error.for_tenant if isinstance(error, DoubtfulError) else reason
    note_object(warehouse, read.source, found, "quarantined", None, shown)
    log(f"{read.source.title}: {found.name} is set aside: {reason}")


def _fetched(due: Sequence[tuple[FoundObject, bool]]) -> Iterator[tuple[FoundObject, Path | BaseException, bool]]:
    """Each object with its local file, the next one fetched meanwhile; or with why it could not be fetched."""

    def fetch() -> Iterator[tuple[FoundObject, Path | BaseException, bool, ExitStack]]:
        for found, is_forced in due:
            stack = ExitStack()
            try:
                yield found, stack.enter_context(opened(found)), is_forced, stack
            except Exception as error:
                yield found, error, is_forced, stack

    fetched = ahead(fetch())
    for found, path, is_forced, stack in fetched:
        with stack:
            yield found, path, is_forced
