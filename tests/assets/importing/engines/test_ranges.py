"""The range of a response, from what a log repeats of the headers."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from assets.importing.engines.ranges import add_range


def found(status: int = 206, sent: int = 10, **values: Any) -> tuple[int | None, int | None]:
    rows = pl.DataFrame(
        {"http_status": [status], "bytes_sent": [sent], **{name: [each] for name, each in values.items()}}
    )
    row = add_range(rows).row(0, named=True)
    return row["range_start"], row["range_end"]


@pytest.mark.parametrize(
    ("values", "span"),
    [
        ({}, (None, None)),
        ({"requested_range": "bytes=0-99"}, (0, 99)),
        ({"requested_range": "7-9"}, (7, 9)),
        ({"requested_range": "Bytes= 0 - 99"}, (0, 99)),
        ({"requested_range": "BYTES=0-1, 5-9"}, (None, None)),
        ({"requested_range": "bytes=5-"}, (5, None)),
        ({"requested_range": "bytes=-500"}, (None, None)),
        ({"requested_range": "bytes=0-1,5-9"}, (None, None)),
        ({"requested_range": "bytes=0-", "sent_range": "bytes 0-99/1000"}, (0, 99)),
        ({"range_start": 3, "range_end": 4, "sent_range": "bytes 0-99/1000"}, (3, 4)),
        ({"object_bytes": 10}, (0, 9)),
        ({"object_bytes": 11}, (None, None)),
        ({"object_bytes": 10, "sent_range": "bytes 5-14/100"}, (5, 14)),
    ],
)
def test_the_nearest_to_the_response_wins(values: dict[str, Any], span: tuple[int | None, int | None]) -> None:
    assert found(**values) == span


def test_a_200_is_the_whole_file_but_for_a_probe() -> None:
    assert found(status=200, requested_range="bytes=500-999") == (None, None)
    assert found(status=200, requested_range="bytes=0-1") == (0, 1)
