"""Periods: who listened over a day, a week, a month, or the last 7 or 28 days, each person counted once.

Here: where periods begin and end, exact distinct audiences of episodes, shows and tenants, new and returning listeners.
Not here: audiences of campaigns (assets/campaigns/reach/counting.py), what two shows share (overlaps.py).

An audience is counted from the keys of its whole period, never added up from shorter audiences. Only first listens can
be added: a key is first counted on one day alone.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, Literal, get_args

import polars as pl

from assets.frames import need_columns
from assets.listening.downloads.numbering import number_episodes, number_keys
from assets.spans import LONGEST_PERIOD

PeriodKind = Literal["day", "iso_week", "month", "rolling_7", "rolling_28"]
PERIOD_KINDS: Final[tuple[PeriodKind, ...]] = get_args(PeriodKind)

FIRSTS: Final = ["tenant_id", "day", "podcast_id", "consumer_key", "is_first_of_tenant"]

# On the 31st of a month the month has begun 30 days before: no period reaches back further.
LONGEST_LOOK_BACK: Final = LONGEST_PERIOD

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


def measure_periods(
    keys: pl.DataFrame,
    episodes: pl.DataFrame,
    first_listens: pl.DataFrame,
    day: date,
    uncovered: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One row per period kind, level and scope with a download in the period, as of the end of the day.

    keys:          one row per download, back to the longest period: consumer_key, household_key, day or downloaded_at,
                   tenant_id and episode_id (count_downloads has these), or episode_no of number_episodes
    episodes:      tenant_id, podcast_id, episode_id, or number_episodes of them
    first_listens: count_first_listens of the same days
    uncovered:     tenant_id, day: days without known first listens
    returns:       tenant_id, period_kind, level, scope_id (at level tenant the tenant's id), first_day, is_complete,
                   downloads, listeners, households (distinct), new_listeners, returning_listeners (null of episodes,
                   and in periods that hold an uncovered day)
    """
    kinds = pl.DataFrame(
        [(kind, first_day(kind, day), is_last_day(kind, day)) for kind in PERIOD_KINDS],
        schema={"period_kind": pl.String, "first_day": pl.Date, "is_complete": pl.Boolean},
        orient="row",
    ).lazy()
    episodes = episodes if "tenant_no" in episodes.columns else number_episodes(episodes)
    numbers = episodes.select("episode_no", "podcast_no", "tenant_no")
    keys = number_keys(keys, episodes)
    need_columns(keys, "keys", ["household_key", "day"], "count_downloads gives them.")
    keys = keys.filter(pl.col("day") <= day)
    numbered = keys.join(numbers, on="episode_no", validate="m:1").lazy()
    columns = ["tenant_id", "period_kind", "level", "scope_id", "first_day", "is_complete"]
    counts = ["downloads", "listeners", "households", "new_listeners", "returning_listeners"]
    return (
        pl.concat(_count_level(numbered, episodes.lazy(), level, day) for level in LEVELS)
        .join(kinds, on="period_kind", validate="m:1")
        .pipe(_add_new_listeners, first_listens.lazy(), _uncovered_periods(uncovered, kinds, episodes), kinds, day)
        .select(*columns, *counts)
        .sort(columns[:4])
        .collect()
    )


def _count_level(numbered: pl.LazyFrame, episodes: pl.LazyFrame, level: str, day: date) -> pl.LazyFrame:
    """tenant_id, scope_id, level, period_kind, downloads, listeners, households of a level's scopes.

    All periods end on the day: a key whose last download is of a day of the period is in its audience, whatever its
    length.
    """
    number, name = LEVELS[level]
    scopes = episodes.select(number, "tenant_id", pl.col(name).alias("scope_id")).unique(number)
    listeners, households = (
        _count_since(numbered.group_by(number, key).agg(pl.col("day").max()), number, day, people)
        for key, people in (("consumer_key", "listeners"), ("household_key", "households"))
    )
    return (
        _count_since(numbered, number, day, "downloads")
        .filter(pl.col("downloads") > 0)
        .join(listeners, on=[number, "period_kind"], validate="1:1")
        .join(households, on=[number, "period_kind"], validate="1:1")
        .join(scopes, on=number, validate="m:1")
        .drop(number)
        .with_columns(level=pl.lit(level))
    )


def _count_since(rows: pl.LazyFrame, number: str, day: date, name: str) -> pl.LazyFrame:
    """How many rows have their day in each period: number, period_kind, and the count under this name."""
    within = {kind: (pl.col("day") >= first_day(kind, day)).sum().cast(pl.Int64) for kind in PERIOD_KINDS}
    return rows.group_by(number).agg(**within).unpivot(index=number, variable_name="period_kind", value_name=name)


def _uncovered_periods(uncovered: pl.DataFrame | None, kinds: pl.LazyFrame, episodes: pl.DataFrame) -> pl.LazyFrame:
    """tenant_id, period_kind of the periods with a day whose first listens are not known."""
    days = pl.DataFrame(schema={"tenant_id": episodes.schema["tenant_id"], "day": pl.Date})
    return (
        (days if uncovered is None else uncovered)
        .lazy()
        .join(kinds, how="cross")
        .filter(pl.col("day") >= pl.col("first_day"))
        .select("tenant_id", "period_kind", is_uncovered=pl.lit(True))
        .unique()
    )


def _add_new_listeners(
    counted: pl.LazyFrame, first_listens: pl.LazyFrame, uncovered_periods: pl.LazyFrame, kinds: pl.LazyFrame, day: date
) -> pl.LazyFrame:
    scope = ["period_kind", "level", "tenant_id", "scope_id"]
    new_listeners = (
        first_listens.join(kinds, how="cross")
        .filter(pl.col("day").is_between(pl.col("first_day"), day))
        .group_by(scope)
        .agg(pl.col("new_listeners").sum())
    )
    is_countable = (pl.col("level") != "episode") & pl.col("is_uncovered").is_null()
    return (
        counted.join(new_listeners, on=scope, how="left", validate="1:1")
        .join(uncovered_periods, on=["tenant_id", "period_kind"], how="left", validate="m:1")
        .with_columns(new_listeners=pl.when(is_countable).then(pl.col("new_listeners").fill_null(0)))
        .with_columns(returning_listeners=pl.col("listeners") - pl.col("new_listeners"))
    )


def count_first_listens(firsts: pl.DataFrame) -> pl.DataFrame:
    """level (podcast, tenant), tenant_id, scope_id, day, new_listeners.

    firsts: tenant_id, day, podcast_id, consumer_key, is_first_of_tenant: one row per show and key, on the day on which
            the key was first counted in the show. A key that begins with two shows at once is one new listener of the
            tenant.
    """
    need_columns(firsts, "first listens", FIRSTS, "find_first_listens gives them.")
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
