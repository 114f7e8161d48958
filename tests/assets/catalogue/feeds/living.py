"""Living: a feed in a database, read again and again.

Here: adding and reading feeds of a site, and looking at the rows. Not here: pages (site.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assets.catalogue.feeds.adding import add_feed, look_at_feed
from assets.catalogue.feeds.following import follow_feeds
from assets.catalogue.feeds.syncing import Outcome
from sql.failures import FailureLog
from sql.values import Scope
from sql.warehouse import Warehouse
from tests.assets.catalogue.feeds.building import NOW, entry, rss
from tests.assets.catalogue.feeds.site import LOOPBACK, Site, mp3
from tests.sql.rows import HARBOR, add_tenants

SOUND = mp3(90, 1000)


def lay_feed(site: Site, *places: int, path: str = "/feed", **options: object) -> str:
    """A feed of these episodes, each with its file; its address."""
    for place in places:
        site.put(f"/show/{place}.mp3", SOUND)
    items = [entry(place, f"{site.address}/show/{place}.mp3") for place in places]
    return site.put(path, rss(*items), **options)


def follow(warehouse: Warehouse, url: str, show: str | None = None) -> Outcome:
    """Add a feed for the first tenant, which is made with it."""
    if warehouse.tenants().is_empty():
        add_tenants(warehouse)
    addition = look_at_feed(warehouse, HARBOR, "harbor-audio", url, NOW, show, LOOPBACK)
    return add_feed(warehouse, addition, NOW, LOOPBACK)


def read_all(warehouse: Warehouse, now: datetime) -> dict[str, Outcome]:
    """Read every feed that is due; what came of each, by the address that it had."""
    failures = FailureLog(warehouse, "catalogue", lambda _message: None)
    return {outcome.feed.url: outcome for outcome in follow_feeds(warehouse, Scope(), now, failures, LOOPBACK)}


def rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    with warehouse.transaction() as connection:
        return connection.execute(query.encode()).fetchall()
