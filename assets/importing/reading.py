"""Reading: from the batches of a source to the rows of the raw tables, by one format.

Here: the format of a source where nobody named it, a parser and a maker for each file of it, and the refusal of a
source that is of another format.
Not here: opening sources (files), one format (mappings), storing (storing.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from uuid import UUID

import polars as pl

from assets.importing.addresses import TrustedProxies
from assets.importing.events import EventMaker, MadeBatch
from assets.importing.files.batches import Batch
from assets.importing.files.lines import LINES
from assets.importing.formats import FORMATS, LINES_TO_GUESS, choose_format, guess_format, mapping_of, parser_of
from assets.importing.mappings.mapping import LogMapping
from assets.importing.paths import MediaPaths
from assets.importing.requests import LogParser, unread
from sql.values import PermanentError


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source is read.

    source:  what messages call it
    mapping: its format
    fields:  the names of its columns, where the format leaves them to an operator
    trusted: the proxies that are believed about their clients
    """

    source: str
    mapping: LogMapping
    fields: Sequence[str] = ()
    trusted: TrustedProxies = field(default_factory=TrustedProxies)

    def parser(self) -> LogParser:
        """A parser for one file."""
        return parser_of(self.mapping, self.fields)

    def maker(self, tenant: UUID, media: MediaPaths) -> EventMaker:
        """A maker for one file."""
        mapping = self.mapping
        is_unique = mapping.identity == "id"
        return EventMaker(tenant, mapping.name, mapping.source, media, self.trusted, is_unique)


def recognise(batches: Iterable[Batch], source: str) -> tuple[LogMapping, Iterator[Batch]]:
    """The format of the first lines, and all of the batches.

    Raises PermanentError where no format reads them, or several equally well.
    """
    following = iter(batches)
    seen: list[Batch] = []
    lines = LINES.to_frame()
    for batch in following:
        seen.append(batch)
        # The lines of one file: those of the next one in an archive may be of another format.
        if lines.is_empty() or batch.member == seen[0].member:
            lines = pl.concat([lines, batch.lines])
        if lines.height >= LINES_TO_GUESS:
            break
    if lines.is_empty():
        raise PermanentError(f"{source} holds no lines" + "".join(f"; {each.problem}" for each in seen if each.problem))
    return mapping_of(choose_format(lines, source)), chain(seen, following)


def made_batches(
    reading: Reading, batches: Iterable[Batch], tenant: UUID, media: MediaPaths
) -> Iterator[tuple[Batch, MadeBatch]]:
    """Each batch with its rows; each file of an archive with headers and repeated lines of its own.

    Raises PermanentError if not one line of the first batch with any is of the format.
    """
    parser, maker, member = reading.parser(), reading.maker(tenant, media), ""
    nothing_yet = True
    for batch in batches:
        if batch.member != member:
            parser, maker, member = reading.parser(), reading.maker(tenant, media), batch.member
        parsed = parser.parse(batch.lines)
        if nothing_yet and unread(parsed.rejects).height and not parsed.requests.height:
            raise _wrong_format(reading, batch.lines, parsed.rejects)
        nothing_yet = nothing_yet and not parsed.requests.height
        yield batch, maker.make(parsed)


def _wrong_format(reading: Reading, lines: pl.DataFrame, rejects: pl.DataFrame) -> PermanentError:
    number, _, reason = rejects.row(0)
    guess = guess_format(lines)
    advice = (
        f"it looks like a {FORMATS[guess].title}: try --format {guess}"
        if guess is not None and guess != reading.mapping.name
        else f"it looks like none of the formats that can be imported ({', '.join(FORMATS)})"
    )
    return PermanentError(
        f"no line of {reading.source} is one of a {reading.mapping.title} (line {number}: {reason}); {advice}. "
        "Nothing was stored"
    )
