"""Adding: a feed that somebody names, with its show.

Here: which show it is, refusing what would make one show two, and writing the feed's first news.
Not here: the command (pipelines/commands/catalogue/feeds.py), what follows (following.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from assets.catalogue.feeds.measuring import FileToMeasure
from assets.catalogue.feeds.planning import plan_feed
from assets.catalogue.feeds.reading import Feed
from assets.catalogue.feeds.retrieving import Retrieved, retrieve
from assets.catalogue.feeds.state import FeedPlan
from assets.catalogue.feeds.storing import FollowedFeed, read_feeds, read_show_state
from assets.catalogue.feeds.syncing import Outcome, sync_feed
from assets.catalogue.names import spelled
from assets.web.public_addresses import Network
from assets.web.requesting import check_address, shown
from sql.statements import statement
from sql.values import PermanentError
from sql.warehouse import Warehouse


class FollowedError(PermanentError):
    """The feed is followed already."""

    def __init__(self, feed: FollowedFeed, url: str) -> None:
        super().__init__(
            f"{shown(url)} is followed already, as the feed of {feed.show} of {feed.tenant}. Nothing was changed"
        )
        self.feed = feed


@dataclass(frozen=True, slots=True)
class Addition:
    """A feed that can be added: what lies there, for which show, and what it would bring."""

    feed: FollowedFeed
    retrieved: Retrieved
    content: Feed
    plan: FeedPlan
    is_new_show: bool


def look_at_feed(
    warehouse: Warehouse,
    tenant: UUID,
    slug: str,
    url: str,
    now: datetime,
    show: str | None = None,
    private: Sequence[Network] = (),
) -> Addition:
    """What adding the feed of this address would bring to the tenant (by id and slug); nothing is written.

    show: the slug of the show that it is a feed of; None: one that is not there yet, named by its title.
    Raises FollowedError, PermanentError or UnavailableError, with what to do.
    """
    check_address(url)
    followed = read_feeds(warehouse, [tenant])
    _refuse_followed(followed, url)
    retrieved = retrieve(url, private=private)
    content = retrieved.feed
    if content is None or not any(item.files for item in content.items):
        raise PermanentError(f"What lies at {shown(url)} has no episode with a file. Nothing was changed")
    _refuse_followed(followed, retrieved.url)
    podcast, name, is_new = _show_of(warehouse, tenant, slug, content, show, url)
    feed = FollowedFeed(tenant, slug, _stopped(followed, retrieved.url) or uuid4(), podcast, name, retrieved.url)
    feed = replace(feed, checked_at=next((each.checked_at for each in followed if each.feed_id == feed.feed_id), None))
    plan = plan_feed(content, read_show_state(warehouse, feed, content), now, uuid4)
    return Addition(feed, retrieved, content, plan, is_new)


def add_feed(
    warehouse: Warehouse,
    addition: Addition,
    now: datetime,
    private: Sequence[Network] = (),
    progress: Callable[[FileToMeasure], object] = lambda _file: None,
) -> Outcome:
    """Write the feed, its show if it is new, and all that it says."""
    feed = addition.feed
    with warehouse.transaction() as connection:
        values = {"tenant": feed.tenant_id, "podcast": feed.podcast_id}
        if addition.is_new_show:
            said = {"slug": feed.show, "title": addition.content.title, "language": addition.content.language}
            connection.execute(statement("add_show").text, {**values, **said})
        connection.execute(statement("add_feed").text, {**values, "feed": feed.feed_id, "url": feed.url})
    return sync_feed(warehouse, feed, addition.retrieved, now, private, progress)


def _refuse_followed(followed: Sequence[FollowedFeed], url: str) -> None:
    for feed in followed:
        if feed.is_active and feed.url == url:
            raise FollowedError(feed, url)


def _stopped(followed: Sequence[FollowedFeed], url: str) -> UUID | None:
    return next((feed.feed_id for feed in followed if feed.url == url), None)


def _show_of(
    warehouse: Warehouse, tenant: UUID, slug: str, content: Feed, show: str | None, url: str
) -> tuple[UUID, str, bool]:
    """The show's id and slug, and whether it is new."""
    shows = warehouse.rows("read_shows", tenants=[tenant])
    if show is not None:
        for row in shows:
            if row["slug"] == show:
                return row["podcast_id"], show, False
        named = ", ".join(row["slug"] for row in shows[:10]) or "none yet"
        raise PermanentError(f"{slug} has no show {show!r}; there are: {named}. Nothing was changed")
    name = spelled(content.title) or f"show-{uuid5(NAMESPACE_URL, url).hex[:8]}"
    for row in shows:
        if row["slug"] == name or row["title"] == content.title:
            raise PermanentError(
                f"{slug} has a show {row['slug']!r} ({row['title']}) already. Is this its feed? Then name it: --show "
                f"{row['slug']}. Nothing was changed"
            )
    return uuid4(), name, True
