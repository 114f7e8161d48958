"""The logs of Amazon's object storage, in every length that they have had."""

from __future__ import annotations

import pytest

from tests.assets.importing.reading import one


def bucket(
    operation: str = "REST.GET.OBJECT",
    line: str = '"GET /a.mp3 HTTP/1.1"',
    key: str = "a.mp3",
    status: str = "200",
    size: str = "10 10",
    agent: str = '"Castro 2024"',
    more: str = " - host= - - - media.s3.amazonaws.com TLSv1.2",
) -> str:
    return (
        f"owner media [14/Oct/2026:06:12:41 +0000] 203.0.113.7 - 3E57 {operation} {key} {line} {status} - {size} "
        f'7 6 "-" {agent}{more}'
    )


@pytest.mark.parametrize(
    ("line", "key", "target"),
    [
        ('"GET /a%20b.mp3?x=1 HTTP/1.1"', "a%2520b.mp3", "/a%20b.mp3?x=1"),
        ('"GET /media/a.mp3 HTTP/1.1"', "a.mp3", "a.mp3"),
        ('"GET /media/a.mp3 HTTP/1.1"', "media/a.mp3", "/media/a.mp3"),
        ("-", "a.mp3", "a.mp3"),
    ],
)
def test_the_bucket_in_front_of_a_path_is_no_part_of_it(line: str, key: str, target: str) -> None:
    assert one("s3", bucket(line=line, key=key))["target"] == target


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
