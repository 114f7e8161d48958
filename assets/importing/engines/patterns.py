"""Patterns: lines whose fields stand between signs that a regular expression knows.

Here: finding fields by the groups of a mapping's pattern, lines that run together, and what stands before the time.
Not here: any one format (the mappings), columns made of fields (columns.py).
"""

from __future__ import annotations

import re

import polars as pl

from assets.importing.addresses import BETWEEN, parse_one
from assets.importing.engines.columns import read_requests
from assets.importing.mappings.mapping import LogMapping
from assets.importing.requests import Parsed, dash_is_null, map_distinct, without_syslog

# Whatever a server writes between the address and the time, the time itself stands in a line once.
ONCE = (
    r"\[(?:\d{1,2}/[A-Z][a-z]{2}/\d{4}[: ]\d\d:\d\d:\d\d(?:[.,]\d+)? ?[+-]\d{4}"
    r"|\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d[^\]\s]*|\d{10}\.\d{3})\]"
)

# The group of a pattern that holds all before the time: vhost, addresses, ident and user in one of several orders.
LEAD = "lead"
PLAIN_LEAD = r"^([0-9A-Fa-f.:]+) \S+ \S+ $"
LIKE_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{1,4}::|::[0-9A-Fa-f]|(?:[0-9A-Fa-f]{1,4}:){4}")
JOINED = "two lines are joined in it: they cannot be told apart"


class PatternParser:
    """Lines to requests; every line stands alone."""

    def __init__(self, mapping: LogMapping) -> None:
        self._mapping = mapping
        self._groups = list(re.compile(mapping.pattern or "").groupindex)

    def parse(self, lines: pl.DataFrame) -> Parsed:
        """The lines of the next batch as requests and rejects."""
        fields = pl.col("line").str.extract_groups(self._mapping.pattern or "").alias("_fields")
        rows = lines.with_columns(fields).unnest("_fields", separator=".")
        problems = [
            (pl.col("line").str.count_matches(self._mapping.once or ONCE) > 1, JOINED),
            (pl.col(f"_fields.{self._groups[0]}").is_null(), f"it does not read: {self._mapping.title}"),
        ]
        if LEAD in self._groups:
            rows = _with_addresses(rows)
            problems.insert(1, (pl.col(f"_fields.{LEAD}") == "", JOINED))
        return read_requests(rows, lambda name: dash_is_null(pl.col(f"_fields.{name}")), self._mapping, problems)


def _with_addresses(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the addresses of the lead in its place; nothing where another line begins inside of it."""
    lead = f"_fields.{LEAD}"
    plain = pl.col(lead).str.extract(PLAIN_LEAD)
    odd = rows.select(pl.when(plain.is_null()).then(pl.col(lead)).alias("odd"))
    if odd.get_column("odd").null_count() < rows.height:
        odd = map_distinct(odd, "odd", addresses_of)
    return rows.with_columns(pl.coalesce(plain, odd.get_column("odd")).alias(lead))


def addresses_of(lead: str) -> str:
    """The addresses that a line begins with, as a list; "-" where there is none, "" where two lines are joined.

    lead: all before the time: host or vhost, maybe several addresses, ident, and user, who may have spaces
    """
    words = [word for word in BETWEEN.split(without_syslog(lead).replace('"', " ")) if word]
    is_address = [parse_one(word) is not None for word in words]
    if not any(is_address):
        return words[0] if words else "-"
    first = is_address.index(True)
    last = first
    while last + 1 < len(words) and is_address[last + 1]:
        last += 1
    if any(LIKE_ADDRESS.search(word) for word in words[last + 1 :]):
        return ""
    return ",".join(words[first : last + 1])
