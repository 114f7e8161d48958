"""Times: the ways in which logs write a moment, as UTC.

Here: ISO 8601, the time of Apache and nginx, that of HTTP, numbers since 1970, and patterns of an operator's own.
Not here: which field holds it (the mappings).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import polars as pl

from assets.frames import UTC_TIME

# Seconds are exact: as numbers of microseconds, never through a float. Finer digits are cut off.
SECONDS = r"^(\d{9,10})(?:\.\d+)?$"
DECIMALS = r"^\d{9,10}\.(\d{1,6})"
MILLISECONDS = r"^(\d{13})\.\d+$"
SINCE_1970: Mapping[int, Literal["ms", "us", "ns"]] = {13: "ms", 16: "us", 19: "ns"}
# Apache's own has no fraction; a pattern of an operator's may ("%{%d/%b/%Y:%T}t.%{msec_frac}t %{%z}t").
APACHE = r"^(\d{1,2}/[A-Z][a-z]{2}/\d{4})[: ](\d\d:\d\d:\d\d)[.,](\d{1,6})\d*\s?([+-]\d{4})$"
ISO = r"^(\d{4}[-/]\d\d[-/]\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,6})\d*)?\s?([Zz]|[+-]\d\d(?::?\d\d)?|UTC|)$"


def parse_times(texts: pl.Series, pattern: str | None = None) -> pl.Series:
    """The moments, in UTC and microseconds; null for what is none.

    pattern: of strftime. Without it, each way of writing is tried on what those before it could not read.
    """
    if pattern is not None:
        return _by_pattern(texts, pattern)
    ways: Sequence[Callable[[pl.Series], pl.Series]] = (_apache, _iso, _seconds, _numbers, _fine_apache, _http)
    found = pl.Series("time", [None], dtype=UTC_TIME).new_from_index(0, len(texts)) if len(texts) else _none()
    present = texts.is_not_null()
    for way in ways:
        missing = (found.is_null() & present).arg_true()
        if missing.is_empty():
            break
        if len(missing) == len(texts):
            found = way(texts)
        else:
            read = way(texts.gather(missing))
            found = found.scatter(missing, read) if read.null_count() < len(read) else found
    return found.alias(texts.name)


def _none() -> pl.Series:
    return pl.Series("time", [], dtype=UTC_TIME)


def _by_pattern(texts: pl.Series, pattern: str) -> pl.Series:
    read = texts.str.to_datetime(pattern, time_unit="us", time_zone="UTC", strict=False)
    return read.cast(UTC_TIME)


def _apache(texts: pl.Series) -> pl.Series:
    return texts.str.to_datetime("%d/%b/%Y:%H:%M:%S %z", time_unit="us", strict=False).cast(UTC_TIME)


def _fine_apache(texts: pl.Series) -> pl.Series:
    day, clock, decimals, offset = texts.str.extract_groups(APACHE).struct.unnest().get_columns()
    return (_apache(day + ":" + clock + " " + offset) + _micros(decimals)).cast(UTC_TIME)


def _http(texts: pl.Series) -> pl.Series:
    """Wed, 14 Oct 2026 06:12:41 GMT (RFC 9110, section 5.6.7)."""
    whole = texts.str.extract(r"^[A-Z][a-z]{2}, (\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d) GMT$")
    return whole.str.to_datetime("%d %b %Y %H:%M:%S", time_unit="us", time_zone="UTC", strict=False).cast(UTC_TIME)


def _iso(texts: pl.Series) -> pl.Series:
    parts = texts.str.extract_groups(ISO).struct.unnest()
    day, clock, decimals, offset = parts.get_columns()
    whole = (day.str.replace_all("/", "-") + "T" + clock + _offset(offset)).str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%z", time_unit="us", strict=False
    )
    return (whole + _micros(decimals)).cast(UTC_TIME)


def _offset(texts: pl.Series) -> pl.Series:
    """Offsets in full: PostgreSQL writes whole hours without minutes."""
    utc = {"Z": "+00:00", "z": "+00:00", "UTC": "+00:00", "": "+00:00"}
    return texts.replace(utc).str.replace(r"^([+-]\d\d)$", "${1}:00")


def _seconds(texts: pl.Series) -> pl.Series:
    whole = texts.str.extract(SECONDS).cast(pl.Int64)
    return (
        pl.from_epoch(whole * 1_000_000, time_unit="us") + _micros(texts.str.extract(DECIMALS))
    ).dt.replace_time_zone("UTC")


def _numbers(texts: pl.Series) -> pl.Series:
    found = pl.DataFrame({"text": texts.str.replace(MILLISECONDS, "$1")}).select(
        pl.coalesce(
            pl.from_epoch(
                pl.when(pl.col("text").str.contains(rf"^\d{{{length}}}$")).then("text").cast(pl.Int64, strict=False),
                time_unit=unit,
            ).cast(pl.Datetime("us"))
            for length, unit in SINCE_1970.items()
        )
    )
    return found.to_series().dt.replace_time_zone("UTC")


def _micros(decimals: pl.Series) -> pl.Series:
    return decimals.fill_null("0").str.pad_end(6, "0").cast(pl.Int64, strict=False).cast(pl.Duration("us"))
