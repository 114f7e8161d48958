"""Documents: JSON that is not one record a line, as one row a record.

Here: recognising a list of records, bare or under a key of an object, and records that are laid out over several lines;
the cut into single records as they stand.
Not here: JSON lines (lines.py reads them as any other line), what a record says (the engines).
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import polars as pl

from assets.importing.files.decompression import Readable
from assets.importing.files.lines import BATCH_BYTES, LINES, LONGEST_LINE

# {"rows": [{...: the list under a key that services give their lists, behind no more than four plain values. A list
# under another key belongs to a record.
PLAIN = r'"[^"\\]{1,100}"\s*:\s*(?:"[^"\\]{0,200}"|[\w.+-]+)\s*,\s*'
KEY = r'(?i:"(?:rows|records|data|items|logs|orders|entries|events|results|value|metrics|downloads)")\s*:\s*\[\s*(?=\{)'
WRAPPED = re.compile(r"\{\s*(?:" + PLAIN + r"){0,4}" + KEY)
LIST_OF_RECORDS = re.compile(KEY)

# [{ or [ at the end of what is seen; { alone on its line.
LISTED = re.compile(r"\[\s*(?:[{\]]|$)")
LAID_OUT = re.compile(r"\{\s*(?:\n|$)")
BETWEEN = re.compile(r"[\s,]*")
JOINED = re.compile(r"[ \t,]*\{")

# Where the next record may begin behind one that is broken: on a new line, or behind a closing bracket.
NEXT_LINE = re.compile(r"\n[\s,]*(?=\{)")
NEXT = re.compile(r"(?<=[}\]])[\s,]*(?=\{)")
LONGEST_RECORD = 64 * 1024

# How much of a text without a list is kept, as its end may be the beginning of one.
LONGEST_OPENING = 400

_DECODER = json.JSONDecoder()


def is_document(head: bytes) -> bool:
    """Whether a file that begins with these bytes is JSON whose records are no lines.

    Streams that put records together, as Amazon Data Firehose does, leave out the line ends between them.
    """
    text = head.lstrip(b"\x00").removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace").lstrip()
    return any(pattern.match(text) is not None for pattern in (LISTED, LAID_OUT, WRAPPED)) or _is_joined(text)


def _is_joined(text: str) -> bool:
    """Whether a second record begins on the line where the first one ends."""
    if not text.startswith("{"):
        return False
    try:
        _, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return JOINED.match(text, end) is not None


def cut_records(
    content: Readable, batch_bytes: int = BATCH_BYTES, is_cut: Callable[[], bool] = lambda: False
) -> Iterator[pl.DataFrame]:
    """LINES of a document: one row a record, as it stands but for its line ends, numbered by the line it begins on.

    What stands among the records and is none is a row too, so that it is counted; brackets, commas, and what an object
    holds beside its list are not. A record in which the content broke off (is_cut) is left out.
    """
    cutter = _Cutter()
    while chunk := content.read(batch_bytes):
        cutter.add(chunk)
        yield cutter.take(is_last=False)
    cutter.add(b"", is_last=True)
    yield cutter.take(is_last=not is_cut())


@dataclass(slots=True)
class _Cutter:
    """The text that is not cut yet, the number of the line on which it begins, and the records since the last take."""

    text: str = ""
    line: int = 1
    is_wrapped: bool | None = None
    in_list: bool = False
    decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")(errors="replace")
    )
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, chunk: bytes, is_last: bool = False) -> None:
        """More text, and what kind of document it is once its beginning is there."""
        text = self.decoder.decode(chunk, is_last).replace("\x00", "")
        self.text += text if self.line > 1 or self.text else text.removeprefix("\ufeff")
        if self.is_wrapped is None and (len(self.text) > LONGEST_OPENING or is_last):
            self.is_wrapped = WRAPPED.match(self.text.lstrip()) is not None

    def take(self, is_last: bool) -> pl.DataFrame:
        """The records that are whole. is_last: no more text comes, so what is left over is a row too."""
        place = 0
        while self.is_wrapped is not None and place < len(self.text):
            step = self._to_list if self.is_wrapped and not self.in_list else self._among_records
            end = step(place, is_last)
            if end is None:
                break
            self.line += self.text.count("\n", place, end)
            place = end
        self.text = self.text[place:]
        found, self.found = self.found, []
        return pl.DataFrame(found, schema=LINES, orient="row")

    def _to_list(self, place: int, is_last: bool) -> int | None:
        """The place behind the bracket that opens the next list of records; what stands before it is no record."""
        opening = LIST_OF_RECORDS.search(self.text, place)
        if opening is not None:
            self.in_list = True
            return opening.end()
        end = len(self.text) if is_last else len(self.text) - LONGEST_OPENING
        return end if end > place else None

    def _among_records(self, place: int, is_last: bool) -> int | None:
        """The place behind the next record, bracket or piece that is neither; None where more text is needed."""
        start = BETWEEN.match(self.text, place).end()  # type: ignore[union-attr]
        if start > place:
            return start
        if self.text[start] in "[]":
            self.in_list = self.text[start] == "["
            return start + 1
        try:
            end = _DECODER.raw_decode(self.text, start)[1] if self.text[start] == "{" else None
        except (ValueError, RecursionError):
            end = None
        return self._piece(start, end if end is not None else self._behind_broken(start, is_last))

    def _behind_broken(self, start: int, is_last: bool) -> int | None:
        if not is_last and len(self.text) - start < LONGEST_LINE:
            return None
        following = NEXT_LINE.search(self.text, start + 1, start + LONGEST_RECORD) or NEXT.search(self.text, start + 1)
        return len(self.text) if following is None else following.start()

    def _piece(self, start: int, end: int | None) -> int | None:
        if end is not None:
            self.found.append((self.line, " ".join(self.text[start:end].split("\n"))))
        return end
