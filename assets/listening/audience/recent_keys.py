"""Recent keys: who downloaded what over the last days, read once for the days of a range that look back at them.

Here: the keys of a window and its look-back, cached from day to day while the ledger shows them unchanged.
Not here: what is counted from them (periods.py, overlaps.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import polars as pl

from sql.values import Reader, Window

Version = tuple[int, datetime] | None

# A key's row takes 24 bytes: the cache stays under 240 MB. Above it every day reads its look-back again.
MOST_ROWS_CACHED = 10_000_000


class RecentKeys:
    """The keys of days that were read before, for one reader and any number of groups of tenants."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._cache: dict[tuple[UUID, ...], tuple[pl.DataFrame, dict[date, tuple[Version, pl.DataFrame]]]] = {}

    def fetch(self, window: Window, tenants: Sequence[UUID], episodes: pl.DataFrame) -> pl.DataFrame:
        """episode_no, day, consumer_key, household_key: one row per download of the window.

        episodes: number_episodes, with ids as they come from the database.
        The version of a day is read before its keys: what is written meanwhile counts as newer.
        """
        days = list(window.days())
        versions = self._versions(days, tenants)
        numbered, cached = self._cache.pop(tuple(tenants), (episodes, {}))
        if not numbered.equals(episodes):
            cached = {}
        fresh = {day: cached[day] for day in days if day in cached and cached[day][0] == versions.get(day)}
        missing = [day for day in days if day not in fresh]
        if missing:
            keys = self._read_days(Window.of_days(missing[0], missing[-1]), tenants, episodes)
            parts = keys.partition_by("day", as_dict=True)
            fresh |= {day: (versions.get(day), parts.get((day,), keys.clear())) for day in _between(missing)}
        if sum(frame.height for _, frame in fresh.values()) <= MOST_ROWS_CACHED:
            self._cache[tuple(tenants)] = (episodes, fresh)
        return pl.concat([fresh[day][1] for day in days])

    def _versions(self, days: list[date], tenants: Sequence[UUID]) -> dict[date, Version]:
        found = self._read("read_download_versions", first=days[0], last=days[-1], tenants=list(tenants))
        return {day: (count, finished_at) for day, count, finished_at in found.iter_rows()}

    def _read_days(self, window: Window, tenants: Sequence[UUID], episodes: pl.DataFrame) -> pl.DataFrame:
        return self._read(
            "read_audience_keys",
            start=window.start,
            end=window.end,
            tenants=list(tenants),
            owners=[UUID(bytes=each) for each in episodes["tenant_id"]],
            episodes=[UUID(bytes=each) for each in episodes["episode_id"]],
        )


def _between(days: list[date]) -> list[date]:
    return list(Window.of_days(days[0], days[-1]).days())
