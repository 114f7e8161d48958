"""Records: JSON objects and separated values with a header.

Here: finding fields by their name or path; rows that are none, each by itself.
Not here: lists of objects and Parquet (assets/importing/files make one line of each record), columns made of fields
(columns.py).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import polars as pl

from assets.importing.doubled import TWO_VALUES, load_doubled
from assets.importing.engines.columns import Problem, read_requests
from assets.importing.engines.names import Separated, best_separator, lacking, named_twice, plain_name
from assets.importing.engines.w3c import joined
from assets.importing.mappings.mapping import LogMapping
from assets.importing.requests import Parsed, dash_is_null, without_syslog

NO_OBJECT = "it is no JSON object"

# What nginx writes for quotes and bytes beyond ASCII where its log_format does not say escape=json: no escape of JSON.
HEX_ESCAPES = re.compile(r"(?<!\\)(?:\\x[0-9A-Fa-f]{2})+")

# What stands behind every key of an object, and now and then inside of a text.
KEY_END = r'"\s*:'

# What a key says that another spelling of it may say better.
NOTHING: tuple[object, ...] = (None, "", "-", "(null)", [])

# The spellings of a key: what one object spells in one way, the next may in another.
Keys = tuple[str, ...]


class JsonParser:
    """Lines to requests; every line is one object. A field is a key, or keys with dots between them."""

    def __init__(self, mapping: LogMapping) -> None:
        self._mapping = mapping
        self._wanted = mapping.wanted()
        columns = (mapping.columns.get(name) for name in ("client_ip", "forwarded_for"))
        self._of_addresses = {name for column in columns if column is not None for name in column.fields()}

    def parse(self, lines: pl.DataFrame) -> Parsed:
        """The lines of the next batch as requests and rejects."""
        objects, doubtful = _objects(lines.get_column("line"))
        present = [each for each in objects if each is not None]
        paths = _paths(self._wanted, present)
        found = [
            _texts(objects, path, name in self._of_addresses).alias(f"_fields.{name}") for name, path in paths.items()
        ]
        doubled = _doubled(objects, doubtful, paths)
        rows = lines.with_columns(*found, _none=pl.Series([each is None for each in objects]), _doubled=doubled)

        def field(name: str) -> pl.Expr:
            return dash_is_null(pl.col(f"_fields.{name}")) if name in paths else pl.lit(None, dtype=pl.String)

        problems: list[Problem] = [
            (pl.col("_none"), NO_OBJECT),
            (pl.col("_doubled").is_not_null(), pl.format("it names {} twice, with two values", "_doubled")),
        ]
        for group in self._mapping.needed:
            names = group.split("|")
            problems.append((pl.coalesce(field(name) for name in names).is_null(), f"it has no {names[0]}"))
        return read_requests(rows, field, self._mapping, problems)


def _objects(lines: pl.Series) -> tuple[list[dict[str, Any] | None], list[int]]:
    """The object of each line, and the places of those that may have had a key twice, of which the fast parser keeps
    the last: they are read by the slow one (0.6 s of processor time in 5 for a million flat lines of which none is).
    """
    objects = [_object(line) for line in lines]
    doubtful = [
        place
        for place, (found, ends) in enumerate(zip(objects, lines.str.count_matches(KEY_END), strict=True))
        if found is not None and ends != len(found) and ends != _count_keys(found)
    ]
    for place in doubtful:
        objects[place] = _object(lines[place], load_doubled)
    return objects, doubtful


def _count_keys(value: object) -> int:
    """The keys of an object and of all objects inside of it."""
    count, inside = 0, [value]
    while inside:
        here = inside.pop()
        if isinstance(here, dict):
            count += len(here)
            inside += here.values()
        elif isinstance(here, list):
            inside += here
    return count


def _object(line: str, load: Callable[[str], Any] = orjson.loads) -> dict[str, Any] | None:
    """The object; None for anything else, a lone surrogate among it. A list may stand one object a line in brackets,
    and syslog may have put something in front.
    """
    text = line.strip().removeprefix("[").removesuffix("]").removesuffix(",")
    if not text.startswith("{"):
        text = without_syslog(text)
    try:
        found = load(text)
    except (ValueError, RecursionError):
        if "\\x" not in text:
            return None
        try:
            found = load(HEX_ESCAPES.sub(_as_json, text))
        except (ValueError, RecursionError):
            return None
    return found if isinstance(found, dict) else None


def _as_json(escapes: re.Match[str]) -> str:
    """The bytes that nginx has escaped in its way, as JSON spells their text."""
    text = bytes.fromhex(escapes[0].replace("\\x", "")).decode("utf-8", "replace")
    return json.dumps(text)[1:-1]


@dataclass(slots=True)
class _Level:
    """The objects that stand under one key of others, and how they spell theirs: keys by their plain names."""

    objects: Sequence[Mapping[str, Any]]
    spellings: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in sorted(set().union(*self.objects)):
            self.spellings.setdefault(plain_name(key), []).append(key)

    def keys(self, name: str) -> Keys:
        """The keys that mean a name, the name itself first; headers are spelled as each client sent them."""
        return tuple(sorted(self.spellings.get(plain_name(name), ()), key=lambda key: key != name))

    def under(self, keys: Keys) -> _Level:
        """The objects under these keys."""
        return _Level([found for each in self.objects if isinstance(found := _get(each, keys), dict)])


def _paths(wanted: Sequence[str], objects: Sequence[Mapping[str, Any]]) -> Mapping[str, tuple[Keys, ...]]:
    """Where each field stands: the key itself, else keys with dots between them; of those that are there."""
    top = _Level(objects)
    levels: dict[tuple[Keys, ...], _Level] = {(): top}
    paths: dict[str, tuple[Keys, ...]] = {}
    for name in wanted:
        if keys := top.keys(name):
            paths[name] = (keys,)
        elif "." in name and top.keys(name.split(".")[0]):
            path: tuple[Keys, ...] = ()
            for part in name.split("."):
                if path not in levels:
                    levels[path] = levels[path[:-1]].under(path[-1])
                path = (*path, levels[path].keys(part) or (part,))
            paths[name] = path
    return paths


def _get(value: Any, keys: Keys) -> Any:
    """What an object says under the first of the keys that says something."""
    if type(value) is not dict:
        return None
    if len(keys) == 1:
        return value.get(keys[0])
    return next((found for key in keys if (found := value.get(key)) not in NOTHING), None)


def _doubled(
    objects: Sequence[dict[str, Any] | None], doubtful: Sequence[int], paths: Mapping[str, tuple[Keys, ...]]
) -> pl.Series:
    """For each object the first of the fields that it gives two values; null where it gives none two."""
    found: list[str | None] = [None] * len(objects)
    for place in doubtful:
        found[place] = next((name for name, path in paths.items() if _is_doubled(objects[place], path)), None)
    return pl.Series("_doubled", found, dtype=pl.String)


def _is_doubled(value: Any, path: Sequence[Keys]) -> bool:
    for keys in path:
        value = _get(value, keys)
        if value is TWO_VALUES:
            return True
    return False


def _texts(objects: Sequence[dict[str, Any] | None], path: Sequence[Keys], is_list: bool) -> pl.Series:
    """The values at a path as text. is_list: whether all of a list counts, as where a header was sent several times."""
    found: list[Any] = list(objects)
    for keys in path:
        if len(keys) > 1:
            found = [_get(each, keys) for each in found]
        else:
            [key] = keys
            found = [each.get(key) if type(each) is dict else None for each in found]
    if not any(each is not None for each in found):
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(objects))
    if is_list:
        found = [", ".join(map(str, each)) if type(each) is list else each for each in found]
    texts = pl.Series([each if each is None or type(each) is str else _text(each) for each in found], dtype=pl.String)
    return texts.str.replace_all("\x00", "\ufffd", literal=True).str.strip_chars()


def _text(value: object) -> str | None:
    """A value as text; of a list its first."""
    if isinstance(value, list):
        value = value[0] if value else None
    if value is None or value is TWO_VALUES or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


class CsvParser:
    """Lines to requests. The header holds until the next one; files pasted together repeat it.

    fields: the names of the values where the file has no header; the mapping's own where none are named.
    """

    def __init__(self, mapping: LogMapping, fields: Sequence[str] = ()) -> None:
        self._mapping = mapping
        self._names = list(fields or mapping.fields)

    def parse(self, lines: pl.DataFrame) -> Parsed:
        """The lines of the next batch as requests and rejects."""
        parts: list[Parsed] = []
        start = 0
        for place in [*self._headers(lines), lines.height]:
            if place > start:
                parts.append(self._read(lines[start:place]))
            if place < lines.height:
                self._names = self._named(lines.item(place, "line"))
            start = place + 1
        return joined(parts) if parts else self._read(lines.clear())

    def _headers(self, lines: pl.DataFrame) -> list[int]:
        """The places of lines that name fields: those that hold each of header_has as a value."""
        marks = self._mapping.header_has
        if not marks:
            return []
        holds = pl.all_horizontal(pl.col("line").str.contains(mark, literal=True) for mark in marks)
        places = lines.select(holds.arg_true()).to_series()
        return [place for place in places if set(marks) <= set(self._named(lines.item(place, "line")))]

    def _named(self, header: str) -> list[str]:
        separator = max(self._mapping.separators, key=header.count)
        return [name.strip() for name in _split(header.removeprefix("#"), separator)]

    def _read(self, lines: pl.DataFrame) -> Parsed:
        fields = Separated(self._names)
        separator = best_separator(lines, len(self._names), self._mapping.separators)
        missing, twice = lacking(self._mapping, fields), named_twice(self._mapping, fields)
        problems = [
            (pl.lit(bool(twice)), f"the header before it names {', '.join(twice)} twice"),
            (pl.lit(bool(missing)), f"no header before it names {', '.join(missing)}"),
            (
                pl.col("_values").list.len() != len(self._names),
                f"it has not the {len(self._names)} fields of its header",
            ),
        ]
        return read_requests(_values(lines, separator), fields.read, self._mapping, problems)


def _values(lines: pl.DataFrame, separator: str) -> pl.DataFrame:
    """The lines with _values; those with a quote are cut one by one."""
    rows = lines.with_columns(pl.col("line").str.split(separator).alias("_values"))
    quoted = lines.get_column("line").str.contains('"', literal=True).arg_true()
    if quoted.is_empty():
        return rows
    cut = pl.Series("_values", [_split(line, separator) for line in lines.get_column("line").gather(quoted)])
    return _scatter(rows, quoted, cut)


def _scatter(rows: pl.DataFrame, places: pl.Series, cut: pl.Series) -> pl.DataFrame:
    found = pl.DataFrame({"_place": places, "_cut": cut}, schema_overrides={"_cut": pl.List(pl.String)})
    return (
        rows.with_row_index("_place")
        .join(found, on="_place", how="left", validate="1:1", maintain_order="left")
        .with_columns(pl.coalesce("_cut", "_values").alias("_values"))
        .drop("_place", "_cut")
    )


def _split(line: str, separator: str) -> list[str]:
    """The values of a line; of one whose quotes do not close, none, so that it is no row."""
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return []
