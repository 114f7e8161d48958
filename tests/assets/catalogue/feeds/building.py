"""Building: feeds, and what a catalogue holds of a show, for tests.

Here: short makers of the values. Not here: what becomes of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from assets.catalogue.feeds.planning import plan_feed
from assets.catalogue.feeds.reading import Feed, FeedFile, FeedItem
from assets.catalogue.feeds.state import FeedPlan, MediaFile, ShowState

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SPACES = (
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0"'
)


def numbered_ids() -> Callable[[], UUID]:
    numbers = count(1)
    return lambda: UUID(int=next(numbers))


def item(place: int, guid: str | None = "", url: str = "", **changes: object) -> FeedItem:
    """Episode number so and so, a week after the one before."""
    address = url or f"https://media.example.com/show/{place}.mp3"
    made = FeedItem(
        f"guid-{place}" if guid == "" else guid,
        f"Episode {place}",
        (FeedFile(address, 1000 + place),),
        datetime(2026, 1, 1, tzinfo=UTC) + timedelta(weeks=place),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def feed(*items: FeedItem) -> Feed:
    return Feed("A Show", "en", None, None, None, items, ())


def applied(known: ShowState, plan: FeedPlan) -> ShowState:
    """What the catalogue holds after a plan."""
    episodes = {each.episode_id: each for each in (*known.episodes, *plan.added, *plan.changed)}
    followed = {each.asset_id for each in plan.followed}
    files = {
        each.asset_id: replace(
            each,
            is_current=(each.is_current and each.asset_id not in plan.replaced) or each.asset_id in plan.restored,
            is_followed=each.is_followed or each.asset_id in followed,
        )
        for each in known.files
    }
    files |= {each.asset_id: MediaFile(each.asset_id, each.episode_id, each.path, True) for each in plan.new_files}
    return ShowState(
        tuple(episodes.values()),
        {**known.guids, **plan.items},
        (known.left | frozenset(plan.left)) - frozenset(plan.items),
        tuple(files.values()),
    )


def lived(*feeds: Feed, known: ShowState = ShowState()) -> tuple[ShowState, FeedPlan]:  # noqa: B008  (an immutable value)
    """What the catalogue holds after these feeds, one after the other, and the last plan."""
    new_id, plan = numbered_ids(), FeedPlan()
    for each in feeds:
        plan = plan_feed(each, known, NOW, new_id)
        known = applied(known, plan)
    return known, plan


def rss(*items: str, channel: str = "<title>A Show</title>") -> bytes:
    """A document of these items."""
    text = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0" {SPACES}><channel>{channel}{"".join(items)}'
    return f"{text}</channel></rss>".encode()


def entry(number: int, url: str = "", more: str = "") -> str:
    """An item of a document."""
    address = url or f"https://media.example.com/show/{number}.mp3"
    return (
        f"<item><title>Episode {number}</title><guid>guid-{number}</guid>"
        f"<pubDate>{datetime(2026, 1, 1, tzinfo=UTC) + timedelta(weeks=number):%a, %d %b %Y %H:%M:%S} +0000</pubDate>"
        f'<enclosure url="{address}" length="{1000 + number}" type="audio/mpeg"/>{more}</item>'
    )
