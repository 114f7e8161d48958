"""Lines: a log file, however large, as batches of numbered lines.

Here: opening plain and gzip files by their first bytes, and cutting them into batches that fit into memory.
Not here: the content of a line (one module per format).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from sql.values import PermanentError

# RFC 1952 section 2.3.1: what every gzip member begins with.
GZIP_MAGIC = b"\x1f\x8b"

# About 40,000 lines of a CDN's log: large enough for vectors, small enough for a machine with 1 GB.
BATCH_BYTES = 16 * 1024 * 1024

# No server writes a line this long (CloudFront logs no URL over 8 kB); a file that has one is no log.
LONGEST_LINE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive lines. lines: line_number (from 1, i64), line (text without its end); blank ones left out."""

    lines: pl.DataFrame
    bytes_read: int


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...
    def tell(self) -> int: ...


def read_batches(path: Path, batch_bytes: int = BATCH_BYTES) -> Iterator[Batch]:
    """The lines of a plain or gzip file, batch by batch, with how far into the file on disk each batch ends.

    Bytes that are no UTF-8, and NUL, which the database cannot hold, become U+FFFD. Raises PermanentError for what is
    no file, is empty, ends inside a gzip stream, or is no text.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist" if not path.exists() else "is no file"
        raise PermanentError(f"{path} {what}: name one log file; for many, run the command once for each")
    if path.stat().st_size == 0:
        raise PermanentError(f"{path} is empty: there is nothing to import")
    with path.open("rb") as raw:
        zipped = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        content: _Readable = gzip.GzipFile(fileobj=raw) if zipped else raw
        try:
            yield from _cut(content, raw, path, batch_bytes)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise PermanentError(
                f"{path} is a damaged gzip file ({error}). What could be read is imported; fetch the file again and "
                "import it: rows that are there already are left alone"
            ) from error


def _cut(content: _Readable, raw: _Readable, path: Path, batch_bytes: int) -> Iterator[Batch]:
    first_number = 1
    rest = b""
    while chunk := content.read(batch_bytes):
        whole, newline, rest = (rest + chunk).rpartition(b"\n")
        if len(rest) > LONGEST_LINE:
            raise PermanentError(f"{path} is no log: from line {first_number} on it has no line ends for megabytes")
        if newline:
            lines, first_number = _number(whole, first_number)
            yield Batch(lines, raw.tell())
    if rest:
        lines, _ = _number(rest, first_number)
        yield Batch(lines, raw.tell())


def _number(content: bytes, first: int) -> tuple[pl.DataFrame, int]:
    """The lines with their numbers, blank ones left out, and the number of the line that comes next."""
    text = content.decode("utf-8", errors="replace").replace("\x00", "\ufffd")
    if first == 1:
        text = text.removeprefix("\ufeff")
    found = text.split("\n")
    lines = (
        pl.DataFrame({"line": found}, schema={"line": pl.String})
        .with_row_index("line_number", offset=first)
        .select(pl.col("line_number").cast(pl.Int64), pl.col("line").str.strip_suffix("\r"))
        .filter(pl.col("line").str.strip_chars() != "")
    )
    return lines, first + len(found)
