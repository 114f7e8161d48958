"""Raw rows are read in slices, as many as their number needs, and each row exactly once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from assets.listening.downloads import event_reader
from assets.listening.downloads.event_reader import read_raw_rows
from sql.values import Window

DAY = Window.of_day(date(2026, 11, 2))
NORTH, SOUTH = UUID(int=1), UUID(int=2)
TIME = pl.Datetime("us", "UTC")


def build_events(count: int) -> pl.DataFrame:
    """One event every ten minutes from the day before on; every fifth is playback, every third names no file."""
    number = pl.int_range(count)
    return pl.select(
        tenant_id=pl.when(number % 2 == 0).then(pl.lit(NORTH.bytes)).otherwise(pl.lit(SOUTH.bytes)),
        event_id=number.cast(pl.String),
        occurred_at=(pl.lit(DAY.start - timedelta(hours=12)) + pl.duration(minutes=10 * number)).cast(TIME),
        source=pl.when(number % 5 == 0).then(pl.lit("client")).otherwise(pl.lit("server_log")),
        event_type=pl.when(number % 5 == 0).then(pl.lit("listen_start")).otherwise(pl.lit("download")),
        episode_id=pl.format("episode {}", number % 7),
        asset_id=pl.when(number % 3 > 0).then(pl.format("file {}", number % 7)),
        client_ip=pl.lit("10.0.0.1"),
        user_agent=pl.format("agent {}", number % 11),
        session_id=pl.lit("s"),
        position_seconds=pl.lit(1.0),
        heard_seconds=pl.lit(1.0),
    )


EVENTS = build_events(260)
SPANS = [(DAY, [NORTH]), (DAY.widened(before=timedelta(days=1), after=timedelta(days=1)), [SOUTH])]


class RecordingReader:
    """A reader that remembers what it was asked for."""

    def __init__(self) -> None:
        self.windows: list[tuple[datetime, datetime]] = []

    def __call__(self, statement: str, /, **params: Any) -> pl.DataFrame:
        self.windows.append((params["start"], params["end"]))
        is_within = pl.col("occurred_at").is_between(params["start"], params["end"], closed="left")
        return EVENTS.filter(is_within & pl.col("tenant_id").is_in([each.bytes for each in params["tenants"]]))


@pytest.mark.parametrize("slice_rows", [1, 37, 1_000_000])
def test_every_row_of_the_spans_comes_once_in_slices_of_any_size(
    slice_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_reader, "SLICE_ROWS", slice_rows)
    raw = read_raw_rows(RecordingReader(), SPANS, DAY)
    is_north, is_today = pl.col("tenant_id") == NORTH.bytes, pl.col("occurred_at").dt.date() == DAY.day
    expected = EVENTS.filter(~is_north | is_today)
    requests = expected.filter(pl.col("source") != "client")
    named = raw.names.gather(raw.requests["name_no"])
    result = pl.concat([raw.requests.select("event_id", pl.col("user_agent").cast(pl.String)), named], how="horizontal")
    assert result.sort("event_id").equals(requests.select(result.columns).sort("event_id"))
    assert raw.names.is_duplicated().sum() == 0
    assert sorted(raw.playback["event_id"]) == sorted(
        expected.filter(is_today & (pl.col("source") == "client"))["event_id"]
    )
    counted = expected.group_by("tenant_id", day=pl.col("occurred_at").dt.date()).len("rows")
    assert raw.counts.sort("tenant_id", "day").equals(counted.sort("tenant_id", "day"))


def test_slices_are_as_long_as_the_rows_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_reader, "SLICE_ROWS", 13)
    busy, quiet = RecordingReader(), RecordingReader()
    read_raw_rows(busy, [(DAY, [NORTH, SOUTH])], DAY)
    assert len(busy.windows) > 10
    assert all(end - start < timedelta(hours=3) for start, end in busy.windows)
    monkeypatch.setattr(event_reader, "SLICE_ROWS", 1_000_000)
    read_raw_rows(quiet, [(DAY, [NORTH, SOUTH])], DAY)
    assert quiet.windows == [
        (DAY.start, DAY.start + timedelta(hours=1)),
        (DAY.start + timedelta(hours=1), DAY.end),
    ]
