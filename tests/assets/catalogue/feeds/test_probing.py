"""What a feed does not say of a file: size, header, duration and bit rate, from its first bytes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assets.catalogue.feeds.probing import Measures, Probe, probe
from assets.catalogue.feeds.remote_files import BLOCK_BYTES, Content
from sql.values import PermanentError
from tests.assets.catalogue.feeds.building import NOW
from tests.assets.catalogue.feeds.site import LOOPBACK, Site, id3, m4a, mp3


def measures(site: Site, body: bytes, **options: object) -> Measures:
    found = probe(site.put("/a", body, **options), LOOPBACK).measures
    assert found is not None
    return found


@pytest.mark.parametrize("tag_bytes", [0, 10, 2_000, 900_000])
def test_an_mp3_file_is_measured_behind_its_tag(site: Site, tag_bytes: int) -> None:
    body = mp3(100, tag_bytes)
    found = measures(site, body)
    assert (found.file_bytes, found.header_bytes, found.bitrate_bps) == (len(body), tag_bytes, 128_000)
    assert found.duration_s == pytest.approx(100, abs=0.3)
    # A picture in the tag is jumped over.
    assert len(site.requests) <= 3


def test_tags_that_follow_each_other_are_all_header(site: Site) -> None:
    assert measures(site, id3(500) + mp3(20, 700)).header_bytes == 1200


@pytest.mark.parametrize("data_first", [False, True])
def test_an_mp4_file_is_measured_wherever_its_table_lies(site: Site, data_first: bool) -> None:
    body = m4a(3600, 5 * BLOCK_BYTES, data_first=data_first)
    found = measures(site, body)
    assert (found.file_bytes, found.duration_s) == (len(body), 3600.0)
    assert found.header_bytes == body.index(b"mdat") + 4
    assert len(site.requests) <= 3


def test_a_server_without_ranges_is_enough_where_the_beginning_says_it(site: Site) -> None:
    body = mp3(30, 1000)
    assert measures(site, body, has_ranges=False).header_bytes == 1000


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"x", b"hello " * 1000, bytes(100_000)),
        *(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", id3(5000), b"\x00\x00\x00\x08ftyp" * 100),
    ],
)
def test_what_is_no_sound_is_said(site: Site, body: bytes) -> None:
    with pytest.raises(PermanentError, match="http://127"):
        probe(site.put("/a", body), LOOPBACK)


def test_a_file_that_is_as_it_was_is_not_measured_again(site: Site) -> None:
    url = site.put("/a", mp3(30))
    first = probe(url, LOOPBACK)
    assert probe(url, LOOPBACK, first.content) == Probe(first.content, None)
    site.put("/a", mp3(40))
    again = probe(url, LOOPBACK, first.content)
    assert again.measures is not None
    assert again.measures.file_bytes == len(mp3(40))


def test_a_file_that_is_put_together_for_each_request_varies(site: Site) -> None:
    url = site.put("/a", mp3(30), varies=True)
    first = probe(url, LOOPBACK)
    assert first.measures is not None
    again = probe(url, LOOPBACK, first.content)
    assert (again.varies, again.measures) == (True, None)


@pytest.mark.parametrize(
    ("modified", "expected"),
    [
        ("Wed, 01 Apr 2026 10:00:00 GMT", datetime(2026, 4, 1, 10, tzinfo=UTC)),
        ("Wed, 01 Apr 2099 10:00:00 GMT", NOW),
        ("yesterday", NOW),
        (None, NOW),
    ],
)
def test_a_content_is_as_old_as_its_server_says_and_never_of_tomorrow(modified: str | None, expected: datetime) -> None:
    assert Probe(Content(1, None, modified), None).changed_at(NOW) == expected
