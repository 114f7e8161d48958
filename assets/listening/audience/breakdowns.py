"""Dimensions: with what, from where and when people listened.

Here: downloads and listeners of episodes, shows and tenants by app, device, system, country, region, referrer and hour.
Not here: how an app or a place is recognised (agent_rules.py; places come with the rows).
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import Final

import polars as pl

from assets.frames import need_columns, ratio
from assets.listening.identity.agent_rules import UNKNOWN

_COUNTRY, _REGION = pl.col("country_code").cast(pl.String), pl.col("region_code").cast(pl.String)

# A subdivision's code is only one of its country (WA is in the US and in Australia), so it is written as in ISO 3166-2.
_IS_WHOLE = (_REGION == UNKNOWN) | (_COUNTRY == UNKNOWN) | _REGION.str.contains("-", literal=True)
_WHOLE_REGION = pl.when(_COUNTRY.is_null() | _IS_WHOLE).then(_REGION).otherwise(_COUNTRY + "-" + _REGION)

# The name of a dimension and where its value comes from. "unknown" is a value, so that shares sum to 1.
DIMENSIONS: Final = {
    "app": pl.col("app"),
    "device": pl.col("device"),
    "os": pl.col("os"),
    "country": pl.col("country_code"),
    "region": _WHOLE_REGION,
    "referrer": pl.col("referrer"),
    "hour": pl.col("downloaded_at").dt.strftime("%H"),
}

# What a value is made of.
NEEDED: Final = [
    "tenant_id",
    "consumer_key",
    "downloaded_at",
    "app",
    "device",
    "os",
    "country_code",
    "region_code",
    "referrer",
]

# The levels of a breakdown, and the column of a download that names the scope.
LEVELS: Final = {"episode": "episode_id", "podcast": "podcast_id", "tenant": "tenant_id"}
BREAKDOWN: Final = ["tenant_id", "level", "scope_id", "dimension", "value", "downloads", "listeners", "share"]


def measure_breakdowns(downloads: pl.DataFrame, levels: Collection[str] = tuple(LEVELS)) -> pl.DataFrame:
    """One row per level, scope, dimension and value that occurs, over whatever time the downloads are of.

    downloads: tenant_id, podcast_id, episode_id (those that the levels need), consumer_key, downloaded_at (UTC), app,
               device, os, country_code, region_code, referrer
    returns:   tenant_id, level (episode, podcast, tenant), scope_id, dimension, value, downloads,
               listeners (distinct consumers of the scope with this value: one who uses two apps is a listener of both,
               so listeners do not add up), share (of the scope's downloads; they sum to 1 in each dimension)
    """
    need_columns(downloads, "downloads", NEEDED, "count_downloads gives them.")
    named = ["tenant_id", *(name for level, name in LEVELS.items() if level in levels and level != "tenant")]
    scopes = downloads.select(named).unique().sort(named)
    numbered = scopes.with_row_index("row_no").with_columns(
        pl.struct(list(dict.fromkeys(["tenant_id", LEVELS[level]]))).rank("dense").alias(level) for level in levels
    )
    coded = downloads.join(numbered, on=named, validate="m:1").select(
        *levels, "consumer_key", **{name: _coded(value) for name, value in DIMENSIONS.items()}
    )
    counted = iter(pl.collect_all(_count(coded.lazy(), level, each) for level in levels for each in DIMENSIONS))
    named_scopes = [_name_scopes(pl.concat(islice(counted, len(DIMENSIONS))), numbered, level) for level in levels]
    return pl.concat(named_scopes).select(BREAKDOWN).sort(BREAKDOWN[:5])


def _coded(value: pl.Expr) -> pl.Expr:
    """The value as a category: grouping on text takes several times as long."""
    return value.cast(pl.String).fill_null(UNKNOWN).cast(pl.Categorical)


def _count(coded: pl.LazyFrame, level: str, dimension: str) -> pl.LazyFrame:
    return (
        coded.group_by(level, value=pl.col(dimension))
        .agg(downloads=pl.len().cast(pl.Int64), listeners=pl.col("consumer_key").n_unique().cast(pl.Int64))
        .with_columns(
            pl.col("value").cast(pl.String),
            dimension=pl.lit(dimension),
            share=ratio(pl.col("downloads"), pl.col("downloads").sum().over(level)),
        )
    )


def _name_scopes(counted: pl.DataFrame, numbered: pl.DataFrame, level: str) -> pl.DataFrame:
    names = numbered.select(level, "tenant_id", scope_id=LEVELS[level]).unique(level)
    return counted.join(names, on=level, validate="m:1").drop(level).with_columns(level=pl.lit(level))


def measure_dimensions(downloads: pl.DataFrame) -> pl.DataFrame:
    """The shows of measure_breakdowns: tenant_id, podcast_id, dimension, value, downloads, listeners."""
    return select_shows(measure_breakdowns(downloads, ["podcast"]))


def select_shows(breakdowns: pl.DataFrame) -> pl.DataFrame:
    """tenant_id, podcast_id, dimension, value, downloads, listeners of the shows among them."""
    return breakdowns.filter(level="podcast").select(
        "tenant_id", pl.col("scope_id").alias("podcast_id"), "dimension", "value", "downloads", "listeners"
    )
