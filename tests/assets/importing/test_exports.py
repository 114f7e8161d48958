"""Real-time logs, bucket logs and metrics exports: what each format says of its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import polars as pl
import pytest

from assets.importing import EventMaker, MediaPaths, parser_of
from assets.importing.requests import Parsed
from assets.listening.identity.agent_rules import load_rules, match_agent
from sql.values import PermanentError

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
CHOSEN = ("timestamp", "c-ip", "sc-status", "cs-method", "cs-uri-stem", "cs-user-agent")


def parse(name: str, *lines: str, fields: tuple[str, ...] = ()) -> Parsed:
    frame = pl.DataFrame({"line": lines}, schema={"line": pl.String}).with_row_index("line_number", offset=1)
    return parser_of(name, fields).parse(frame.with_columns(pl.col("line_number").cast(pl.Int64)))


def one(name: str, line: str, fields: tuple[str, ...] = ()) -> dict[str, object]:
    return parse(name, line, fields=fields).requests.row(0, named=True)


def metric(**changes: object) -> dict[str, object]:
    return one("megaphone", json.dumps(METRIC | changes))


def bucket(
    operation: str = "REST.GET.OBJECT",
    asked: str = '"GET /a.mp3 HTTP/1.1"',
    key: str = "a.mp3",
    status: str = "200",
    size: str = "10 10",
    agent: str = '"Castro 2024"',
    more: str = " - host= - - - media.s3.amazonaws.com TLSv1.2",
) -> str:
    return (
        f"owner media [14/Oct/2026:06:12:41 +0000] 203.0.113.7 - 3E57 {operation} {key} {asked} {status} - {size} 7 6 "
        f'"-" {agent}{more}'
    )


@pytest.mark.parametrize(
    ("written", "microsecond"), [("1791958361.031", 31_000), ("1791958361.5", 500_000), ("1791958361", 0)]
)
def test_the_seconds_of_a_real_time_record_are_exact(written: str, microsecond: int) -> None:
    line = f"{written}\t203.0.113.7\t200\tGET\t/a.mp3\tCastro%202024"

    found = one("cloudfront-realtime", line, CHOSEN)

    assert found["occurred_at"] == datetime(2026, 10, 14, 6, 12, 41, microsecond, tzinfo=UTC)
    assert found["user_agent"] == "Castro 2024"


def test_a_record_with_other_fields_than_the_configuration_says_how_to_name_them() -> None:
    parsed = parse("cloudfront-realtime", "1791958361.031\t203.0.113.7\t200")

    assert "40 tab-separated fields" in parsed.rejects["reason"][0]
    assert "--fields" in parsed.rejects["reason"][0]


def test_a_configuration_without_what_measuring_needs_is_refused() -> None:
    with pytest.raises(PermanentError, match="lack c-ip, sc-status, cs-user-agent"):
        parser_of("cloudfront-realtime", ("timestamp", "cs-method", "cs-uri-stem"))


def test_a_format_that_names_its_own_fields_takes_none() -> None:
    with pytest.raises(PermanentError, match="--fields is for cloudfront-realtime"):
        parser_of("combined", CHOSEN)


def test_a_timestamp_that_is_none_is_rejected() -> None:
    parsed = parse("cloudfront-realtime", "today\t203.0.113.7\t200\tGET\t/a.mp3\tCastro", fields=CHOSEN)

    assert "timestamp" in parsed.rejects["reason"][0]


@pytest.mark.parametrize(
    ("asked", "key", "target"),
    [
        ('"GET /a%20b.mp3?x=1 HTTP/1.1"', "a%2520b.mp3", "/a%20b.mp3?x=1"),
        ('"GET /media/a.mp3 HTTP/1.1"', "a.mp3", "a.mp3"),
        ('"GET /media/a.mp3 HTTP/1.1"', "media/a.mp3", "/media/a.mp3"),
        ("-", "a.mp3", "a.mp3"),
    ],
)
def test_the_bucket_in_front_of_a_path_is_no_part_of_it(asked: str, key: str, target: str) -> None:
    assert one("s3", bucket(asked=asked, key=key))["target"] == target


@pytest.mark.parametrize(("size", "end"), [("10 10", 9), ("5 10", None), ("- 10", None)])
def test_only_a_part_as_long_as_its_object_has_a_span(size: str, end: int | None) -> None:
    assert one("s3", bucket(status="206", size=size))["range_end"] == end


@pytest.mark.parametrize("operation", ["REST.GET.ACL", "REST.PUT.OBJECT", "S3.EXPIRE.OBJECT", "REST.GET.BUCKET"])
def test_what_serves_no_object_is_no_request_for_one(operation: str) -> None:
    assert one("s3", bucket(operation=operation))["http_method"] == "-"


def test_quotes_in_an_agent_do_not_end_it() -> None:
    assert one("s3", bucket(agent='"My "own" player" - x"'))["user_agent"] == 'My "own" player" - x'


def test_a_bucket_log_of_the_first_years_reads_too() -> None:
    found = one("s3", bucket(more=" -"))

    assert (found["bytes_sent"], found["request_id"], found["client_ip"]) == (10, "3E57", "203.0.113.7")


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
