"""Retrieving: the feed at an address, if it is another one than when it was last read.

Here: the conditional request, what each response of a server means for a feed, and where a feed is that has moved.
Not here: requests (assets/web), what a feed says (reading.py), when feeds are retrieved (following.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assets.catalogue.feeds.reading import Feed, read_feed
from assets.web.public_addresses import Network
from assets.web.requesting import Limits, PrivateAddressError, Response, UnavailableError, request, shown
from sql.values import EarshotError, PermanentError

# The longest feeds, of 2,000 episodes with their notes, have about 15 MB.
LIMITS = Limits(32_000_000, total_s=60.0)

HEADERS = {
    "User-Agent": "EarshotBot/1.0 (reads podcast feeds)",
    "Accept": "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1",
    "Accept-Encoding": "gzip",
}


class FeedGoneError(PermanentError):
    """The server says that the feed is no more."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What lay at an address. feed: None where it is as it was; url: where the feed is now, for good."""

    state: Literal["read", "unchanged"]
    url: str
    feed: Feed | None
    etag: str | None = None
    last_modified: str | None = None


def retrieve(
    url: str, etag: str | None = None, last_modified: str | None = None, private: Sequence[Network] = ()
) -> Retrieved:
    """The feed at the address. etag, last_modified: as its server gave them when it was last read.

    A feed that says that it has moved for good is the one at its new address, where that is one of the same show; else
    it is as it was, with a note, and is read whole the next time. Raises FeedGoneError, PermanentError or
    UnavailableError: what happened, and what to do.
    """
    found = _retrieve(url, etag, last_modified, private)
    if found.feed is None or found.feed.moved_to is None:
        return found
    return _follow_move(found, found.feed, found.feed.moved_to, private)


def _follow_move(found: Retrieved, feed: Feed, address: str, private: Sequence[Network]) -> Retrieved:
    try:
        moved = _retrieve(address, None, None, private)
        reason = _why_another(feed, moved.feed, found.url, address)
    except EarshotError as error:
        reason = str(error)
    if reason is None:
        return moved
    note = f"says that it has moved (itunes:new-feed-url) to {shown(address)}, which was not followed: {reason}"
    return Retrieved("read", found.url, replace(feed, notes=(*feed.notes, note)))


def _why_another(feed: Feed, moved: Feed | None, url: str, address: str) -> str | None:
    """Why what lies at the new address is not to be taken for the feed; None: it is the same show."""
    if url.startswith("https:") and not address.startswith("https:"):
        return "that is not encrypted. Have its host name an https address"
    if moved is None or not any(item.files for item in moved.items):
        return "there is no episode there"
    if moved.moved_to is not None:
        return f"that one says that it has moved too, to {shown(moved.moved_to)}"
    guids = {item.guid for item in feed.items} - {None}
    is_same = feed.podcast_guid == moved.podcast_guid if feed.podcast_guid and moved.podcast_guid else False
    if is_same or guids & {item.guid for item in moved.items} or (not feed.items and feed.title == moved.title):
        return None
    return "it has no episode and no podcast:guid in common with this one. If it is the same show, add it there"


def _retrieve(url: str, etag: str | None, last_modified: str | None, private: Sequence[Network]) -> Retrieved:
    given = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    conditions = {name: value for name, value in given.items() if value}
    try:
        response = request(url, LIMITS, {**HEADERS, **conditions}, private)
    except PrivateAddressError as error:
        raise PermanentError(f"{error}. If it is one of yours, name its network in EARSHOT_PRIVATE_NETWORKS") from None
    except UnavailableError as error:
        raise UnavailableError(f"{error}. Nothing was changed") from None
    moved = response.moved_to or url
    if response.status == 304 and conditions:
        return Retrieved("unchanged", moved, None, etag, last_modified)
    _refuse(url, response)
    try:
        feed = read_feed(response.content, response.address, _charset(response))
    except PermanentError as error:
        raise PermanentError(f"What lies at {shown(url)} {error}. Nothing was changed") from None
    return Retrieved("read", moved, feed, _header(response, "etag"), _header(response, "last-modified"))


def _refuse(url: str, response: Response) -> None:
    if response.status == 410:
        raise FeedGoneError(
            f"The server of {shown(url)} says that the feed is gone for good (status 410). Its episodes stay. Add the "
            "feed that has taken its place, or stop following it: earshot catalogue stop-feed"
        )
    if response.status in (401, 403):
        raise PermanentError(
            f"The server of {shown(url)} refuses to give the feed (status {response.status}). If it needs a key, add "
            "the address that has it; if it refuses machines, ask its host to let EarshotBot read it"
        )
    if response.status == 404:
        raise PermanentError(f"There is no feed at {shown(url)} (status 404): check the address")
    if response.status != 200:
        raise UnavailableError(f"{shown(url)} answered with status {response.status}. Nothing was changed")


def _charset(response: Response) -> str | None:
    found = re.search(r"charset=[\"']?([\w-]{2,30})", response.headers.get("content-type", ""), re.IGNORECASE)
    return found[1] if found else None


def _header(response: Response, name: str) -> str | None:
    text = response.headers.get(name, "").strip()
    return text if 0 < len(text) <= 500 and text.isprintable() else None
