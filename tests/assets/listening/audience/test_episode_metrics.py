"""Listeners, playback and dimensions of a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from assets.listening import index_catalogue, measure_audience, measure_consumption, measure_dimensions

Frames = Callable[..., pl.DataFrame]
Play = Callable[..., list[dict[str, Any]]]

EIGHT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def play(episodes: Frames, media: Frames, methods: Frames) -> Play:
    def play(*events: dict[str, Any]) -> list[dict[str, Any]]:
        standard = {
            "tenant_id": "quayside",
            "episode_id": "harbour-12",
            "asset_id": None,
            "event_type": "listen_progress",
            "session_id": "s1",
            "listener_id": None,
            "heard_seconds": None,
        }
        rows = [{**standard, "event_id": f"e{number}", **event} for number, event in enumerate(events)]
        frame = pl.DataFrame(
            rows, schema_overrides={"asset_id": pl.String, "listener_id": pl.String, "heard_seconds": pl.Float64}
        )
        return measure_consumption(frame, index_catalogue(episodes(), media(), methods())).to_dicts()

    return play


def test_completion_is_the_share_of_started_playbacks_that_came_to_the_end(play: Play) -> None:
    (episode,) = play(
        {"event_type": "listen_start"},
        {"event_type": "listen_complete"},
        {"event_type": "listen_start", "session_id": "s2"},
        {"event_type": "listen_complete", "session_id": "started-yesterday"},
    )
    assert (episode["playback_starts"], episode["completion"]) == (2, 0.5)


def test_a_playback_started_twice_is_one(play: Play) -> None:
    (episode,) = play({"event_type": "listen_start"}, {"event_type": "listen_start"})
    assert episode["playback_starts"] == 1


def test_without_a_session_the_listener_stands_for_the_playback(play: Play) -> None:
    ada = {"session_id": None, "listener_id": "ada"}
    (episode,) = play(
        {"event_type": "listen_start", **ada},
        {"event_type": "listen_complete", **ada},
        {"event_type": "listen_start", "session_id": None},
        {"event_type": "listen_start", "session_id": None},
    )
    assert (episode["playback_starts"], episode["completion"]) == (3, 1 / 3)


def test_heard_seconds_are_the_most_that_each_playback_says(play: Play) -> None:
    exposed = [("s1", 60.1), ("s1", 120.2), ("s1", 120.2), ("s2", 0.1)]
    starts = [{"event_type": "listen_start", "session_id": each, "heard_seconds": 0.0} for each in ("s1", "s2")]
    (episode,) = play(*starts, *({"session_id": each, "heard_seconds": seconds} for each, seconds in exposed))
    assert episode["heard_seconds"] == 120.3


def test_a_playback_from_yesterday_counts_what_it_heard_today(play: Play) -> None:
    (episode,) = play({"heard_seconds": 1_800.0}, {"heard_seconds": 2_400.0})
    assert (episode["heard_seconds"], episode["completion"]) == (600.0, None)


def test_nonsense_of_a_player_counts_as_nothing(play: Play) -> None:
    nonsense = [-5.0, float("nan"), float("inf"), 1e12, None]
    (episode,) = play({"event_type": "listen_start"}, *({"heard_seconds": each} for each in [30.0, *nonsense]))
    assert episode["heard_seconds"] == 30.0


def test_playback_of_an_unknown_episode_is_left_out(play: Play) -> None:
    assert play({"episode_id": "lost"}) == []


def build_downloads(*rows: dict[str, Any]) -> pl.DataFrame:
    standard = {
        "tenant_id": "quayside",
        "podcast_id": "harbour",
        "episode_id": "harbour-12",
        "downloaded_at": EIGHT,
        "consumer_key": 1,
        "household_key": 100,
        "app": "Overcast",
        "device": "phone",
        "os": "iOS",
        "country_code": "NZ",
        "region_code": "unknown",
        "referrer": "unknown",
    }
    return pl.DataFrame([{**standard, **row} for row in rows])


def test_listeners_are_distinct_consumers_and_households_distinct_homes(
    episodes: Frames, media: Frames, methods: Frames
) -> None:
    catalogue = index_catalogue(episodes(), media(), methods())
    downloads = build_downloads({}, {"consumer_key": 2}, {"consumer_key": 2})
    exposures = pl.DataFrame(
        {
            "tenant_id": ["quayside"] * 3,
            "episode_id": ["harbour-12"] * 3,
            "kind": ["delivered", "delivered", "impression"],
            "position": ["pre", "mid", "mid"],
        }
    )
    consumption = pl.DataFrame(
        {"episode_no": [2], "playback_starts": [4], "completion": [0.25], "heard_seconds": [90.0]},
        schema_overrides={"episode_no": pl.Int32},
    )
    twelve, thirteen = measure_audience(downloads, exposures, consumption, catalogue).sort("episode_id").to_dicts()
    assert (twelve["downloads"], twelve["listeners"], twelve["households"]) == (3, 2, 1)
    assert [twelve[f"ads_delivered_{each}"] for each in ("pre", "mid", "post")] == [1, 1, 0]
    assert (twelve["playback_starts"], twelve["completion"], twelve["heard_seconds"]) == (0, None, 0.0)
    assert (thirteen["downloads"], thirteen["playback_starts"], thirteen["completion"]) == (0, 4, 0.25)


def test_the_downloads_of_a_dimension_add_up_and_its_listeners_are_distinct() -> None:
    downloads = build_downloads({}, {"app": "AntennaPod"}, {"consumer_key": 2})
    found = measure_dimensions(downloads)
    apps = found.filter(pl.col("dimension") == "app").sort("value")
    assert apps.select("value", "downloads", "listeners").rows() == [("AntennaPod", 1, 1), ("Overcast", 2, 2)]
    assert set(found["dimension"]) == {"app", "device", "os", "country", "region", "referrer", "hour"}
    assert found.group_by("dimension").agg(pl.col("downloads").sum())["downloads"].unique().to_list() == [3]


def test_hours_are_utc_in_two_digits() -> None:
    found = measure_dimensions(build_downloads({}))
    assert found.filter(pl.col("dimension") == "hour")["value"].to_list() == ["08"]
