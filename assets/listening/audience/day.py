"""Audience day: what a UTC day adds to audiences of periods, and how episodes are gathering their downloads.

Here: what is read, and the five tables that come out. They are made of downloads alone, and can be made when raw
rows are long gone. Not here: their definitions (periods.py, overlaps.py, episode_age.py), playback, and who writes
them.

Periods, overlaps and ages look back at the downloads of earlier days; first listens and pacing also at their own rows
of earlier days. A range is therefore computed from its first day on, and a changed day re-opens the later ones, as
assets/lineage.py has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import polars as pl

from assets.frames import UTC_TIME
from assets.grain import PODCAST_LISTENER
from assets.listening.audience.episode_age import AGES, band_hours, measure_ages
from assets.listening.audience.overlaps import measure_overlaps
from assets.listening.audience.periods import (
    LONGEST_LOOK_BACK,
    count_first_listens,
    first_day,
    measure_periods,
)
from assets.listening.audience.recent_keys import RecentKeys
from assets.listening.downloads.numbering import number_episodes
from assets.listening.identity.agent_rules import UNKNOWN
from sql.values import Reader, Window

Tables = dict[str, pl.DataFrame]

# Ages of an episode are reported until the day on which the last of them is final. Lateness is 30 days at most
# (tenants).
LONGEST_REPORTED = timedelta(days=AGES[-1] + 30 + 1)


def compute_audience_day(
    read: Reader, window: Window, tenants: Sequence[UUID], recent: RecentKeys | None = None
) -> Tables:
    """The five tables of one UTC day, without run_id and is_final. The downloads of the day and before are there.

    recent: a cache of what the days of a range read in common; without it the day reads everything itself.
    """
    scope = list(tenants)
    episodes = read("read_episodes", tenants=scope)
    tables = _measure_audiences(read, window, scope, episodes, recent or RecentKeys(read)) | _measure_ages(
        read, window, scope
    )
    measured = read("read_measured_days", first=window.day - LONGEST_LOOK_BACK, last=window.day, tenants=scope)
    return {
        name: _stamp_measures(name, frame, measured, window.day).with_columns(day=pl.lit(window.day))
        for name, frame in tables.items()
    }


def _stamp_measures(table: str, frame: pl.DataFrame, measured: pl.DataFrame, day: date) -> pl.DataFrame:
    """The frame with rules_version: all that the days which it rests on were measured by.

    First listens are many rows, written together with audience_periods, which carries the versions for them.
    """
    if table == "listener_firsts":
        return frame
    begins = {"audience_periods": pl.col("first_day"), "audience_overlaps": pl.lit(first_day("rolling_28", day))}
    dated = frame.with_columns(_from=begins.get(table, pl.lit(day)))
    named = (
        dated.select("tenant_id", "_from")
        .unique()
        .join(measured, on="tenant_id")
        .filter(pl.col("day") >= pl.col("_from"))
        .group_by("tenant_id", "_from")
        .agg(pl.col("rules_version").unique().sort().str.join(", "))
    )
    return (
        dated.join(named, on=["tenant_id", "_from"], how="left", validate="m:1", maintain_order="left")
        .with_columns(pl.col("rules_version").fill_null(UNKNOWN))
        .drop("_from")
    )


def _measure_audiences(
    read: Reader, window: Window, tenants: list[UUID], episodes: pl.DataFrame, recent: RecentKeys
) -> Tables:
    """audience_periods, listener_firsts and audience_overlaps."""
    numbered = number_episodes(episodes)
    keys = recent.fetch(window.widened(before=LONGEST_LOOK_BACK), tenants, numbered)
    firsts = read("read_first_listens", start=window.start, end=window.end, day=window.day, tenants=tenants)
    before = {"first": window.day - LONGEST_LOOK_BACK, "day": window.day, "tenants": tenants}
    earlier = read("read_new_listeners", **before).select(
        "tenant_id",
        "day",
        "new_listeners",
        level=pl.when(pl.col("podcast_id").is_null()).then(pl.lit("tenant")).otherwise(pl.lit("podcast")),
        scope_id=pl.coalesce("podcast_id", "tenant_id"),
    )
    today = count_first_listens(firsts.with_columns(day=pl.lit(window.day)))
    first_listens = pl.concat([today, earlier.select(today.columns)])
    four_weeks = keys.filter(pl.col("day") >= first_day("rolling_28", window.day))
    return {
        "audience_periods": measure_periods(
            keys, numbered, first_listens, window.day, read("read_uncovered_days", **before)
        ),
        "listener_firsts": firsts.sort(PODCAST_LISTENER),
        "audience_overlaps": measure_overlaps(four_weeks, numbered),
    }


def _measure_ages(read: Reader, window: Window, tenants: list[UUID]) -> Tables:
    """episode_pacing and episode_age_downloads."""
    pacing = read("read_release_times", start=window.start, end=window.end, tenants=tenants)
    recent = window.end - LONGEST_REPORTED
    before = read("read_age_sums", recent=recent, end=window.end, day=window.day, tenants=tenants)
    episodes = before.select("tenant_id", "podcast_id", "episode_id", "published_at").unique()
    bands = pl.concat(
        frame.select("tenant_id", "episode_id", "age_days", pl.col("downloads").cast(pl.Int64))
        for frame in (before.drop_nulls("age_days"), band_hours(pacing))
    )
    methods = read("read_lateness", tenants=tenants)
    paced = read("read_paced_days", day=window.day, tenants=tenants).pipe(_add_day, methods, window)
    ages = measure_ages(episodes, bands, paced, methods, window.end)
    final_at = pl.col("published_at") + pl.duration(days=AGES[-1], hours=pl.col("lateness_hours"))
    is_reported = final_at >= pl.lit(window.start, dtype=UTC_TIME)
    return {
        "episode_pacing": pacing.sort("tenant_id", "episode_id", "hour"),
        "episode_age_downloads": ages.join(methods, on="tenant_id", validate="m:1")
        .filter(is_reported)
        .drop("published_at", "lateness_hours"),
    }


def _add_day(paced: pl.DataFrame, tenants: pl.DataFrame, window: Window) -> pl.DataFrame:
    """The spans of paced days with the day itself, which is being computed."""
    yesterday = window.day - timedelta(days=1)
    grown = paced.with_columns(
        last_day=pl.when(pl.col("last_day") == yesterday).then(pl.lit(window.day)).otherwise("last_day")
    )
    alone = tenants.select("tenant_id", first_day=pl.lit(window.day), last_day=pl.lit(window.day))
    return pl.concat([grown, alone.select(grown.columns)])
