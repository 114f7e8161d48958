"""Explaining: how a log would be read, before anything of it is stored.

Here: which formats fit its first lines, the first rows as they would be stored, what of them would be lost, and fields
that nothing reads.
Not here: storing (storing.py), printing (pipelines/commands/importing).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

import orjson
import polars as pl

from assets.importing.addresses import TrustedProxies
from assets.importing.checks.doubts import DoubtfulError, refuse_doubtful
from assets.importing.checks.notices import Notices
from assets.importing.engines.names import found_names
from assets.importing.engines.w3c import FIELDS_MARK
from assets.importing.events import EVENT_COLUMNS, MadeBatch
from assets.importing.files.batches import Batch
from assets.importing.files.lines import LINES
from assets.importing.formats import FORMATS, LINES_TO_GUESS, choose_format, fitting_formats, mapping_of
from assets.importing.mappings.mapping import LogMapping
from assets.importing.paths import MediaPaths
from assets.importing.reading import Reading

# Enough to see what is read of a line; more rows than a screen has are no explanation.
ROWS_SHOWN = 3

# Enough lines for shares that mean something, few enough for a moment.
LINES_EXPLAINED = 50_000

# Columns of a row that say nothing about a log.
UNSAID = ("tenant_id", "event_id", "podcast_id", "episode_id", "asset_id", "event_type")


def explain(
    batches: Iterable[Batch],
    source: str,
    mapping: LogMapping | None = None,
    fields: Sequence[str] = (),
    trusted: TrustedProxies | None = None,
    media: MediaPaths | None = None,
) -> Iterator[str]:
    """What would become of the first lines of a source, in sentences and small tables, a line each.

    mapping: the format, where it is named; else the one that fits best. media: the catalogue, where a tenant is named.
    Raises PermanentError where no format was named, and none fits or several do equally well.
    """
    lines, problems = _first_lines(batches)
    yield f"{source}: the first {lines.height:,} lines"
    yield from (f"  {problem}" for problem in problems)
    yield from _fits(lines)
    chosen = mapping or mapping_of(choose_format(lines, source))
    yield f"Read as {chosen.name}: {chosen.title}"
    reading = Reading(source, chosen, fields, trusted or TrustedProxies())
    parsed = reading.parser().parse(lines)
    made = reading.maker(UUID(int=0), media or MediaPaths({}, {})).make(parsed)
    yield from _rows(made.events)
    yield from _rejected(made.rejects, lines.height)
    yield from _refused(made)
    notices = Notices()
    events = made.events if media is not None else made.events.with_columns(episode_id=pl.lit(b""))
    notices.add(events)
    yield from (f"  {sentence}" for sentence in notices.sentences(media or MediaPaths({}, {})))
    yield from _unread(chosen, lines)


def _first_lines(batches: Iterable[Batch]) -> tuple[pl.DataFrame, list[str]]:
    """The first lines of the first file, and what is wrong with it as far as it was read."""
    found, problems = LINES.to_frame(), []
    member = None
    for batch in batches:
        member = batch.member if member is None else member
        if batch.problem is not None:
            problems.append(batch.problem)
        if batch.member != member or found.height >= LINES_EXPLAINED:
            break
        found = pl.concat([found, batch.lines])
    return found.head(LINES_EXPLAINED), problems


def _fits(lines: pl.DataFrame) -> Iterator[str]:
    fits = fitting_formats(lines)
    yield f"Formats that read at least half of the first {min(lines.height, LINES_TO_GUESS):,} lines, the best first:"
    if not fits:
        yield f"  none of {', '.join(FORMATS)}"
    for fit in fits:
        yield f"  {fit.name:20} reads {fit.requests:,}, rejects {fit.rejects:,}, finds {fit.filled:,} values"


def _rows(events: pl.DataFrame) -> Iterator[str]:
    yield "The first rows as they would be stored:"
    columns = [name for name in EVENT_COLUMNS if name not in UNSAID]
    for row in events.head(ROWS_SHOWN).select(columns).iter_rows(named=True):
        yield "  " + "; ".join(f"{name} {value}" for name, value in row.items() if value is not None)
    empty = [name for name in columns if name != "event_data" and events.get_column(name).null_count() == events.height]
    if empty and events.height:
        yield f"  nothing in this log says: {', '.join(empty)}"


def _rejected(rejects: pl.DataFrame, lines: int) -> Iterator[str]:
    yield "What would be lost:"
    if rejects.is_empty():
        yield f"  no line of {lines:,}"
    reasons = rejects.group_by("reason").agg(pl.len().alias("count"), pl.col("line_number").min()).sort("count")
    for reason, count, number in reasons.reverse().iter_rows():
        yield f"  {count:,} lines, the first of them line {number}: {reason}"


def _refused(made: MadeBatch) -> Iterator[str]:
    """Why an import would store nothing of it, but for what only other tenants' files can say."""
    try:
        refuse_doubtful(made, "", dict)
    except DoubtfulError as error:
        yield f"  all of it, as an import refuses it: {error}"


def _unread(mapping: LogMapping, lines: pl.DataFrame) -> Iterator[str]:
    """Fields of the file that the format does not read: a range or an id among them is worth a mapping of one's own."""
    names = _names(mapping, lines)
    wanted = set(found_names(mapping.wanted(), names).values()) | {each.split(".")[0] for each in mapping.wanted()}
    unread = [name for name in names if name not in wanted]
    if unread:
        yield f"Fields that are not read: {', '.join(unread)}"


def _names(mapping: LogMapping, lines: pl.DataFrame) -> list[str]:
    """The names of the fields, as far as the first lines say them."""
    texts = lines.get_column("line").head(LINES_TO_GUESS)
    if mapping.kind == "w3c":
        named = texts.filter(texts.str.starts_with(FIELDS_MARK))
        return named[0].removeprefix(FIELDS_MARK).split() if len(named) else []
    if mapping.kind != "json":
        return []
    names: dict[str, None] = {}
    for text in texts:
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
        names.update(dict.fromkeys(found) if isinstance(found, dict) else {})
    return list(names)
