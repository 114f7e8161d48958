"""What a request is about: its episode and file by whatever it names, and what a minute of each file is in bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from assets.listening.downloads.catalogue import Catalogue, index_catalogue, look_up, name_episodes
from assets.listening.downloads.method import MethodError

Frames = Callable[..., pl.DataFrame]
Row = dict[str, Any]

# An hour of content at 1,000 bytes a second behind a header of 1,000 bytes, unless a case says otherwise.
THRESHOLDS: dict[str, tuple[Row, int, str]] = {
    "a minute of an hour": ({}, 60_000, "bytes"),
    "a quotient that is not whole": ({"file_bytes": 3_601_001}, 60_001, "bytes"),
    "the episode's duration where the file has none": ({"duration_s": None}, 60_000, "bytes"),
    "a size that is not known": ({"file_bytes": None}, 960_000, "assumed_size"),
    "a file under a minute": ({"duration_s": 59.9}, 3_600_000, "whole_file"),
    "a file of exactly a minute": ({"duration_s": 60.0}, 3_600_000, "bytes"),
    "a duration that is none": ({"duration_s": float("inf")}, 3_600_000, "whole_file"),
    "a header as long as its file": ({"file_bytes": 1_000}, 1, "bytes"),
}


@pytest.fixture
def catalogue(episodes: Frames, media: Frames, methods: Frames) -> Catalogue:
    """The first episode has a file in two renditions, the second has one, and the third none."""
    harbour = [{"episode_id": f"harbour-{number}"} for number in (12, 13, 14)]
    files = [{}, {"asset_id": "harbour-12.ogg"}, {"asset_id": "harbour-13.mp3", "episode_id": "harbour-13"}]
    return index_catalogue(episodes(harbour), media(files), methods())


@pytest.mark.parametrize("case", THRESHOLDS)
def test_a_minute_of_a_file(episodes: Frames, media: Frames, methods: Frames, case: str) -> None:
    change, threshold, basis = THRESHOLDS[case]

    [file] = index_catalogue(episodes(), media([change]), methods()).files.to_dicts()

    assert (file["threshold_bytes"], file["basis"]) == (threshold, basis)


def named(catalogue: Catalogue, requests: Frames, **request: object) -> Row:
    [row] = look_up(requests(request), catalogue).to_dicts()
    files = dict(catalogue.files.select("file_no", "asset_id").iter_rows())
    episodes = dict(catalogue.episodes.select("episode_no", "episode_id").iter_rows())
    return {"episode": episodes.get(row["episode_no"]), "file": files.get(row["file_no"]), "is_known": row["is_known"]}


@pytest.mark.parametrize(
    ("episode", "asset", "found"),
    [
        ("harbour-12", "harbour-12.ogg", ("harbour-12", "harbour-12.ogg", True)),
        (None, "harbour-12.ogg", ("harbour-12", "harbour-12.ogg", True)),
        ("harbour-13", None, ("harbour-13", "harbour-13.mp3", True)),
        ("harbour-12", None, ("harbour-12", None, True)),
        ("harbour-14", None, ("harbour-14", None, True)),
        ("harbour-13", "harbour-12.ogg", ("harbour-13", "harbour-12.ogg", False)),
        ("harbour-12", "nowhere.mp3", ("harbour-12", None, False)),
        ("nowhere", None, (None, None, False)),
        (None, None, (None, None, False)),
    ],
)
def test_a_request_stands_for_what_it_names(
    catalogue: Catalogue, requests: Frames, episode: str | None, asset: str | None, found: tuple[object, ...]
) -> None:
    assert tuple(named(catalogue, requests, episode_id=episode, asset_id=asset).values()) == found


def test_an_episode_has_one_number_by_whatever_name(catalogue: Catalogue, requests: Frames) -> None:
    unknown = [{"episode_id": name, "asset_id": None} for name in "xy"]
    rows = requests({}, {"episode_id": None}, {"asset_id": None}, *unknown)

    first, by_file, by_episode, x, y = look_up(rows, catalogue)["named_no"]

    assert first == by_file == by_episode
    assert len({first, x, y}) == 3


def test_a_tenant_without_settings_is_refused(catalogue: Catalogue, requests: Frames) -> None:
    with pytest.raises(MethodError, match=r"requests of 1 tenant\(s\) cannot be judged, first elsewhere"):
        look_up(requests({"tenant_id": "elsewhere"}), catalogue)


def test_numbers_of_episodes_become_names_in_the_order_of_the_rows(catalogue: Catalogue) -> None:
    numbers = dict(catalogue.episodes.select("episode_id", "episode_no").iter_rows())
    counted = pl.DataFrame({"episode_no": [numbers["harbour-13"], numbers["harbour-12"]], "downloads": [3, 5]})

    found = name_episodes(counted.cast({"episode_no": catalogue.episodes.schema["episode_no"]}), catalogue)

    assert found.rows() == [("quayside", "harbour", "harbour-13", 3), ("quayside", "harbour", "harbour-12", 5)]
