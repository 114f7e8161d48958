"""Keys of the days that a range looks back at: read once, and again when a day or the episodes have changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import polars as pl
import pytest

from assets.listening.audience import recent_keys
from assets.listening.audience.recent_keys import RecentKeys
from sql.values import Window

FIRST = date(2026, 3, 1)
TENANTS = [UUID(int=1)]
EPISODES = pl.DataFrame({"tenant_id": [UUID(int=1).bytes], "episode_id": [UUID(int=2).bytes], "episode_no": [0]})


class Downloads:
    """A reader of one download a day, which notes for which days it was asked. versions: when a day was computed."""

    def __init__(self) -> None:
        self.versions = {FIRST + timedelta(days=number): number for number in range(9)}
        self.spans: list[tuple[int, int]] = []

    def __call__(self, statement: str, /, **params: object) -> pl.DataFrame:
        if statement == "read_download_versions":
            rows = [
                (day, 1, datetime(2026, 4, 1, second=version, tzinfo=UTC)) for day, version in self.versions.items()
            ]
            return pl.DataFrame(rows, schema=["day", "tenants", "finished_at"], orient="row")
        start, end = params["start"], params["end"]
        assert isinstance(start, datetime)
        assert isinstance(end, datetime)
        days = list(Window(start, end).days())
        self.spans.append(((days[0] - FIRST).days, (days[-1] - FIRST).days))
        return pl.DataFrame({"episode_no": 0, "day": days, "consumer_key": [(day - FIRST).days for day in days]})


def fetch(recent: RecentKeys, day: int, episodes: pl.DataFrame = EPISODES) -> list[int]:
    """The keys of a day and the two before it."""
    last = FIRST + timedelta(days=day)
    found = recent.fetch(Window.of_days(last - timedelta(days=2), last), TENANTS, episodes)
    return found["consumer_key"].to_list()


def test_each_day_of_a_range_is_read_once() -> None:
    read = Downloads()
    recent = RecentKeys(read)

    assert [fetch(recent, day) for day in (2, 3, 4)] == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    assert read.spans == [(0, 2), (3, 3), (4, 4)]


def test_a_day_that_is_computed_again_is_read_again() -> None:
    read = Downloads()
    recent = RecentKeys(read)
    fetch(recent, 2)
    read.versions[FIRST + timedelta(days=1)] = 40

    assert fetch(recent, 2) == [0, 1, 2]
    assert read.spans == [(0, 2), (1, 1)]


def test_other_episodes_have_other_numbers_so_that_all_is_read_again() -> None:
    read = Downloads()
    recent = RecentKeys(read)
    fetch(recent, 2)

    fetch(recent, 2, EPISODES.with_columns(episode_id=pl.lit(UUID(int=3).bytes)))

    assert read.spans == [(0, 2), (0, 2)]


def test_more_rows_than_memory_is_meant_for_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_keys, "MOST_ROWS_CACHED", 2)
    read = Downloads()
    recent = RecentKeys(read)

    assert [fetch(recent, 2), fetch(recent, 2)] == [[0, 1, 2]] * 2
    assert read.spans == [(0, 2), (0, 2)]
