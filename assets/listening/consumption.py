"""Consumption: how much of an episode was heard, as client players tell it.

Here: playbacks started, their completion, and seconds heard, per episode and UTC day.
Not here: downloads, which say what was fetched and not what was heard (downloads.py).
"""

from __future__ import annotations

import polars as pl

from assets.listening.catalogue import Catalogue, look_up

PLAYBACK_EVENTS = ("listen_start", "listen_progress", "listen_complete", "skip")

# A player that says more of one playback on one day, or something that is no number, is not believed.
LONGEST_PLAYBACK_S = 24 * 3600


def measure_consumption(events: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """One row per episode with playback: episode_no, playback_starts, completion, heard_seconds.

    events: tenant_id, event_id, episode_id, asset_id, event_type, session_id, listener_id, heard_seconds (how many
            seconds of the playback have been heard so far)

    A playback is what one session of an episode tells on a day: events with the same session_id, without one those with
    the same listener_id, without either the single event.
    playback_starts: playbacks with a listen_start on the day.
    completion:      the share of these that also sent listen_complete on the day; null without a start.
    heard_seconds:   the sum over playbacks of the most that one says to have heard; of one that did not start on the
                     day, less the least, which it had heard by then. Summed in whole milliseconds, so that no order of
                     rows changes the last bit. Negative, endless and absent values say nothing.
    """
    playbacks = (
        events.filter(pl.col("event_type").is_in(PLAYBACK_EVENTS))
        .pipe(_look_up_playback, catalogue)
        .group_by("episode_no", "playback")
        .agg(
            started=(pl.col("event_type") == "listen_start").any(),
            completed=(pl.col("event_type") == "listen_complete").any(),
            most_ms=pl.col("heard_ms").max().fill_null(0),
            least_ms=pl.col("heard_ms").min().fill_null(0),
        )
        .with_columns(heard_ms=pl.col("most_ms") - pl.when("started").then(0).otherwise("least_ms"))
    )
    return playbacks.group_by("episode_no").agg(
        playback_starts=pl.col("started").sum().cast(pl.Int64),
        completion=_share(pl.col("started") & pl.col("completed"), pl.col("started")),
        # Polars divides one row and many rows by a number in different ways, a bit apart; rounding makes them one.
        heard_seconds=(pl.col("heard_ms").sum() / 1000).round(3),
    )


def _look_up_playback(events: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Events of episodes that exist, with the playback that each belongs to and what it says to have heard."""
    return (
        look_up(events.with_columns(playback=which_playback()), catalogue)
        .filter("is_known")
        .select("episode_no", "event_type", "playback", heard_ms=milliseconds("heard_seconds"))
    )


def which_playback() -> pl.Expr:
    """What an event's playback is known by: its session, without one its listener, without either the event itself."""
    nameless = pl.col("session_id").is_null() & pl.col("listener_id").is_null()
    session = pl.col("session_id")
    return pl.struct(
        session,
        pl.when(session.is_null()).then("listener_id").alias("listener_id"),
        pl.when(nameless).then("event_id").alias("event_id"),
    )


def milliseconds(name: str) -> pl.Expr:
    """Seconds that a player tells as whole milliseconds; null for what is not believed."""
    seconds = pl.col(name).cast(pl.Float64)
    believed = seconds.is_between(0, LONGEST_PLAYBACK_S)
    return pl.when(believed).then((seconds * 1000).round().cast(pl.Int64, strict=False))


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole.any()).then(part.sum() / whole.sum())
