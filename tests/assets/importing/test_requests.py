"""What every log format's lines become: requests inside of what the tables take, and rejects with their reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from assets.importing.requests import (
    LONGEST_TEXT,
    MOST_BYTES,
    REQUEST_SCHEMA,
    Parsed,
    country_code,
    dash_is_null,
    hold_to_bounds,
    map_distinct,
    number,
    percent_decoded,
    separate,
)


def parsed(**values: Any) -> Parsed:
    """One request of a plain day."""
    row = {"line_number": 1, "line": "a line", "occurred_at": datetime(2026, 10, 14, tzinfo=UTC), **values}
    return separate(pl.DataFrame([row], infer_schema_length=None).with_columns(reason=pl.lit(None, dtype=pl.String)))


def test_good_lines_get_every_column_and_bad_ones_their_reason() -> None:
    rows = pl.DataFrame({"line_number": [1, 2], "line": ["good", "bad"], "reason": [None, "no time"]})

    found = separate(rows)

    assert found.requests.schema == REQUEST_SCHEMA
    assert found.requests["line"].to_list() == ["good"]
    assert found.rejects.rows() == [(2, "bad", "no time")]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"occurred_at": datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)}, "before 2000"),
        ({"occurred_at": datetime(2100, 1, 1, tzinfo=UTC)}, "yet to come"),
        ({"range_start": MOST_BYTES + 1}, "its range starts beyond"),
        ({"bytes_sent": MOST_BYTES + 1}, "were sent"),
        *(({name: "x" * (longest + 1)}, f"its {name} is longer") for name, longest in LONGEST_TEXT.items()),
    ],
)
def test_what_the_tables_would_refuse_is_rejected_with_the_reason(values: dict[str, Any], reason: str) -> None:
    found = hold_to_bounds(parsed(**values))

    assert found.requests.is_empty()
    assert reason in found.rejects["reason"].item()


def test_what_lies_on_the_bounds_stays_and_a_range_beyond_any_file_is_cut() -> None:
    texts = {name: "x" * longest for name, longest in LONGEST_TEXT.items()}
    numbers = {"range_start": MOST_BYTES, "bytes_sent": MOST_BYTES, "range_end": 2**62}

    found = hold_to_bounds(parsed(occurred_at=datetime(2000, 1, 1, tzinfo=UTC), **texts, **numbers))

    assert found.rejects.is_empty()
    assert found.requests["range_end"].item() == MOST_BYTES


def test_fields_are_null_where_the_log_has_none() -> None:
    frame = pl.DataFrame({"text": ["-", "", "7", "-7", "9999999999", "de", "DEU"]})
    found = frame.select(
        dash_is_null(pl.col("text")).alias("dash"),
        number(pl.col("text"), pl.Int16).alias("number"),
        country_code(pl.col("text")).alias("country"),
    )

    assert found["dash"].to_list() == [None, None, "7", "-7", "9999999999", "de", "DEU"]
    assert found["number"].to_list() == [None, None, 7, None, None, None, None]
    assert found["country"].to_list() == [None, None, None, None, None, "DE", None]


def test_a_text_is_decoded_once_for_all_lines_that_have_it() -> None:
    decoded: list[str] = []

    def decode(text: str) -> str:
        decoded.append(text)
        return percent_decoded(text)

    frame = pl.DataFrame({"agent": ["a%20b", None, "a%20b", "%FF", "nul%00", "100%"]})

    assert map_distinct(frame, "agent", decode)["agent"].to_list() == [
        "a b",
        None,
        "a b",
        "\ufffd",
        "nul\ufffd",
        "100%",
    ]
    assert sorted(decoded) == ["%FF", "100%", "a%20b", "nul%00"]
