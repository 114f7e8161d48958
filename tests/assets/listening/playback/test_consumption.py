"""How much of an episode was heard, as players report it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from assets.listening.downloads.catalogue import index_catalogue
from assets.listening.playback.consumption import measure_consumption

Frames = Callable[..., pl.DataFrame]


@pytest.fixture
def consume(episodes: Frames, media: Frames, methods: Frames) -> Callable[..., dict[str, Any]]:
    """Measures the events of one episode of an hour: rows of type, session and seconds heard."""

    def measure(*rows: tuple[str, str | None, float | None]) -> dict[str, Any]:
        schema = {"event_type": pl.String, "session_id": pl.String, "heard_seconds": pl.Float64}
        events = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
            pl.format("e{}", pl.int_range(pl.len())).alias("event_id"),
            tenant_id=pl.lit("quayside"),
            episode_id=pl.lit("harbour-12"),
            asset_id=pl.lit(None, dtype=pl.String),
        )
        (row,) = measure_consumption(events, index_catalogue(episodes(), media(), methods())).to_dicts()
        return row

    return measure


def test_a_playback_counts_the_most_that_its_session_reports(consume: Callable[..., dict[str, Any]]) -> None:
    row = consume(("listen_start", "a", 0.0), ("listen_progress", "a", 90.5), ("listen_progress", "a", 30.0))
    assert (row["playback_starts"], row["completion"], row["heard_seconds"]) == (1, 0.0, 90.5)


def test_a_playback_that_is_complete_was_heard_to_the_end(consume: Callable[..., dict[str, Any]]) -> None:
    row = consume(("listen_start", "a", 0.0), ("listen_complete", "a", None), ("listen_start", "b", 0.0))
    assert (row["playback_starts"], row["completion"], row["heard_seconds"]) == (2, 0.5, 3600.0)


def test_of_a_playback_of_the_day_before_only_what_was_heard_since_counts(
    consume: Callable[..., dict[str, Any]],
) -> None:
    row = consume(("listen_progress", "a", 600.0), ("listen_progress", "a", 700.0))
    assert (row["playback_starts"], row["completion"], row["heard_seconds"]) == (0, None, 100.0)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 90_000.0])
def test_what_no_player_can_have_heard_is_left_out(consume: Callable[..., dict[str, Any]], seconds: float) -> None:
    assert consume(("listen_start", "a", 5.0), ("listen_progress", "a", seconds))["heard_seconds"] == 5.0
