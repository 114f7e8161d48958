"""Consumption: how much of an episode was heard, as client players tell it.

Here: playbacks started, their completion, and seconds heard, per episode and UTC day.
Not here: downloads, which say what was fetched and not what was heard (downloads.py).
"""

from __future__ import annotations

import polars as pl

from assets.listening.catalogue import Catalogue, look_up

PLAYBACK_EVENTS = ("listen_start", "listen_progress", "listen_complete", "skip")

# Longer than any episode: a player that says more of one event, or something that is no number, is not believed.
LONGEST_EVENT_S = 24 * 3600


def measure_consumption(events: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """One row per episode with playback: episode_no, playback_starts, completion, heard_seconds.

    events: tenant_id, event_id, episode_id, asset_id, event_type, session_id, listener_id, heard_seconds

    A playback is what one session of an episode tells on a day: events with the same session_id, without one those with
    the same listener_id, without either the single event.
    playback_starts: playbacks with a listen_start on the day.
    completion:      the share of these that also sent listen_complete on the day; null without a start.
    heard_seconds:   the sum of heard_seconds over listen_progress, listen_complete and skip events: each tells the
                     seconds since the event before it. Summed in whole milliseconds, so that no order of rows changes
                     the last bit. Negative, endless and absent values count as nothing.
    """
    told = (
        events.filter(pl.col("event_type").is_in(PLAYBACK_EVENTS))
        .pipe(look_up, catalogue)
        .filter("is_known")
        .select(
            "episode_no",
            "event_type",
            heard_ms=_heard_milliseconds(),
            playback=pl.struct("session_id", _where_absent("session_id", "listener_id"), _single_event()),
        )
    )
    heard = told.group_by("episode_no").agg(heard_ms=pl.col("heard_ms").sum())
    playbacks = (
        told.group_by("episode_no", "playback")
        .agg(
            started=(pl.col("event_type") == "listen_start").any(),
            completed=(pl.col("event_type") == "listen_complete").any(),
        )
        .filter("started")
        .group_by("episode_no")
        .agg(playback_starts=pl.len().cast(pl.Int64), completed=pl.col("completed").sum().cast(pl.Int64))
    )
    return heard.join(playbacks, on="episode_no", how="left", validate="1:1").select(
        "episode_no",
        pl.col("playback_starts").fill_null(0),
        completion=pl.col("completed") / pl.col("playback_starts"),
        heard_seconds=pl.col("heard_ms") / 1000,
    )


def _heard_milliseconds() -> pl.Expr:
    seconds = pl.col("heard_seconds").cast(pl.Float64)
    believed = seconds.is_between(0, LONGEST_EVENT_S) & (pl.col("event_type") != "listen_start")
    return pl.when(believed).then((seconds * 1000).round().cast(pl.Int64, strict=False)).otherwise(0)


def _where_absent(name: str, other: str) -> pl.Expr:
    return pl.when(pl.col(name).is_null()).then(other).alias(other)


def _single_event() -> pl.Expr:
    nameless = pl.col("session_id").is_null() & pl.col("listener_id").is_null()
    return pl.when(nameless).then("event_id").alias("event_id")
