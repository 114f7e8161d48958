"""earshot catalogue add-feed, feeds, read-feeds, stop-feed, and the asset that reads feeds by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dagster import DagsterInstance

from pipelines.code_location import RESOURCES, define
from pipelines.commands.catalogue import catalogue
from sql.warehouse import Warehouse
from tests.assets.catalogue.feeds.building import entry, rss
from tests.assets.catalogue.feeds.living import lay_feed, rows
from tests.assets.catalogue.feeds.site import Site, open_site
from tests.sql.rows import add_tenants

Run = Callable[..., Result]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with open_site() as opened:
        yield opened


@pytest.fixture
def run(database_url: str, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command against the test's database, in which there are two tenants."""
    add_tenants(warehouse)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("EARSHOT_HOME", str(tmp_path))
    monkeypatch.setenv("EARSHOT_PRIVATE_NETWORKS", "127.0.0.0/8")
    return lambda *arguments: CliRunner().invoke(catalogue, arguments)


def test_a_feed_is_looked_at_added_shown_read_and_stopped(run: Run, site: Site, warehouse: Warehouse) -> None:
    url = lay_feed(site, 2, 1)
    tenant = ("--tenant", "harbor-audio")
    looked = run("add-feed", url, *tenant, "--dry-run")
    assert "a new show of harbor-audio, a-show" in looked.output
    assert "/show/2.mp3" in looked.output
    assert "Nothing was stored (dry run)." in looked.output
    assert rows(warehouse, "SELECT count(*) FROM podcasts") == [(0,)]
    added = run("add-feed", url, *tenant)
    assert "a-show: 2 new episode(s), 2 new file(s), 2 file(s) measured" in added.output
    listed = run("feeds")
    assert "harbor-audio, a-show: read" in listed.output
    assert "2 episode(s) in it, 0 not in it any more" in listed.output
    lay_feed(site, 3, 2, 1)
    read = run("read-feeds")
    assert (read.exit_code, "harbor-audio, a-show: 1 new episode(s)" in read.output) == (0, True)
    assert "is not followed any more" in run("stop-feed", url, *tenant).output
    assert "stopped" in run("feeds").output
    assert run("read-feeds").output == ""
    assert "follows no feed" in str(run("stop-feed", url, *tenant).exception)


def test_a_feed_that_fails_is_named_with_what_to_do_and_the_exit_code_says_so(run: Run, site: Site) -> None:
    url = lay_feed(site, 1)
    run("add-feed", url, "--tenant", "harbor-audio")
    site.put("/feed", status=410)
    read = run("read-feeds", "--tenant", "harbor-audio")
    assert read.exit_code == 1
    assert "stop-feed" in read.output
    assert "gone" in run("feeds", "--tenant", "harbor-audio").output
    assert "No feed is followed" in run("feeds", "--tenant", "kreuzberg-radio").output


def test_a_private_address_needs_the_setting(run: Run, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARSHOT_PRIVATE_NETWORKS")
    refused = run("add-feed", lay_feed(site, 1), "--tenant", "harbor-audio")
    assert "EARSHOT_PRIVATE_NETWORKS" in str(refused.exception)
    assert site.requests == []
    monkeypatch.setenv("EARSHOT_PRIVATE_NETWORKS", "localhost")
    assert "is no network" in str(run("feeds").exception)


def test_the_asset_reads_every_feed_and_shows_what_became_of_each(run: Run, site: Site, warehouse: Warehouse) -> None:
    run("add-feed", lay_feed(site, 1), "--tenant", "harbor-audio")
    other = site.put("/other", rss(entry(9, lay_feed(site, 9, path="/x").replace("/x", "/show/9.mp3"))))
    run("add-feed", other, "--tenant", "kreuzberg-radio")
    lay_feed(site, 2, 1)
    site.put("/other", b"<html>Sign | in")
    with warehouse.transaction() as connection:
        connection.execute("UPDATE feed_states SET next_at = now()")
    job = define(RESOURCES).get_repository_def().get_job("feed_reader")
    with DagsterInstance.ephemeral() as history:
        result = job.execute_in_process(instance=history)
    (event,) = result.asset_materializations_for_node("followed_feeds")
    found = {name: value.value for name, value in event.metadata.items()}
    assert (found["feeds"], found["failed"], found["new_episodes"], found["new_files"]) == (2, 1, 1, 1)
    assert "| harbor\\-audio | a\\-show | read |" in str(found["table"]) or "| harbor-audio | a-show | read |" in str(
        found["table"]
    )
    assert "is a web page" in str(found["table"])
    assert "kreuzberg-radio" in str(found["failures"])
