"""From raw rows to every number on plain frames: what may be left out, and the errors for what must not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from assets.frames import bring_to_utc
from assets.listening import (
    Key,
    Keyring,
    MissingColumnsError,
    count_downloads,
    count_release_hours,
    dispose,
    enrich_requests,
    find_delivered_ads,
    find_first_listens,
    index_catalogue,
    load_ranges,
    load_rules,
    measure_audience,
    measure_dimensions,
    measure_overlaps,
    measure_periods,
    qualify_requests,
)
from assets.listening.identity.addresses import INCLUSIONS
from sql.values import PermanentError

Frames = Callable[..., pl.DataFrame]

KEYRING = Keyring((Key(1, bytes(range(32))),))
NO_INCLUSIONS = pl.DataFrame(schema={**INCLUSIONS, "tenant_id": pl.String()})
RELEASED = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
LEAST = ["tenant_id", "event_id", "occurred_at", "source", "event_type", "http_method", "http_status", "range_start"]
LEAST += ["range_end", "bytes_sent", "user_agent", "client_ip"]


def raw(requests: Frames, *changes: dict[str, Any]) -> pl.DataFrame:
    """Rows as a log has them, with an address and nothing derived from it."""
    return requests(*changes).with_columns(client_ip=pl.lit("192.0.2.7"))


def enriched(rows: pl.DataFrame) -> pl.DataFrame:
    return enrich_requests(rows, load_rules(), load_ranges(), NO_INCLUSIONS, KEYRING)


@pytest.mark.parametrize("names", [["asset_id"], ["episode_id"], ["asset_id", "episode_id", "listener_id"]])
def test_what_few_sources_have_may_be_left_out(
    requests: Frames, episodes: Frames, media: Frames, methods: Frames, names: list[str]
) -> None:
    catalogue = index_catalogue(episodes(), media(), methods())
    _, candidates = qualify_requests(enriched(raw(requests, {}).select(*LEAST, *names)), catalogue)
    (download,) = count_downloads(candidates, catalogue).to_dicts()
    assert (download["podcast_id"], download["episode_id"], download["asset_id"]) == (
        "harbour",
        "harbour-12",
        "harbour-12.mp3",
    )
    assert (download["app"], download["referrer"], download["country_code"]) == ("Overcast", "unknown", None)
    assert measure_dimensions(count_downloads(candidates, catalogue)).height > 0


@pytest.mark.parametrize("name", [*LEAST, "consumer_key"])
def test_a_missing_column_is_named_before_anything_is_computed(
    requests: Frames, episodes: Frames, media: Frames, methods: Frames, name: str
) -> None:
    rows = raw(requests, {}).select(*LEAST, "episode_id")
    is_raw = name in ("client_ip", "user_agent", "tenant_id", "occurred_at")
    with pytest.raises(MissingColumnsError, match=name):
        enriched(rows.drop(name)) if is_raw else dispose(enriched(rows).drop(name), episodes(), media(), methods())


def test_every_door_names_what_is_missing(requests: Frames, episodes: Frames, media: Frames, methods: Frames) -> None:
    nothing = pl.DataFrame({"tenant_id": ["quayside"]})
    catalogue = index_catalogue(episodes(), media(), methods())
    doors: list[tuple[Callable[[], object], str]] = [
        (lambda: index_catalogue(nothing, media(), methods()), "published_at"),
        (lambda: index_catalogue(episodes(), nothing, methods()), "asset_id"),
        (lambda: index_catalogue(episodes(), media(), nothing), "download_window"),
        (lambda: qualify_requests(nothing, catalogue), "event_id"),
        (lambda: count_downloads(nothing, catalogue), "second one of qualify_requests"),
        (lambda: measure_dimensions(nothing), "count_downloads"),
        (lambda: measure_periods(nothing, episodes(), nothing, date(2026, 11, 2)), "consumer_key"),
        (lambda: measure_overlaps(nothing, episodes()), "consumer_key"),
        (lambda: find_delivered_ads(nothing, nothing, nothing, catalogue), "from_byte"),
        (lambda: measure_audience(nothing, nothing, nothing, catalogue), "episode_id"),
        (lambda: count_release_hours(nothing, episodes()), "downloaded_at"),
        (lambda: find_first_listens(nothing), "podcast_id"),
    ]
    for door, named in doors:
        with pytest.raises(MissingColumnsError, match=named):
            door()


def test_a_request_must_name_an_episode_or_a_file(
    requests: Frames, episodes: Frames, media: Frames, methods: Frames
) -> None:
    with pytest.raises(MissingColumnsError, match="its episode_id, its asset_id, or both"):
        dispose(enriched(raw(requests, {}).select(LEAST)), episodes(), media(), methods())


@pytest.mark.parametrize("zone", [None, "UTC", "Pacific/Auckland", "America/Los_Angeles"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_a_day_is_a_utc_day_whatever_the_zone_of_its_times(
    requests: Frames, episodes: Frames, media: Frames, methods: Frames, zone: str | None, unit: Any
) -> None:
    before, after = datetime(2026, 11, 2, 23, 59, tzinfo=UTC), datetime(2026, 11, 3, 0, 1, tzinfo=UTC)
    rows = raw(requests, {"occurred_at": before}, {"occurred_at": after})
    result = pl.col("occurred_at").dt.cast_time_unit(unit)
    result = result.dt.replace_time_zone(None) if zone is None else result.dt.convert_time_zone(zone)
    catalogue = index_catalogue(episodes(), media(), methods())
    _, candidates = qualify_requests(enriched(rows.with_columns(result)), catalogue)
    assert count_downloads(candidates, catalogue)["downloaded_at"].sort().to_list() == [before, after]


def test_a_time_that_is_no_time_is_refused() -> None:
    with pytest.raises(PermanentError, match="occurred_at"):
        bring_to_utc(pl.DataFrame({"occurred_at": ["2026-11-02"]}), "occurred_at")
    local = pl.DataFrame({"at": [datetime(2026, 11, 2, tzinfo=ZoneInfo("Europe/Berlin"))]})
    assert bring_to_utc(local, "at")["at"].to_list() == [datetime(2026, 11, 1, 23, tzinfo=UTC)]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("xyz"), st.integers(0, 4))))
@settings(max_examples=40, deadline=None)
def test_first_listens_day_by_day_are_those_of_all_days_at_once(exposed: list[tuple[int, str, int]]) -> None:
    downloads = pl.DataFrame(
        [("quayside", show, key, date(2026, 11, 1) + timedelta(days=day)) for day, show, key in exposed],
        schema={"tenant_id": pl.String, "podcast_id": pl.String, "consumer_key": pl.Int64, "day": pl.Date},
        orient="row",
    )
    so_far = find_first_listens(downloads.clear())
    for day in downloads["day"].unique().sort():
        so_far = pl.concat([so_far, find_first_listens(downloads.filter(day=day), so_far)])
    assert_frame_equal(so_far, find_first_listens(downloads))
    people = {key for _, _, key in exposed}
    assert so_far.filter("is_first_of_tenant")["consumer_key"].n_unique() == len(people)


def test_hours_since_the_release_begin_with_it_and_end_after_ninety_days(episodes: Frames) -> None:
    moments = [timedelta(hours=-1), timedelta(0), timedelta(minutes=59), timedelta(hours=1), timedelta(days=90)]
    moments.append(timedelta(days=90) - timedelta(microseconds=1))
    downloads = pl.DataFrame(
        {"tenant_id": "quayside", "episode_id": "harbour-12", "downloaded_at": [RELEASED + each for each in moments]}
    )
    hours = count_release_hours(downloads, episodes())
    assert hours.select("podcast_id", "hour", "downloads").rows() == [
        ("harbour", 0, 2),
        ("harbour", 1, 1),
        ("harbour", 2_159, 1),
    ]
