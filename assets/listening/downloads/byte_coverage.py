"""Coverage: which bytes of a file a group of requests really received.

Here: the interval of one request, what each request adds to those before it, and the merged intervals of a group.
Not here: how many bytes make a minute (catalogue.py), what follows from it (counting.py, ad_delivery.py).

Intervals are half-open here, [from_byte, to_byte). A span is the requests of a group for one file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.listening.downloads.dispositions import PREFIX
from assets.listening.downloads.method import Method

SPAN = ["group_no", "file_no"]

# Far beyond every file, and small enough that the sum of two of them is no overflow.
LAST_BYTE = 2**61

Integers = npt.NDArray[np.int64]


def add_intervals(requests: pl.DataFrame, method: Method | None = None) -> pl.DataFrame:
    """The requests with the bytes that they received: from_byte, to_byte, and content_from without the file's header.

    requests: source, http_status, range_start, range_end, bytes_sent, file_bytes, header_bytes (null: unknown file),
              is_open; of requests for a part of a file (an HLS segment) part_offset_bytes, part_bytes,
              part_header_bytes (null, or no such columns: for the whole file)
    adds:     from_byte, to_byte, content_from (i64, half-open; empty where from >= to), placeless_bytes (i64: of the
              content, by an answer of which nothing says where in the file they lie; else 0), is_range_assumed
    Source:   PTMG 2.3: bytes sent win over the requested range.

    A request without a range starts at 0 if its status is 200, or if it is a 206 with as many bytes as the file has.
    Any other 206 without a range lies nowhere: its bytes, less as many as the header has, are content all the same, and
    the row is marked. Bytes sent unknown: the range is taken as received, and the row is marked. If then neither the
    range nor the file has an end, it is taken to have received the assumed minute. A prefix service sees no bytes, and
    a request after the window closed adds none.
    A request for a part is measured in the part and clipped at its end, then moved to where the part lies in the whole.
    """
    minute = (method or Method()).assumed_minute
    offset, size, part_header = _part_or_whole(requests)
    bytes_sent = pl.col("bytes_sent").clip(upper_bound=LAST_BYTE)
    is_whole = (pl.col("http_status") == 200) | ((pl.col("http_status") == 206) & (bytes_sent >= size))
    start = pl.coalesce(pl.col("range_start").clip(upper_bound=LAST_BYTE), pl.when(is_whole).then(0)).cast(pl.Int64)
    header = pl.max_horizontal(pl.col("header_bytes").fill_null(0), part_header)
    requested_end = pl.coalesce(pl.col("range_end").clip(upper_bound=LAST_BYTE) + 1, size)
    sent = start + bytes_sent
    assumed = pl.max_horizontal(start, header) + minute
    end = offset + pl.coalesce(pl.min_horizontal(requested_end, sent, size), assumed)
    begin = offset + start
    is_seen = (pl.col("source") != PREFIX) & pl.col("is_open")
    measured = is_seen & start.is_not_null()
    is_placeless = is_seen & start.is_null() & (pl.col("http_status") == 206) & (bytes_sent > 0)
    placeless = (bytes_sent - pl.max_horizontal(header - offset, 0)).clip(lower_bound=0)
    return requests.with_columns(
        from_byte=pl.when(measured).then(begin).otherwise(0),
        to_byte=pl.when(measured).then(pl.max_horizontal(pl.min_horizontal(end, "file_bytes"), begin)).otherwise(0),
        placeless_bytes=pl.when(is_placeless).then(placeless).otherwise(0).cast(pl.Int64),
        is_range_assumed=(measured & pl.col("bytes_sent").is_null()) | is_placeless.fill_null(False),
    ).with_columns(content_from=pl.max_horizontal("from_byte", header))


def _part_or_whole(requests: pl.DataFrame) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Where the requested file or part begins in the whole file, its size, and where its own header ends there."""
    if "part_offset_bytes" not in requests.columns:
        return pl.lit(0, dtype=pl.Int64), pl.col("file_bytes"), pl.lit(0, dtype=pl.Int64)
    offset = pl.col("part_offset_bytes").clip(upper_bound=LAST_BYTE).fill_null(0)
    return offset, pl.coalesce("part_bytes", "file_bytes"), offset + pl.col("part_header_bytes").fill_null(0)


def add_new_bytes(requests: pl.DataFrame) -> pl.DataFrame:
    """The requests with new_bytes: content bytes of the file that no earlier request of their group received.

    requests: request_no (dense, in order of group and time), group_no, file_no, content_from, to_byte, and
              placeless_bytes (or no such column: none)
    Each byte of the union of the intervals counts for the request that received it first: summed over a span it is the
    span's coverage. Bytes without a place may be any of the others, so all that they prove is that the span covers as
    many as one answer had: they count as far as that is more than what is covered by then.
    """
    group = pl.col("group_no")
    length = (pl.col("to_byte") - pl.col("content_from")).clip(lower_bound=0)
    is_alone = (group != group.shift(1)).fill_null(True) & (group != group.shift(-1)).fill_null(True)
    shared = requests.select("request_no", *SPAN, "content_from", "to_byte", length=length, is_alone=is_alone)
    new_bytes = _integers(shared["length"]).copy()
    shared = shared.filter(~pl.col("is_alone") & (pl.col("length") > 0))
    if shared.height:
        new_bytes[_integers(shared["request_no"])] = _count_first_receipts(shared)
    return requests.with_columns(new_bytes=pl.Series(new_bytes)).pipe(_raise_to_placeless)


def _raise_to_placeless(requests: pl.DataFrame) -> pl.DataFrame:
    """The requests with new_bytes such that each span covers, at each of them, the most that one answer had so far."""
    if "placeless_bytes" not in requests.columns or not (requests["placeless_bytes"] > 0).any():
        return requests
    placed = pl.col("new_bytes").cum_sum().over(SPAN)
    covered = pl.max_horizontal(placed, pl.col("placeless_bytes").cum_max().over(SPAN))
    return (
        requests.with_columns(_covered=covered)
        .with_columns(new_bytes=pl.col("_covered") - pl.col("_covered").shift(1).over(SPAN).fill_null(0))
        .drop("_covered")
    )


def _count_first_receipts(shared: pl.DataFrame) -> Integers:
    """For each interval, in the order of the requests, the bytes that it was the first of its span to receive.

    The ends of all intervals cut each span into segments that are covered as a whole or not at all; the segments of all
    spans stand in one row, so one pass finds for every segment the first request that covers it.
    """
    lower, upper, lengths = _cut_into_segments(shared)
    owners = _first_to_cover(lower, upper, len(lengths))
    received = np.zeros(shared.height + 1, dtype=np.int64)
    np.add.at(received, owners, lengths)
    return received[:-1]


def _cut_into_segments(shared: pl.DataFrame) -> tuple[Integers, Integers, Integers]:
    """Each interval as a run [lower, upper) of segments, and the length of every segment.

    Segments are numbered over all spans; the one between two spans belongs to no interval and has no length.
    """
    span = np.tile(_number_spans(shared), 2)
    byte = np.concatenate([_integers(shared["content_from"]), _integers(shared["to_byte"])])
    order = _order_of(span, byte)
    span, byte = span[order], byte[order]
    is_new_span = np.diff(span, prepend=-1) != 0
    is_new = is_new_span | (np.diff(byte, prepend=0) != 0)
    points = np.empty(len(order), dtype=np.int64)
    points[order] = np.cumsum(is_new) - 1
    steps = np.where(is_new_span[is_new], 0, np.diff(byte[is_new], prepend=0))
    return points[: shared.height], points[shared.height :], np.append(steps[1:], 0)


def _number_spans(shared: pl.DataFrame) -> Integers:
    """A dense number per span, from 0; rows come in order of their groups."""
    files = _integers(shared["file_no"].cast(pl.Int64).fill_null(-1)) + 1
    keys = _integers(shared["group_no"]) * (int(files.max()) + 1) + files
    order = np.argsort(keys, kind="stable")
    numbers = np.empty(len(keys), dtype=np.int64)
    numbers[order] = np.cumsum(np.diff(keys[order], prepend=keys[order[0]]) != 0)
    return numbers


def _order_of(span: Integers, byte: Integers) -> Integers:
    """The order of (span, byte); both in one number where they fit, which sorts three times faster."""
    bits = int(byte.max()).bit_length()
    if int(span.max()).bit_length() + bits < 63:
        return np.argsort((span << bits) | byte)
    return np.lexsort((byte, span))


def _first_to_cover(lower: Integers, upper: Integers, segments: int) -> Integers:
    """For each segment the first interval [lower, upper) that covers it; the number of intervals where there is none.

    A sparse table turned round: an interval is two overlapping blocks whose length is a power of two; each block is
    marked once, and marks are handed down from the long blocks to their halves. O((n + segments) log n), no loop over
    rows or groups.
    """
    none = len(lower)
    rows = np.arange(none, dtype=np.int64)
    level = np.frexp((upper - lower).astype(np.float64))[1] - 1
    owner = np.full(segments, none, dtype=np.int64)
    for power in range(int(level.max()), -1, -1):
        half = 1 << power
        from_left = owner[:-half].copy()
        owner[half:] = np.minimum(owner[half:], from_left)
        at = level == power
        np.minimum.at(owner, lower[at], rows[at])
        np.minimum.at(owner, upper[at] - half, rows[at])
    return owner


def _integers(series: pl.Series) -> Integers:
    numbers: npt.NDArray[Any] = series.cast(pl.Int64).to_numpy()
    return numbers


def merge_intervals(requests: pl.DataFrame) -> pl.DataFrame:
    """The disjoint, longest intervals that each span received in full, header included.

    requests: group_no, file_no, from_byte, to_byte; returns the same columns, one row per merged interval.
    Sorted by start, an interval joins those before it unless it begins beyond all of their ends.
    """
    return (
        requests.lazy()
        .filter(pl.col("from_byte") < pl.col("to_byte"))
        .select(*SPAN, "from_byte", "to_byte")
        .sort(*SPAN, "from_byte", nulls_last=True)
        .with_columns(reach=pl.col("to_byte").cum_max().over(SPAN))
        .with_columns(begins=(pl.col("from_byte") > pl.col("reach").shift(1).over(SPAN)).fill_null(True))
        .with_columns(island=pl.col("begins").cum_sum())
        .group_by("island")
        .agg(pl.col(*SPAN, "from_byte").first(), pl.col("to_byte").max())
        .drop("island")
        .collect()
    )
