"""Entries: one line of a CSV file or one item of a YAML list, with where it stands, and what is wrong with it.

Here: the values that the modules of this room pass to each other.
Not here: reading them (yaml_files.py, csv_files.py), what they mean (resolving.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# A cell or a scalar as it was written; a list of them; None: it says that there is nothing.
Written = str | list[str] | None


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file, from 1; 0 is the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What a person must mend, and where."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Raw:
    """An entry as it was written. kind: of kinds.KINDS; tenant: a slug, None where nothing names one.

    lines: of each field; place: where the entry begins.
    """

    kind: str
    tenant: str | None
    values: Mapping[str, Written]
    place: Place
    lines: Mapping[str, int] = field(default_factory=dict)

    def at(self, name: str) -> Place:
        """Where a field stands; where the entry begins, if the field does not."""
        return Place(self.place.file, self.lines.get(name, self.place.line))


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry whose values have the types of their forms (forms.py); references are still names."""

    raw: Raw
    values: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return self.raw.kind

    @property
    def place(self) -> Place:
        return self.raw.place
