"""Formats: which log formats there are, and which one a file looks like.

Here: the packaged mappings and an operator's own, the parser of each, and the guess.
Not here: what a format says (mappings/*.yaml), how it is read (engines).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rapidfuzz import process

from assets.importing.engines.patterns import PatternParser
from assets.importing.engines.records import CsvParser, JsonParser
from assets.importing.engines.w3c import W3CParser
from assets.importing.mappings.mapping import LogMapping, load_mapping
from assets.importing.requests import LogParser, unread
from sql.values import PermanentError

# Enough lines to recognise a format by, whatever a file begins with.
LINES_TO_GUESS = 200

FORMATS: Mapping[str, LogMapping] = {
    mapping.name: mapping for mapping in map(load_mapping, sorted((Path(__file__).parent / "mappings").glob("*.yaml")))
}


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a format reads the first lines: how many it reads, and how much it finds in them."""

    name: str
    requests: int
    rejects: int
    filled: int

    @property
    def score(self) -> tuple[int, int, bool]:
        """The better, the higher; a format that knows of rows that are no requests knows more of the file."""
        return self.requests, self.filled, bool(FORMATS[self.name].only_if)


def parser_of(name: str | LogMapping, fields: Sequence[str] = ()) -> LogParser:
    """A fresh parser for one file. fields: the names of its columns, for a format that leaves them to the operator.

    Raises PermanentError for a format that is not known, for fields where the format has its own, and for names that
    are none of its fields.
    """
    mapping = mapping_of(name)
    if fields:
        _check_fields(mapping, fields)
    if mapping.kind == "w3c":
        return W3CParser(mapping, fields)
    if mapping.kind == "csv":
        return CsvParser(mapping, fields)
    return JsonParser(mapping) if mapping.kind == "json" else PatternParser(mapping)


def mapping_of(name: str | LogMapping) -> LogMapping:
    """The format by its name, or the mapping that is given. Raises PermanentError for a format that is not known."""
    if isinstance(name, LogMapping):
        return name
    if name not in FORMATS:
        raise PermanentError(f"there is no log format called {name!r}; known: {', '.join(FORMATS)}")
    return FORMATS[name]


def _check_fields(mapping: LogMapping, fields: Sequence[str]) -> None:
    if not mapping.chosen_fields:
        takers = ", ".join(name for name, form in FORMATS.items() if form.chosen_fields)
        raise PermanentError(f"each {mapping.title} names its own fields: --fields is for {takers}")
    choices = (*mapping.fields, *mapping.optional_fields)
    for name in fields:
        if name not in choices:
            near = process.extractOne(name, choices)
            raise PermanentError(
                f"a {mapping.title} has no field called {name!r}: did you mean {near[0]}? They are {', '.join(choices)}"
            )
    doubled = sorted({name for name in fields if fields.count(name) > 1})
    if doubled:
        raise PermanentError(f"the fields name {doubled[0]} twice: name each once, in the order of the configuration")
    missing = [group for group in mapping.needed if not set(group.split("|")) & set(fields)]
    if missing:
        raise PermanentError(
            f"the fields lack {', '.join(missing)}, without which requests cannot be measured: "
            "add them to the real-time log configuration"
        )


def fitting_formats(lines: pl.DataFrame) -> list[Fit]:
    """The formats that read at least half of the first lines, the best first."""
    sample = lines.head(LINES_TO_GUESS)
    fits = []
    for name in FORMATS:
        parsed = parser_of(name).parse(sample)
        if parsed.requests.height >= max(1, unread(parsed.rejects).height):
            filled = sum(parsed.requests.select(pl.all().count()).row(0))
            fits.append(Fit(name, parsed.requests.height, parsed.rejects.height, filled))
    return sorted(fits, key=lambda fit: fit.score, reverse=True)


def guess_format(lines: pl.DataFrame) -> str | None:
    """The format that reads most of the first lines, if it reads at least half of them; None if none does."""
    fits = fitting_formats(lines)
    return fits[0].name if fits else None


def _doubled_header(lines: pl.DataFrame) -> str | None:
    """What is wrong with a header that names a field twice, which no format reads; None where none does."""
    for name in FORMATS:
        reasons = parser_of(name).parse(lines.head(LINES_TO_GUESS)).rejects.get_column("reason")
        found = reasons.filter(reasons.str.contains(r"^(its #Fields line|the header before it) names .* twice$"))
        if len(found):
            return str(found[0])
    return None


def choose_format(lines: pl.DataFrame, source: str) -> str:
    """The one format of the first lines. source: what messages call the file.

    Raises PermanentError where none reads them, and where several read them equally well.
    """
    fits = fitting_formats(lines)
    if not fits and (doubled := _doubled_header(lines)):
        raise PermanentError(
            f"{source} cannot be read, because {doubled}: have the log name it once. Nothing was stored"
        )
    if not fits:
        raise PermanentError(
            f"{source} looks like none of the formats that can be imported ({', '.join(FORMATS)}). Name one with "
            "--format to see what is wrong with its lines, or write a mapping and name it with --map "
            "(docs/log-formats.md). Nothing was stored"
        )
    equal = [fit.name for fit in fits if fit.score == fits[0].score]
    if len(equal) > 1:
        raise PermanentError(
            f"{source} may be one of {', '.join(equal)}: name the right one with --format. Nothing was stored"
        )
    return fits[0].name
