"""Batches: whatever a source is, its records one a row, in batches that fit into memory.

Here: the one door to a source: a name and a stream of bytes.
Not here: where the stream comes from, what a record says (the engines).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl

from assets.importing.files.decompression import Bound
from assets.importing.files.documents import cut_records, is_document
from assets.importing.files.lines import BATCH_BYTES, LINES, cut_lines
from assets.importing.files.opening import Opened, Source, open_files
from assets.importing.files.tables import cut_rows
from sql.values import PermanentError


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive records of one file.

    lines:      line_number (from 1, i64), line (text without its end); blank ones left out
    bytes_read: how far into the source, as it lies there, the batch ends
    member:     the name of the file inside of an archive; empty for a source that is none. Each is a file of its own:
                its lines count from 1, and a header of another one does not hold for it.
    problem:    what of the source cannot be read, in a batch that may have no lines. All else of it is there.
    """

    lines: pl.DataFrame
    bytes_read: int
    member: str = ""
    problem: str | None = None


def open_log(name: str, content: BinaryIO, batch_bytes: int = BATCH_BYTES) -> Iterator[Batch]:
    """The records of a source, batch by batch: lines of text, JSON in any layout, or rows of Parquet.

    Packed in gzip, bzip2, xz, LZMA or Zstandard, of one member or several; or files in a tar or zip archive; each of
    these inside of the others. Where one breaks off or is damaged, what came before is given, and then a batch that
    says so.
    name:   what messages call it
    Raises PermanentError for a source that is empty, is no log, or swells to more than a log does.
    """
    source = Source(content)
    is_empty = True
    said: set[str] = set()
    for opened in open_files(name, content, source):
        member = opened.name if opened.is_member else ""
        for lines in _records(opened, batch_bytes, Bound(name, lambda: source.count)):
            is_empty = False
            if lines.height:
                yield Batch(lines, source.count, member)
        for problem in opened.problems():
            is_empty = False
            if problem not in said:
                said.add(problem)
                yield Batch(LINES.to_frame(), source.count, member, problem)
    if is_empty and not source.count:
        raise PermanentError(f"{name} is empty: there is nothing to import")


def read_batches(path: Path, batch_bytes: int = BATCH_BYTES) -> Iterator[Batch]:
    """open_log of a file on disk. Raises PermanentError for what is none, too."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist" if not path.exists() else "is no file"
        raise PermanentError(f"{path} {what}: name one log file; for many, run the command once for each")
    with path.open("rb") as content:
        yield from open_log(str(path), content, batch_bytes)


def _records(opened: Opened, batch_bytes: int, bound: Bound) -> Iterator[pl.DataFrame]:
    def is_cut() -> bool:
        return bool(opened.problems())

    if opened.kind == "parquet":
        return cut_rows(cast(BinaryIO, opened.content), opened.name, bound)
    if is_document(opened.head):
        return cut_records(opened.content, batch_bytes, is_cut)
    return cut_lines(opened.content, opened.name, batch_bytes, is_cut)
