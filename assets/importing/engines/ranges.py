"""Ranges: which bytes of a file a response was for, from the headers that a log repeats.

Here: the header Range of the request, the header Content-Range of the response, and the size of the whole file.
Not here: a 206 of which none of these is known (assets/listening/downloads/byte_coverage.py).
"""

from __future__ import annotations

import polars as pl

from assets.importing.requests import number

# Inside of whatever a log puts around it; without its unit only where it is all of the field. In any case (RFC 9110
# section 14.1).
REQUESTED = r'(?i)(?:^|bytes=)\s*(\d+)\s*-\s*(\d*)"?(?:\s|$)'
SEVERAL = r"(?i)bytes=[\s\d-]+,"
PROBE = r'(?i)(?:^|bytes=)\s*0\s*-\s*1"?(?:\s|$)'
SENT = r"(?i)bytes (\d+)-(\d+)/"


def add_range(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with range_start and range_end.

    rows: http_status, bytes_sent; of range_start and range_end, requested_range and sent_range (text), object_bytes
          those that the log has
    The response's range wins over the request's. A request for several ranges at once has no single span and keeps
    none. A 200 is the whole file whatever range was requested; only a request for the first two bytes keeps its range
    then, because it is a probe however it was answered. A 206 of as many bytes as the file has is the whole file.
    """
    requested = _or_null(rows, "requested_range", pl.String)
    sent = _or_null(rows, "sent_range", pl.String)
    answered_whole = (pl.col("http_status") == 200) & ~requested.str.contains(PROBE)
    is_single = ~requested.str.contains(SEVERAL) & ~answered_whole.fill_null(False)
    size = _or_null(rows, "object_bytes", pl.Int64)
    is_object = (pl.col("http_status") == 206) & (pl.col("bytes_sent") == size) & (size > 0)
    start, end = (
        pl.coalesce(
            _or_null(rows, name, pl.Int64),
            number(sent.str.extract(SENT, group)),
            pl.when(is_single).then(number(requested.str.extract(REQUESTED, group))),
        )
        for group, name in ((1, "range_start"), (2, "range_end"))
    )
    whole = is_object & start.is_null()
    return rows.with_columns(
        pl.when(whole).then(pl.lit(0, dtype=pl.Int64)).otherwise(start).alias("range_start"),
        pl.when(whole).then(size - 1).otherwise(end).alias("range_end"),
    ).drop("requested_range", "sent_range", "object_bytes", strict=False)


def _or_null(rows: pl.DataFrame, name: str, dtype: type[pl.DataType]) -> pl.Expr:
    return pl.col(name) if name in rows.columns else pl.lit(None, dtype=dtype)
