"""Ads delivered inside downloads, and the impressions and clicks that others report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from assets.listening import collect_signals, count_downloads, find_delivered_ads, index_catalogue, qualify_requests

Frames = Callable[..., pl.DataFrame]
Deliver = Callable[..., list[dict[str, Any]]]

EIGHT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)

SPANS = [
    {"segment_no": 1, "first_byte": 1_000, "last_byte": 10_999, "placement_id": "oat-milk", "position": "pre"},
    {"segment_no": 3, "first_byte": 100_000, "last_byte": 149_999, "placement_id": "lamps", "position": "mid"},
    {"segment_no": 5, "first_byte": 3_500_000, "last_byte": 3_600_999, "placement_id": "oat-milk", "position": "post"},
]


def build_segments(*, insertion: str = "dynamic", asset_ids: tuple[str, ...] = ("harbour-12.mp3",)) -> pl.DataFrame:
    standard = {"tenant_id": "quayside", "insertion": insertion, "campaign_id": "autumn", "sponsor_id": "pantry"}
    return pl.DataFrame([{**standard, "asset_id": asset, **span} for asset in asset_ids for span in SPANS])


@pytest.fixture
def deliver(requests: Frames, episodes: Frames, media: Frames, methods: Frames) -> Deliver:
    def deliver(*rows: dict[str, Any], **segments: Any) -> list[dict[str, Any]]:
        files = media([{}, {"asset_id": "harbour-12-b.mp3"}])
        catalogue = index_catalogue(episodes(), files, methods())
        _, candidates = qualify_requests(requests(*rows), catalogue)
        downloads = count_downloads(candidates, catalogue)
        return find_delivered_ads(candidates, downloads, build_segments(**segments), catalogue).to_dicts()

    return deliver


def fetch(first: int, last: int, minute: int = 0, **change: Any) -> dict[str, Any]:
    return {
        "http_status": 206,
        "range_start": first,
        "range_end": last,
        "bytes_sent": last - first + 1,
        "occurred_at": EIGHT + timedelta(minutes=minute),
        **change,
    }


def exposed(exposures: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return sorted((each["placement_id"], each["position"]) for each in exposures)


def test_a_whole_file_delivers_every_ad_in_it(deliver: Deliver) -> None:
    assert exposed(deliver({})) == [("lamps", "mid"), ("oat-milk", "post"), ("oat-milk", "pre")]


def test_an_ad_that_lacks_one_byte_is_not_delivered(deliver: Deliver) -> None:
    assert exposed(deliver(fetch(0, 149_998))) == [("oat-milk", "pre")]
    assert exposed(deliver(fetch(0, 149_999))) == [("lamps", "mid"), ("oat-milk", "pre")]


def test_an_ad_in_a_fetch_that_is_no_download_is_not_delivered(deliver: Deliver) -> None:
    assert deliver(fetch(0, 20_000)) == []


@pytest.mark.parametrize(("first", "last"), [(120_000, 119_999), (0, -1), (3_601_000, 3_600_999), (50, 10)])
def test_a_span_of_no_bytes_is_no_ad(
    first: int, last: int, requests: Frames, episodes: Frames, media: Frames, methods: Frames
) -> None:
    catalogue = index_catalogue(episodes(), media([{}]), methods())
    _, candidates = qualify_requests(requests({}), catalogue)
    empty = pl.lit(first).alias("first_byte"), pl.lit(last).alias("last_byte")
    segments = build_segments().with_columns(empty)
    delivered = find_delivered_ads(candidates, count_downloads(candidates, catalogue), segments, catalogue)
    assert delivered.is_empty()


def test_an_ad_may_come_in_two_parts(deliver: Deliver) -> None:
    assert ("lamps", "mid") in exposed(deliver(fetch(0, 120_000), fetch(120_001, 160_000, 1)))
    assert ("lamps", "mid") not in exposed(deliver(fetch(0, 120_000), fetch(120_002, 160_000, 1)))


def test_a_request_after_the_minute_delivers_its_ads_at_the_time_of_the_download(deliver: Deliver) -> None:
    exposures = deliver(fetch(0, 90_000), fetch(90_001, 200_000, 30))
    (lamps,) = [each for each in exposures if each["placement_id"] == "lamps"]
    assert lamps["occurred_at"] == EIGHT


def test_an_ad_baked_in_counts_by_the_same_bytes(deliver: Deliver) -> None:
    assert exposed(deliver(fetch(0, 149_998), insertion="baked_in")) == [("oat-milk", "pre")]


def test_the_same_ads_in_two_variants_of_an_episode_count_once(deliver: Deliver) -> None:
    both = ("harbour-12.mp3", "harbour-12-b.mp3")
    exposures = deliver({}, {"asset_id": "harbour-12-b.mp3"}, asset_ids=both)
    assert len(exposures) == 3


def test_a_prefix_service_delivers_no_ads(deliver: Deliver) -> None:
    assert deliver({"source": "prefix"}) == []


def test_the_same_rows_give_the_same_ids_and_no_two_share_one(deliver: Deliver) -> None:
    first, again = (deliver({}, {"consumer_key": 2}) for _ in range(2))
    ids = [each["exposure_id"] for each in first]
    assert ids == [each["exposure_id"] for each in again]
    assert len(set(ids)) == 6
    assert {len(each) for each in ids} == {16}


def signal(**change: Any) -> pl.DataFrame:
    row = {
        "tenant_id": "quayside",
        "event_id": "s1",
        "occurred_at": EIGHT,
        "kind": "click",
        "sponsor_id": "pantry",
        "campaign_id": "autumn",
        "placement_id": "oat-milk",
        "podcast_id": "harbour",
        "episode_id": "harbour-12",
        "position": "pre",
        "insertion": "dynamic",
        "household_key": 100,
        "consumer_key": 1,
        "listener_key": None,
        "listener_id": None,
        "address_class": "household",
        "is_bot": False,
        **change,
    }
    return pl.DataFrame([row], schema_overrides={"listener_key": pl.Int64})


def test_a_click_is_an_exposure_under_its_own_id() -> None:
    (exposure,) = collect_signals(signal()).to_dicts()
    assert (exposure["kind"], exposure["exposure_id"], exposure["consumer_key"]) == ("click", "s1", 1)


def test_a_listener_key_of_the_platform_is_the_consumer() -> None:
    assert collect_signals(signal(listener_key=9))["consumer_key"].to_list() == [9]


def test_a_bot_sees_no_ad() -> None:
    assert collect_signals(signal(is_bot=True)).is_empty()
