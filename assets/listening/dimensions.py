"""Dimensions: with what, from where and when people listened.

Here: downloads and listeners of a show by app, device, system, country, region, referrer and hour.
Not here: how an app or a place is recognised (rules.py; places come with the rows).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from assets.listening.rules import UNKNOWN

# The name of a dimension and where its value comes from. "unknown" is a value, so that shares sum to 1.
DIMENSIONS: Final = {
    "app": pl.col("app"),
    "device": pl.col("device"),
    "os": pl.col("os"),
    "country": pl.col("country_code"),
    "region": pl.col("region_code"),
    "referrer": pl.col("referrer"),
    "hour": pl.col("downloaded_at").dt.strftime("%H"),
}


def measure_dimensions(downloads: pl.DataFrame) -> pl.DataFrame:
    """One row per show, dimension and value that occurs.

    downloads: tenant_id, podcast_id, consumer_key, downloaded_at (UTC), app, device, os, country_code, region_code,
               referrer
    returns:   tenant_id, podcast_id, dimension, value, downloads, listeners (distinct consumers of the show with this
               value: one who uses two apps is a listener of both, so listeners do not add up)
    """
    return pl.concat(_measure_dimension(downloads, name, value) for name, value in DIMENSIONS.items())


def _measure_dimension(downloads: pl.DataFrame, name: str, value: pl.Expr) -> pl.DataFrame:
    return (
        downloads.lazy()
        .select("tenant_id", "podcast_id", "consumer_key", value=value)
        .group_by("tenant_id", "podcast_id", "value")
        .agg(downloads=pl.len().cast(pl.Int64), listeners=pl.col("consumer_key").n_unique().cast(pl.Int64))
        .select(
            "tenant_id",
            "podcast_id",
            pl.lit(name).alias("dimension"),
            pl.col("value").cast(pl.String).fill_null(UNKNOWN),
            "downloads",
            "listeners",
        )
        .collect()
    )
