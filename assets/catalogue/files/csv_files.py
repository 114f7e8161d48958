"""CSV files: one kind a file, named by the file: placements.csv, codes-2026.csv.

Here: rows as entries, with the line on which each begins; comma, semicolon or tab, or what a first line "sep=" of a
spreadsheet names; lists of values parted by blanks.
Not here: what the values mean (structure.py). An empty cell says nothing about its field; null empties it.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Sequence
from pathlib import PurePath

from assets.catalogue.files.entries import Place, Problem, Raw, Written
from assets.catalogue.files.structure import forms_of
from assets.catalogue.kinds import KINDS
from assets.spreadsheets import SEPARATORS, named_separator, separator_of

NOTHING = "null"


def kind_of(file: str) -> str | None:
    """The kind that a CSV file's name begins with: placements.csv, placements-2026.csv, harbor.placements.csv."""
    words = re.split(r"[^a-z]+", PurePath(file).stem.lower())
    return next((word for word in words if word in KINDS), None)


def read_csv(file: str, text: str) -> tuple[list[Raw], list[Problem]]:
    """The entries of a CSV file with a heading, and what could not be read of it."""
    kind = kind_of(file)
    if kind is None:
        near = difflib.get_close_matches(PurePath(file).stem.lower(), KINDS, n=1)
        example = near[0] if near else "placements"
        return [], [Problem(Place(file), f"a CSV file is named by what it holds, such as {example}.csv")]
    lines = io.StringIO(text, newline="").readlines()
    before = _lines_before_heading(lines)
    delimiter = _delimiter(lines, before)
    rows = csv.reader(lines[before:], delimiter=delimiter, strict=True)
    raws: list[Raw] = []
    problems: list[Problem] = []
    line = before + 1
    try:
        heading = [name.strip().lower() for name in next(rows, [])]
        line = before + rows.line_num + 1
        if wrong := _wrong_heading(heading, delimiter):
            return [], [Problem(Place(file, before + 1), wrong)]
        for cells in rows:
            place, line = Place(file, line), before + rows.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(heading):
                problems.append(Problem(place, f"{len(cells)} cells, and the heading has {len(heading)}"))
            elif wrong := _wrong_cells(heading, cells):
                problems.append(Problem(place, wrong))
            else:
                raws.append(_raw(kind, dict(zip(heading, cells, strict=False)), place))
    except csv.Error as error:
        problems.append(Problem(Place(file, line), f"this is no CSV: {error}"))
    return raws, problems


def _lines_before_heading(lines: Sequence[str]) -> int:
    """How many lines are empty or name the separator to a spreadsheet."""
    return next((at for at, line in enumerate(lines) if line.strip() and named_separator(line) is None), 0)


def _delimiter(lines: Sequence[str], before: int) -> str:
    """What a line before the heading says that it is, else what the heading has most of."""
    for line in lines[:before]:
        if named := named_separator(line):
            return named
    return separator_of(lines[before] if lines else "")


def _wrong_heading(heading: Sequence[str], delimiter: str) -> str | None:
    twice = sorted({name for name in heading if name and heading.count(name) > 1})
    if twice:
        return f"the column {twice[0]!r} is there twice"
    if len(heading) == 1 and any(other in heading[0] for other in SEPARATORS):
        return f"the line before it says that {delimiter!r} parts the columns, and the heading has none"
    return None


def _wrong_cells(heading: Sequence[str], cells: Sequence[str]) -> str | None:
    for at, (name, cell) in enumerate(zip(heading, cells, strict=False), 1):
        if cell.strip() and not name:
            return f"its cell {at} holds {cell.strip()[:40]!r}, and the heading has no name for that column"
        if "\0" in cell:
            return f"{name} has a NUL in it, which no database keeps"
    return None


def _raw(kind: str, cells: dict[str, str], place: Place) -> Raw:
    forms = forms_of(kind)
    values: dict[str, Written] = {}
    for name, cell in cells.items():
        text = cell.strip()
        if not text or not name:
            continue
        if text == NOTHING:
            values[name] = None
        else:
            values[name] = re.split(r"[\s;,]+", text) if forms.get(name) == "texts" else text
    tenant = values.pop("tenant", None)
    return Raw(kind, tenant if isinstance(tenant, str) else None, values, place)
