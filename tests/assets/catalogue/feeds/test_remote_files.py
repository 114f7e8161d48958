"""A file on a web server, read in few places, within limits."""

from __future__ import annotations

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.catalogue.feeds.remote_files import BLOCK_BYTES, HEADERS, MOST_REQUESTS, Content, RemoteFile, TooMuchError
from assets.listening.identity.agent_rules import load_rules
from assets.web.requesting import PrivateAddressError, UnavailableError
from sql.values import PermanentError
from tests.assets.catalogue.feeds.site import LOOPBACK, Site

BODY = bytes(range(256)) * 1000


def test_places_are_read_by_ranges_and_each_once(site: Site) -> None:
    file = RemoteFile(site.put("/a.mp3", BODY), LOOPBACK)
    assert (file.size, file.read(3), file.tell()) == (len(BODY), b"\x00\x01\x02", 3)
    file.seek(-2, io.SEEK_END)
    assert file.read() == b"\xfe\xff"
    file.seek(0)
    assert file.read(5) == BODY[:5]
    assert [headers["range"].partition("-")[0] for headers in site.asked("/a.mp3")] == ["bytes=0", "bytes=196608"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.tuples(st.integers(0, len(BODY) + 10), st.integers(0, 3 * BLOCK_BYTES)), max_size=4))
def test_any_places_read_are_those_of_the_file(site: Site, places: list[tuple[int, int]]) -> None:
    file = RemoteFile(site.put("/a.mp3", BODY), LOOPBACK)
    for place, length in places:
        file.seek(place)
        assert file.read(length) == BODY[place : place + length]


def test_a_server_without_ranges_gives_its_beginning_and_no_more(site: Site) -> None:
    file = RemoteFile(site.put("/a.mp3", BODY, has_ranges=False), LOOPBACK)
    assert (file.size, file.read(4)) == (len(BODY), BODY[:4])
    file.seek(BLOCK_BYTES)
    with pytest.raises(PermanentError, match="whole file only"):
        file.read(1)


def test_so_many_places_are_read_and_no_more(site: Site) -> None:
    file = RemoteFile(site.put("/a.mp3", bytes(BLOCK_BYTES * (MOST_REQUESTS + 2))), LOOPBACK)
    with pytest.raises(TooMuchError, match="too many places"):
        file.read()
    assert len(site.requests) == MOST_REQUESTS


def test_a_file_that_is_as_it_was_is_known_without_reading_it(site: Site) -> None:
    url = site.put("/a.mp3", BODY)
    known = RemoteFile(url, LOOPBACK).content
    assert RemoteFile(url, LOOPBACK, known).is_unchanged
    site.put("/a.mp3", BODY + b"more")
    again = RemoteFile(url, LOOPBACK, known)
    assert not again.is_unchanged
    assert not again.content.is_as(known)


def test_a_file_that_changes_while_it_is_read_is_no_file(site: Site) -> None:
    file = RemoteFile(site.put("/a.mp3", BODY), LOOPBACK)
    site.put("/a.mp3", BODY[:-1])
    file.seek(BLOCK_BYTES)
    with pytest.raises(UnavailableError, match="became another file"):
        file.read(1)


@pytest.mark.parametrize(
    ("status", "headers", "kind", "complaint"),
    [
        (404, {}, PermanentError, "is not there"),
        (410, {}, PermanentError, "is not there"),
        (503, {}, UnavailableError, "status 503"),
        (200, {"Content-Type": "text/html; charset=utf-8"}, PermanentError, "web page"),
    ],
)
def test_what_is_no_file_is_said(
    site: Site, status: int, headers: dict[str, str], kind: type[Exception], complaint: str
) -> None:
    with pytest.raises(kind, match=complaint):
        RemoteFile(site.put("/a.mp3", BODY, status=status, headers=headers), LOOPBACK)


def test_a_file_on_a_private_machine_is_not_looked_at(site: Site) -> None:
    url = site.put("/a.mp3", BODY)
    with pytest.raises(PrivateAddressError):
        RemoteFile(url)
    redirect = site.put("/b.mp3", status=302, headers={"Location": "http://10.0.0.1/a.mp3"})
    with pytest.raises(PrivateAddressError, match=r"10\.0\.0\.1"):
        RemoteFile(redirect, LOOPBACK)


def test_a_look_is_no_listen() -> None:
    rules = load_rules(None)
    assert any(rule.pattern.search(HEADERS["User-Agent"]) for rule in rules.bots)


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (Content(5, '"a"', None), Content(5, '"a"', "x"), True),
        (Content(5, '"a"', None), Content(5, '"b"', None), False),
        # Edges of one network give weak tags of their own.
        (Content(5, 'W/"a"', None), Content(5, 'W/"b"', None), True),
        (Content(5, None, "x"), Content(5, None, "y"), False),
        (Content(5, None, None), Content(6, None, None), False),
        (Content(None, None, None), Content(6, None, "x"), True),
    ],
)
def test_another_content_is_seen_by_tag_length_or_date(one: Content, two: Content, expected: bool) -> None:
    assert one.is_as(two) is two.is_as(one) is expected
