"""Playback day: how far the playbacks of a UTC day came, and which ads their players report as played.

Here: what is read, the tables that come out, and refusing a day whose raw rows are gone.
Not here: their definitions (retention.py), and who writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import polars as pl

from assets.listening.downloads.catalogue import index_catalogue, name_episodes
from assets.listening.downloads.missing_rows import refuse_replaced_rows
from assets.listening.playback.retention import (
    count_ad_plays,
    follow_playbacks,
    measure_completion,
    measure_retention,
    measure_spread,
)
from sql.values import Reader, Window


def compute_playback_day(read: Reader, window: Window, tenants: Sequence[UUID]) -> dict[str, pl.DataFrame]:
    """retention_curves, episode_consumption, consumption_spread and ad_plays of one UTC day, as its asset stamps them.

    Raises RawRowsGoneError where rows are gone that the day was computed from before; its numbers stay as they are.
    """
    scope = list(tenants)
    refuse_replaced_rows(read, window, scope)
    episodes, media = read("read_episodes", tenants=scope), read("read_media", tenants=scope)
    catalogue = index_catalogue(episodes, media, read("read_listening_methods", tenants=scope))
    events = read("read_playback", start=window.start, end=window.end, tenants=scope)
    playbacks = follow_playbacks(events, catalogue)
    tables = {
        "retention_curves": measure_retention(playbacks),
        "episode_consumption": measure_completion(playbacks),
        "consumption_spread": measure_spread(playbacks),
        "ad_plays": count_ad_plays(events, catalogue),
    }
    return {
        name: name_episodes(frame, catalogue)
        .with_columns(day=pl.lit(window.day))
        .sort(
            "tenant_id",
            "episode_id",
            *(name for name in ("minute", "percent", "placement_id") if name in frame.columns),
        )
        for name, frame in tables.items()
    }
