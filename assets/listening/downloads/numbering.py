"""Numbering: one small integer for every tenant, show and episode, the same wherever frames meet.

Here: the numbers, and adding the number to downloads that name their episode by its id.
Not here: files and what a minute of them is (catalogue.py), what is counted by these numbers (periods.py, overlaps.py).
"""

from __future__ import annotations

import polars as pl

from assets.frames import need_columns
from assets.grain import EPISODE

NUMBERS = ["episode_no", "podcast_no", "tenant_no"]


def number_episodes(episodes: pl.DataFrame) -> pl.DataFrame:
    """tenant_id, podcast_id, episode_id with episode_no (from 1, as a statement numbers a list), podcast_no, tenant_no.

    episodes: tenant_id, podcast_id, episode_id. Equal episodes get equal numbers in whatever order they come.
    """
    return add_numbers(episodes).select("tenant_id", "podcast_id", "episode_id", *NUMBERS)


def add_numbers(episodes: pl.DataFrame) -> pl.DataFrame:
    """The episodes with their numbers (i32) and all of their other columns, in order of their numbers."""
    need_columns(episodes, "episodes", ["tenant_id", "podcast_id", "episode_id"])
    return (
        episodes.drop(NUMBERS, strict=False)
        .sort("tenant_id", "episode_id")
        .with_row_index("episode_no", offset=1)
        .with_columns(
            pl.col("episode_no").cast(pl.Int32),
            podcast_no=pl.struct("tenant_id", "podcast_id").rank("dense").cast(pl.Int32),
            tenant_no=pl.col("tenant_id").rank("dense").cast(pl.Int32),
        )
    )


def number_keys(keys: pl.DataFrame, episodes: pl.DataFrame) -> pl.DataFrame:
    """Downloads with the episode_no of these episodes, and the UTC day on which they began.

    keys: tenant_id and episode_id, which win over a number from another list of episodes, or episode_no alone;
          day, or downloaded_at (UTC). The columns of downloads.count_downloads do.
    """
    need_columns(keys, "keys", ["consumer_key"], "count_downloads gives them.")
    dated = keys
    if "day" not in keys.columns and "downloaded_at" in keys.columns:
        dated = dated.with_columns(day=pl.col("downloaded_at").dt.date())
    if "episode_id" not in keys.columns:
        need_columns(keys, "keys", ["episode_no"], "A download names tenant_id and episode_id, or a number.")
        return dated.drop(NUMBERS[1:], strict=False).with_columns(pl.col("episode_no").cast(pl.Int32))
    names = EPISODE
    return dated.drop(NUMBERS, strict=False).join(
        episodes.select(*names, "episode_no"), on=names, how="inner", validate="m:1"
    )
