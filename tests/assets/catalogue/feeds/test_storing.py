"""A feed's news in the tables, in one transaction."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from assets.catalogue.feeds.state import FeedPlan
from assets.catalogue.feeds.storing import OvertakenError, Seen, read_feeds, write_feed
from sql.warehouse import Warehouse
from tests.assets.catalogue.feeds.building import NOW
from tests.assets.catalogue.feeds.living import follow, lay_feed, rows
from tests.assets.catalogue.feeds.site import Site
from tests.sql.rows import HARBOR, KREUZBERG


def test_of_two_runs_that_read_a_feed_at_once_the_first_writes_it(warehouse: Warehouse, site: Site) -> None:
    follow(warehouse, lay_feed(site, 1))
    (feed,) = read_feeds(warehouse, [HARBOR])
    later = NOW + timedelta(hours=1)
    write_feed(warehouse, feed, Seen("unchanged", "first", later, later), FeedPlan(), [], uuid4)
    with pytest.raises(OvertakenError, match="another run"):
        write_feed(warehouse, feed, Seen("unchanged", "second", later, later), FeedPlan(), [], uuid4)
    assert rows(warehouse, "SELECT detail FROM feed_states") == [("first",)]


def test_feeds_are_read_with_what_there_is_of_them(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 2, 1)
    site.put("/show/2.mp3", status=404)
    follow(warehouse, url)
    (feed,) = read_feeds(warehouse, [HARBOR, KREUZBERG])
    assert (feed.url, feed.show, feed.state, feed.episodes, feed.unmeasured_files) == (url, "a-show", "read", 2, 1)
    assert read_feeds(warehouse, [KREUZBERG]) == []
