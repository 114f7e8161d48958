"""Times in a file as bytes."""

from __future__ import annotations

import itertools

import pytest

from assets.catalogue.spans import bytes_of


def test_spans_that_follow_each_other_share_no_byte_and_leave_none() -> None:
    spans = [
        bytes_of(start, start + 7.3, file_bytes=1_000_003, header_bytes=1234, duration_s=73.0)
        for start in (7.3 * number for number in range(10))
    ]
    assert spans[0][0] == 1234
    assert spans[-1][1] == 1_000_002
    assert [after[0] - before[1] for before, after in itertools.pairwise(spans)] == [1] * 9


@pytest.mark.parametrize(
    ("start", "end", "size", "duration", "message"),
    [
        (0, 10, None, 60.0, "not known"),
        (0, 10, 1000, None, "not known"),
        (10, 10, 1000, 60.0, "after it begins"),
        (0, 62, 1000, 60.0, "the file at 60 s"),
        (0, 0.001, 1000, 60.0, "shorter than a byte"),
    ],
)
def test_a_span_that_cannot_be_placed_is_refused(
    start: float, end: float, size: int | None, duration: float | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        bytes_of(start, end, file_bytes=size, header_bytes=0, duration_s=duration)
