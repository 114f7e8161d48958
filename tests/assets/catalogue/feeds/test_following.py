"""All feeds that are due: one that fails stops no other, of whichever tenant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from assets.catalogue.feeds.following import is_due
from assets.catalogue.feeds.storing import FollowedFeed
from sql.warehouse import Warehouse
from tests.assets.catalogue.feeds.building import NOW
from tests.assets.catalogue.feeds.living import follow, lay_feed, read_all, rows
from tests.assets.catalogue.feeds.site import Site
from tests.sql.rows import HARBOR, KREUZBERG

STATES = "SELECT state, failures, next_at - checked_at FROM feed_states ORDER BY state"


def add_other(warehouse: Warehouse, url: str) -> None:
    """The same show and feed for the second tenant."""
    with warehouse.transaction() as connection:
        podcast = uuid4()
        connection.execute(
            "INSERT INTO podcasts (tenant_id, podcast_id, slug, title) VALUES (%s, %s, 'other', 'Other')",
            [KREUZBERG, podcast],
        )
        connection.execute(
            "INSERT INTO feeds (tenant_id, feed_id, podcast_id, url) VALUES (%s, %s, %s, %s)",
            [KREUZBERG, uuid4(), podcast, url],
        )


def test_a_bad_feed_stops_no_other_and_is_named_until_it_is_well(warehouse: Warehouse, site: Site) -> None:
    good = lay_feed(site, 1)
    follow(warehouse, good)
    bad = site.put("/bad", b"<!doctype html><p>Sign in")
    add_other(warehouse, bad)
    outcomes = read_all(warehouse, NOW + timedelta(hours=1))
    assert (outcomes[good].error, outcomes[bad].state) == (None, "failed")
    failure = "SELECT tenant_id, stage, cause FROM tenant_failures"
    ((tenant, stage, cause),) = rows(warehouse, failure)
    assert (tenant, stage) == (KREUZBERG, "catalogue")
    assert "is a web page (HTML)" in cause
    assert rows(warehouse, STATES)[0] == ("failed", 1, timedelta(hours=1))
    lay_feed(site, 7, path="/bad")
    assert read_all(warehouse, NOW + timedelta(hours=2))[bad].error is None
    assert rows(warehouse, failure) == []


def test_a_feed_that_fails_is_left_alone_for_a_while(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 1)
    follow(warehouse, url)
    site.put("/feed", status=500)
    read_all(warehouse, NOW + timedelta(hours=1))
    assert read_all(warehouse, NOW + timedelta(hours=1, minutes=30)) == {}
    read_all(warehouse, NOW + timedelta(hours=2))
    assert rows(warehouse, STATES) == [("failed", 2, timedelta(hours=2))]


def test_a_feed_that_is_gone_keeps_all_and_is_said_to_be_gone(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 1)
    follow(warehouse, url)
    site.put("/feed", status=410)
    read_all(warehouse, NOW + timedelta(hours=1))
    assert rows(warehouse, STATES) == [("gone", 1, timedelta(days=30))]
    assert rows(warehouse, "SELECT count(*) FROM feed_items WHERE left_at IS NULL") == [(1,)]


def test_a_feed_that_moved_for_good_is_followed_there(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 1)
    follow(warehouse, url)
    there = lay_feed(site, 2, 1, path="/there")
    site.put("/feed", status=301, headers={"Location": "/there"})
    assert "it has moved for good" in read_all(warehouse, NOW + timedelta(hours=1))[url].detail
    assert rows(warehouse, "SELECT url FROM feeds") == [(there,)]
    trail = "SELECT old_row ->> 'url', new_row ->> 'url' FROM config_changes WHERE operation = 'update'"
    assert rows(warehouse, trail) == [(url, there)]


def test_feeds_that_wait_or_were_stopped_are_not_due() -> None:
    feed = FollowedFeed(HARBOR, "harbor-audio", uuid4(), uuid4(), "a", "https://a.example/f")
    assert is_due(feed, NOW)
    assert not is_due(replace(feed, is_active=False), NOW)
    assert not is_due(replace(feed, next_at=NOW + timedelta(hours=1)), NOW)
