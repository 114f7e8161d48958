"""Retrieving: the feed at an address, if it is another one than when it was last read.

Here: the conditional request, and what each answer of a server means for a feed.
Not here: requests (assets/web), what a feed says (reading.py), when feeds are retrieved (following.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assets.catalogue.feeds.reading import Feed, read_feed
from assets.web.public_addresses import Network
from assets.web.requesting import Answer, Limits, PrivateAddressError, UnavailableError, request, shown
from sql.values import PermanentError

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

    Raises FeedGoneError, PermanentError or UnavailableError: what happened, and what to do.
    """
    given = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    conditions = {name: value for name, value in given.items() if value}
    try:
        answer = request(url, LIMITS, {**HEADERS, **conditions}, private)
    except PrivateAddressError as error:
        raise PermanentError(f"{error}. If it is one of yours, name its network in EARSHOT_PRIVATE_NETWORKS") from None
    except UnavailableError as error:
        raise UnavailableError(f"{error}. It is tried again by itself") from None
    moved = answer.moved_to or url
    if answer.status == 304 and conditions:
        return Retrieved("unchanged", moved, None, etag, last_modified)
    _refuse(url, answer)
    try:
        feed = read_feed(answer.content, answer.address, _charset(answer))
    except PermanentError as error:
        raise PermanentError(f"What lies at {shown(url)} {error}. Nothing was changed") from None
    return Retrieved("read", moved, feed, _header(answer, "etag"), _header(answer, "last-modified"))


def _refuse(url: str, answer: Answer) -> None:
    if answer.status == 410:
        raise FeedGoneError(
            f"The server of {shown(url)} says that the feed is gone for good (status 410). Its episodes stay. Add the "
            "feed that has taken its place, or stop following it: earshot catalogue stop-feed"
        )
    if answer.status in (401, 403):
        raise PermanentError(
            f"The server of {shown(url)} refuses to give the feed (status {answer.status}). If it needs a key, add the "
            "address that has it; if it refuses machines, ask its host to let EarshotBot read it"
        )
    if answer.status == 404:
        raise PermanentError(f"There is no feed at {shown(url)} (status 404): check the address")
    if answer.status != 200:
        raise UnavailableError(f"{shown(url)} answered with status {answer.status}. It is tried again by itself")


def _charset(answer: Answer) -> str | None:
    found = re.search(r"charset=[\"']?([\w-]{2,30})", answer.headers.get("content-type", ""), re.IGNORECASE)
    return found[1] if found else None


def _header(answer: Answer, name: str) -> str | None:
    text = answer.headers.get(name, "").strip()
    return text if 0 < len(text) <= 500 and text.isprintable() else None
