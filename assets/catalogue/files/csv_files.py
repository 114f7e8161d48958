"""CSV files: one kind a file, named by the file: placements.csv, codes-2026.csv.

Here: rows as entries, with the line on which each begins; comma, semicolon or tab; lists of values parted by blanks.
Not here: what the values mean (structure.py). An empty cell says nothing about its field; null empties it.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from pathlib import PurePath

from assets.catalogue.files.entries import Place, Problem, Raw, Written
from assets.catalogue.files.structure import forms_of
from assets.catalogue.kinds import KINDS

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
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    raws: list[Raw] = []
    problems: list[Problem] = []
    try:
        heading = [name.strip().lower() for name in next(rows, [])]
        twice = sorted({name for name in heading if name and heading.count(name) > 1})
        if twice:
            return [], [Problem(Place(file, 1), f"the column {twice[0]!r} is there twice")]
        line = rows.line_num + 1
        for cells in rows:
            place, line = Place(file, line), rows.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(heading):
                problems.append(Problem(place, f"{len(cells)} cells, and the heading has {len(heading)}"))
                continue
            raws.append(_raw(kind, dict(zip(heading, cells, strict=False)), place))
    except csv.Error as error:
        problems.append(Problem(Place(file, rows.line_num), f"this is no CSV: {error}"))
    return raws, problems


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
