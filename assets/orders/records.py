"""Records: an export of orders as numbered records, whatever it is packed in.

Here: CSV with a header, a list of JSON, and one JSON object a line.
Not here: what a record means (shops.py, rows.py), containers (assets/importing/files).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any, BinaryIO

from assets.importing.doubled import load_doubled
from assets.importing.files.batches import open_log
from assets.spreadsheets import named_separator, separator_of
from sql.values import PermanentError


@dataclass(frozen=True, slots=True)
class Record:
    """One row or object. number: its line. values: by name; None with why where it cannot be read.

    twice: the columns of CSV under which it has two different values; JSON has TWO_VALUES there.
    """

    number: int
    text: str
    values: dict[str, Any] | None
    reason: str | None = None
    twice: frozenset[str] = frozenset()


def read_records(name: str, content: BinaryIO) -> Iterator[Record]:
    """The records of an export, one by one; of an archive, those of each file in it.

    Raises PermanentError for what is no export, is empty or has no header.
    """
    is_empty = True
    for _, file in groupby(_lines(name, content), key=lambda each: each[0]):
        is_empty = False
        yield from _of_file((number, text) for _, number, text in file)
    if is_empty:
        raise PermanentError(f"{name} holds no orders")


def _of_file(lines: Iterator[tuple[int, str]]) -> Iterator[Record]:
    first = next(lines)
    if first[1].lstrip().startswith(("{", "[")):
        for number, text in chain([first], lines):
            yield _of_json(number, text)
    else:
        yield from _of_csv(first, lines)


def _lines(name: str, content: BinaryIO) -> Iterator[tuple[str, int, str]]:
    """File of an archive, number, text."""
    for batch in open_log(name, content):
        if batch.problem is not None:
            raise PermanentError(f"{batch.problem}. Export the orders again")
        for number, text in batch.lines.select("line_number", "line").iter_rows():
            yield batch.member, number, text


def _of_json(number: int, text: str) -> Record:
    try:
        values = load_doubled(text)
    except (ValueError, RecursionError):
        return Record(number, text, None, "it is no JSON")
    if not isinstance(values, dict):
        return Record(number, text, None, "it is no JSON object")
    return Record(number, text, values)


def _of_csv(first: tuple[int, str], lines: Iterator[tuple[int, str]]) -> Iterator[Record]:
    """Rows whose quoted texts may go over several lines. The separator is what the header has most of.

    A first line that names the separator to a spreadsheet (sep=;) is left out. A row with fewer columns than the header
    has lost its end. Where the names come again, in any order, another export begins.
    """
    named = named_separator(first[1])
    if named is not None:
        first = next(lines, first)
    at, header = first
    separator = named or separator_of(header)
    names = _cells(next(csv.reader([header], delimiter=separator, skipinitialspace=True)))

    def texts() -> Iterator[str]:
        nonlocal at
        for number, text in lines:
            at = number
            yield text + "\n"

    rows = csv.reader(texts(), delimiter=separator, skipinitialspace=True)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(at, "", None, f"it is no row of CSV ({error})")
            continue
        if sorted(_cells(row)) == sorted(names):
            names = _cells(row)
        elif row:
            yield _of_row(at, row, names, separator)


def _of_row(number: int, row: list[str], names: list[str], separator: str) -> Record:
    written = _written(row, separator)
    if len(row) != len(names):
        return Record(number, written, None, f"it has {len(row)} columns, the header {len(names)}{_open(row)}")
    values = dict(zip(names, row, strict=True))
    return Record(number, written, values, twice=_twice(names, row, values))


def _cells(row: list[str]) -> list[str]:
    return [cell.strip() for cell in row]


def _twice(names: list[str], row: list[str], values: dict[str, str]) -> frozenset[str]:
    """The names of several columns that differ in the row."""
    if len(values) == len(names):
        return frozenset()
    return frozenset(name for name, text in zip(names, row, strict=True) if text.strip() != values[name].strip())


def _open(row: list[str]) -> str:
    return ": a quote in it may not be closed" if any("\n" in text for text in row) else ""


def _written(row: list[str], separator: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="").writerow(row)
    return text.getvalue()
