"""Megaphone's metrics: one JSON object per request, with the episode by its guid."""

from __future__ import annotations

import json
from uuid import UUID

import polars as pl
import pytest

from assets.importing import EventMaker, MediaPaths
from assets.listening.identity.agent_rules import load_rules, match_agent
from tests.assets.importing.reading import one, parse

METRIC = {
    "id": "m-1",
    "created_at": "2026-10-14T06:12:41.000Z",
    "episode_id": "e-1",
    "ip": "c19af70f3fb71c0f7adfb4d89dacccd3",
    "user_agent": "AntennaPod/3.4.0",
    "filesize": 1000,
    "bytes_sent": 400,
    "blacklisted_ip": False,
    "blacklisted_ua": False,
}


def metric(**changes: object) -> dict[str, object]:
    return one("megaphone", json.dumps(METRIC | changes))


def test_a_metric_never_has_more_bytes_than_its_file() -> None:
    assert metric(bytes_sent=2500)["bytes_sent"] == 1000
    assert metric(bytes_sent=2500, filesize=None)["bytes_sent"] == 2500


def test_a_hashed_address_becomes_a_household_and_a_plain_one_stays() -> None:
    hashed, plain = metric(), metric(ip="203.0.113.7")

    assert (hashed["client_ip"], hashed["key_version"]) == (None, 0)
    assert isinstance(hashed["household_key"], int)
    assert (plain["client_ip"], plain["household_key"]) == ("203.0.113.7", None)


@pytest.mark.parametrize("mark", ["blacklisted_ua", "blacklisted_ip"])
def test_what_megaphone_took_for_a_bot_is_one_here(mark: str) -> None:
    assert match_agent(str(metric(**{mark: True})["user_agent"]), load_rules()).is_bot


def test_a_metric_without_agent_has_the_name_that_megaphone_gave_it() -> None:
    assert metric(user_agent=None, normalized_user_agent="Castro")["user_agent"] == "Castro"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "no JSON object"),
        ("[1, 2]", "no JSON object"),
        ("7", "no JSON object"),
        (json.dumps(METRIC | {"id": None}), "no id"),
        (json.dumps(METRIC | {"created_at": "today"}), "created_at cannot be read"),
        (json.dumps(METRIC | {"bytes_sent": "many"}), "no number of bytes"),
    ],
)
def test_a_metric_that_cannot_be_used_says_why(line: str, reason: str) -> None:
    assert reason in parse("megaphone", line).rejects["reason"][0]


def test_a_metric_finds_its_episode_by_guid_and_its_file_if_there_is_one() -> None:
    media = pl.DataFrame(
        {
            "path": ["/a.mp3", "/b-low.mp3", "/b-high.mp3", "/c.mp3", "/d.mp3"],
            "podcast_id": [b"p"] * 5,
            "episode_id": [b"e1", b"e2", b"e2", b"e3", b"e4"],
            "asset_id": [b"a1", b"a2", b"a3", b"a4", b"a5"],
            "guid": ["one", "two", "two", "same", "same"],
        }
    )
    lines = [json.dumps(METRIC | {"id": name, "episode_id": name}) for name in ("one", "two", "same", "none")]
    maker = EventMaker(UUID(int=1), "megaphone", "server_log", MediaPaths.of(media))

    events = maker.make(parse("megaphone", *lines)).events

    assert events["episode_id"].to_list() == [b"e1", b"e2", None, None]
    assert events["asset_id"].to_list() == [b"a1", None, None, None]
    assert events["event_data"].is_null().to_list() == [True, True, False, False]
