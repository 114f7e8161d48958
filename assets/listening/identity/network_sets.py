"""Network sets: networks as sorted intervals of numbers, searched for all addresses at once.

Here: merging networks into disjoint intervals, and whether addresses lie in them.
Not here: classes of addresses (addresses.py), where networks come from (addresses.py,
published_ranges.py).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Spans of addresses, both ends included.
SPANS = {"is_v4": pl.Boolean(), "first": pl.UInt128(), "last": pl.UInt128()}


def spans_of(networks: Iterable[Network]) -> pl.DataFrame:
    """SPANS of networks: one row each."""
    rows = [(each.version == 4, int(each.network_address), int(each.broadcast_address)) for each in networks]
    return pl.DataFrame(rows, schema=SPANS, orient="row")


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """Disjoint, sorted intervals of addresses, both ends included (u128), for one version of the protocol."""

    starts: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.UInt128))
    ends: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.UInt128))

    @classmethod
    def of(cls, spans: pl.DataFrame) -> Intervals:
        """Spans that overlap or touch become one. spans: first, last."""
        before = pl.col("reach").shift(1)
        # No sum, which could pass the last address of all.
        begins = ((pl.col("first") > before) & (pl.col("first") - before > 1)).fill_null(True)
        merged = spans.sort("first").with_columns(reach=pl.col("last").cum_max()).with_columns(begins=begins)
        closes = merged["begins"].shift(-1, fill_value=True)
        return cls(merged["first"].filter(merged["begins"]), merged["reach"].filter(closes))

    def hold(self, numbers: pl.Series) -> pl.Series:
        """Whether each of the numbers (u128, no nulls) lies in one of the intervals."""
        if self.starts.is_empty():
            return pl.repeat(False, len(numbers), eager=True)
        begun = self.starts.search_sorted(numbers, side="right").cast(pl.Int64)
        return (begun > 0) & (numbers <= self.ends.gather((begun - 1).clip(0)))


@dataclass(frozen=True, slots=True, eq=False)
class NetworkSet:
    """Networks of both versions; each address is found by a binary search."""

    v4: Intervals = field(default_factory=Intervals)
    v6: Intervals = field(default_factory=Intervals)

    @classmethod
    def of(cls, networks: Iterable[Network]) -> NetworkSet:
        return cls.of_spans(spans_of(networks))

    @classmethod
    def of_spans(cls, spans: pl.DataFrame) -> NetworkSet:
        """spans: SPANS, in any order."""
        return cls(Intervals.of(spans.filter("is_v4")), Intervals.of(spans.filter(~pl.col("is_v4"))))

    def hold(self, addresses: pl.DataFrame) -> pl.Series:
        """Whether each address lies in one of the networks. addresses: is_v4, number (parse_addresses)."""
        is_v4, numbers = addresses["is_v4"], addresses["number"].fill_null(0)
        held = (is_v4 & self.v4.hold(numbers)) | (~is_v4 & self.v6.hold(numbers))
        return held.fill_null(False)
