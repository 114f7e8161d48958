"""From requests to downloads: coverage, the minute, the window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from assets.listening import Method, count_downloads, index_catalogue, qualify_requests
from assets.listening.downloads.method import MethodError
from sql.values import PermanentError

Frames = Callable[..., pl.DataFrame]

EIGHT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
MINUTE = 60_000
HEADER = 1_000


class Count:
    """Measures rows and keeps both what they became and the downloads."""

    def __init__(self, requests: Frames, episodes: Frames, media: Frames, methods: Frames) -> None:
        self._frames = requests, episodes, media, methods

    def __call__(
        self,
        *rows: dict[str, Any],
        files: list[dict[str, Any]] | None = None,
        shows: list[dict[str, Any]] | None = None,
        window: str = "calendar_day",
        method: Method | None = None,
    ) -> list[dict[str, Any]]:
        requests, episodes, media, methods = self._frames
        catalogue = index_catalogue(
            episodes(shows or []), media(files or []), methods({"download_window": window}), method
        )
        _, candidates = qualify_requests(requests(*rows), catalogue, method)
        self.became = candidates.sort("occurred_at", "event_id")["disposition"].cast(pl.String).to_list()
        return count_downloads(candidates, catalogue).sort("downloaded_at").to_dicts()


@pytest.fixture
def count(requests: Frames, episodes: Frames, media: Frames, methods: Frames) -> Count:
    return Count(requests, episodes, media, methods)


def part(first: int, size: int, minute: int = 0, **change: Any) -> dict[str, Any]:
    """A request for a part of the content, counted from the first byte after the header."""
    start = HEADER + first
    return {
        "http_status": 206,
        "range_start": start,
        "range_end": start + size - 1,
        "bytes_sent": size,
        "occurred_at": EIGHT + timedelta(minutes=minute),
        **change,
    }


def test_one_minute_of_content_to_the_byte_is_a_download(count: Count) -> None:
    assert len(count(part(0, MINUTE))) == 1
    assert len(count(part(0, MINUTE - 1))) == 0


def test_the_header_is_no_content(count: Count) -> None:
    assert count({"bytes_sent": MINUTE}) == []
    assert len(count({"bytes_sent": HEADER + MINUTE})) == 1


def test_a_client_that_hangs_up_early_is_not_a_download(count: Count) -> None:
    assert count({"http_status": 200, "bytes_sent": 30_000}) == []
    assert count.became == ["below_threshold"]


def test_bytes_sent_win_over_the_requested_range(count: Count) -> None:
    assert count(part(0, MINUTE, bytes_sent=10)) == []
    assert count(part(0, 100, bytes_sent=MINUTE)) == []


def test_the_range_is_taken_where_the_bytes_sent_are_unknown(count: Count) -> None:
    assert len(count(part(0, MINUTE, bytes_sent=None))) == 1


def test_a_partial_answer_without_a_range_shows_as_much_content_as_was_sent(count: Count) -> None:
    assert count({"http_status": 206, "bytes_sent": MINUTE - 1}) == []
    (download,) = count({"http_status": 206, "bytes_sent": 2 * MINUTE})
    assert download["is_range_assumed"]
    (whole,) = count({"http_status": 206})
    assert not whole["is_range_assumed"]


def test_a_range_beyond_the_file_ends_with_the_file(count: Count) -> None:
    (download,) = count(part(3_500_000, 9_000_000))
    assert download["covered_bytes"] == 100_000


def test_a_range_that_starts_behind_the_file_covers_nothing(count: Count) -> None:
    assert count(part(3_600_000, MINUTE)) == []


def test_numbers_too_large_for_any_file_do_no_harm(count: Count) -> None:
    huge = 2**63 - 1
    assert count({"http_status": 206, "range_start": huge, "range_end": huge, "bytes_sent": huge}) == []


def test_parts_add_up_and_overlaps_count_once(count: Count) -> None:
    (download,) = count(part(0, 30_000), part(20_000, 30_000, 1), part(50_000, 10_000, 2))
    assert download["covered_bytes"] == MINUTE
    assert download["downloaded_at"] == EIGHT
    assert download["qualified_at"] == EIGHT + timedelta(minutes=2)
    assert count.became == ["counted", "contributed", "contributed"]


def test_the_same_part_again_adds_nothing(count: Count) -> None:
    assert count(part(0, 40_000), part(0, 40_000, 1)) == []
    count(part(0, 40_000), part(0, 40_000, 1), part(40_000, 20_000, 2), part(60_000, 10, 3))
    assert count.became == ["counted", "duplicate", "contributed", "duplicate"]


def test_parts_need_not_touch(count: Count) -> None:
    (download,) = count(part(1_000_000, 30_000), part(0, 30_000, 1))
    assert download["covered_bytes"] == MINUTE


def test_requests_at_the_same_moment_count_in_order_of_their_events(count: Count) -> None:
    (download,) = count(part(0, MINUTE, event_id="b"), part(0, 10, event_id="a"))
    assert download["event_id"] == "a"
    assert count.became == ["counted", "contributed"]


def test_coverage_is_taken_per_file(count: Count) -> None:
    files = [{}, {"asset_id": "harbour-12-b.mp3"}]
    halves = part(0, 40_000), part(40_000, 40_000, 1, asset_id="harbour-12-b.mp3")
    assert count(*halves, files=files) == []
    (download,) = count(*halves, part(0, MINUTE, 2, asset_id="harbour-12-b.mp3"), files=files)
    assert download["covered_bytes"] == 80_000
    assert count.became == ["counted", "contributed", "contributed"]


def test_two_people_are_two_downloads(count: Count) -> None:
    assert len(count({}, {"consumer_key": 2})) == 2


def test_two_episodes_are_two_downloads(count: Count) -> None:
    assert len(count({}, {"episode_id": "harbour-13", "asset_id": None})) == 2


def test_an_episode_under_a_minute_is_fetched_as_a_whole(count: Count) -> None:
    jingle = [{"file_bytes": 51_000, "duration_s": 59.0}]
    assert count(part(0, 49_999), files=jingle) == []
    (download,) = count(part(0, 50_000), files=jingle)
    assert (download["basis"], download["threshold_bytes"]) == ("whole_file", 50_000)


def test_a_file_of_unknown_duration_takes_that_of_its_episode(count: Count) -> None:
    (download,) = count(part(0, MINUTE), files=[{"duration_s": None}])
    assert (download["basis"], download["threshold_bytes"]) == ("bytes", MINUTE)


def test_a_file_whose_duration_nobody_knows_is_fetched_as_a_whole(count: Count) -> None:
    files = [{"duration_s": None, "episode_id": "harbour-13"}]
    row = {"episode_id": "harbour-13"}
    assert count({**part(0, MINUTE), **row}, files=files) == []
    (download,) = count(row, files=files)
    assert download["basis"] == "whole_file"


def test_bytes_that_may_be_missing_of_a_whole_file_are_a_setting(count: Count) -> None:
    jingle = [{"file_bytes": 51_000, "duration_s": 59.0}]
    assert len(count(part(0, 49_990), files=jingle, method=Method(whole_file_slack=10))) == 1


def test_the_minute_is_rounded_up(count: Count) -> None:
    files = [{"file_bytes": 1_000 + 7_001, "duration_s": 120.0}]
    assert count(part(0, 3_500), files=files) == []
    assert len(count(part(0, 3_501), files=files)) == 1


def test_a_file_of_unknown_size_needs_960_000_bytes_and_says_so(count: Count) -> None:
    unknown = [{"file_bytes": None, "duration_s": 30.0}]
    assert count(part(0, 959_999), files=unknown) == []
    (download,) = count(part(0, 960_000), files=unknown)
    assert (download["basis"], download["threshold_bytes"]) == ("assumed_size", 960_000)


@pytest.mark.parametrize(
    ("size", "duration", "minute"),
    [(1_786_781_178, 1090.831, 98_280_000), (1_786_781_179, 1090.831, 98_280_001), (2**61, 7200.0, 2**61 // 120 + 1)],
)
def test_a_minute_that_comes_out_even_needs_no_byte_more(
    episodes: Frames, media: Frames, methods: Frames, size: int, duration: float, minute: int
) -> None:
    files = media([{"file_bytes": size, "header_bytes": 0, "duration_s": duration}])
    assert index_catalogue(episodes(), files, methods()).files["threshold_bytes"].to_list() == [minute]


def test_each_tenant_says_how_much_of_a_short_file_may_be_missing(
    episodes: Frames, media: Frames, methods: Frames
) -> None:
    shows = episodes([{"episode_id": "trailer"}, {"episode_id": "trailer", "tenant_id": "millbrook"}])
    short = {"episode_id": "trailer", "file_bytes": 5_000, "header_bytes": 1_000, "duration_s": 30.0}
    files = media([short, {**short, "tenant_id": "millbrook"}])
    both = methods({"tenant_id": "millbrook"}, {}).with_columns(whole_file_slack=pl.Series([None, 100]))
    catalogue = index_catalogue(shows, files, both, Method(whole_file_slack=1))
    assert dict(catalogue.files.select("tenant_id", "threshold_bytes").iter_rows()) == {
        "millbrook": 3_999,
        "quayside": 3_900,
    }
    with pytest.raises(MethodError, match="negative"):
        index_catalogue(shows, files, both.with_columns(whole_file_slack=pl.lit(-1)))


def test_a_chain_of_last_touches_is_one_download_however_long_it_lasts(count: Count) -> None:
    chain = [{"occurred_at": EIGHT + timedelta(hours=23 * number)} for number in range(45)]
    found = []
    for day in range(46):
        midnight = EIGHT.replace(hour=0) + timedelta(days=day)
        seen = [row for row in chain if -30 <= (row["occurred_at"] - midnight) / timedelta(days=1) < 3]
        downloads = count(*seen, window="last_touch") if seen else []
        found.append(sum(midnight <= each["downloaded_at"] < midnight + timedelta(days=1) for each in downloads))
    assert found == [1, *[0] * 45]


def test_which_of_two_files_was_fetched_is_unknown_where_it_is_not_named_and_so_is_its_size(count: Count) -> None:
    two = [{}, {"asset_id": "harbour-12.aac"}]
    (download,) = count({"asset_id": None, "bytes_sent": 960_000}, files=two)
    assert (download["basis"], download["file_no"]) == ("assumed_size", None)


def test_an_episode_with_one_file_stands_for_it(count: Count) -> None:
    by_file, by_episode = part(0, MINUTE // 2), part(MINUTE // 2, MINUTE // 2, asset_id=None)
    (download,) = count(by_file, by_episode)
    assert (download["basis"], download["covered_bytes"], download["file_no"]) == ("bytes", MINUTE, 0)


def test_a_file_of_another_episode_does_not_make_way_for_the_only_one(count: Count) -> None:
    assert count({"asset_id": "lost.mp3"}) == []


def test_a_file_that_is_all_header_is_never_reached(count: Count) -> None:
    assert count({}, files=[{"header_bytes": 3_601_000}]) == []


def test_a_prefix_service_reaches_the_minute_alone_and_unmeasured(count: Count) -> None:
    (download,) = count({"source": "prefix", "http_status": 302, "bytes_sent": None})
    assert (download["basis"], download["covered_bytes"], download["threshold_bytes"]) == ("unmeasured", None, None)


def test_a_prefix_row_after_a_short_fetch_makes_the_group_a_download(count: Count) -> None:
    (download,) = count(part(0, 10), {"source": "prefix", "occurred_at": EIGHT + timedelta(minutes=1)})
    assert download["basis"] == "unmeasured"
    assert count.became == ["counted", "contributed"]


VISITS = [
    datetime(2026, 11, 2, 22, 0, tzinfo=UTC),
    datetime(2026, 11, 3, 3, 0, tzinfo=UTC),
    datetime(2026, 11, 3, 22, 15, tzinfo=UTC),
    datetime(2026, 11, 4, 23, 15, tzinfo=UTC),
]


@pytest.mark.parametrize(
    ("window", "downloads"),
    [("calendar_day", [0, 1, 3]), ("first_touch", [0, 2, 3]), ("last_touch", [0, 3])],
)
def test_the_worked_example_of_the_standard(count: Count, window: str, downloads: list[int]) -> None:
    found = count(*({"occurred_at": moment} for moment in VISITS), window=window)
    assert [download["downloaded_at"] for download in found] == [VISITS[number] for number in downloads]


@pytest.mark.parametrize("window", ["first_touch", "last_touch"])
def test_a_rolling_window_is_half_open(count: Count, window: str) -> None:
    later = EIGHT + timedelta(hours=24)
    assert len(count({}, {"occurred_at": later}, window=window)) == 2
    assert len(count({}, {"occurred_at": later - timedelta(microseconds=1)}, window=window)) == 1


def test_a_calendar_day_ends_at_midnight_utc(count: Count) -> None:
    midnight = datetime(2026, 11, 3, tzinfo=UTC)
    assert len(count({}, {"occurred_at": midnight})) == 2
    assert len(count({}, {"occurred_at": midnight - timedelta(microseconds=1)})) == 1


def test_halves_on_two_days_are_no_download_by_calendar_and_one_by_touch(count: Count) -> None:
    halves = part(0, 30_000, 15 * 60), part(30_000, 30_000, 17 * 60)
    assert count(*halves) == []
    (download,) = count(*halves, window="first_touch")
    assert download["downloaded_at"].date() < download["qualified_at"].date()


def test_a_window_kept_open_for_days_closes_for_good(count: Count) -> None:
    crumbs = [part(number, 1, 20 * 60 * number) for number in range(5)]
    assert count(*crumbs, part(0, MINUTE, 20 * 60 * 5), window="last_touch") == []
    assert set(count.became) == {"below_threshold"}


def test_the_anchor_is_the_first_request_even_if_its_group_fails(count: Count) -> None:
    later = EIGHT + timedelta(hours=30)
    found = count(
        part(0, 10), {"occurred_at": EIGHT + timedelta(hours=23)}, {"occurred_at": later}, window="first_touch"
    )
    assert [download["downloaded_at"] for download in found] == [EIGHT, later]


def test_a_window_that_does_not_exist_is_refused(methods: Frames) -> None:
    from assets.listening.downloads.method import check_methods

    with pytest.raises(PermanentError, match="fortnight"):
        check_methods(methods({"download_window": "fortnight"}))
