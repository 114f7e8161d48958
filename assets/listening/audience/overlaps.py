"""Overlaps: how many listeners two shows of a tenant have in common.

Here: shared listeners, Jaccard index, and the share of one show's audience that listens to the other too.
Not here: the sizes of single audiences over time (periods.py).
"""

from __future__ import annotations

import polars as pl

from assets.frames import ratio
from assets.listening.downloads.numbering import number_episodes, number_keys


def measure_overlaps(keys: pl.DataFrame, episodes: pl.DataFrame) -> pl.DataFrame:
    """One row per ordered pair of shows of one tenant that share a listener; pairs that share none have no row.

    keys:     one row per download of the period: consumer_key, and tenant_id and episode_id (count_downloads has these)
              or episode_no of number_episodes
    episodes: tenant_id, podcast_id, episode_id, or number_episodes of them
    returns:  tenant_id, podcast_id, other_podcast_id, listeners, other_listeners, shared_listeners,
              jaccard (shared / those of either), share_of_listeners (shared / listeners of podcast_id)
    """
    episodes = episodes if "tenant_no" in episodes.columns else number_episodes(episodes)
    listeners = (
        number_keys(keys, episodes)
        .lazy()
        .join(episodes.lazy().select("episode_no", "podcast_no", "tenant_no"), on="episode_no", validate="m:1")
        .select("tenant_no", "podcast_no", "consumer_key")
        .unique()
    )
    sizes = listeners.group_by("podcast_no").agg(listeners=pl.len().cast(pl.Int64))
    shows = episodes.lazy().select("tenant_id", "podcast_no", "podcast_id").unique("podcast_no")
    named = shows.join(sizes, on="podcast_no", validate="1:1")
    shared, one, other = pl.col("shared_listeners"), pl.col("listeners"), pl.col("other_listeners")
    return (
        listeners.join(listeners, on=["tenant_no", "consumer_key"], suffix="_other")
        .filter(pl.col("podcast_no") != pl.col("podcast_no_other"))
        .group_by("podcast_no", "podcast_no_other")
        .agg(shared_listeners=pl.len().cast(pl.Int64))
        .join(named, on="podcast_no", validate="m:1")
        .join(
            named.select(podcast_no_other="podcast_no", other_podcast_id="podcast_id", other_listeners="listeners"),
            on="podcast_no_other",
            validate="m:1",
        )
        .select(
            "tenant_id",
            "podcast_id",
            "other_podcast_id",
            "listeners",
            "other_listeners",
            "shared_listeners",
            jaccard=ratio(shared, one + other - shared),
            share_of_listeners=ratio(shared, one),
        )
        .sort("tenant_id", "podcast_id", "other_podcast_id")
        .collect()
    )
