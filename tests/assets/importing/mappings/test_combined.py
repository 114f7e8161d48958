"""The logs of Apache and nginx, and the fields that operators append to them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.assets.importing.reading import one, parse


def combined(request: str = "GET /a.mp3 HTTP/1.1", status: str = "200", size: str = "10", more: str = "") -> str:
    return f'203.0.113.7 - - [14/Oct/2026:08:12:41 +0200] "{request}" {status} {size} "-" "AntennaPod/3.4.0"{more}'


def test_the_time_of_a_combined_line_is_turned_to_utc() -> None:
    assert one("combined", combined())["occurred_at"] == datetime(2026, 10, 14, 6, 12, 41, tzinfo=UTC)


@pytest.mark.parametrize(
    ("more", "start", "end"),
    [
        ("", None, None),
        (' "-"', None, None),
        (' "bytes=0-1"', 0, 1),
        (' "bytes=1048576-"', 1048576, None),
        (' "bytes=-500"', None, None),
        (' "bytes=0-1,5-9"', None, None),
        (' "bytes=0-" "bytes 0-99/1000"', 0, 99),
        (' 0.031 "bytes=7-9" 0123456789abcdef0123456789abcdef', 7, 9),
    ],
)
def test_an_appended_range_is_found(more: str, start: int | None, end: int | None) -> None:
    found = one("combined", combined(status="206", more=more))

    assert (found["range_start"], found["range_end"]) == (start, end)


@pytest.mark.parametrize(("byte_range", "start"), [("bytes=500-999", None), ("bytes=0-1", 0)])
def test_a_whole_file_in_answer_to_a_range_is_a_whole_file(byte_range: str, start: int | None) -> None:
    assert one("combined", combined(status="200", more=f' "{byte_range}"'))["range_start"] == start


def test_an_appended_request_id_is_found() -> None:
    found = one("combined", combined(more=' "-" 0123456789abcdef0123456789abcdef'))

    assert found["request_id"] == "0123456789abcdef0123456789abcdef"


def test_quotes_and_bytes_in_an_agent_are_unescaped() -> None:
    line = (
        r'203.0.113.7 - - [14/Oct/2026:08:12:41 +0200] "GET /a.mp3 HTTP/1.1" 200 10 "-" "My \"best\" \xc3\xa4pp \\ 1"'
    )

    assert one("combined", line)["user_agent"] == 'My "best" äpp \\ 1'


def test_a_request_that_is_none_is_kept_without_a_method() -> None:
    found = one("combined", combined(request=r"\x16\x03\x01", status="400"))

    assert (found["http_method"], found["target"], found["http_status"]) == ("-", None, 400)


def test_a_dash_for_bytes_means_that_none_were_sent() -> None:
    assert one("combined", combined(status="304", size="-"))["bytes_sent"] == 0


def test_the_common_format_lacks_referrer_and_agent() -> None:
    found = one("combined", '203.0.113.7 - - [14/Oct/2026:08:12:41 +0000] "GET /a.mp3 HTTP/1.0" 200 2326')

    assert (found["user_agent"], found["referrer"], found["bytes_sent"]) == (None, None, 2326)


def test_a_time_that_never_was_is_rejected() -> None:
    parsed = parse("combined", combined().replace("14/Oct", "31/Feb"), "no log line at all")

    assert parsed.rejects["line_number"].to_list() == [1, 2]
    assert "time" in parsed.rejects["reason"][0]
