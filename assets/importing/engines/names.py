"""Names: fields by their name, in whatever spelling the delivery of a log gives it.

Here: a field of separated values, names that differ in signs alone, the separator of a file, and fields that lack.
Not here: JSON objects (records.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from assets.importing.mappings.mapping import LogMapping
from assets.importing.requests import dash_is_null


def plain_name(name: str) -> str:
    """The name in small letters, digits and low lines: Parquet has cs_user_agent for cs(User-Agent)."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def found_names(wanted: Iterable[str], present: Iterable[str]) -> Mapping[str, str]:
    """For each name that is wanted, how it is written here: as it is, else by its plain name; those that are there."""
    exact = list(present)
    plain = {plain_name(name): name for name in reversed(exact)}
    found = {name: name if name in exact else plain.get(plain_name(name)) for name in wanted}
    return {name: here for name, here in found.items() if here is not None}


class Separated:
    """Values in the order of their names, a list in the column _values."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)

    def read(self, name: str) -> pl.Expr:
        """The field: null for one of another name, a dash, nothing, and in lines that are too short."""
        place = found_names([name], self.names).get(name)
        if place is None:
            return pl.lit(None, dtype=pl.String)
        return dash_is_null(pl.col("_values").list.get(self.names.index(place), null_on_oob=True))


def named_twice(mapping: LogMapping, fields: Separated) -> list[str]:
    """The fields that are read and that two columns claim to be."""
    here = found_names(mapping.wanted(), fields.names)
    plain = [plain_name(name) for name in fields.names]
    # Of names that differ in signs alone, none is the right one where none is exact.
    alike = {name for wanted, name in here.items() if name != wanted and plain.count(plain_name(name)) > 1}
    return sorted(alike | {name for name in here.values() if fields.names.count(name) > 1})


def lacking(mapping: LogMapping, fields: Separated) -> list[str]:
    """The needed fields that are not among the names, the first of each that may stand for each other."""
    return [group.split("|")[0] for group in mapping.needed if not found_names(group.split("|"), fields.names)]


def best_separator(lines: pl.DataFrame, count: int, separators: Sequence[str]) -> str:
    """The separator under which most of the first lines have so many values."""
    if len(separators) == 1:
        return separators[0]
    sample = lines.get_column("line").head(200)
    fits = {each: int((sample.str.count_matches(each, literal=True) == max(0, count - 1)).sum()) for each in separators}
    return max(separators, key=lambda each: fits[each])
