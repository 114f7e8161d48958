"""Records: an export of orders as numbered records, whatever it is packed in.

Here: CSV with a header, a list of JSON, and one JSON object a line.
Not here: what a record means (shops.py, rows.py), containers (assets/importing/files).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from assets.importing.files.batches import open_log
from sql.values import PermanentError


@dataclass(frozen=True, slots=True)
class Record:
    """One row or object. number: its line. values: by name; None with why where it cannot be read."""

    number: int
    text: str
    values: dict[str, Any] | None
    reason: str | None = None


def read_records(name: str, content: BinaryIO) -> Iterator[Record]:
    """The records of an export, one by one. Raises PermanentError for what is none, is empty or has no header."""
    lines = _lines(name, content)
    first = next(lines, None)
    if first is None:
        raise PermanentError(f"{name} holds no orders")
    if first[1].lstrip().startswith(("{", "[")):
        yield _of_json(*first)
        for number, text in lines:
            yield _of_json(number, text)
    else:
        yield from _of_csv(first, lines)


def _lines(name: str, content: BinaryIO) -> Iterator[tuple[int, str]]:
    for batch in open_log(name, content):
        if batch.problem is not None:
            raise PermanentError(f"{batch.problem}. Export the orders again")
        yield from batch.lines.select("line_number", "line").iter_rows()


def _of_json(number: int, text: str) -> Record:
    try:
        values = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return Record(number, text, None, "it is no JSON")
    if not isinstance(values, dict):
        return Record(number, text, None, "it is no JSON object")
    return Record(number, text, values)


def _of_csv(first: tuple[int, str], lines: Iterator[tuple[int, str]]) -> Iterator[Record]:
    """Rows whose quoted texts may go over several lines. The separator is what the header has most of.

    A first line that names the separator to a spreadsheet (sep=;) is left out. A row with fewer columns than the header
    has lost its end.
    """
    if re.fullmatch(r"sep=.", first[1].strip()):
        first = next(lines, first)
    header_number, header = first
    separator = max(",;\t", key=header.count)
    names = [name.strip() for name in next(csv.reader([header], delimiter=separator))]
    at = header_number

    def texts() -> Iterator[str]:
        nonlocal at
        for number, text in lines:
            at = number
            yield text + "\n"

    rows = csv.reader(texts(), delimiter=separator)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(at, "", None, f"it is no row of CSV ({error})")
            continue
        if len(row) != len(names) and row:
            yield Record(
                at, _written(row, separator), None, f"it has {len(row)} columns, the header {len(names)}{_open(row)}"
            )
            continue
        yield Record(at, _written(row, separator), dict(zip(names, row, strict=False)))


def _open(row: list[str]) -> str:
    return ": a quote in it may not be closed" if any("\n" in text for text in row) else ""


def _written(row: list[str], separator: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="").writerow(row)
    return text.getvalue()
