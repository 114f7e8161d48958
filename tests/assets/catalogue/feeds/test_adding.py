"""Adding a feed: which show it is, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from assets.catalogue.feeds.adding import look_at_feed
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.assets.catalogue.feeds.building import NOW, entry, rss
from tests.assets.catalogue.feeds.living import follow, lay_feed, read_all, rows
from tests.assets.catalogue.feeds.site import LOOPBACK, Site
from tests.sql.rows import HARBOR, add_tenants


def test_a_feed_is_added_once_and_its_show_is_not_doubled(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 1)
    follow(warehouse, url)
    with pytest.raises(PermanentError, match="followed already, as the feed of a-show of harbor-audio"):
        follow(warehouse, url)
    other = lay_feed(site, 2, path="/other")
    with pytest.raises(PermanentError, match=r"has a show 'a-show' .*--show a-show"):
        follow(warehouse, other)
    follow(warehouse, other, show="a-show")
    assert rows(warehouse, "SELECT count(*) FROM podcasts") == [(1,)]
    with pytest.raises(PermanentError, match="has no show 'b'; there are: a-show"):
        follow(warehouse, lay_feed(site, 3, path="/third"), show="b")


def test_a_look_stores_nothing(warehouse: Warehouse, site: Site) -> None:
    add_tenants(warehouse)
    addition = look_at_feed(warehouse, HARBOR, "harbor-audio", lay_feed(site, 1), NOW, None, LOOPBACK)
    assert (addition.is_new_show, len(addition.plan.added)) == (True, 1)
    assert rows(warehouse, "SELECT count(*) FROM podcasts") == [(0,)]
    assert site.asked("/show/1.mp3") == []


def test_episodes_that_a_platform_has_entered_are_those_of_the_feed(warehouse: Warehouse, site: Site) -> None:
    add_tenants(warehouse)
    show, episode = uuid4(), uuid4()
    with warehouse.transaction() as connection:
        connection.execute(
            "INSERT INTO podcasts (tenant_id, podcast_id, slug, title) VALUES (%s, %s, 'mine', 'Mine')", [HARBOR, show]
        )
        connection.execute(
            "INSERT INTO episodes (tenant_id, podcast_id, episode_id, guid, title, published_at) "
            "VALUES (%s, %s, %s, 'platform-1', 'Old title', '2026-01-08')",
            [HARBOR, show, episode],
        )
        connection.execute(
            "INSERT INTO media_assets (tenant_id, asset_id, episode_id, path) VALUES (%s, %s, %s, '/show/1.mp3')",
            [HARBOR, uuid4(), episode],
        )
    follow(warehouse, lay_feed(site, 1), show="mine")
    assert rows(warehouse, "SELECT episode_id, guid, title FROM episodes") == [(episode, "guid-1", "Episode 1")]
    ((count, measured),) = rows(warehouse, "SELECT count(*), count(file_bytes) FROM media_assets")
    assert (count, measured) == (1, 0)
    read_all(warehouse, NOW + timedelta(hours=1))
    assert rows(warehouse, "SELECT count(file_bytes) FROM media_assets") == [(1,)]


def test_a_feed_that_was_stopped_goes_on_where_it_was(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 1)
    follow(warehouse, url)
    with warehouse.transaction() as connection:
        connection.execute("UPDATE feeds SET is_active = FALSE")
    assert read_all(warehouse, NOW + timedelta(days=1)) == {}
    follow(warehouse, url, show="a-show")
    assert rows(warehouse, "SELECT count(*), bool_and(is_active) FROM feeds") == [(1, True)]
    assert rows(warehouse, "SELECT count(*) FROM episodes") == [(1,)]


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("feed.xml", "no http or https address"),
        ("https://me:secret@a.example/", "password"),
        ("file:///etc/passwd", "no http"),
    ],
)
def test_what_is_no_address_of_a_feed_is_refused(warehouse: Warehouse, url: str, complaint: str) -> None:
    with pytest.raises(PermanentError, match=complaint):
        follow(warehouse, url)


def test_a_feed_without_files_is_refused(warehouse: Warehouse, site: Site) -> None:
    with pytest.raises(PermanentError, match="no episode with a file"):
        follow(warehouse, site.put("/feed", rss("<item><title>A blog</title></item>")))


def test_a_show_and_new_episodes_in_another_script_are_called_as_they_are_spelled_in_latin_letters(
    warehouse: Warehouse, site: Site
) -> None:
    def put(*titles: str) -> str:
        """A feed with these titles."""
        files = lay_feed(site, *range(len(titles)))
        items = [
            entry(place, f"{site.address}/show/{place}.mp3").replace(f"Episode {place}<", f"{title}<")
            for place, title in enumerate(titles)
        ]
        assert site.put("/feed", rss(*items, channel="<title>Наш показ</title>")) == files
        return files

    stored = "SELECT slug, title FROM catalogue_slugs JOIN episodes ON row_id = episode_id ORDER BY slug"
    # Of two that are spelled the same, and of one that is spelled as another is called, none has that name.
    before = ["Кот", "Кот!", "港", "Plain", "Плаин", "🦊"]
    follow(warehouse, put(*before))
    assert rows(warehouse, "SELECT slug FROM podcasts WHERE title = 'Наш показ'") == [("nash-pokaz",)]
    assert rows(warehouse, stored) == [("nash-pokaz-fox", "🦊"), ("nash-pokaz-gang", "港")]

    after = [*before[:2], "湾", "Gang", *before[4:], "海"]
    put(*after)
    read_all(warehouse, NOW + timedelta(hours=2))
    assert rows(warehouse, stored) == [("nash-pokaz-fox", "🦊"), ("nash-pokaz-gang", "湾"), ("nash-pokaz-hai", "海")]
