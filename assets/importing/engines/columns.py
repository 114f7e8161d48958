"""Columns: from the fields of a line to the columns of a request, as a mapping says it.

Here: what each key of a mapped column does, and what is wrong with a row.
Not here: how fields are found in a line (w3c.py, patterns.py, records.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import polars as pl

from assets.importing.addresses import read_list
from assets.importing.engines.ranges import add_range
from assets.importing.engines.times import parse_times
from assets.importing.hashed import with_household
from assets.importing.mappings.mapping import Column, LogMapping
from assets.importing.paths import guid_target
from assets.importing.requests import (
    NO_METHOD,
    NO_REQUEST,
    Parsed,
    country_code,
    dash_is_null,
    first_reason,
    map_distinct,
    number,
    percent_decoded,
    separate,
)
from assets.listening.identity.agent_rules import BOT_SUFFIX

# A field of a line by its name, as an expression: null where the line has none, or wrote a dash or nothing.
Field = Callable[[str], pl.Expr]

# What is wrong with a row, and the words for it.
Problem = tuple[pl.Expr, str | pl.Expr]

# GET /ferry days.mp3 HTTP/1.1: servers log the path as it came, with spaces too.
REQUEST = r"^(?P<method>[A-Z]+) (?P<path>.*?)(?: HTTP/[\d.]+)?$"

# nginx writes \xHH for what is not printable, Apache \" \\ and the letters of C besides.
ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"v": b"\v", b"f": b"\f"}

NUMBERS: Mapping[str, type[pl.DataType]] = {
    "asn": pl.Int64,
    "http_status": pl.Int16,
    "range_start": pl.Int64,
    "range_end": pl.Int64,
    "bytes_sent": pl.Int64,
    "object_bytes": pl.Int64,
}

OF_BYTES = ("bytes_sent", "range_start", "range_end", "object_bytes")

# Values with which a service says no.
NO = ("0", "false", "no", "null", "none")


def read_requests(rows: pl.DataFrame, field: Field, mapping: LogMapping, problems: Iterable[Problem]) -> Parsed:
    """The rows as requests and rejects.

    rows:     line_number, line, and what field reads
    problems: what the engine found wrong with a row; it comes before what is wrong with its values
    """
    values = [_value(column, field).alias(name) for name, column in mapping.columns.items()]
    texts = rows.select(
        "line_number",
        "line",
        first_reason(*problems, *_not_requests(field, mapping)).alias("_problem"),
        _says_yes(field, mapping.bot_if).alias("_is_bot"),
        _unread_bytes(field, mapping).alias("_unread_bytes"),
        *values,
    )
    for name, column in mapping.columns.items():
        if column.decode is not None:
            texts = map_distinct(texts, name, DECODERS[column.decode])
    when = mapping.columns["occurred_at"]
    texts = texts.with_columns(parse_times(texts.get_column("occurred_at"), when.as_))
    judged = texts.with_columns(
        first_reason(
            (pl.col("_problem").is_not_null(), pl.col("_problem")),
            (pl.col("occurred_at").is_null(), f"its {when.title} cannot be read"),
            (pl.col("_unread_bytes").is_not_null(), pl.format("its {} is no number of bytes", "_unread_bytes")),
            *_unread_status(texts, mapping),
        )
    )
    return separate(judged.pipe(_typed, mapping.kind).pipe(add_range).pipe(_with_client).pipe(_with_bots))


def _value(column: Column, field: Field) -> pl.Expr:
    """The text of a column, but for what is decoded."""
    if column.value is not None:
        return pl.lit(column.value)
    ways = [field(name) for name in column.from_]
    if column.join:
        ways.append(pl.concat_str([field(name) for name in column.join], separator=" "))
    found = pl.coalesce(ways)
    if column.without is not None:
        front = pl.format("/{}/", field(column.without))
        belongs = pl.format("/{}", field(column.unless)).str.starts_with(front) if column.unless else pl.lit(False)
        is_front = (found.str.starts_with(front) & ~belongs.fill_null(False)).fill_null(False)
        found = pl.when(is_front).then(found.str.strip_prefix(front)).otherwise(found)
    if column.extract is not None:
        found = found.str.extract(column.extract, 1)
    if column.at_most is not None:
        found = pl.min_horizontal(number(found), number(field(column.at_most))).cast(pl.String)
    return found if column.default is None else found.fill_null(column.default)


def _not_requests(field: Field, mapping: LogMapping) -> Iterator[Problem]:
    """Rows that the format has beside its requests."""
    for name, values in mapping.only_if.items():
        yield field(name).is_null(), f"it has no {name}"
        yield ~field(name).is_in(values), f"{NO_REQUEST}: its {name} is not {' or '.join(values)}"


def _says_yes(field: Field, names: Iterable[str]) -> pl.Expr:
    said = [(field(name).is_not_null() & ~field(name).str.to_lowercase().is_in(NO)).fill_null(False) for name in names]
    return pl.any_horizontal(pl.lit(False), *said)


def _unread_bytes(field: Field, mapping: LogMapping) -> pl.Expr:
    """The fields that should say a number of bytes and say something else, or nothing where a format cannot be without.

    Less than nothing is what some servers write for what they do not know.
    """
    unread: list[tuple[pl.Expr, str | pl.Expr]] = []
    for name in OF_BYTES:
        column = mapping.columns.get(name)
        if column is None or not column.from_:
            continue
        said = pl.coalesce(field(each) for each in column.from_)
        if column.extract is not None:
            said = said.str.extract(column.extract, 1)
        is_other = said.is_not_null() & number(said).is_null() & ~said.str.contains(r"^-\d+$")
        if name == "bytes_sent" and set(column.from_) & set(mapping.needed):
            is_other = is_other | number(said).is_null()
        unread.append((is_other.fill_null(False), column.title))
    return first_reason(*unread)


def _unread_status(texts: pl.DataFrame, mapping: LogMapping) -> Iterator[Problem]:
    """A status that is no status, but the bytes or the time, say: the fields are others than was said."""
    column = mapping.columns.get("http_status")
    if column is not None:
        status = number(pl.col("http_status"), pl.Int16)
        is_none = pl.col("http_status").is_not_null() & ~(status < 1000).fill_null(False)
        yield is_none, f"its {column.title} is no status"


def _typed(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Numbers as numbers, the request line as method and path, an episode's guid as a target.

    A request line that is none has no method, which no GET is; where it was not logged at all the method is unknown.
    """
    columns = [number(pl.col(name), dtype).alias(name) for name, dtype in NUMBERS.items() if name in rows.columns]
    if "country_code" in rows.columns:
        columns.append(country_code(pl.col("country_code")).alias("country_code"))
    if "guid" in rows.columns:
        columns.append(guid_target(pl.col("guid")).alias("target"))
    if "request" in rows.columns:
        parts = pl.col("request").str.extract_groups(REQUEST)
        for name, part in (("http_method", "method"), ("target", "path")):
            said = [pl.col(name)] if name in rows.columns else []
            columns.append(pl.coalesce(*said, dash_is_null(parts.struct.field(part))).alias(name))
    missing = [
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in (("http_status", pl.Int16), ("bytes_sent", pl.Int64), ("client_ip", pl.String))
        if name not in rows.columns
    ]
    typed = rows.with_columns(*columns, *missing)
    if "request" in rows.columns:
        is_none = pl.lit(kind == "lines") | pl.col("request").is_not_null()
        method = pl.col("http_method")
        typed = typed.with_columns(pl.when(is_none).then(method.fill_null(NO_METHOD)).otherwise(method))
    return typed.drop("guid", "request", strict=False)


def _with_client(rows: pl.DataFrame) -> pl.DataFrame:
    """client_ip where the log gives an address, household_key where it gives a hash of one."""
    if "hashed_ip" not in rows.columns:
        return rows
    hidden = rows.get_column("hashed_ip")
    addresses = [text for text in hidden.drop_nulls().unique() if any(read_list(text))]
    is_address = hidden.is_in(addresses).fill_null(False)
    named = pl.col("client_ip")
    is_hash = rows.get_column("client_ip") == hidden
    return with_household(
        rows.with_columns(
            pl.when(is_hash.fill_null(False) & ~is_address).then(None).otherwise(named).alias("client_ip"),
            pl.when(~is_address).then("hashed_ip").alias("_hashed"),
        ).drop("hashed_ip")
    )


def _with_bots(rows: pl.DataFrame) -> pl.DataFrame:
    """The mark of a bot behind the agent of each client that the service took for one."""
    if "user_agent" not in rows.columns:
        return rows
    agent = pl.col("user_agent")
    return rows.with_columns(pl.when("_is_bot").then(agent.fill_null("") + BOT_SUFFIX).otherwise(agent))


def unescaped(text: str) -> str:
    """The text without the escapes of Apache and nginx; what is no UTF-8, and NUL, becomes U+FFFD."""
    if "\\" not in text:
        return text

    def plain(match: re.Match[bytes]) -> bytes:
        code = match.group(1)
        return bytes.fromhex(code[1:].decode()) if len(code) == 3 else LETTERS.get(code, code)

    return ESCAPE.sub(plain, text.encode()).decode("utf-8", errors="replace").replace("\x00", "\ufffd")


def decoded_agent(text: str) -> str:
    """The agent as the client sent it. Older logs encode spaces twice (%2520), then no plain space is left."""
    once = percent_decoded(text)
    return percent_decoded(once) if "%20" in once and " " not in once and "%2520" in text else once


DECODERS: Mapping[str, Callable[[str], str]] = {
    "percent": percent_decoded,
    "agent": decoded_agent,
    "backslash": unescaped,
}
