"""What a feed says of its show, its episodes and their files."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assets.catalogue.feeds.reading import FeedFile, is_media, plain, read_feed, seconds, whole_number
from sql.values import PermanentError
from tests.assets.catalogue.feeds.building import entry, rss

ADDRESS = "https://feeds.example.com/shows/a/feed.xml"


def test_a_feed_is_read() -> None:
    more = "<itunes:duration>1:02:03</itunes:duration><itunes:episode>7</itunes:episode>"
    channel = "<title>A &amp;amp; B</title><language>de-AT</language><podcast:guid>g</podcast:guid>"
    found = read_feed(rss(entry(1, more=more), channel=channel), ADDRESS)
    assert (found.title, found.language, found.podcast_guid, found.notes) == ("A & B", "de-AT", "g", ())
    (item,) = found.items
    assert (item.guid, item.title, item.number, item.duration_s) == ("guid-1", "Episode 1", 7, 3723.0)
    assert item.files == (FeedFile("https://media.example.com/show/1.mp3", 1001),)
    assert item.published_at == datetime(2026, 1, 8, tzinfo=UTC)


def test_an_atom_feed_is_read() -> None:
    text = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry><id>urn:1</id><title>One</title>'
        '<updated>2026-01-02T03:04:05+02:00</updated><link rel="enclosure" href="https://m.example.com/1.mp3"'
        ' type="audio/mpeg" length="9"/><link href="https://a.example.com/1"/></entry></feed>'
    )
    (item,) = read_feed(text.encode(), ADDRESS).items
    assert (item.guid, item.title, item.published_at) == ("urn:1", "One", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC))
    assert item.files == (FeedFile("https://m.example.com/1.mp3", 9),)


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("1.mp3", "https://feeds.example.com/shows/a/1.mp3"),
        ("/media/1.mp3", "https://feeds.example.com/media/1.mp3"),
        ("//cdn.example.com/1.mp3", "https://cdn.example.com/1.mp3"),
        (" https://m.example.com/1.mp3\n", "https://m.example.com/1.mp3"),
        ("https://m.example.com/1.mp3#t=10", "https://m.example.com/1.mp3"),
    ],
)
def test_links_are_those_that_the_feed_means_where_it_lies(link: str, url: str) -> None:
    (item,) = read_feed(rss(entry(1, link)), ADDRESS).items
    assert [file.url for file in item.files] == [url]


def test_links_are_relative_to_the_base_that_the_feed_names() -> None:
    based = rss(entry(1, "1.mp3"), entry(2, "/2.mp3"), entry(3, "https://m.example.com/3.mp3"))
    based = based.replace(b"<channel>", b'<channel xml:base="https://files.example.com/deep/">', 1)

    assert [item.files[0].url for item in read_feed(based, ADDRESS).items] == [
        "https://files.example.com/deep/1.mp3",
        "https://files.example.com/2.mp3",
        "https://m.example.com/3.mp3",
    ]


def test_letters_that_are_no_utf_8_and_halves_of_characters_are_read() -> None:
    title = b"<title>Gr\xf6\xdfe &#55357;&#56832; &#xD83D;&#xDE00; &#xD83D;</title>"
    feed = b"<rss><channel>" + title + entry(1, "https://m.example.com/gr\xf6\xdfe.mp3").encode("latin-1")
    found = read_feed(feed + b"</channel></rss>", ADDRESS)

    assert found.title == "Größe \U0001f600 \U0001f600 \ufffd"
    assert found.items[0].files[0].url == "https://m.example.com/größe.mp3"
    # Where some letters are UTF-8, the others are damaged.
    damaged = feed.replace(b"Gr\xf6\xdfe", "Größe".encode() + b" \xff")
    assert read_feed(damaged + b"</channel></rss>", ADDRESS).title.startswith("Größe \ufffd")


@pytest.mark.parametrize(
    "link", ["ftp://m.example.com/1.mp3", "javascript:alert(1)", "https://[::1/1.mp3", "file:///etc/1.mp3"]
)
def test_links_to_what_is_not_of_the_web_are_none(link: str) -> None:
    found = read_feed(rss(entry(1, link)), ADDRESS)
    assert found.items[0].files == ()
    assert "has 1 item(s) without a file to listen to, which are no episodes" in found.notes


def test_every_form_of_an_episode_is_read_once() -> None:
    more = "".join(
        f'<podcast:alternateEnclosure type="{kind}"><podcast:source uri="https://m.example.com/{name}"/>'
        "</podcast:alternateEnclosure>"
        for kind, name in (("audio/opus", "1.opus"), ("application/x-mpegURL", "1.m3u8"), ("audio/opus", "1.opus"))
    )
    (item,) = read_feed(rss(entry(1, more=more)), ADDRESS).items
    assert [file.url.rpartition("/")[2] for file in item.files] == ["1.mp3", "1.opus"]


def test_what_is_missing_is_missing_and_said() -> None:
    item = '<item><enclosure url="https://m.example.com/1.mp3" type="audio/mpeg"/><pubDate>yesterday</pubDate></item>'
    found = read_feed(rss(item), ADDRESS)
    assert (found.items[0].guid, found.items[0].title, found.items[0].published_at) == (None, None, None)
    assert any("without a date" in note for note in found.notes)


def test_what_moves_or_lists_others_is_said() -> None:
    channel = (
        "<title>x</title><itunes:new-feed-url>https://new.example.com/feed</itunes:new-feed-url>"
        "<podcast:medium>publisher</podcast:medium>"
    )
    found = read_feed(rss(entry(1), channel=channel), ADDRESS)
    assert found.moved_to == "https://new.example.com/feed"
    assert read_feed(rss(entry(1), channel=channel), "https://new.example.com/feed/").moved_to is None
    assert any("publisher" in note for note in found.notes)


def test_a_feed_without_a_title_is_refused() -> None:
    with pytest.raises(PermanentError, match="has no title"):
        read_feed(rss(entry(1), channel=""), ADDRESS)


@pytest.mark.parametrize(
    ("url", "kind", "expected"),
    [
        ("https://m.example.com/1", "audio/mpeg", True),
        ("https://m.example.com/1", "video/mp4", True),
        ("https://m.example.com/1.MP3?x=.jpg", "", True),
        ("https://m.example.com/1.mp3", "application/octet-stream", True),
        ("https://m.example.com/1.ogg", "application/ogg", True),
        ("https://m.example.com/1.m4a", "application/mp4", True),
        ("https://m.example.com/1.jpg", "image/jpeg", False),
        ("https://m.example.com/1.pdf", "application/pdf", False),
        ("https://m.example.com/1.m3u8", "audio/mpegurl", False),
        ("https://m.example.com/1", None, False),
    ],
)
def test_files_to_listen_to_are_known_by_type_or_ending(url: str, kind: str | None, expected: bool) -> None:
    assert is_media(url, kind) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("3723", 3723.0), ("62:03", 3723.0), ("1:02:03", 3723.0), ("59.5", 59.5)),
        *(("", None), ("0", None), ("1:2:3:4", None), ("-5", None), ("an hour", None), ("3600000000", None)),
        ("\u0661:00", None),
    ],
)
def test_durations_are_read_as_feeds_write_them(text: str, expected: float | None) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("1001", 1001), ("5.0", 5), ("0", None), ("", None), ("1e9", None), (None, None)]
)
def test_lengths_are_read_and_none_is_not_known(text: str | None, expected: int | None) -> None:
    assert whole_number(text) == expected


def test_text_from_outside_is_one_line_within_bounds() -> None:
    assert plain(" a\n\u2028 b&lt;\u0001c ", 100) == "a b<c"
    assert plain("x" * 200, 10) == "x" * 10
    assert plain("\u200b \u00a0", 10) is None
