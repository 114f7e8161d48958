"""What becomes of each raw row, one rule at a time and in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from assets.listening import DISPOSITIONS, dispose
from assets.listening.downloads.method import MethodError

Frames = Callable[..., pl.DataFrame]
Judge = Callable[..., list[str]]

EIGHT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def judge(requests: Frames, episodes: Frames, media: Frames, methods: Frames) -> Judge:
    """The dispositions of the rows, in order of time and event."""

    def judge(*rows: dict[str, Any], limit: int = 500) -> list[str]:
        both = methods({"suspect_pairs": limit}, {"tenant_id": "millbrook", "suspect_pairs": limit})
        found = dispose(requests(*rows), episodes(), media(), both)
        return found["disposition"].cast(pl.String).to_list()

    return judge


def test_how_a_tenant_measures_must_be_known(
    requests: Frames, episodes: Frames, media: Frames, methods: Frames
) -> None:
    with pytest.raises(MethodError, match="weekly"):
        dispose(requests({}), episodes(), media(), methods({"download_window": "weekly"}))
    with pytest.raises(MethodError, match="quayside"):
        dispose(requests({}), episodes(), media(), methods({"tenant_id": "millbrook"}))
    with pytest.raises(MethodError, match="suspect_pairs"):
        dispose(requests({}), episodes(), media(), methods({"suspect_pairs": None}))


def test_there_are_eighteen_dispositions_in_the_order_of_the_rules() -> None:
    assert len(DISPOSITIONS) == len(set(DISPOSITIONS)) == 18
    assert DISPOSITIONS[0] == "not_a_request"
    assert DISPOSITIONS[14:] == ("below_threshold", "counted", "contributed", "duplicate")


def test_a_whole_file_fetched_by_a_person_is_counted(judge: Judge) -> None:
    assert judge({}) == ["counted"]


@pytest.mark.parametrize(
    ("change", "disposition"),
    [
        ({"event_type": "listen_progress", "source": "client"}, "not_a_request"),
        ({"event_type": "follow"}, "not_a_request"),
        ({"event_type": "download", "source": "client"}, "not_a_request"),
        ({"household_key": None, "consumer_key": None}, "malformed"),
        ({"range_start": 500, "range_end": 499}, "malformed"),
        ({"range_start": -1, "range_end": 499}, "malformed"),
        ({"range_start": None, "range_end": 499}, "malformed"),
        ({"bytes_sent": -1}, "malformed"),
        ({"http_method": "HEAD"}, "method_not_get"),
        ({"http_method": "POST"}, "method_not_get"),
        ({"http_status": 304}, "not_modified"),
        ({"http_status": 404}, "status_not_ok"),
        ({"http_status": 302}, "status_not_ok"),
        ({"http_status": 404, "source": "prefix"}, "status_not_ok"),
        ({"http_status": 206, "range_start": 0, "range_end": 1, "bytes_sent": 2}, "range_probe"),
        ({"user_agent": None}, "no_user_agent"),
        ({"user_agent": "  "}, "no_user_agent"),
        ({"user_agent": "atc/1.0 watchOS/10.1 model/Watch6,9"}, "watch_duplicate"),
        ({"user_agent": "Podcasts/4.0 (null)/(null) watchOS/10.1"}, "watch_duplicate"),
        ({"is_bot": True}, "bot_agent"),
        ({"is_data_centre": True}, "datacenter_ip"),
        ({"is_bad_referrer": True}, "bad_referrer"),
        ({"occurred_at": datetime(2026, 11, 1, 5, 59, tzinfo=UTC)}, "pre_release"),
        ({"episode_id": None, "asset_id": None}, "unknown_asset"),
        ({"episode_id": "no-such-episode", "asset_id": None}, "unknown_asset"),
        ({"asset_id": "no-such-file.mp3"}, "unknown_asset"),
        ({"episode_id": "harbour-13"}, "unknown_asset"),
        ({"tenant_id": "millbrook"}, "unknown_asset"),
        ({"bytes_sent": 59_999 + 1_000}, "below_threshold"),
    ],
)
def test_each_rule_takes_what_it_names(judge: Judge, change: dict[str, Any], disposition: str) -> None:
    assert judge(change) == [disposition]


@pytest.mark.parametrize("status", [200, 206, 301, 302, 307, 308])
def test_a_prefix_service_counts_a_redirect_without_seeing_bytes(judge: Judge, status: int) -> None:
    assert judge({"source": "prefix", "http_status": status, "bytes_sent": None}) == ["counted"]


def test_a_probe_seen_by_a_prefix_service_is_a_request(judge: Judge) -> None:
    assert judge({"source": "prefix", "range_start": 0, "range_end": 1, "bytes_sent": None}) == ["counted"]


def test_the_first_rule_that_fits_wins(judge: Judge) -> None:
    everything = {
        "http_method": "HEAD",
        "http_status": 304,
        "user_agent": None,
        "is_bot": True,
        "is_data_centre": True,
        "is_bad_referrer": True,
        "asset_id": "no-such-file.mp3",
    }
    reasons = []
    for name, repaired in [
        ("http_method", "GET"),
        ("http_status", 200),
        ("user_agent", "atc/1 watchOS"),
        ("user_agent", "Overcast/3.0"),
        ("is_bot", False),
        ("is_data_centre", False),
        ("is_bad_referrer", False),
        ("asset_id", "harbour-12.mp3"),
    ]:
        reasons += judge(everything)
        everything[name] = repaired
    assert reasons == [
        "method_not_get",
        "not_modified",
        "no_user_agent",
        "watch_duplicate",
        "bot_agent",
        "datacenter_ip",
        "bad_referrer",
        "unknown_asset",
    ]
    assert judge(everything) == ["counted"]


def test_an_office_on_the_inclusion_list_is_kept_although_its_range_is_a_data_centre(judge: Judge) -> None:
    assert judge({"is_data_centre": True, "on_inclusion_list": True}) == ["counted"]


def test_a_method_in_small_letters_is_the_same_method(judge: Judge) -> None:
    assert judge({"http_method": "get"}) == ["counted"]


def many_agents(count: int, **change: Any) -> list[dict[str, Any]]:
    return [
        {"user_agent": f"Player/{number}", "consumer_key": number, "household_key": 7, **change}
        for number in range(count)
    ]


def test_a_household_with_more_pairs_than_the_limit_is_suspect(judge: Judge) -> None:
    assert set(judge(*many_agents(4), limit=3)) == {"suspect_ip"}
    assert set(judge(*many_agents(3), limit=3)) == {"counted"}


def test_a_crowd_is_known_by_its_episodes_however_they_are_named(
    requests: Frames, episodes: Frames, media: Frames, methods: Frames
) -> None:
    def judge(*rows: dict[str, Any]) -> set[str]:
        shows = episodes([{"episode_id": f"e{number}"} for number in range(4)])
        files = media([{"episode_id": f"e{number}", "asset_id": f"a{number}"} for number in range(4)])
        found = dispose(requests(*rows), shows, files, methods({"suspect_pairs": 3}))
        return set(found["disposition"].cast(pl.String))

    by_file = [{"episode_id": None, "asset_id": f"a{number}"} for number in range(4)]
    assert judge(*by_file) == {"suspect_ip"}
    assert judge(*by_file[:3], {"episode_id": "e0", "asset_id": "a0"}, {"episode_id": "e1", "asset_id": None}) == {
        "counted",
        "duplicate",
    }
    assert "suspect_ip" not in judge(*by_file[:2], {"episode_id": None, "asset_id": None})
    assert judge(*by_file[:2], *({"episode_id": None, "asset_id": f"lost-{number}"} for number in range(2))) == {
        "suspect_ip"
    }


def test_the_limit_counts_distinct_pairs_and_not_requests(judge: Judge) -> None:
    assert judge(*many_agents(3), *many_agents(3), limit=3).count("suspect_ip") == 0


def test_a_limit_of_zero_turns_the_rule_off(judge: Judge) -> None:
    assert set(judge(*many_agents(30), limit=0)) == {"counted"}


def test_rows_that_an_earlier_rule_takes_do_not_make_a_crowd(judge: Judge) -> None:
    found = judge(*many_agents(3), *many_agents(9, is_bot=True, user_agent="Crawler/1"), limit=3)
    assert found.count("suspect_ip") == 0


def test_a_dormitory_on_the_inclusion_list_is_no_crowd(judge: Judge) -> None:
    assert set(judge(*many_agents(9, on_inclusion_list=True), limit=3)) == {"counted"}


def test_a_crowd_is_counted_per_day(judge: Judge) -> None:
    tomorrow = many_agents(2, occurred_at=EIGHT + timedelta(days=1))
    assert set(
        judge(*many_agents(2), *[{**row, "user_agent": row["user_agent"] + "b"} for row in tomorrow], limit=3)
    ) == {"counted"}


def test_a_request_at_the_moment_of_release_is_not_too_early(judge: Judge) -> None:
    assert judge({"occurred_at": datetime(2026, 11, 1, 6, 0, tzinfo=UTC)}) == ["counted"]


def test_a_file_stands_for_its_episode(judge: Judge) -> None:
    assert judge({"episode_id": None}) == ["counted"]


def test_an_empty_day_has_no_dispositions(requests: Frames, episodes: Frames, media: Frames, methods: Frames) -> None:
    found = dispose(requests().clear(), episodes(), media(), methods())
    assert found.columns == ["tenant_id", "event_id", "occurred_at", "disposition"]
    assert found.is_empty()
