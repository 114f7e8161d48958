"""Which files are looked at now, and when again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from assets.catalogue.feeds import measuring
from assets.catalogue.feeds.measuring import FileToMeasure, again_after, again_after_failure, measure_files
from tests.assets.catalogue.feeds.building import NOW
from tests.assets.catalogue.feeds.site import LOOPBACK, Site, mp3


def file(url: str, weeks: int = 1) -> FileToMeasure:
    return FileToMeasure(UUID(int=weeks), UUID(int=9), "/a", url, NOW - timedelta(weeks=weeks))


def test_a_file_that_cannot_be_read_stops_no_other(site: Site) -> None:
    good, bad = file(site.put("/good.mp3", mp3(30)), 1), file(site.put("/bad.mp3", status=404), 2)
    looks = {look.file.asset_id: look for look in measure_files([bad, good], NOW, LOOPBACK)}
    assert looks[good.asset_id].probe is not None
    assert looks[bad.asset_id].problem is not None
    assert "is not there" in str(looks[bad.asset_id].problem)
    assert looks[bad.asset_id].next_at == NOW + timedelta(hours=1)


def test_the_newest_are_looked_at_first(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "MOST_FILES", 2)
    files = [file(site.put(f"/{weeks}.mp3", mp3(20)), weeks) for weeks in (4, 1, 3, 2)]
    assert {look.file.asset_id.int for look in measure_files(files, NOW, LOOPBACK)} == {1, 2}


def test_a_file_that_varies_is_not_looked_at_again(site: Site) -> None:
    one = file(site.put("/a.mp3", mp3(30), varies=True))
    (first,) = measure_files([one], NOW, LOOPBACK)
    assert first.probe is not None
    (again,) = measure_files([replace(one, last_seen=first.probe.content)], NOW, LOOPBACK)
    assert (again.next_at, again.problem) == (None, None)


def test_files_are_looked_at_again_the_later_the_older_they_are() -> None:
    waits = [again_after(NOW, NOW - timedelta(days=days)) - NOW for days in (-3, 0, 30, 300, 30_000)]
    assert waits == [timedelta(days=days) for days in (1, 1, 3, 30, 90)]


def test_a_look_that_fails_is_repeated_ever_later() -> None:
    waits = [again_after_failure(NOW, failures) - NOW for failures in (1, 2, 3, 100)]
    assert waits == [timedelta(hours=1), timedelta(hours=2), timedelta(hours=4), timedelta(days=14)]
