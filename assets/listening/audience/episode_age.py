"""Ages: what an episode gathered by a certain age, how that compares, and how it got there.

Here: downloads at 1 to 90 days, their percentile among the show's last mature episodes, the pacing curve by hour.
Not here: what was booked and is due of an ad (assets/campaigns/delivery/pacing.py).

Age is counted from the release and not from the first download seen: 0 <= t - published_at < N x 24 h.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from assets.frames import UTC_TIME, bring_to_utc, fill_steps, need_columns, ratio
from assets.grain import EPISODE, PODCAST

AGES: Final = (1, 3, 7, 14, 30, 60, 90)
# The curve of an episode's release: the field looks at the first 30 days, hour by hour.
CURVE_HOURS = 30 * 24
BENCHMARK_EPISODES = 20

PODCAST_AGE = [*PODCAST, "age_days"]


def measure_ages(
    episodes: pl.DataFrame, bands: pl.DataFrame, paced: pl.DataFrame, tenants: pl.DataFrame, end: datetime
) -> pl.DataFrame:
    """One row per episode and age, as of end.

    episodes: tenant_id, podcast_id, episode_id, published_at; of each show the last 20 that are old enough included
    bands:    tenant_id, episode_id, age_days (of AGES: the first that a download is younger than), downloads; several
              rows of an episode and age add up
    paced:    tenant_id, first_day, last_day: spans of days whose downloads are in the bands
    tenants:  tenant_id, lateness_hours
    returns:  tenant_id, podcast_id, episode_id, published_at, age_days,
              downloads    null until published_at + age + lateness, and where a day of that time is not in the bands
              percentile   0 to 100: the share of the compared episodes that have fewer, ties counted half; null
                           without downloads and without an episode to compare with
              compared_with  how many: at most the show's last 20 others whose number at that age is known
    """
    need_columns(episodes, "episodes", [*EPISODE, "podcast_id", "published_at"])
    need_columns(bands, "bands", [*EPISODE, "age_days", "downloads"], "band_hours gives them.")
    need_columns(paced, "paced days", ["tenant_id", "first_day", "last_day"])
    need_columns(tenants, "tenants", ["tenant_id", "lateness_hours"])
    counted = _gather(episodes.lazy(), bands.lazy())
    age_at = pl.col("published_at") + pl.duration(days=pl.col("age_days"))
    is_mature = age_at + pl.duration(hours=pl.col("lateness_hours")) <= pl.lit(end, dtype=UTC_TIME)
    mature = (
        counted.with_columns(from_day=pl.col("published_at").dt.date(), to_day=(age_at - _INSTANT).dt.date())
        .join(tenants.lazy().select("tenant_id", "lateness_hours"), on="tenant_id", validate="m:1")
        .filter(is_mature)
        .join(paced.lazy(), on="tenant_id")
        .filter((pl.col("first_day") <= pl.col("from_day")) & (pl.col("to_day") <= pl.col("last_day")))
        .unique([*EPISODE, "age_days"])
        .select(*PODCAST_AGE, "episode_id", "published_at", "downloads")
    )
    return (
        counted.drop("downloads")
        .join(mature.select(*EPISODE, "age_days", "downloads"), on=[*EPISODE, "age_days"], how="left", validate="1:1")
        .join(_benchmark(mature), on=[*EPISODE, "age_days"], how="left", validate="1:1")
        .with_columns(pl.col("compared_with").fill_null(0))
        .sort("tenant_id", "podcast_id", "episode_id", "age_days")
        .collect()
    )


# A time that is reached at midnight is reached by the end of the day before.
_INSTANT = pl.lit(timedelta(microseconds=1))


def _gather(episodes: pl.LazyFrame, bands: pl.LazyFrame) -> pl.LazyFrame:
    """Each episode at each age, with its downloads so far."""
    ages = pl.DataFrame({"age_days": AGES}, schema={"age_days": pl.Int32}).lazy()
    added = bands.group_by(*EPISODE, pl.col("age_days").cast(pl.Int32)).agg(pl.col("downloads").sum().cast(pl.Int64))
    return (
        episodes.select("tenant_id", "podcast_id", "episode_id", "published_at")
        .join(ages, how="cross")
        .join(added, on=[*EPISODE, "age_days"], how="left", validate="1:1")
        .sort(*EPISODE, "age_days")
        .with_columns(pl.col("downloads").fill_null(0).cum_sum().over(EPISODE))
    )


def _benchmark(mature: pl.LazyFrame) -> pl.LazyFrame:
    """tenant_id, episode_id, age_days, percentile, compared_with."""
    placed = mature.sort("published_at", "episode_id", descending=True).with_columns(
        place=pl.int_range(1, pl.len() + 1).over(PODCAST_AGE)
    )
    # One of the last 20 is compared with the 20 others, so it leaves room for the 21st.
    last = placed.filter(pl.col("place") <= BENCHMARK_EPISODES + 1)
    others = last.select(*PODCAST_AGE, other_id="episode_id", other_place="place", other="downloads")
    room = BENCHMARK_EPISODES + (pl.col("place") <= BENCHMARK_EPISODES).cast(pl.Int64)
    fewer, same = pl.col("other") < pl.col("downloads"), pl.col("other") == pl.col("downloads")
    return (
        placed.join(others, on=PODCAST_AGE)
        .filter((pl.col("other_id") != pl.col("episode_id")) & (pl.col("other_place") <= room))
        .group_by(*EPISODE, "age_days")
        .agg(
            percentile=ratio(50.0 * (2 * fewer.sum() + same.sum()), pl.len()),
            compared_with=pl.len().cast(pl.Int32),
        )
    )


def count_release_hours(downloads: pl.DataFrame, episodes: pl.DataFrame) -> pl.DataFrame:
    """tenant_id, podcast_id, episode_id, hour (whole hours since the release, 0 to 2,159), downloads.

    downloads: tenant_id, episode_id, downloaded_at (UTC), as count_downloads gives them
    episodes:  tenant_id, podcast_id, episode_id, published_at
    Downloads before the release and from the 90th day on are left out. band_hours and draw_pacing take it from here.
    """
    need_columns(downloads, "downloads", [*EPISODE, "downloaded_at"], "count_downloads gives them.")
    need_columns(episodes, "episodes", [*EPISODE, "podcast_id", "published_at"])
    age = pl.col("downloaded_at") - pl.col("published_at")
    return (
        downloads.select(*EPISODE, "downloaded_at")
        .join(
            bring_to_utc(episodes, "published_at").select(*EPISODE, "podcast_id", "published_at"),
            on=EPISODE,
            validate="m:1",
        )
        .filter(age.is_between(pl.duration(), pl.duration(days=AGES[-1]), closed="left"))
        .group_by("tenant_id", "podcast_id", "episode_id", hour=age.dt.total_hours().cast(pl.Int32))
        .agg(downloads=pl.len().cast(pl.Int64))
        .sort(*EPISODE, "hour")
    )


def band_hours(pacing: pl.DataFrame) -> pl.DataFrame:
    """tenant_id, episode_id, age_days, downloads: hours since the release put into the bands of the ages.

    pacing: tenant_id, episode_id, hour (0 to 2,159), downloads
    """
    need_columns(pacing, "hours since release", [*EPISODE, "hour", "downloads"], "count_release_hours gives them.")
    hour = pl.col("hour")
    band = pl.lit(AGES[-1], dtype=pl.Int32)
    for age in reversed(AGES[:-1]):
        band = pl.when(hour < age * 24).then(pl.lit(age, dtype=pl.Int32)).otherwise(band)
    return pacing.group_by(*EPISODE, age_days=band).agg(pl.col("downloads").sum())


def draw_pacing(pacing: pl.DataFrame) -> pl.DataFrame:
    """tenant_id, episode_id, hour, downloads, downloads_so_far: every hour from the release to the last known one.

    pacing: tenant_id, episode_id, hour, downloads: any number of days; hours from 720 on are left out
    """
    need_columns(pacing, "hours since release", [*EPISODE, "hour", "downloads"], "count_release_hours gives them.")
    hours = pacing.filter(pl.col("hour") < CURVE_HOURS).group_by(*EPISODE, "hour").agg(pl.col("downloads").sum())
    return (
        fill_steps(hours, EPISODE, "hour")
        .sort(*EPISODE, "hour")
        .with_columns(pl.col("downloads").fill_null(0))
        .with_columns(downloads_so_far=pl.col("downloads").cum_sum().over(EPISODE))
    )
