"""Requests that came before their file are matched once it is in the catalogue, and no others."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest

from assets.edits import SETTLED_AFTER, reopen_edited_days
from assets.importing import LogImport, MediaPaths, import_batches, open_log
from assets.importing.rematching import NEVER, match_again, matches_of
from sql.warehouse import Warehouse
from tests.pipelines.commands.importing.network import PODCAST, TENANT, fill_network

EPISODE, FILE = UUID(int=42), UUID(int=43)
DAY = date(2026, 10, 14)
AGENT = "AntennaPod/3"


def line(day: date, path: str) -> str:
    return f'192.0.2.7 - - [{day:%d/%b/%Y}:12:00:00 +0000] "GET {path} HTTP/1.1" 200 500 "-" "{AGENT}"\n'


@pytest.fixture
def imported(warehouse: Warehouse, tmp_path: Path) -> Warehouse:
    """A log with two days of a file that is not there yet, an escape in its name, and other requests."""
    fill_network(warehouse)
    log = tmp_path / "access.log"
    new = "/harbour-hours/042-the%20ferry.mp3"
    days = [DAY, DAY + timedelta(days=1)]
    log.write_text(
        "".join(line(day, new) for day in days)
        + line(DAY, "/robots.txt")
        + line(DAY, "/harbour-hours/041-the-lock-keeper.mp3")
        # Before the episode was out: it may not have been this file.
        + line(date(2026, 10, 2), new)
    )
    task = LogImport(tenant=TENANT, tenant_slug="north", object="a", format_name="combined", started_by="a test")
    with log.open("rb") as content:
        assert import_batches(warehouse, task, open_log("a", content)).unmapped == 4
    # What the network itself noted, as it was entered.
    reopen_edited_days(warehouse, [TENANT])
    reopen_edited_days(warehouse, [TENANT], datetime.now(UTC) + SETTLED_AFTER + timedelta(minutes=1))
    return warehouse


def publish(warehouse: Warehouse) -> None:
    """The episode and its file come into the catalogue."""
    own = {"tenant_id": [TENANT.bytes], "episode_id": [EPISODE.bytes]}
    released = datetime(2026, 10, 10, tzinfo=UTC)
    episode = {"podcast_id": [PODCAST.bytes], "guid": ["42"], "title": ["The ferry"], "published_at": [released]}
    warehouse.insert("episodes", pl.DataFrame({**own, **episode}))
    file = {"asset_id": [FILE.bytes], "path": ["/harbour-hours/042-the ferry.mp3"]}
    warehouse.insert("media_assets", pl.DataFrame({**own, **file}))


def matched(warehouse: Warehouse) -> list[tuple[object, ...]]:
    with warehouse.transaction() as connection:
        return connection.execute(
            "SELECT (occurred_at AT TIME ZONE 'UTC')::date, asset_id FROM listener_events WHERE episode_id = %s"
            " AND podcast_id = %s ORDER BY 1",
            (EPISODE, PODCAST),
        ).fetchall()


def changed_days(warehouse: Warehouse, since: datetime) -> set[object]:
    with warehouse.transaction() as connection:
        found = connection.execute("SELECT day FROM ingest_watermarks WHERE changed_at > %s", [since]).fetchall()
    return {day for (day,) in found}


def test_requests_are_matched_from_the_release_on_once_and_their_days_have_changed(imported: Warehouse) -> None:
    now = imported.clock()
    assert match_again(imported, [TENANT]) == 0
    publish(imported)

    assert match_again(imported, [TENANT]) == 2

    assert matched(imported) == [(DAY, FILE), (DAY + timedelta(days=1), FILE)]
    assert changed_days(imported, now) == {DAY, DAY + timedelta(days=1)}
    assert match_again(imported, [TENANT]) == 0


def test_an_import_that_had_read_the_catalogue_before_is_matched_by_the_second_look(imported: Warehouse) -> None:
    publish(imported)
    reopen_edited_days(imported, [TENANT])
    assert match_again(imported, [TENANT]) == 0
    assert match_again(imported, [TENANT], datetime.now(UTC) + SETTLED_AFTER + timedelta(minutes=1)) == 2


def test_each_version_of_a_file_has_the_requests_of_its_time() -> None:
    ids = [UUID(int=number).bytes for number in range(1, 4)]
    replaced = [datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 5, tzinfo=UTC), None]
    media = MediaPaths.of(
        pl.DataFrame(
            {
                "path": ["/a.mp3"] * 3,
                "podcast_id": [PODCAST.bytes] * 3,
                "episode_id": [EPISODE.bytes] * 3,
                "asset_id": ids,
                "replaced_at": replaced,
                "guid": ["https://n.example/?p=1"] * 3,
            }
        )
    )
    found = [(since, until, asset) for _, since, until, _, _, asset in matches_of(media, "/a.mp3")]
    assert [asset for _, _, asset in found] == [UUID(bytes=each) for each in ids]
    assert [until for _, until, _ in found] == [*replaced[:2], NEVER]
    assert [since for since, _, _ in found[1:]] == replaced[:2]
    assert {match[4] for match in matches_of(media, "guid:https://n.example/?p=1")} == {EPISODE}
    assert list(matches_of(media, "/b.mp3")) == []
