"""Requests: what every log format is turned into before it becomes events.

Here: the columns of a parsed line, the split of lines into requests and rejects, and the decoding that formats share.
Not here: any one format, ids and media files (events.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import unquote

import polars as pl

from assets.frames import UTC_TIME

# The columns of a parsed line. target: the requested path or URL, as written. client_ip and forwarded_for: text, each
# an address or a list of them (addresses.py). Null: not in the log.
REQUEST_SCHEMA: Mapping[str, pl.DataType] = {
    "line_number": pl.Int64(),
    "line": pl.String(),
    "request_id": pl.String(),
    "occurred_at": UTC_TIME,
    "target": pl.String(),
    "client_ip": pl.String(),
    "forwarded_for": pl.String(),
    "household_key": pl.Int64(),
    "key_version": pl.Int16(),
    "listener_id": pl.String(),
    "user_agent": pl.String(),
    "referrer": pl.String(),
    "platform": pl.String(),
    "country_code": pl.String(),
    "region_code": pl.String(),
    "asn": pl.Int64(),
    "http_method": pl.String(),
    "http_status": pl.Int16(),
    "range_start": pl.Int64(),
    "range_end": pl.Int64(),
    "bytes_sent": pl.Int64(),
}

# What listener_events takes (its constraints in sql/migrations/0003_events.sql): a row outside of it is no row of a log
# that a server wrote.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# A clock that is ahead, or a local time that is taken for UTC.
AHEAD = timedelta(days=1)
MOST_BYTES = 10**12
LONGEST_TEXT: Mapping[str, int] = {
    "user_agent": 20_000,
    "referrer": 20_000,
    "listener_id": 1_000,
    "platform": 1_000,
    "region_code": 100,
    "http_method": 100,
}

# What stands for a request line that is not one (a port scan, a TLS hello on the wrong port): no method is GET.
NO_METHOD = "-"


@dataclass(frozen=True, slots=True)
class Parsed:
    """One batch of lines, separated. requests: REQUEST_SCHEMA; rejects: line_number, line, reason."""

    requests: pl.DataFrame
    rejects: pl.DataFrame


# How the reason begins of a row that is no request by its format, which is no reason to doubt the log.
NO_REQUEST = "it is no request"


def unread(rejects: pl.DataFrame) -> pl.DataFrame:
    """The rejects that should have been requests."""
    return rejects.filter(~pl.col("reason").str.starts_with(NO_REQUEST))


class LogParser(Protocol):
    """Reads the batches of one file in order; it may hold a header."""

    def parse(self, lines: pl.DataFrame) -> Parsed: ...


def separate(rows: pl.DataFrame) -> Parsed:
    """Rows with a column "reason" (null where the line is good) as requests and rejects; missing columns are null."""
    rejects = rows.filter(pl.col("reason").is_not_null()).select("line_number", "line", "reason")
    missing = [
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in REQUEST_SCHEMA.items() if name not in rows.columns
    ]
    good = rows.filter(pl.col("reason").is_null()).with_columns(missing)
    return Parsed(good.select(pl.col(name).cast(dtype) for name, dtype in REQUEST_SCHEMA.items()), rejects)


def hold_to_bounds(parsed: Parsed) -> Parsed:
    """The same, with requests that the tables would refuse among the rejects, each with its reason.

    A range may be requested beyond any file's end, and is then cut (RFC 9110 section 14.1.2); every other number is of
    what was sent.
    """
    moment, latest = pl.col("occurred_at"), datetime.now(UTC) + AHEAD
    reason = first_reason(
        (~moment.is_between(EARLIEST, latest, closed="left"), "its time is before 2000 or yet to come"),
        (pl.col("range_start") > MOST_BYTES, f"its range starts beyond {MOST_BYTES:,} bytes"),
        (pl.col("bytes_sent") > MOST_BYTES, f"it says that more than {MOST_BYTES:,} bytes were sent"),
        *(
            (pl.col(name).str.len_chars() > longest, f"its {name} is longer than {longest:,} characters")
            for name, longest in LONGEST_TEXT.items()
        ),
    )
    judged = parsed.requests.with_columns(reason, pl.col("range_end").clip(upper_bound=MOST_BYTES))
    held = separate(judged)
    return Parsed(held.requests, pl.concat([parsed.rejects, held.rejects]).sort("line_number"))


# In front of a line, where it went through syslog: RFC 3164, RFC 5424 without structured data, and Fastly's.
SYSLOG = re.compile(
    r"^(?:<\d{1,3}>)?(?:1 \S+ \S+ \S+ \S+ \S+ - |(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+)"
    r" \S+ [^\s:\[]+(?:\[\d+\])?: ?)"
)


def without_syslog(line: str) -> str:
    """The line without what syslog has put in front of it, which names the server, maybe by its address."""
    return SYSLOG.sub("", line)


def first_reason(*reasons: tuple[pl.Expr, str | pl.Expr]) -> pl.Expr:
    """The first reason that holds, null where none does."""
    said = (pl.when(holds).then(pl.lit(text) if isinstance(text, str) else text) for holds, text in reasons)
    return pl.coalesce(*said, pl.lit(None, dtype=pl.String)).alias("reason")


def dash_is_null(expression: pl.Expr) -> pl.Expr:
    """The text, null where the log wrote a dash, or nothing, or as Fastly and Varnish that there is none."""
    return pl.when(~expression.is_in(["-", "", "(null)"])).then(expression)


def number(expression: pl.Expr, dtype: type[pl.DataType] = pl.Int64) -> pl.Expr:
    """The number of a text, null where there is none or it does not fit; counts are never negative.

    Databases and spreadsheets write whole numbers with zeros behind a point.
    """
    value = expression.str.replace(r"\.0*$", "").cast(dtype, strict=False)
    return pl.when(value >= 0).then(value)


def country_code(expression: pl.Expr) -> pl.Expr:
    """The two letters of a country in upper case, null for anything else."""
    code = expression.str.to_uppercase()
    return pl.when(code.str.contains("^[A-Z]{2}$")).then(code)


def map_distinct(frame: pl.DataFrame, name: str, function: Callable[[str], str | None]) -> pl.DataFrame:
    """The text column with the function applied, once per distinct value."""
    values = frame.get_column(name).drop_nulls().unique()
    results = pl.DataFrame(
        {name: values, "_result": [function(value) for value in values]},
        schema={name: pl.String, "_result": pl.String},
    )
    return (
        frame.join(results, on=name, how="left", validate="m:1", maintain_order="left")
        .with_columns(pl.col("_result").alias(name))
        .drop("_result")
    )


def percent_decoded(text: str) -> str:
    """The text with its percent escapes undone; bytes that are no UTF-8, and NUL, become U+FFFD."""
    return unquote(text, errors="replace").replace("\x00", "\ufffd") if "%" in text else text
