"""Lines: the text of a plain file, however large, as batches of numbered lines.

Here: where a line ends, NUL bytes, bytes that are no UTF-8, and the cut into batches that fit into memory.
Not here: packed files (opening.py), JSON that is no line a record (documents.py), the content of a line (the engines).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import polars as pl

from assets.importing.files.decompression import Readable
from sql.values import PermanentError

# About 40,000 lines of a CDN's log: large enough for vectors, small enough for a machine with 1 GB.
BATCH_BYTES = 16 * 1024 * 1024

# No server writes a line this long (CloudFront logs no URL over 8 kB); a file that has one is no log.
LONGEST_LINE = 4 * 1024 * 1024

LINES = pl.Schema({"line_number": pl.Int64(), "line": pl.String()})

# Two NULs or more stand where something was never written: no line goes on over them.
GAP = re.compile(rb"\x00{3,}")
IN_FRONT = re.compile(rb"(?m)^\x00+")


def cut_lines(
    content: Readable, name: str, batch_bytes: int = BATCH_BYTES, is_cut: Callable[[], bool] = lambda: False
) -> Iterator[pl.DataFrame]:
    """LINES of a file, batch by batch: line_number from 1 as an editor shows it, line without its end; no blank ones.

    A line ends with LF, CR LF, or CR alone. NULs in front of a line are left out: a file that was truncated while a
    server wrote on has millions of them. In its middle, two or more end it, as nothing joins what stands around them;
    one becomes U+FFFD, which also stands for bytes that are no UTF-8.
    is_cut:  whether the content broke off before its end, asked once all of it is read: then a last line without an end
             is half of one, and is left out.
    Raises PermanentError for a file without line ends.
    """
    first = 1
    rest = b""
    while chunk := content.read(batch_bytes):
        whole, rest = _split_at_last_end(rest + chunk)
        if len(rest) > LONGEST_LINE:
            raise PermanentError(f"{name} is no log: from line {first} on it has no line ends for megabytes")
        if whole:
            lines, first = _number(whole, first)
            yield lines
    if rest.strip(b"\x00") and not is_cut():
        yield _number(rest, first)[0]


def _split_at_last_end(content: bytes) -> tuple[bytes, bytes]:
    """What is whole lines, and the rest. A CR at the very end may be half of a CR LF, and waits."""
    end = max(content.rfind(b"\n"), content.rfind(b"\r", 0, -1)) + 1
    rest = content[end:]
    return content[:end], GAP.sub(b"\x00\x00", rest.lstrip(b"\x00")) if b"\x00" in rest else rest


def _number(content: bytes, first: int) -> tuple[pl.DataFrame, int]:
    """The lines with their numbers, blank ones left out, and the number of the line that comes next."""
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if first == 1:
        content = content.lstrip(b"\x00").removeprefix(b"\xef\xbb\xbf")
    has_nul = b"\x00" in content
    if has_nul:
        content = GAP.sub(b"\x00\x00", IN_FRONT.sub(b"", content))
    found = content.decode("utf-8", errors="replace").removesuffix("\n").split("\n")
    lines = (
        pl.DataFrame({"line": found}, schema={"line": pl.String})
        .with_row_index("line_number", offset=first)
        .select(pl.col("line_number").cast(pl.Int64), "line")
    )
    if has_nul:
        lines = lines.with_columns(pl.col("line").str.split("\x00\x00")).explode("line", empty_as_null=False)
        lines = lines.with_columns(pl.col("line").str.replace_all("\x00", "\ufffd", literal=True))
    return lines.filter(pl.col("line").str.strip_chars() != ""), first + len(found)
