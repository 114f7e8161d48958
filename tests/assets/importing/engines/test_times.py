"""Moments, however they are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.importing.engines.times import parse_times

MOMENT = datetime(2026, 10, 14, 6, 12, 41, tzinfo=UTC)
MILLI = timedelta(milliseconds=31)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("14/Oct/2026:08:12:41 +0200", MOMENT),
        ("2026-10-14T06:12:41Z", MOMENT),
        ("2026-10-14 06:12:41", MOMENT),
        ("2026-10-14T06:12:41+0000", MOMENT),
        ("2026-10-14T08:12:41.031999999+02:00", MOMENT + timedelta(microseconds=31999)),
        ("2026-10-14 08:12:41.031+02", MOMENT + MILLI),
        ("2026-10-14t06:12:41z", MOMENT),
        ("1791958361", MOMENT),
        ("1791958361.031", MOMENT + MILLI),
        ("1791958361031", MOMENT + MILLI),
        ("1791958361031000", MOMENT + MILLI),
        ("1791958361031000000", MOMENT + MILLI),
        ("14/Oct/2026:08:12:41.031 +0200", MOMENT + MILLI),
        ("14/Oct/2026 08:12:41.031 +0200", MOMENT + MILLI),
        ("Wed, 14 Oct 2026 06:12:41 GMT", MOMENT),
        ("2026/10/14 06:12:41.031", MOMENT + MILLI),
        ("1791958361031.5", MOMENT + MILLI),
        ("Wed, 31 Feb 2026 06:12:41 GMT", None),
        ("Wed, 14 Oct 2026 06:12:41 CET", None),
        ("31/Feb/2026:08:12:41 +0200", None),
        ("1791958361.01791958378.5", None),
        ("today", None),
        ("", None),
    ],
)
def test_every_way_of_writing_is_read_beside_others(text: str, moment: datetime | None) -> None:
    assert parse_times(pl.Series([text])).to_list() == [moment]
    assert parse_times(pl.Series([None, "14/Oct/2026:06:12:41 +0000", text])).to_list() == [None, MOMENT, moment]


def test_a_pattern_of_an_operators_own_is_read_as_utc() -> None:
    assert parse_times(pl.Series(["14.10.2026 06.12.41"]), "%d.%m.%Y %H.%M.%S").to_list() == [MOMENT]


@given(st.integers(10**14, 4 * 10**15))
def test_a_number_of_microseconds_is_exact_as_seconds_too(number: int) -> None:
    seconds = f"{number // 10**6}.{number % 10**6:06}"

    assert parse_times(pl.Series([seconds])).dt.epoch("us").to_list() == [number]


def test_nothing_is_no_moment() -> None:
    assert parse_times(pl.Series([], dtype=pl.String)).is_empty()
    assert parse_times(pl.Series([None], dtype=pl.String)).to_list() == [None]
