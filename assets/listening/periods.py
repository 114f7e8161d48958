"""Periods: who listened over a day, a week, a month, or the last 7 or 28 days, each person counted once.

Here: where periods begin and end, exact distinct audiences of episodes, shows and tenants, new and returning listeners.
Not here: audiences of campaigns (assets/campaigns/reach.py), what two shows share (overlaps.py).

An audience is counted from the keys of its whole period, never added up from shorter audiences. Only first listens can
be added: a key is first counted on one day alone.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, Literal, get_args

import polars as pl

PeriodKind = Literal["day", "iso_week", "month", "rolling_7", "rolling_28"]
PERIOD_KINDS: Final[tuple[PeriodKind, ...]] = get_args(PeriodKind)

# On the 31st of a month the month has begun 30 days before: no period reaches back further.
LONGEST_LOOK_BACK = timedelta(days=30)

# A level's number in the frame of keys, and the column of the catalogue that names it.
LEVELS: Final = {
    "episode": ("episode_no", "episode_id"),
    "podcast": ("podcast_no", "podcast_id"),
    "tenant": ("tenant_no", "tenant_id"),
}


def first_day(kind: PeriodKind, day: date) -> date:
    """The first day of the period that holds the day; of a rolling one, the period that ends on it."""
    match kind:
        case "day":
            return day
        case "iso_week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "rolling_7":
            return day - timedelta(days=6)
        case "rolling_28":
            return day - timedelta(days=27)


def is_last_day(kind: PeriodKind, day: date) -> bool:
    """Whether the period is over at the end of the day; weeks and months before that are counted to date."""
    after = day + timedelta(days=1)
    return kind not in ("iso_week", "month") or first_day(kind, after) == after


def number_episodes(episodes: pl.DataFrame) -> pl.DataFrame:
    """tenant_id, podcast_id, episode_id with episode_no (from 1, as a statement numbers a list), podcast_no, tenant_no.

    episodes: tenant_id, podcast_id, episode_id
    """
    return (
        episodes.sort("tenant_id", "episode_id")
        .with_row_index("episode_no", offset=1)
        .select(
            "tenant_id",
            "podcast_id",
            "episode_id",
            pl.col("episode_no").cast(pl.Int32),
            podcast_no=pl.struct("tenant_id", "podcast_id").rank("dense").cast(pl.Int32),
            tenant_no=pl.col("tenant_id").rank("dense").cast(pl.Int32),
        )
    )


def measure_periods(
    keys: pl.DataFrame,
    episodes: pl.DataFrame,
    first_listens: pl.DataFrame,
    day: date,
    uncovered: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One row per period kind, level and scope with a download in the period, as of the end of the day.

    keys:          episode_no, day, consumer_key, household_key: one row per download, back to the longest period
    episodes:      number_episodes
    first_listens: count_first_listens of the same days
    uncovered:     tenant_id, day: days whose first listens are not known
    returns:       tenant_id, period_kind, level, scope_id (at level tenant the tenant's id), first_day, is_complete,
                   downloads, listeners, households (distinct), new_listeners, returning_listeners (null of episodes,
                   and in periods that hold an uncovered day)
    """
    numbers = episodes.select("episode_no", "podcast_no", "tenant_no")
    heard = keys.filter(pl.col("day") <= day).join(numbers, on="episode_no", validate="m:1").lazy()
    parts = []
    for kind in PERIOD_KINDS:
        since = first_day(kind, day)
        within = heard.filter(pl.col("day") >= since)
        newcomers = _sum_newcomers(first_listens.lazy(), since, day)
        for level in LEVELS:
            counted = _count_level(within, episodes.lazy(), level).pipe(_add_newcomers, newcomers, level)
            if uncovered is not None:
                counted = _forget_newcomers(counted, uncovered.lazy(), since)
            parts.append(
                counted.with_columns(
                    period_kind=pl.lit(kind), first_day=pl.lit(since), is_complete=pl.lit(is_last_day(kind, day))
                )
            )
    columns = ["tenant_id", "period_kind", "level", "scope_id", "first_day", "is_complete"]
    counts = ["downloads", "listeners", "households", "new_listeners", "returning_listeners"]
    return pl.concat(parts).select(*columns, *counts).sort(columns[:4]).collect()


def _count_level(heard: pl.LazyFrame, episodes: pl.LazyFrame, level: str) -> pl.LazyFrame:
    number, name = LEVELS[level]
    scopes = episodes.select(number, "tenant_id", pl.col(name).alias("scope_id")).unique(number)
    return (
        heard.group_by(number)
        .agg(
            downloads=pl.len().cast(pl.Int64),
            listeners=pl.col("consumer_key").n_unique().cast(pl.Int64),
            households=pl.col("household_key").n_unique().cast(pl.Int64),
        )
        .join(scopes, on=number, validate="1:1")
        .drop(number)
        .with_columns(level=pl.lit(level))
    )


def _sum_newcomers(first_listens: pl.LazyFrame, since: date, day: date) -> pl.LazyFrame:
    return (
        first_listens.filter(pl.col("day").is_between(since, day))
        .group_by("level", "tenant_id", "scope_id")
        .agg(pl.col("new_listeners").sum())
    )


def _add_newcomers(counted: pl.LazyFrame, newcomers: pl.LazyFrame, level: str) -> pl.LazyFrame:
    if level == "episode":
        nobody = pl.lit(None, dtype=pl.Int64)
        return counted.with_columns(new_listeners=nobody, returning_listeners=nobody)
    return counted.join(newcomers, on=["level", "tenant_id", "scope_id"], how="left", validate="1:1").with_columns(
        pl.col("new_listeners").fill_null(0),
        returning_listeners=pl.col("listeners") - pl.col("new_listeners").fill_null(0),
    )


def _forget_newcomers(counted: pl.LazyFrame, uncovered: pl.LazyFrame, since: date) -> pl.LazyFrame:
    """Say nothing of new listeners where some day of the period cannot tell who was new on it."""
    blind = uncovered.filter(pl.col("day") >= since).select("tenant_id", is_blind=pl.lit(True)).unique()
    seeing = pl.col("is_blind").is_null()
    return (
        counted.join(blind, on="tenant_id", how="left", validate="m:1")
        .with_columns(pl.when(seeing).then(name).alias(name) for name in ("new_listeners", "returning_listeners"))
        .drop("is_blind")
    )


def count_first_listens(firsts: pl.DataFrame) -> pl.DataFrame:
    """level (podcast, tenant), tenant_id, scope_id, day, new_listeners.

    firsts: tenant_id, day, podcast_id, consumer_key, is_first_of_tenant: one row per show and key, on the day on which
            the key was first counted in the show. A key that begins with two shows at once is one new listener of the
            tenant.
    """
    shows = firsts.group_by("tenant_id", "day", scope_id="podcast_id").agg(new_listeners=pl.len())
    tenants = (
        firsts.filter("is_first_of_tenant")
        .group_by("tenant_id", "day")
        .agg(new_listeners=pl.col("consumer_key").n_unique())
        .with_columns(scope_id="tenant_id")
    )
    columns = ["level", "tenant_id", "scope_id", "day", "new_listeners"]
    return pl.concat(
        frame.with_columns(pl.lit(level).alias("level"), pl.col("new_listeners").cast(pl.Int64)).select(columns)
        for level, frame in (("podcast", shows), ("tenant", tenants))
    )
