"""Rows of Parquet files as JSON objects."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import polars as pl
import pytest

from assets.importing.files.decompression import Bound, SwellsError
from assets.importing.files.tables import cut_rows
from sql.values import PermanentError

BOUND = Bound("a.parquet", lambda: 1000)


def parquet(frame: pl.DataFrame) -> io.BytesIO:
    content = io.BytesIO()
    frame.write_parquet(content)
    content.seek(0)
    return content


def test_a_row_becomes_an_object_of_its_columns() -> None:
    frame = pl.DataFrame(
        {
            "c_ip": ["203.0.113.7", None],
            "n": [1, 2],
            "b": [b"x", b"\xff"],
            "t": [datetime(2026, 10, 14, tzinfo=UTC)] * 2,
        }
    )

    found = pl.concat(cut_rows(parquet(frame), "a.parquet", BOUND, rows=1))

    first, second = (json.loads(line) for line in found["line"])
    assert found["line_number"].to_list() == [1, 2]
    assert first == {"c_ip": "203.0.113.7", "n": 1, "b": "x", "t": first["t"]}
    assert first["t"].startswith("2026-10-14")
    assert (second["c_ip"], second["b"]) == (None, "\ufffd")


def test_a_damaged_file_is_refused() -> None:
    with pytest.raises(PermanentError, match="Parquet file that cannot be read"):
        list(cut_rows(io.BytesIO(b"PAR1 and nothing else"), "a.parquet", BOUND))


def test_rows_that_swell_beyond_any_log_are_refused() -> None:
    content = parquet(pl.DataFrame({"x": ["x" * 1000] * 2000}))

    with pytest.raises(SwellsError):
        list(cut_rows(content, "a.parquet", Bound("a.parquet", lambda: 100, freely=1000)))
