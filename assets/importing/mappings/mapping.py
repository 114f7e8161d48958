"""Mapping: one log format as a small file says it, and what is wrong with a file that does not say it well.

Here: the keys of a mapping file, their meaning (MEANINGS, from which docs/log-formats.md is made), and reading it.
Not here: reading logs by it (assets/importing/engines), the files that are packaged (the .yaml beside this module).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import yaml
from rapidfuzz import process

from sql.safety.yaml_files import read_yaml_file
from sql.values import PermanentError

KINDS: Mapping[str, str] = {
    "w3c": "text with a separator whose fields a `#Fields:` line names",
    "lines": "text whose lines follow a pattern",
    "json": "JSON objects, one a line or in a list, or rows of Parquet",
    "csv": "text with a separator and a header",
}

# What a mapping file may say. Every key of Mapping and of Column is here: the page of formats shows them.
MEANINGS: Mapping[str, str] = {
    "title": "what the format is called in messages",
    "source": "`server_log` (it sees bytes) or `prefix` (a redirect that sees none)",
    "documented": "where the format is documented",
    "kind": "how it is written: " + "; ".join(f"`{name}`: {text}" for name, text in KINDS.items()),
    "columns": "how each column of a request is read; see below",
    "needed": "fields without which a request cannot be measured; `a\\|b`: either of them",
    "pattern": "of `lines`: a regular expression whose named groups are the fields (no look-around)",
    "once": "of `lines`: what stands in each line exactly once; one that has it twice is two lines run together",
    "separators": "of `w3c` and `csv`: what may stand between fields; the one that most lines fit is taken",
    "fields": "of `w3c` and `csv`: the names of the fields, in order, where the file does not name them",
    "chosen_fields": "whether an operator chooses which fields there are, and names them with `--fields`",
    "optional_fields": "of `w3c` with chosen fields: names that may be chosen beside those in `fields`",
    "header_has": "of `csv`: the fields by which a header is recognised, wherever it stands",
    "only_if": "fields with the values that make a row a request; a row with another value is passed over and counted",
    "bot_if": "fields that, unless empty, 0 or false, say that the service took the client for a bot",
    "identity": "`request` (default): an id names the request together with its time, client, path, status and bytes; "
    "`id`: an id alone is unique, and a row may change while it stays the same",
    "remarks": "what a reader of the numbers should know",
}
COLUMN_MEANINGS: Mapping[str, str] = {
    "from": "the field, or a list of fields of which the first that is not empty is taken",
    "join": "fields that are put together with a space between them",
    "value": "always this",
    "extract": "the part of the text that the first group of this regular expression finds",
    "decode": "`percent`: percent escapes are undone; `agent`: twice where the log escaped twice; `backslash`: those "
    'of Apache and nginx (`\\xHH`, `\\"`)',
    "at_most": "a field that holds the most that the number can be",
    "without": "a field whose text is cut off, where the path begins with it and the field in `unless` does not",
    "unless": "see `without`",
    "default": "what is taken where there is nothing",
    "as": "of times: a pattern of strftime, in UTC where it has no offset. Without it, ISO 8601, the time of Apache, "
    "that of HTTP, and seconds, milli-, micro- or nanoseconds since 1970 are recognised",
}
COLUMNS: Mapping[str, str] = {
    "occurred_at": "when",
    "request": "the request line, for method and path at once: `GET /a.mp3 HTTP/1.1`",
    "target": "the requested path or URL, as it was written",
    "guid": "the guid of the episode, where there is no path",
    "client_ip": "the address of the peer, in any spelling",
    "forwarded_for": "X-Forwarded-For, Forwarded, or what a proxy said of its client",
    "hashed_ip": "a hash that stands for the address",
    "request_id": "an id of the request",
    "listener_id": "an id of the listener",
    "user_agent": "the agent",
    "referrer": "the referrer",
    "platform": "the device or platform",
    "country_code": "two letters",
    "region_code": "the region",
    "asn": "the number of the network",
    "http_method": "the method; `-` where there is none",
    "http_status": "the status",
    "bytes_sent": "bytes of the body",
    "range_start": "the first byte of the range",
    "range_end": "its last byte",
    "requested_range": "the header Range of the request",
    "sent_range": "the header Content-Range of the response",
    "object_bytes": "the size of the whole file: a 206 of as many bytes is the file",
}


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is read; COLUMN_MEANINGS says what each key means."""

    from_: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    value: str | None = None
    extract: str | None = None
    decode: str | None = None
    at_most: str | None = None
    without: str | None = None
    unless: str | None = None
    default: str | None = None
    as_: str | None = None

    def fields(self) -> Iterator[str]:
        """The fields that it reads."""
        yield from (*self.from_, *self.join)
        yield from (name for name in (self.at_most, self.without, self.unless) if name)

    @property
    def title(self) -> str:
        """Its fields in words."""
        return " and ".join(self.join) or " or ".join(self.from_) or str(self.value)


@dataclass(frozen=True, slots=True)
class LogMapping:
    """One log format; MEANINGS says what each key means."""

    name: str
    title: str
    kind: str
    columns: Mapping[str, Column]
    source: str = "server_log"
    documented: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    pattern: str | None = None
    once: str | None = None
    separators: tuple[str, ...] = ("\t",)
    fields: tuple[str, ...] = ()
    chosen_fields: bool = False
    optional_fields: tuple[str, ...] = ()
    header_has: tuple[str, ...] = ()
    only_if: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bot_if: tuple[str, ...] = ()
    identity: str = "request"
    remarks: str = ""

    def wanted(self) -> tuple[str, ...]:
        """Every field that is read, each once."""
        names = [name for column in self.columns.values() for name in column.fields()]
        needed = [name for group in self.needed for name in group.split("|")]
        return tuple(dict.fromkeys((*names, *needed, *self.only_if, *self.bot_if)))


def load_mapping(path: Path) -> LogMapping:
    """The mapping in a file of YAML. Raises PermanentError that names the file, the key and what it may be."""
    try:
        content = read_yaml_file(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PermanentError(f"the mapping {path} cannot be read: {' '.join(str(error).split())}") from error
    return parse_mapping(path.stem, content, str(path))


def parse_mapping(name: str, content: object, where: str) -> LogMapping:
    """The mapping that the content of a file says. where: what messages call the file."""
    said = _keys(content, MEANINGS, where)
    for key in ("title", "kind", "columns"):
        if key not in said:
            raise PermanentError(f"{where} has no {key}: {MEANINGS[key]}")
    if said["kind"] not in KINDS:
        raise PermanentError(f"{where}: kind is one of {', '.join(KINDS)}, not {said['kind']!r}")
    columns = {
        column: _column(spec, f"{where}: columns.{column}")
        for column, spec in _keys(said["columns"], COLUMNS, f"{where}: columns").items()
    }
    if "occurred_at" not in columns:
        raise PermanentError(f"{where}: columns has no occurred_at, without which no request has a time")
    _check_types(said, where)
    lists = ("documented", "needed", "separators", "fields", "optional_fields", "header_has", "bot_if")
    rest: dict[str, Any] = {key: value for key, value in said.items() if key not in ("columns", "only_if", *lists)}
    rest |= {key: _texts(said[key]) for key in lists if key in said}
    only_if = {key: _texts(value) for key, value in dict(said.get("only_if", {})).items()}
    mapping = LogMapping(name=name, columns=columns, only_if=only_if, **rest)
    _check(mapping, where)
    return mapping


def _check_types(said: Mapping[str, Any], where: str) -> None:
    """Raises PermanentError for a value that is of another kind than its key takes."""
    for key, value in said.items():
        if key in ("title", "kind", "source", "pattern", "once", "identity", "remarks") and not isinstance(value, str):
            raise PermanentError(f"{where}: {key} is one text, not {value!r:.60}")
        if key == "chosen_fields" and not isinstance(value, bool):
            raise PermanentError(f"{where}: {key} is true or false, not {value!r:.60}")
        if key == "only_if" and not isinstance(value, dict):
            raise PermanentError(f"{where}: {key} is a mapping of fields to values, not {value!r:.60}")


def _check(mapping: LogMapping, where: str) -> None:
    if mapping.source not in ("server_log", "prefix"):
        raise PermanentError(f"{where}: source is server_log or prefix, not {mapping.source!r}")
    if mapping.identity not in ("request", "id"):
        raise PermanentError(f"{where}: identity is request or id, not {mapping.identity!r}")
    if strange := [each for each in mapping.separators if len(each) != 1]:
        raise PermanentError(f"{where}: separators are single signs, not {strange[0]!r}")
    if mapping.once is not None:
        _groups(mapping.once, f"{where}: once")
    if mapping.kind != "lines":
        return
    groups = _groups(mapping.pattern or "", f"{where}: pattern")
    unknown = [name for name in mapping.wanted() if name not in groups]
    if unknown:
        raise PermanentError(f"{where}: the pattern has no group called {unknown[0]}; it has {', '.join(groups)}")


def _groups(pattern: str, where: str) -> list[str]:
    try:
        pl.Series([""]).str.contains(pattern)
        return list(re.compile(pattern).groupindex)
    except (re.error, pl.exceptions.ComputeError) as error:
        why = " ".join(str(error).split())
        raise PermanentError(f"{where} is no regular expression that can be used: {why}") from error


def _column(spec: object, where: str) -> Column:
    if isinstance(spec, str | list):
        spec = {"from": spec}
    said = _keys(spec, COLUMN_MEANINGS, where)
    texts: dict[str, Any] = {key: str(value) for key, value in said.items() if key not in ("from", "join", "as")}
    if texts.get("decode", "percent") not in ("percent", "agent", "backslash"):
        raise PermanentError(f"{where}: decode is percent, agent or backslash, not {texts['decode']!r}")
    if "extract" in texts:
        _groups(texts["extract"], f"{where}: extract")
        if not re.compile(texts["extract"]).groups:
            raise PermanentError(f"{where}: extract has no group ( ) that says which part is taken")
    return Column(from_=_texts(said.get("from", ())), join=_texts(said.get("join", ())), as_=said.get("as"), **texts)


def _keys(content: object, allowed: Mapping[str, str], where: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise PermanentError(f"{where} is no mapping of keys to values; its keys are {', '.join(allowed)}")
    for key in content:
        if key not in allowed:
            near = process.extractOne(str(key), list(allowed))
            raise PermanentError(f"{where} has the key {key!r}, which is none; did you mean {near[0]}?")
    return content


def _texts(value: object) -> tuple[str, ...]:
    """One text or a list of them, as a tuple. Raises PermanentError for what is neither."""
    found = value if isinstance(value, list | tuple) else (value,)
    for each in found:
        if isinstance(each, dict | list) or each is None:
            raise PermanentError(f"a mapping has {each!r:.60} where a text or a list of texts is wanted")
    return tuple(str(each) for each in found)
