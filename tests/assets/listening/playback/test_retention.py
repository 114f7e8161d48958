"""How far playbacks came, and which ads their beacons confirm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from assets.listening import (
    count_ad_plays,
    draw_consumption,
    draw_retention,
    follow_playbacks,
    index_catalogue,
    measure_completion,
    measure_consumption,
    measure_retention,
    measure_spread,
)
from assets.listening.downloads.catalogue import Catalogue

Frames = Callable[..., pl.DataFrame]
Row = dict[str, Any]

SCHEMA: dict[str, Any] = {
    "tenant_id": pl.String,
    "event_id": pl.String,
    "event_type": pl.String,
    "episode_id": pl.String,
    "asset_id": pl.String,
    "session_id": pl.String,
    "listener_id": pl.String,
    "position_seconds": pl.Float64,
    "heard_seconds": pl.Float64,
    "placement_id": pl.String,
    "percent": pl.Float64,
}
STANDARD = {"tenant_id": "quayside", "episode_id": "harbour-12", "session_id": "s1"}


class Show:
    """The small show of these tests: "harbour-12" lasts an hour, "harbour-13" nobody knows how long."""

    def __init__(self, episodes: pl.DataFrame, media: pl.DataFrame, methods: pl.DataFrame) -> None:
        self.catalogue: Catalogue = index_catalogue(episodes, media, methods)

    def events(self, *rows: Row) -> pl.DataFrame:
        result = [{**STANDARD, "event_id": f"e{number}", **row} for number, row in enumerate(rows)]
        return pl.DataFrame(result, schema=SCHEMA, orient="row")

    def playbacks(self, *rows: Row) -> pl.DataFrame:
        return follow_playbacks(self.events(*rows), self.catalogue)

    def ad_plays(self, *rows: Row) -> pl.DataFrame:
        ads = [{"placement_id": "kettle-mid", **row} for row in rows]
        return count_ad_plays(self.events(*ads), self.catalogue)


@pytest.fixture
def show(episodes: Frames, media: Frames, methods: Frames) -> Show:
    return Show(episodes(), media(), methods())


def exposed(seconds: float | None, session: str = "s1", **fields: object) -> list[Row]:
    """A playback that was heard for this long."""
    end = {"event_type": "listen_progress", "heard_seconds": seconds, "session_id": session}
    return [{"event_type": "listen_start", "session_id": session}, {**end, **fields}]


ENDINGS: list[Row] = [
    {"event_type": "listen_complete"},
    {"event_type": "listen_progress", "heard_seconds": 3_600.0},
    {"event_type": "listen_progress", "position_seconds": 3_599.0},
    {"event_type": "skip", "position_seconds": 3_600.0},
    {"event_type": "listen_progress", "heard_seconds": float("nan")},
]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(ENDINGS), st.booleans(), st.sampled_from(["harbour-12", "harbour-13"]))))
def test_completion_of_a_day_is_one_number(show: Show, playbacks: list[tuple[Row, bool, str]]) -> None:
    rows: list[Row] = []
    for number, (ending, is_start, episode) in enumerate(playbacks):
        names = {"session_id": str(number), "episode_id": episode}
        rows += [{"event_type": "listen_start", **names}] if is_start else []
        rows.append({**ending, **names})
    result = measure_completion(show.playbacks(*rows))
    daily = measure_consumption(show.events(*rows), show.catalogue).filter(pl.col("playback_starts") > 0)
    both = daily.join(result, on="episode_no", how="full", validate="1:1")
    for row in both.iter_rows(named=True):
        share = row["reached_100"] / row["measured"] if row["measured"] else None
        assert (row["playback_starts"], row["completion"]) == (row["starters"], share)


def test_a_player_that_reports_only_its_position_counts(show: Show) -> None:
    start = {"event_type": "listen_start", "position_seconds": 0.0}
    events = show.events(start, {"event_type": "listen_progress", "position_seconds": 90.5})
    (daily,) = measure_consumption(events, show.catalogue).to_dicts()
    assert daily["heard_seconds"] == 90.5


def test_listening_stops_in_the_minute_that_was_begun_and_not_finished(show: Show) -> None:
    curve = measure_retention(show.playbacks(*exposed(59.9, "a"), *exposed(60.0, "b"), *exposed(150.0, "c")))
    assert curve.select("minute", "stopped", "still_listening", "starters").rows() == [
        (0, 1, 3, 3),
        (1, 1, 2, 3),
        (2, 1, 1, 3),
    ]


def test_who_hears_an_episode_out_stops_in_its_last_minute(show: Show) -> None:
    curve = measure_retention(show.playbacks(*exposed(3_600.0, "a"), *exposed(9_000.0, "b")))
    assert curve.select("minute", "stopped").rows() == [(59, 2)]


def test_a_playback_that_did_not_start_today_is_not_a_starter(show: Show) -> None:
    assert show.playbacks({"event_type": "listen_progress", "heard_seconds": 500.0}).is_empty()


def test_a_complete_playback_was_heard_to_the_end_whatever_it_reported_before(show: Show) -> None:
    (row,) = show.playbacks(*exposed(100.0), {"event_type": "listen_complete"}).to_dicts()
    assert row["heard_ms"] == row["duration_ms"] == 3_600_000


def test_a_position_stands_for_what_was_heard_unless_it_was_skipped_to(show: Show) -> None:
    played = exposed(None, position_seconds=600.0)
    skipped = {"event_type": "skip", "position_seconds": 3_000.0}
    assert show.playbacks(*played, skipped)["heard_ms"].to_list() == [600_000]


def test_completion_is_counted_at_five_shares_of_the_duration(show: Show) -> None:
    shares = (0.2, 0.25, 0.5, 0.75, 0.9, 1.0)
    made = [row for share in shares for row in exposed(3_600 * share, f"s{share}")]
    (row,) = measure_completion(show.playbacks(*made)).to_dicts()
    assert [row[f"reached_{percent}"] for percent in (25, 50, 75, 90, 100)] == [5, 4, 3, 2, 1]
    assert (row["starters"], row["measured"], row["average_consumption"]) == (6, 6, 0.6)


def test_nobody_consumes_more_than_the_whole(show: Show) -> None:
    (row,) = measure_completion(show.playbacks(*exposed(7_200.0))).to_dicts()
    assert row["average_consumption"] == 1.0


def test_of_an_episode_of_unknown_length_starters_are_counted_and_nothing_is_said_of_completion(show: Show) -> None:
    unknown = [{**row, "episode_id": "harbour-13"} for row in exposed(600.0)]
    (row,) = measure_completion(show.playbacks(*unknown)).to_dicts()
    assert (row["starters"], row["measured"], row["reached_25"], row["average_consumption"]) == (1, 0, 0, None)


def test_the_median_lies_between_the_two_in_the_middle(show: Show) -> None:
    made = [event for number, share in enumerate((0.1, 0.2, 0.5, 1.0)) for event in exposed(3600 * share, f"s{number}")]
    (row,) = measure_completion(show.playbacks(*made)).to_dicts()
    assert (row["average_consumption"], row["median_consumption"]) == (0.45, 0.35)


def test_nothing_is_known_of_the_median_of_an_unknown_length(show: Show) -> None:
    unknown = [{**event, "episode_id": "harbour-13"} for event in exposed(60.0)]
    (row,) = measure_completion(show.playbacks(*unknown)).to_dicts()
    assert (row["measured"], row["median_consumption"]) == (0, None)
    assert measure_spread(show.playbacks(*unknown)).is_empty()


@settings(max_examples=40, deadline=None)
@given(days=st.lists(st.lists(st.integers(0, 7200), min_size=1, max_size=12), min_size=1, max_size=3))
def test_spreads_of_days_add_up_to_the_spread_of_all(days: list[list[int]]) -> None:
    """Against the definition: whole percents of an hour, and the smallest that a quarter of all did not pass."""

    def playbacks(seconds: list[int]) -> pl.DataFrame:
        columns = {"episode_no": 1, "heard_ms": [1000 * each for each in seconds], "duration_ms": 3_600_000}
        return pl.DataFrame(columns)

    spread = pl.concat(measure_spread(playbacks(day)) for day in days)
    (result,) = draw_consumption(spread, ["episode_no"]).to_dicts()
    percents = sorted(min(second, 3600) * 100 // 3600 for day in days for second in day)
    assert result["measured"] == len(percents)
    assert result["median"] == percents[(len(percents) + 1) // 2 - 1]
    assert result["lower_quartile"] == percents[(len(percents) + 3) // 4 - 1]
    assert result["upper_quartile"] == percents[(3 * len(percents) + 3) // 4 - 1]
    (day_by_day,) = pl.concat(measure_completion(playbacks(day)) for day in days).sum().to_dicts()
    for share in (25, 50, 75, 90, 100):
        assert result[f"reached_{share}"] == day_by_day[f"reached_{share}"]


def test_a_curve_over_several_days_has_every_minute() -> None:
    stops = [("h1", 0, 1), ("h1", 3, 1), ("h1", 3, 2)]
    rows = pl.DataFrame(stops, schema=["episode_id", "minute", "stopped"], orient="row")
    curve = draw_retention(rows.with_columns(tenant_id=pl.lit("quayside")))
    assert curve["minute"].to_list() == [0, 1, 2, 3]
    assert curve["share"].to_list() == [1.0, 0.75, 0.75, 0.75]


def beacon(kind: str, percent: float | None = None, session: str = "s1") -> Row:
    return {"event_type": kind, "percent": percent, "session_id": session}


def counts(frame: pl.DataFrame) -> tuple[Any, ...]:
    return frame.select("started", "reached_25", "reached_50", "reached_75", "completed", "skipped").row(0)


def test_each_beacon_confirms_its_part_of_the_ad(show: Show) -> None:
    partly = [beacon("ad_start"), beacon("ad_progress", 25), beacon("ad_progress", 50), beacon("ad_skip")]
    wholly = [beacon("ad_start", session="s2"), beacon("ad_complete", session="s2")]
    assert counts(show.ad_plays(*partly, *wholly)) == (2, 2, 2, 1, 1, 1)


def test_a_beacon_that_got_lost_is_confirmed_by_a_later_one(show: Show) -> None:
    assert counts(show.ad_plays(beacon("ad_progress", 75))) == (1, 1, 1, 1, 0, 0)


def test_a_skip_alone_confirms_no_play(show: Show) -> None:
    assert counts(show.ad_plays(beacon("ad_skip"))) == (0, 0, 0, 0, 0, 1)


def test_a_beacon_sent_twice_is_one_play(show: Show) -> None:
    assert counts(show.ad_plays(beacon("ad_start"), beacon("ad_start")))[0] == 1


def test_a_beacon_without_a_placement_confirms_nobodys_ad(show: Show) -> None:
    assert show.ad_plays({**beacon("ad_start"), "placement_id": None}).is_empty()


events = st.lists(
    st.fixed_dictionaries(
        {
            "event_type": st.sampled_from(["listen_start", "listen_progress", "listen_complete", "skip"]),
            "session_id": st.sampled_from(["a", "b", "c", None]),
            "listener_id": st.sampled_from(["ada", None]),
            "episode_id": st.sampled_from(["harbour-12", "harbour-13"]),
            "heard_seconds": st.none() | st.floats(0, 5_000),
            "position_seconds": st.none() | st.floats(0, 5_000),
        }
    ),
    max_size=30,
)
modest = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@modest
@given(made=events, random=st.randoms(use_true_random=False))
def test_curves_fall_completion_falls_and_the_order_of_events_changes_nothing(
    show: Show, made: list[Row], random: Any
) -> None:
    named = [{**row, "event_id": f"e{number}"} for number, row in enumerate(made)]
    shuffled = list(named)
    random.shuffle(shuffled)
    playbacks = show.playbacks(*named)
    curve, completion = measure_retention(playbacks), measure_completion(playbacks)
    for (_episode,), stops in curve.group_by("episode_no"):
        falling = stops.sort("minute")
        assert falling["still_listening"].is_sorted(descending=True)
        assert falling["still_listening"][0] == falling["starters"][0] == stops["stopped"].sum()
    steps = ["starters", "measured", *(f"reached_{percent}" for percent in (25, 50, 75, 90, 100))]
    for row in completion.select(steps).iter_rows():
        assert list(row) == sorted(row, reverse=True)
    again = show.playbacks(*shuffled)
    assert_frame_equal(measure_retention(again), curve, check_exact=True, check_row_order=False)
    assert_frame_equal(measure_completion(again), completion, check_exact=True, check_row_order=False)
