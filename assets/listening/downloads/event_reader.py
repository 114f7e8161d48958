"""Raw rows: requests and playback events of a span of time, read slice by slice.

Here: the cut of time into slices, requests apart from playback, and names of episodes and files as one number.
Not here: what the names mean (catalogue.py), what becomes of a row (dispositions.py).

As they come, two million rows take a gigabyte: ids and agents are written out in each. Coded slice by slice they take a
third of it, and no more than one slice is uncoded at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import polars as pl

from assets.frames import add_columns
from assets.listening.downloads.catalogue import NAMES, Catalogue, look_up
from assets.listening.downloads.dispositions import is_request
from assets.listening.identity.enrichment import code_text
from sql.values import Reader, Window


class Shard(NamedTuple):
    """One of so many parts of the rows, counted from 0: all requests of a household are in one, and all events of a
    playback."""

    shard: int
    shards: int


WHOLE = Shard(0, 1)

# A span of time, and the tenants that are read over it.
Span = tuple[Window, list[UUID]]

# How many rows a slice is meant to have; the first is short, the others as long as the one before gives reason to.
SLICE_ROWS = 250_000
FIRST_SLICE = timedelta(hours=1)

# A day has millions of requests; columns of playback alone are not carried along with them.
ONLY_PLAYBACK = ["session_id", "position_seconds", "heard_seconds"]


@dataclass(frozen=True, slots=True)
class RawRows:
    """The rows of all spans.

    requests: the columns of the statement without NAMES and ONLY_PLAYBACK, text as categories, with name_no, the place
              of what they name in names
    names:    NAMES, each combination once
    playback: the other rows, of the day alone, as the statement gives them
    counts:   tenant_id, day, rows: all that were read
    """

    requests: pl.DataFrame
    names: pl.DataFrame
    playback: pl.DataFrame
    counts: pl.DataFrame

    def look_up(self, catalogue: Catalogue) -> pl.DataFrame:
        """The requests as catalogue.look_up gives them: what they name is looked up once for each name."""
        matched = look_up(self.names, catalogue)
        place = self.requests["name_no"]
        return self.requests.drop("name_no").with_columns(column.gather(place) for column in matched.get_columns())


def read_raw_rows(read: Reader, spans: Sequence[Span], day: Window, shard: Shard = WHOLE) -> RawRows:
    """The rows of the spans, or a shard of them, each read once; of playback what is of the day."""
    is_today = pl.col("occurred_at").is_between(day.start, day.end, closed="left")
    requests: list[pl.DataFrame] = []
    playback: list[pl.DataFrame] = []
    counts: list[pl.DataFrame] = []
    names: pl.DataFrame | None = None
    for rows in _read_slices(read, spans, shard):
        counts.append(rows.group_by("tenant_id", day=pl.col("occurred_at").dt.date()).len("rows"))
        playback.append(_copy(rows, ~is_request() & is_today))
        coded = _copy(rows.drop(ONLY_PLAYBACK), is_request()).pipe(code_text)
        names = _add_names(names, coded)
        requests.append(add_columns(coded, names.with_row_index("name_no"), NAMES).drop(NAMES))
        del rows, coded
    if names is None:
        raise ValueError("no span of time was given to read")
    total = pl.concat(counts).group_by("tenant_id", "day").agg(pl.col("rows").sum())
    return RawRows(pl.concat(requests), names, pl.concat(playback), total)


def _read_slices(read: Reader, spans: Sequence[Span], shard: Shard) -> Iterator[pl.DataFrame]:
    for span, tenants in spans:
        start, length = span.start, FIRST_SLICE
        while start < span.end:
            end = min(start + length, span.end)
            slices = [read("read_listener_events", start=start, end=end, tenants=tenants, **shard._asdict())]
            start, length = end, _next_length(end - start, slices[0].height)
            # Popped, so that this frame holds no reference to it while the next one is read.
            yield slices.pop()


def _copy(rows: pl.DataFrame, chosen: pl.Expr) -> pl.DataFrame:
    """The chosen rows as a copy: a filter keeps the buffers of text and ids of the whole slice."""
    return rows.gather(rows.select(chosen.arg_true()).to_series())


def _next_length(length: timedelta, rows: int) -> timedelta:
    """As long as SLICE_ROWS take at this pace; quiet tenants are read at one go."""
    return max(length * (SLICE_ROWS / max(rows, 1)), timedelta(minutes=1))


def _add_names(names: pl.DataFrame | None, coded: pl.DataFrame) -> pl.DataFrame:
    """The names so far in their order, and after them the new ones."""
    named = coded.select(NAMES).unique()
    if names is None:
        return named
    return pl.concat([names, named.join(names, on=NAMES, how="anti", nulls_equal=True)])
