"""One feed, from what lies at its address to the tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl

from assets.catalogue.feeds.storing import read_feeds
from sql.warehouse import Warehouse
from tests.assets.catalogue.feeds.building import NOW, entry, rss
from tests.assets.catalogue.feeds.living import SOUND, follow, lay_feed, read_all, rows
from tests.assets.catalogue.feeds.site import Site, mp3
from tests.sql.rows import HARBOR, metrics

FILES = (
    "SELECT path, file_bytes, header_bytes, round(duration_s), bitrate_bps, replaced_at FROM media_assets "
    "ORDER BY path, replaced_at"
)


def test_a_feed_brings_show_episodes_and_measured_files(warehouse: Warehouse, site: Site) -> None:
    outcome = follow(warehouse, lay_feed(site, 2, 1))
    assert outcome.detail == "2 new episode(s), 2 new file(s), 2 file(s) measured"
    assert rows(warehouse, "SELECT slug, title, language FROM podcasts") == [("a-show", "A Show", "en")]
    assert rows(warehouse, "SELECT guid, title FROM episodes ORDER BY guid") == [
        ("guid-1", "Episode 1"),
        ("guid-2", "Episode 2"),
    ]
    assert rows(warehouse, FILES) == [(f"/show/{place}.mp3", len(SOUND), 1000, 90, 128_000, None) for place in (1, 2)]
    # Measured before they were written: nobody has changed a file.
    assert rows(warehouse, "SELECT table_name FROM config_changes WHERE table_name <> 'tenants'") == [("feeds",)]


def test_what_is_as_it_was_is_not_read_or_measured_again(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 1)
    follow(warehouse, url)
    requests_before = len(site.requests)
    assert read_all(warehouse, NOW + timedelta(hours=1))[url].state == "unchanged"
    # A day later the file is looked at too, by its tag alone.
    assert read_all(warehouse, NOW + timedelta(days=20))[url].measured == 0
    assert len(site.requests) - requests_before == 3
    assert rows(warehouse, "SELECT count(*) FROM media_assets") == [(1,)]


def test_an_episode_that_comes_is_added_and_one_that_goes_is_kept_and_marked(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 2, 1)
    follow(warehouse, url)
    lay_feed(site, 3, 1)
    detail = read_all(warehouse, NOW + timedelta(hours=1))[url].detail
    assert "1 new episode(s), 1 taken out by the feed and kept here" in detail
    left = "SELECT guid, left_because, left_at FROM feed_items ORDER BY guid"
    later = NOW + timedelta(hours=1)
    assert rows(warehouse, left) == [("guid-1", None, None), ("guid-2", "removed", later), ("guid-3", None, None)]
    assert rows(warehouse, "SELECT count(*) FROM episodes") == [(3,)]
    lay_feed(site, 3, 2, 1)
    read_all(warehouse, NOW + timedelta(hours=2))
    assert rows(warehouse, left)[1] == ("guid-2", None, None)


def test_an_episode_that_had_several_guids_is_counted_once(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 2, 1)
    follow(warehouse, url)
    site.put("/feed", site.pages["/feed"].body.replace(b"guid-1", b"renamed-1"))
    read_all(warehouse, NOW + timedelta(hours=1))
    [feed] = read_feeds(warehouse, [HARBOR])
    assert (feed.episodes, feed.left_episodes) == (2, 0)
    lay_feed(site, 2)
    assert "1 beyond the end of the feed" in read_all(warehouse, NOW + timedelta(hours=2))[url].detail
    [feed] = read_feeds(warehouse, [HARBOR])
    assert (feed.episodes, feed.left_episodes) == (1, 1)


def test_another_content_under_the_same_address_is_another_file_since_then(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 1)
    follow(warehouse, url)
    fixed = mp3(60, 500)
    site.put("/show/1.mp3", fixed, headers={"Last-Modified": "Sat, 02 May 2026 08:00:00 GMT"})
    outcome = read_all(warehouse, NOW + timedelta(days=20))[url]
    assert "1 file(s) replaced" in outcome.detail
    assert [row[:3] + row[5:] for row in rows(warehouse, FILES)] == [
        ("/show/1.mp3", len(SOUND), 1000, datetime(2026, 5, 2, 8, tzinfo=UTC)),
        ("/show/1.mp3", len(fixed), 500, None),
    ]
    assert rows(warehouse, "SELECT count(*) FROM feed_files") == [(1,)]
    assert read_all(warehouse, NOW + timedelta(days=60))[url].measured == 0


def test_a_feed_that_says_another_length_has_its_file_looked_at_at_once(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 1)
    follow(warehouse, url)
    file = site.put("/show/1.mp3", mp3(60))
    site.put("/feed", rss(entry(1, file).replace('length="1001"', 'length="999"')))
    read_all(warehouse, NOW + timedelta(hours=1))
    read_all(warehouse, NOW + timedelta(hours=2))
    assert rows(warehouse, "SELECT count(*) FROM media_assets") == [(2,)]


def test_a_file_that_cannot_be_read_waits_and_its_episode_is_there(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 1)
    site.put("/show/1.mp3", status=503)
    outcome = follow(warehouse, url)
    assert "could not be measured and are tried again" in outcome.detail
    assert [row[:2] for row in rows(warehouse, FILES)] == [("/show/1.mp3", None)]
    site.put("/show/1.mp3", SOUND)
    ((episode,),) = rows(warehouse, "SELECT episode_id FROM episodes")
    computed = metrics(HARBOR, date(2026, 4, 30)).with_columns(episode_id=pl.lit(episode.bytes))
    warehouse.insert("listener_metrics", computed)
    assert read_all(warehouse, NOW + timedelta(hours=2))[url].measured == 1
    assert [row[:3] for row in rows(warehouse, FILES)] == [("/show/1.mp3", len(SOUND), 1000)]
    # The day on which it was measured by an assumed size is computed again.
    assert rows(warehouse, "SELECT source, day::text FROM ingest_watermarks") == [("requests", "2026-04-30")]


def test_what_others_have_entered_of_a_file_stays(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 1)
    follow(warehouse, url)
    with warehouse.transaction() as connection:
        connection.execute("DELETE FROM feed_files")
        connection.execute("UPDATE media_assets SET file_bytes = 77, header_bytes = 7")
    lay_feed(site, 2, 1)
    read_all(warehouse, NOW + timedelta(hours=1))
    assert rows(warehouse, FILES)[0][:3] == ("/show/1.mp3", 77, 7)
    assert rows(warehouse, "SELECT next_at FROM feed_files WHERE url LIKE '%/1.mp3'") == [(None,)]


def test_a_title_that_somebody_gave_a_show_stays_and_the_feeds_own_follows_it(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 1)
    follow(warehouse, url)
    title = "SELECT title FROM podcasts"
    file = f"{site.address}/show/1.mp3"
    site.put("/feed", rss(entry(1, file), channel="<title>Renamed</title>"))
    read_all(warehouse, NOW + timedelta(hours=1))
    assert rows(warehouse, title) == [("Renamed",)]
    with warehouse.transaction() as connection:
        connection.execute("UPDATE podcasts SET title = 'Ours'")
    site.put("/feed", rss(entry(1, file), channel="<title>Once more</title>"))
    read_all(warehouse, NOW + timedelta(hours=2))
    assert rows(warehouse, title) == [("Ours",)]


def test_a_feed_that_loses_every_episode_changes_nothing(warehouse: Warehouse, site: Site) -> None:
    url = lay_feed(site, 1)
    follow(warehouse, url)
    site.put("/feed", rss())
    outcome = read_all(warehouse, NOW + timedelta(hours=1))[url]
    assert (outcome.state, "looks like a mistake of its server" in outcome.detail) == ("failed", True)
    assert rows(warehouse, "SELECT count(*) FROM feed_items WHERE left_at IS NULL") == [(1,)]
