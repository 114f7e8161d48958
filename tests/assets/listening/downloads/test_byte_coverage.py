"""Which bytes of a file requests received, each byte counted once."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from assets.listening.downloads.byte_coverage import add_intervals, add_new_bytes, merge_intervals
from assets.listening.downloads.method import Method

REQUEST: dict[str, Any] = {
    "source": "server_log",
    "http_status": 206,
    "range_start": 0,
    "range_end": 999,
    "bytes_sent": 1_000,
    "file_bytes": 5_000,
    "header_bytes": 100,
    "is_open": True,
}
SCHEMA: dict[str, Any] = {
    name: {str: pl.String, bool: pl.Boolean}.get(type(value), pl.Int64) for name, value in REQUEST.items()
}


@pytest.mark.parametrize(
    ("change", "received"),
    [
        ({}, (0, 1_000, 100, False)),
        ({"bytes_sent": 400}, (0, 400, 100, False)),
        ({"bytes_sent": None}, (0, 1_000, 100, True)),
        ({"range_start": 4_500, "range_end": None, "bytes_sent": None}, (4_500, 5_000, 4_500, True)),
        ({"http_status": 200, "range_start": None, "range_end": None, "bytes_sent": 5_300}, (0, 5_000, 100, False)),
        ({"range_start": None, "range_end": None}, (0, 0, 100, True)),
        ({"range_start": None, "range_end": None, "bytes_sent": None}, (0, 0, 100, False)),
        ({"range_start": None, "range_end": None, "bytes_sent": 5_000}, (0, 5_000, 100, False)),
        ({"range_start": None, "range_end": None, "bytes_sent": 5_001}, (0, 5_000, 100, False)),
        ({"source": "prefix"}, (0, 0, 100, False)),
        ({"is_open": False}, (0, 0, 100, False)),
        (
            {"range_end": None, "bytes_sent": None, "file_bytes": None, "header_bytes": None},
            (0, 250, 0, True),
        ),
    ],
)
def test_a_request_received_what_was_sent_within_its_range(
    change: dict[str, Any], received: tuple[int, int, int, bool]
) -> None:
    request = pl.DataFrame([REQUEST | change], schema=SCHEMA)
    found = add_intervals(request, Method(assumed_minute=250))
    assert found.select("from_byte", "to_byte", "content_from", "is_range_assumed").row(0) == received


def intervals(*rows: tuple[int, int, int, int]) -> pl.DataFrame:
    """Rows of group, file, first byte and the byte after the last."""
    frame = pl.DataFrame(rows, schema=["group_no", "file_no", "from_byte", "to_byte"], orient="row")
    return frame.with_row_index("request_no").with_columns(
        pl.col("request_no").cast(pl.Int64), content_from=pl.col("from_byte")
    )


def test_a_byte_counts_for_the_first_request_of_its_group_that_received_it() -> None:
    requests = intervals((0, 1, 0, 100), (0, 1, 50, 150), (0, 1, 20, 60), (0, 2, 0, 10), (1, 1, 0, 100))
    assert add_new_bytes(requests)["new_bytes"].to_list() == [100, 50, 0, 10, 100]


def test_intervals_that_overlap_or_touch_become_one() -> None:
    merged = merge_intervals(intervals((0, 1, 60, 90), (0, 1, 0, 50), (0, 1, 50, 60), (0, 1, 91, 99), (0, 2, 5, 5)))
    assert merged.sort("from_byte").rows() == [(0, 1, 0, 90), (0, 1, 91, 99)]


@pytest.mark.parametrize(
    ("change", "placeless"),
    [
        ({"bytes_sent": 600}, 500),
        ({"bytes_sent": 4_999}, 4_899),
        ({"bytes_sent": 60}, 0),
        ({"bytes_sent": 5_000}, 0),
        ({"bytes_sent": None}, 0),
        ({"bytes_sent": 600, "file_bytes": None, "header_bytes": None}, 600),
        ({"bytes_sent": 600, "range_start": 0}, 0),
        ({"bytes_sent": 600, "http_status": None}, 0),
        ({"bytes_sent": 600, "source": "prefix"}, 0),
        ({"bytes_sent": 600, "is_open": False}, 0),
    ],
)
def test_an_answer_without_a_place_has_content_beyond_as_many_bytes_as_the_header(
    change: dict[str, Any], placeless: int
) -> None:
    request = pl.DataFrame([REQUEST | {"range_start": None, "range_end": None} | change], schema=SCHEMA)
    assert add_intervals(request)["placeless_bytes"].to_list() == [placeless]


def test_bytes_without_a_place_count_as_far_as_one_answer_had_more_than_is_covered() -> None:
    requests = intervals(
        (0, 1, 0, 100), (0, 1, 0, 0), (0, 1, 0, 0), (0, 1, 100, 250), (0, 1, 0, 0), (0, 2, 0, 0), (1, 1, 0, 7)
    )
    placeless = pl.Series("placeless_bytes", [0, 180, 150, 0, 200, 30, 0])

    found = add_new_bytes(requests.with_columns(placeless))["new_bytes"].to_list()

    assert found == [100, 80, 0, 70, 0, 30, 7]
