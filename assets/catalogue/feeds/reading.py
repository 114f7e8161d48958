"""Reading: what a feed says of its show, its episodes and their files.

Here: the values of a feed, in our own types, within the bounds of the tables.
Not here: its bytes (documents.py), what is known of the show already (matching.py).
"""

from __future__ import annotations

import html
import io
import re
from calendar import timegm
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser

from assets.catalogue.feeds.documents import Alternate, Document, read_document
from sql.safety.characters import one_line
from sql.values import PermanentError

# More episodes than the largest feeds have; each costs a row or two.
MOST_ITEMS = 20_000

LONGEST_TITLE, LONGEST_GUID, LONGEST_URL = 1000, 1500, 4000

# What a file is where its type is not said, or is said to be anything.
ENDINGS = ("mp3", "m4a", "m4b", "mp4", "aac", "ogg", "oga", "opus", "wav", "flac", "m4v", "mov", "webm")
_PLAYLISTS = ("mpegurl", "dash+xml", "x-scpls")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")


@dataclass(frozen=True, slots=True)
class FeedFile:
    """A file of an episode. url: absolute, as the feed has it, prefix services included."""

    url: str
    declared_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class FeedItem:
    """An episode as the feed says it. What is missing is None; files: the enclosure, then other forms of it."""

    guid: str | None
    title: str | None
    files: tuple[FeedFile, ...]
    published_at: datetime | None = None
    duration_s: float | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed. notes: what is odd about it, each in words that follow "the feed".

    moved_to: where its owner says that it has moved for good (itunes:new-feed-url); None where that is its own address.
    """

    title: str
    language: str | None
    podcast_guid: str | None
    locked: bool | None
    medium: str | None
    items: tuple[FeedItem, ...]
    notes: tuple[str, ...]
    moved_to: str | None = None


def read_feed(content: bytes, address: str, charset: str | None = None) -> Feed:
    """The feed of these bytes, which lay at the address. Raises PermanentError, in words that follow "the feed"."""
    document = read_document(content, charset)
    parsed = feedparser.parse(io.BytesIO(document.xml), sanitize_html=False, resolve_relative_uris=False)
    if parsed.bozo:
        raise PermanentError(f"cannot be read ({str(parsed.get('bozo_exception'))[:100]})")
    if len(parsed.entries) > MOST_ITEMS:
        raise PermanentError(f"has {len(parsed.entries):,} items; more than {MOST_ITEMS:,} are not taken")
    channel: Mapping[str, Any] = parsed.feed
    title = plain(channel.get("title"), LONGEST_TITLE)
    if title is None:
        raise PermanentError("has no title, so it is not clear which show it is")
    # One more, where the parser has found items that are none.
    alternates = document.alternates if len(document.alternates) == len(parsed.entries) else ()
    items = tuple(
        _item(entry, address, alternates[place] if alternates else ()) for place, entry in enumerate(parsed.entries)
    )
    language = plain(channel.get("language"), 40)
    return Feed(
        title,
        language if language and _LANGUAGE.fullmatch(language) else None,
        document.guid,
        None if document.locked is None else document.locked.lower() in ("yes", "true"),
        document.medium,
        items,
        (*document.notes, *_notes(document, items)),
        _moved_to(channel, address),
    )


def plain(text: object, longest: int) -> str | None:
    """Text from outside on one line, without escapes of HTML and control characters; None for nothing."""
    found = one_line(html.unescape(str(text))).strip() if text else ""
    found = re.sub(r"[\u0000-\u001f\u007f-\u009f\u2028\u2029]+", " ", found).strip()
    return found[:longest].strip() if re.search(r"[^\s\u00a0\u200b\ufeff]", found) else None


def _item(entry: dict[str, Any], address: str, alternates: Sequence[Alternate]) -> FeedItem:
    files = dict.fromkeys((*_enclosures(entry, address), *_others(alternates)))
    return FeedItem(
        guid=plain(entry.get("id"), LONGEST_GUID),
        title=plain(entry.get("title"), LONGEST_TITLE),
        files=tuple(files),
        published_at=_moment(entry.get("published_parsed") or dict.get(entry, "updated_parsed")),
        duration_s=seconds(entry.get("itunes_duration")),
        number=_number(entry.get("itunes_episode")),
    )


def _enclosures(entry: Mapping[str, Any], address: str) -> Iterator[FeedFile]:
    for enclosure in entry.get("enclosures", ()):
        url = _absolute(address, str(enclosure.get("href") or "").strip())
        if url and is_media(url, enclosure.get("type")):
            yield FeedFile(url, whole_number(enclosure.get("length")))


def _others(alternates: Sequence[Alternate]) -> Iterator[FeedFile]:
    for each in alternates:
        if len(each.url) <= LONGEST_URL and is_media(each.url, each.media_type):
            yield FeedFile(each.url, whole_number(each.length))


def _absolute(address: str, url: str) -> str | None:
    """The address that a link in the document at the address means; None where it is none of the web."""
    try:
        found = urljoin(address, url) if url else ""
        is_web = urlsplit(found).scheme in ("http", "https") and bool(urlsplit(found).hostname)
    except ValueError:
        return None
    found = found.partition("#")[0]
    is_plain = not re.search(r"[\u0000-\u0020\u007f-\u009f\u2028\u2029]", found.replace(" ", ""))
    return found if is_web and is_plain and len(found) <= LONGEST_URL else None


def is_media(url: str, media_type: object) -> bool:
    """Whether a file is one that is listened to or watched: by its type, else by its ending."""
    kind = str(media_type or "").strip().lower()
    if any(word in kind for word in _PLAYLISTS):
        return False
    if kind.startswith(("audio/", "video/")):
        return True
    if kind and not kind.startswith(("application/", "binary/")) and "/" in kind:
        return False
    return urlsplit(url).path.lower().rpartition(".")[2] in ENDINGS


def _moment(parsed: Any) -> datetime | None:
    """The moment of a date as the parser of feeds gives it, in UTC, within the calendar of the tables."""
    try:
        found = datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None
    return found if found is not None and 1990 <= found.year <= 9000 else None


def seconds(text: object) -> float | None:
    """Seconds of a duration as feeds write it: 3723, 62:03 or 1:02:03, with fractions; None for what is none."""
    parts = str(text or "").strip().split(":")
    if not 1 <= len(parts) <= 3 or not all(re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", part.strip()) for part in parts):
        return None
    found = 0.0
    for part in parts:
        found = found * 60 + float(part)
    # A week: what is longer is milliseconds, or a mistake.
    return found if 0 < found <= 7 * 86_400 else None


def whole_number(text: object) -> int | None:
    """A length in bytes as feeds write it; None for what is none, and for 0, which stands for not known."""
    found = re.fullmatch(r"\s*([0-9]{1,15})(?:\.0*)?\s*", str(text or ""))
    return int(found[1]) or None if found else None


def _number(text: object) -> int | None:
    found = re.fullmatch(r"\s*([0-9]{1,9})\s*", str(text or ""))
    return int(found[1]) if found else None


def _moved_to(channel: Mapping[str, Any], address: str) -> str | None:
    found = plain(channel.get("itunes_new-feed-url"), LONGEST_URL)
    return found if found and found.rstrip("/") != address.rstrip("/") else None


def _notes(document: Document, items: Sequence[FeedItem]) -> Iterator[str]:
    without = sum(not item.files for item in items)
    if without:
        yield f"has {without} item(s) without a file to listen to, which are no episodes"
    undated = sum(item.published_at is None for item in items if item.files)
    if undated:
        yield f"has {undated} episode(s) without a date; they count as published when they were first seen"
    if document.medium and document.medium.lower() == "publisher":
        yield "is that of a publisher and lists other feeds: add those"
