"""The bytes of a feed as well-formed XML: what is refused, what is mended, what the podcast namespace says."""

from __future__ import annotations

import pytest

from assets.catalogue.feeds.documents import read_document
from sql.values import PermanentError
from tests.assets.catalogue.feeds.building import entry, rss

LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b" \r\n ", "is empty"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"\xef\xbb\xbf<!-- x --><HTML><head></head></HTML>", "web page"),
        (b'{"status": 404}', "JSON"),
        (b"Not found", "cannot be read as XML"),
        (b"<opml version='2.0'><body/></opml>", "begins with <opml>"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "cannot be read as XML"),
        (
            f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]><rss>&a8;</rss>'.encode(),
            "entities of its own",
        ),
        (b'<!DOCTYPE x [<!entity e SYSTEM "file:///etc/passwd">]><rss>&e;</rss>', "entities of its own"),
        ('<!DOCTYPE x [<!ENTITY e "1">]><rss>&e;</rss>'.encode("utf-16"), "entities of its own"),
        (rss(entry(1), entry(2))[:-60], "ends in the middle"),
    ],
)
def test_what_is_no_feed_or_may_do_harm_is_refused(content: bytes, complaint: str) -> None:
    with pytest.raises(PermanentError, match=complaint):
        read_document(content)


@pytest.mark.parametrize("hostile", [b"<" * 500_000, b"<a>" * 100_000, b"&x" * 100_000, b"<a b='" * 50_000])
def test_hostile_text_is_over_soon(hostile: bytes) -> None:
    """Each takes well under a second; read on and on, or in time that grows with its square, it would take hours."""
    found = read_document(b"<rss><channel><title>x</title>" + hostile + b"</channel></rss>")
    assert found.notes != ()


def test_what_is_not_well_formed_is_mended_and_said() -> None:
    item = entry(1, "https://media.example.com/1.mp3?a=1&b=2", "<itunes:duration>60</itunes:duration>")
    broken = rss(item.replace("Episode", "Tea & coffee&nbsp;\x01"))
    found = read_document(broken)
    assert b"Tea &amp; coffee" in found.xml
    assert b"?a=1&amp;b=2" in found.xml
    assert found.notes == ("is not well-formed XML and was read as far as possible",)


def test_prefixes_that_nothing_declares_mean_what_they_usually_do() -> None:
    said = "<podcast:guid>g</podcast:guid><a:b c:d='e'>x</a:b><itunes:author>y</itunes:author>"
    found = read_document(f"<rss><channel>{said}</channel></rss>".encode())
    assert found.guid == "g"
    assert b"<a_b>x</a_b>" in found.xml


def test_the_podcast_namespace_is_read_under_each_of_its_addresses() -> None:
    channel = (
        "<title>x</title><podcast:guid> 917393e3\n</podcast:guid><podcast:locked owner='x'>yes</podcast:locked>"
        "<podcast:medium>audiobook</podcast:medium>"
    )
    older = b"https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"
    for text in (rss(channel=channel), rss(channel=channel).replace(b"https://podcastindex.org/namespace/1.0", older)):
        found = read_document(text)
        assert (found.guid, found.locked, found.medium) == ("917393e3", "yes", "audiobook")


def test_other_forms_of_an_episode_belong_to_its_item() -> None:
    more = (
        '<podcast:alternateEnclosure type="audio/opus" length="5"><podcast:source uri="https://media.example.com/1.opus"/>'
        '<podcast:source uri="ipfs://x"/></podcast:alternateEnclosure>'
    )
    found = read_document(rss(entry(1), entry(2, more=more)))
    assert [[(each.url, each.media_type, each.length) for each in one] for one in found.alternates] == [
        [],
        [("https://media.example.com/1.opus", "audio/opus", "5")],
    ]


def test_live_items_are_no_episodes_and_long_texts_are_left_out() -> None:
    live = "<podcast:liveItem><title>Live</title><guid>live</guid></podcast:liveItem>"
    found = read_document(
        rss(entry(1, more=f"<description>{'long ' * 1000}</description>"), channel=f"<title>x</title>{live}")
    )
    assert b"live" not in found.xml
    assert b"long" not in found.xml
    assert found.notes == ("has 1 live item(s), which are no episodes yet",)


def test_a_charset_of_the_server_counts_where_the_document_says_none() -> None:
    text = "<rss><channel><title>caf\u00e9</title></channel></rss>".encode("latin-1")
    assert "caf\u00e9".encode() in read_document(text, "iso-8859-1").xml
    assert read_document(text, "no-such-charset").xml != b""
