"""W3C logs: tab-separated lines whose fields a #Fields line names, as both of CloudFront's logs are written.

Here: cutting a file by its #Fields lines, and turning lines into requests by a map from our columns to the log's
fields.
Not here: the fields of a log, their order without a #Fields line, and how it writes its time (a module each).
Source: W3C working draft "Extended Log File Format".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from assets.importing.requests import (
    Parsed,
    first_reason,
    map_distinct,
    number,
    percent_decoded,
    separate,
    tab_separated,
)

FIELDS_MARK = "#Fields:"

# A log's field by name, as an expression: null where the log has none of that name, or wrote a dash.
Field = Callable[[str], pl.Expr]


# How one of our columns is read from a line.
Column = Callable[[Field], pl.Expr]


@dataclass(frozen=True, slots=True)
class W3CLog:
    """One kind of log.

    fields:     their names where no #Fields line names them, with a space between them
    needed:     those without which nothing can be measured
    columns:    how our columns are read; occurred_at is one of them, in UTC
    miscounted: what is wrong with a line of another number of fields, after "it has not the 33 "
    timeless:   what is wrong with a line whose time cannot be read
    """

    fields: str
    needed: tuple[str, ...]
    columns: Mapping[str, Column]
    miscounted: str
    timeless: str


def text(name: str) -> Column:
    """The field as it is written."""
    return lambda field: field(name)


def count(name: str, dtype: type[pl.DataType] = pl.Int64) -> Column:
    """The field as a number; null for what is none."""
    return lambda field: number(field(name), dtype)


class W3CParser:
    """Lines to requests. The fields of the last #Fields line hold until the next, across batches.

    fields: those that hold until the first #Fields line; the log's own where none are named.
    """

    def __init__(self, log: W3CLog, fields: Sequence[str] = ()) -> None:
        self._log = log
        self._fields = " ".join(fields) or log.fields

    def parse(self, lines: pl.DataFrame) -> Parsed:
        """The lines of the next batch as requests and rejects."""
        parts, self._fields = _cut_by_fields(lines, self._fields)
        rows = [_parse_lines(part, names, self._log) for part, names in parts]
        return separate(
            pl.concat(rows) if rows else _parse_lines(lines.clear(), self._log.fields.split(" "), self._log)
        )


def _cut_by_fields(lines: pl.DataFrame, fields: str) -> tuple[list[tuple[pl.DataFrame, list[str]]], str]:
    """The lines without comments, cut by the #Fields line that holds for them, each part with the names of its fields.

    fields: those that hold before the first #Fields line. The second value: those that hold after the last line.
    """
    is_comment = pl.col("line").str.starts_with("#")
    named = pl.when(pl.col("line").str.starts_with(FIELDS_MARK)).then(
        pl.col("line").str.strip_prefix(FIELDS_MARK).str.replace_all(r"\s+", " ").str.strip_chars()
    )
    marked = lines.with_columns(named.forward_fill().fill_null(fields).alias("_fields"))
    parts = [
        (part.drop("_fields"), names.split(" "))
        for (names,), part in marked.filter(~is_comment).group_by(["_fields"], maintain_order=True)
    ]
    return parts, marked.item(-1, "_fields") if marked.height else fields


def _parse_lines(lines: pl.DataFrame, fields: list[str], log: W3CLog) -> pl.DataFrame:
    missing = [name for name in log.needed if name not in fields]
    field = tab_separated(fields)
    columns = {name: column(field) for name, column in log.columns.items()}
    rows = lines.with_columns(pl.col("line").str.split("\t").alias("_values")).select(
        "line_number",
        "line",
        first_reason(
            (pl.lit(bool(missing)), f"its #Fields line lacks {', '.join(missing)}"),
            (pl.col("_values").list.len() != len(fields), f"it has not the {len(fields)} {log.miscounted}"),
            (columns["occurred_at"].is_null(), log.timeless),
        ),
        **columns,
    )
    return rows.pipe(map_distinct, "user_agent", decoded_agent).pipe(map_distinct, "referrer", percent_decoded)


def decoded_agent(text: str) -> str:
    """The agent as the client sent it. Older logs encode spaces twice (%2520), then no plain space is left."""
    once = percent_decoded(text)
    return percent_decoded(once) if "%20" in once and " " not in once and "%2520" in text else once
