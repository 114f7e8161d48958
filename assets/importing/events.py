"""Events: from parsed requests to the rows of the raw tables.

Here: the ids that make an import repeatable, the media file of each request, and the frames to be stored.
Not here: reading files and formats, the database.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha1
from uuid import UUID

import polars as pl

from assets.importing.addresses import TrustedProxies, read_clients
from assets.importing.paths import GUID, MediaPaths, clean_path, without_listener, without_query
from assets.importing.requests import REQUEST_SCHEMA, Parsed, hold_to_bounds, map_distinct

# The name space of imported events: made once, at random, and never changed, or imports would double.
NAMESPACE = UUID("0c9b4a52-5a0e-4d2c-9b1e-6f3d0a7c8e41")

# Long enough to see what is wrong with a line.
LONGEST_REJECT = 4096

# What tells apart two requests with one id. The moment to the second: the logs of one CDN have it more or less exactly.
IDENTITY = [
    pl.col("occurred_at").dt.epoch("s"),
    *(pl.col(name).cast(pl.String).fill_null("") for name in ("client_ip", "http_method")),
    without_query(pl.col("target")).fill_null(""),
    *(pl.col(name).cast(pl.String).fill_null("") for name in ("http_status", "range_start", "range_end", "bytes_sent")),
]

# Columns of a request that are no columns of an event.
BEFORE_EVENTS = ("line_number", "line", "request_id", "occurred_at", "target", "forwarded_for")

EVENT_COLUMNS = [
    "tenant_id",
    "event_id",
    "occurred_at",
    "source",
    "event_type",
    "podcast_id",
    "episode_id",
    "asset_id",
    *(name for name in REQUEST_SCHEMA if name not in BEFORE_EVENTS),
    "event_data",
]


@dataclass(frozen=True, slots=True)
class MadeBatch:
    """What one batch of lines became. events: EVENT_COLUMNS; rejects: the columns of ingest_rejects."""

    events: pl.DataFrame
    rejects: pl.DataFrame

    @property
    def height(self) -> int:
        """Lines that it was made of."""
        return self.events.height + self.rejects.height


@dataclass(slots=True)
class SeenLines:
    """How often each line has been seen in the file so far: 8 bytes a line, in sorted runs that merge as they grow."""

    _runs: list[pl.Series] = field(default_factory=list)

    def ordinals(self, lines: pl.Series) -> pl.Series:
        """For each line, how many equal lines came before it in the file."""
        hashes = lines.hash().alias("hash")
        before = pl.Series("before", [0], dtype=pl.Int64).extend_constant(0, max(0, len(lines) - 1)).head(len(lines))
        for run in self._runs:
            before = before + (run.search_sorted(hashes, "right") - run.search_sorted(hashes, "left")).cast(pl.Int64)
        here = hashes.to_frame().select(pl.int_range(pl.len()).over("hash").alias("here")).to_series()
        self._add(hashes.sort())
        return before + here

    def _add(self, run: pl.Series) -> None:
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = pl.concat([self._runs.pop(), run]).sort()
        self._runs.append(run)


@dataclass(slots=True)
class EventMaker:
    """Makes the rows of one file for one tenant. It holds the lines seen, so each file takes a new one.

    An event's id is the UUIDv5 of the request id and what identifies the request beside it, where the log has one: ids
    of sessions and of edges are appended to logs as well, and several requests share one. Where a format vouches for
    its ids (identity), the id alone. Without one, of the line and its ordinal among the equal lines of the file: the
    same file, whole or in another order, gives the same ids, and two equal requests of one second stay two.
    """

    tenant: UUID
    format_name: str
    source: str
    media: MediaPaths
    trusted: TrustedProxies = field(default_factory=TrustedProxies)
    is_id_unique: bool = False
    _seen: SeenLines = field(default_factory=SeenLines)
    _seen_rejects: SeenLines = field(default_factory=SeenLines)

    def make(self, parsed: Parsed) -> MadeBatch:
        """The rows of one parsed batch; what the tables would refuse is rejected."""
        held = hold_to_bounds(parsed)
        return MadeBatch(self._events(held.requests), self._rejects(held.rejects))

    def _events(self, requests: pl.DataFrame) -> pl.DataFrame:
        named = without_listener(pl.col("target"), self.media.names_with_query())
        requests = requests.with_columns(named.alias("target"))
        files = self.media.match(requests.get_column("target"))
        events = (
            requests.with_columns(self._event_ids(requests))
            .join(files, on="target", how="left", validate="m:1", maintain_order="left")
            .pipe(self.media.versions.at_time)
            .pipe(read_clients, self.trusted)
            .with_columns(
                pl.lit(self.tenant.bytes).alias("tenant_id"),
                pl.lit(self.source).alias("source"),
                pl.lit("download").alias("event_type"),
            )
            .pipe(self._with_data)
        )
        return events.select(EVENT_COLUMNS)

    def _event_ids(self, requests: pl.DataFrame) -> pl.Series:
        by_line = requests.get_column("request_id").is_null()
        ordinals = self._seen.ordinals(requests.filter(by_line).get_column("line"))
        lines = requests.filter(by_line).select(pl.format("line\n{}\n{}", ordinals, "line")).to_series()
        by_lines = (
            pl.Series([None], dtype=pl.String).new_from_index(0, requests.height).scatter(by_line.arg_true(), lines)
        )
        identity = [] if self.is_id_unique else IDENTITY
        by_ids = pl.concat_str([pl.lit("request"), pl.col("request_id"), *identity], separator="\n")
        names = requests.select(pl.coalesce(by_lines, by_ids)).to_series()
        return pl.Series("event_id", [uuid5_bytes(name) for name in names], dtype=pl.Binary)

    def _with_data(self, events: pl.DataFrame) -> pl.DataFrame:
        """Rows without an episode keep their path: the catalogue may lack it by mistake."""
        unmapped = pl.when(pl.col("episode_id").is_null()).then("target")
        return events.with_columns(unmapped.alias("event_data")).pipe(map_distinct, "event_data", self._data_of)

    def _data_of(self, target: str) -> str:
        path = target if target.startswith(GUID) else clean_path(target)
        return json.dumps({"import": self.format_name, "path": path}, ensure_ascii=False)

    def _rejects(self, rejects: pl.DataFrame) -> pl.DataFrame:
        ordinals = self._seen_rejects.ordinals(rejects.get_column("line"))
        names = (f"reject\n{ordinal}\n{line}" for ordinal, line in zip(ordinals, rejects["line"], strict=True))
        return rejects.select(
            pl.lit(self.tenant.bytes, dtype=pl.Binary).alias("tenant_id"),
            pl.Series("reject_id", [uuid5_bytes(name) for name in names], dtype=pl.Binary),
            pl.lit(f"import {self.format_name}").alias("source"),
            "line_number",
            pl.col("line").str.head(LONGEST_REJECT),
            "reason",
        )


def uuid5_bytes(name: str) -> bytes:
    """The 16 bytes of uuid.uuid5(NAMESPACE, name), without the objects: RFC 9562 section 5.5."""
    digest = bytearray(sha1(NAMESPACE.bytes + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest)
