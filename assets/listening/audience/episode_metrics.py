"""Audience: who listened to what, counted once.

Here: the daily metrics of every episode: downloads, distinct listeners and households, playback, ads delivered.
Not here: single downloads (counting.py), breakdowns by app or place (breakdowns.py).
"""

from __future__ import annotations

import polars as pl

from assets.frames import need_columns
from assets.grain import EPISODE
from assets.listening.downloads.catalogue import Catalogue

POSITIONS = ("pre", "mid", "post")
COUNTS = ["downloads", "listeners", "households", "playback_starts", *(f"ads_delivered_{each}" for each in POSITIONS)]


def measure_audience(
    downloads: pl.DataFrame, exposures: pl.DataFrame, consumption: pl.DataFrame, catalogue: Catalogue
) -> pl.DataFrame:
    """One row per episode of which anything was downloaded or played on the day.

    downloads:   tenant_id, episode_id, consumer_key, household_key
    exposures:   tenant_id, episode_id, kind, position; only ads delivered are counted
    consumption: consumption.measure_consumption
    returns:     tenant_id, podcast_id, episode_id, downloads, listeners (distinct consumers with a download),
                 households (distinct ones), playback_starts, completion, heard_seconds, ads_delivered_pre, _mid, _post
    """
    need_columns(downloads, "downloads", [*EPISODE, "consumer_key", "household_key"], "count_downloads gives them.")
    need_columns(exposures, "exposures", [*EPISODE, "kind", "position"], "find_delivered_ads gives them.")
    need_columns(consumption, "consumption", ["episode_no", "heard_seconds"], "measure_consumption gives them.")
    counted = downloads.group_by(EPISODE).agg(
        downloads=pl.len(), listeners=pl.col("consumer_key").n_unique(), households=pl.col("household_key").n_unique()
    )
    delivered = (
        exposures.filter(pl.col("kind") == "delivered")
        .group_by(EPISODE)
        .agg(*((pl.col("position") == each).sum().alias(f"ads_delivered_{each}") for each in POSITIONS))
    )
    metrics = (
        catalogue.episodes.select(*EPISODE, "podcast_id", "episode_no")
        .join(counted, on=EPISODE, how="left", validate="1:1")
        .join(delivered, on=EPISODE, how="left", validate="1:1")
        .join(consumption, on="episode_no", how="left", validate="1:1")
        .filter(pl.col("downloads").is_not_null() | pl.col("heard_seconds").is_not_null())
    )
    return metrics.with_columns(
        *(pl.col(name).fill_null(0).cast(pl.Int64) for name in COUNTS), pl.col("heard_seconds").fill_null(0.0)
    ).select(
        "tenant_id",
        "podcast_id",
        "episode_id",
        "downloads",
        "listeners",
        "households",
        "playback_starts",
        "completion",
        "heard_seconds",
        *(f"ads_delivered_{each}" for each in POSITIONS),
    )
