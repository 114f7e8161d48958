"""What lies at the address of a feed, and what each answer of its server means."""

from __future__ import annotations

import gzip

import pytest

from assets.catalogue.feeds.retrieving import LIMITS, FeedGoneError, retrieve
from assets.web.requesting import UnavailableError
from sql.values import EarshotError, PermanentError
from tests.assets.catalogue.feeds.building import entry, rss
from tests.assets.catalogue.feeds.site import LOOPBACK, Site

FEED = rss(entry(1))
BOMB = gzip.compress(bytes(LIMITS.most_bytes + 1), mtime=0)


def test_a_feed_is_retrieved_once_and_then_only_when_it_is_another(site: Site) -> None:
    url = site.put("/feed", FEED, headers={"Last-Modified": "Wed, 01 Apr 2026 10:00:00 GMT"})
    first = retrieve(url, private=LOOPBACK)
    assert (first.state, first.url, len(first.feed.items if first.feed else ())) == ("read", url, 1)
    again = retrieve(url, first.etag, first.last_modified, LOOPBACK)
    assert (again.state, again.feed, again.etag) == ("unchanged", None, first.etag)
    assert site.asked("/feed")[1]["if-modified-since"] == "Wed, 01 Apr 2026 10:00:00 GMT"
    site.put("/feed", rss(entry(2), entry(1)))
    assert retrieve(url, first.etag, first.last_modified, LOOPBACK).state == "read"


def test_where_a_feed_has_moved_for_good_is_said_and_where_it_is_for_now_is_not(site: Site) -> None:
    there = site.put("/there", FEED)
    moved = site.put("/moved", status=301, headers={"Location": "/there"})
    lent = site.put("/lent", status=302, headers={"Location": "/there"})
    assert retrieve(moved, private=LOOPBACK).url == there
    assert retrieve(lent, private=LOOPBACK).url == lent


def saying(address: str, *items: str) -> bytes:
    """A feed that says where it is now."""
    return rss(*items, channel=f"<title>Tides</title><itunes:new-feed-url>{address}</itunes:new-feed-url>")


def test_a_feed_that_says_that_it_has_moved_is_the_one_at_its_new_address(site: Site) -> None:
    there = site.put("/there", saying(f"{site.address}/there", entry(2), entry(1)))
    found = retrieve(site.put("/here", saying(there, entry(1))), private=LOOPBACK)
    assert (found.url, found.state, len(found.feed.items if found.feed else ())) == (there, "read", 2)


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (None, "no feed at"),
        (rss(entry(7)), "no episode and no podcast:guid in common"),
        (rss(), "no episode there"),
        (saying("https://elsewhere.example.com/feed", entry(1)), "has moved too"),
        ("http://169.254.169.254/feed", "PRIVATE_NETWORKS"),
    ],
)
def test_a_move_to_something_else_is_not_followed_and_is_looked_at_again(
    site: Site, there: bytes | str | None, reason: str
) -> None:
    address = there if isinstance(there, str) else f"{site.address}/there"
    if isinstance(there, bytes):
        site.put("/there", there)
    found = retrieve(site.put("/here", saying(address, entry(1))), private=LOOPBACK)
    assert (found.url, found.etag) == (f"{site.address}/here", None)
    assert found.feed is not None
    assert "which was not followed" in found.feed.notes[-1]
    assert reason in found.feed.notes[-1]


def test_links_are_those_of_the_place_where_the_feed_was_found(site: Site) -> None:
    site.put("/a/b/feed", rss(entry(1, "1.mp3")))
    found = retrieve(site.put("/f", status=302, headers={"Location": "/a/b/feed"}), private=LOOPBACK)
    assert found.feed is not None
    assert found.feed.items[0].files[0].url == f"{site.address}/a/b/1.mp3"


def test_a_packed_feed_is_unpacked(site: Site) -> None:
    url = site.put("/feed", gzip.compress(FEED), headers={"Content-Encoding": "gzip"})
    assert retrieve(url, private=LOOPBACK).feed is not None


@pytest.mark.parametrize(
    ("body", "options", "kind", "complaint"),
    [
        (b"", {"status": 410}, FeedGoneError, "gone for good.*stop-feed"),
        (b"", {"status": 404}, PermanentError, "no feed at .*check the address"),
        (b"", {"status": 401}, PermanentError, "refuses to give the feed"),
        (b"", {"status": 500}, UnavailableError, "status 500. Nothing was changed"),
        (b"", {"status": 304}, UnavailableError, "status 304"),
        (b"<!doctype html><p>Sign in", {}, PermanentError, r"is a web page \(HTML\).*Nothing was changed"),
        (b"<rss><channel><title>x</title>", {}, PermanentError, "ends in the middle"),
        (BOMB, {"headers": {"Content-Encoding": "gzip"}}, PermanentError, "is longer than"),
        (b"", {"status": 302, "headers": {"Location": "http://169.254.169.254/"}}, PermanentError, "PRIVATE_NETWORKS"),
    ],
)
def test_each_other_answer_says_what_happened_and_what_to_do(
    site: Site, body: bytes, options: dict[str, object], kind: type[EarshotError], complaint: str
) -> None:
    url = site.put("/feed", body, **options)
    with pytest.raises(kind, match=complaint) as refused:
        retrieve(f"{url}?key=secret", private=LOOPBACK)
    assert "secret" not in str(refused.value)


def test_a_private_machine_is_refused_unless_its_network_is_named(site: Site) -> None:
    with pytest.raises(PermanentError, match=r"127\.0\.0\.1.*EARSHOT_PRIVATE_NETWORKS"):
        retrieve(site.put("/feed", FEED))
    assert site.requests == []
