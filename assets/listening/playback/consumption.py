"""Consumption: how much of an episode was played, as client players report it.

Here: how far each playback came, and per episode and UTC day playbacks started, completion and seconds played.
Not here: curves and shares of the duration (retention.py); downloads: what was fetched (counting.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from assets.frames import add_absent, need_columns, ratio
from assets.listening.downloads.catalogue import Catalogue, look_up

PLAYBACK_EVENTS = ("listen_start", "listen_progress", "listen_complete", "skip")

OPTIONAL: Mapping[str, pl.Expr] = {
    "session_id": pl.lit(None, dtype=pl.String),
    "listener_id": pl.lit(None, dtype=pl.String),
    "position_seconds": pl.lit(None, dtype=pl.Float64),
    "heard_seconds": pl.lit(None, dtype=pl.Float64),
}

# A value above this for one playback on one day, or one that is no number, is ignored.
LONGEST_PLAYBACK_S = 24 * 3600


def measure_consumption(events: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """One row per episode with playback: episode_no, playback_starts, completion, heard_seconds.

    events: as for trace_playbacks, of one UTC day

    playback_starts: playbacks with a listen_start on the day.
    completion:      of these with a known duration, the share played to the end (retention.measure_completion counts
                     the same ones: reached_100 of measured); null without any.
    heard_seconds:   the sum over playbacks of what was played; of one that did not start on the day, less the least
                     that it reports, which had been played by then. Summed in whole milliseconds, so that no order of
                     rows changes the last bit.
    """
    return divide_sums(sum_playbacks(events, catalogue))


def sum_playbacks(events: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """episode_no, playback_starts, measured, completed, heard_ms (i64): what measure_consumption divides.

    They add up over events that have no playback in common.
    """
    duration = pl.col("duration_ms")
    measured = pl.col("started") & duration.is_not_null()
    completed = (measured & (pl.col("heard_ms") >= duration)).fill_null(False)
    before = pl.when("started").then(0).otherwise("heard_before_ms")
    sums = {
        "playback_starts": pl.col("started"),
        "measured": measured,
        "completed": completed,
        "heard_ms": pl.col("heard_ms") - before,
    }
    return (
        trace_playbacks(events, catalogue)
        .group_by("episode_no")
        .agg(value.sum().cast(pl.Int64).alias(name) for name, value in sums.items())
    )


def divide_sums(sums: pl.DataFrame) -> pl.DataFrame:
    """measure_consumption of sum_playbacks, with the columns that name the episode."""
    completion = pl.when(pl.col("measured") > 0).then(ratio(pl.col("completed"), pl.col("measured")))
    return sums.with_columns(completion=completion, heard_seconds=ratio(pl.col("heard_ms"), pl.lit(1000))).drop(
        "measured", "completed", "heard_ms"
    )


def trace_playbacks(events: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """One row per playback: episode_no, started (among the events), heard_ms, heard_before_ms, duration_ms (null:
    unknown).

    events: tenant_id, event_id, event_type, episode_id or asset_id, and where the player reports them session_id,
            listener_id, position_seconds, heard_seconds (how many seconds of the playback have been played so far)

    A playback is one session of an episode: events with the same session_id, without one those with the same
    listener_id, without either the single event. heard_ms is the most that one event reports as played; where none is
    reported, the furthest position that it came to by playing. A playback reported as complete was played to the end.
    heard_before_ms is the least, which had been played before the others. Negative, infinite and absent values are
    ignored. duration_ms is the file's, else the episode's.
    """
    reported = pl.coalesce(
        milliseconds("heard_seconds"), pl.when(pl.col("event_type") != "skip").then(milliseconds("position_seconds"))
    )
    files = catalogue.files.lazy().select("file_no", file_ms="duration_ms")
    episodes = catalogue.episodes.lazy().select("episode_no", episode_ms="duration_ms")
    length = pl.coalesce(pl.col("file_ms").max(), pl.col("episode_ms").max())
    is_complete = (pl.col("event_type") == "listen_complete").any()
    most = pl.col("reported_ms").max().fill_null(0)
    heard_ms = pl.when(is_complete).then(pl.max_horizontal(most, length)).otherwise(most)
    return (
        add_player_columns(events)
        .filter(pl.col("event_type").is_in(PLAYBACK_EVENTS))
        .with_columns(playback=playback_key(), reported_ms=reported)
        .pipe(look_up, catalogue)
        .lazy()
        .filter("is_known")
        .join(files, on="file_no", how="left", validate="m:1")
        .join(episodes, on="episode_no", how="left", validate="m:1")
        .group_by("episode_no", "playback")
        .agg(
            started=(pl.col("event_type") == "listen_start").any(),
            heard_ms=heard_ms,
            # An event of completion alone does not report how much was played since the one before.
            heard_before_ms=pl.coalesce(pl.col("reported_ms").min(), heard_ms),
            duration_ms=length,
        )
        .drop("playback")
        .collect()
    )


def add_player_columns(events: pl.DataFrame) -> pl.DataFrame:
    """The events with nulls for optional columns that they lack. Raises MissingColumnsError for required ones."""
    need_columns(events, "playback events", ["tenant_id", "event_id", "event_type"])
    return add_absent(events, OPTIONAL)


def playback_key() -> pl.Expr:
    """What identifies an event's playback: its session, without one its listener, without either the event itself."""
    nameless = pl.col("session_id").is_null() & pl.col("listener_id").is_null()
    session = pl.col("session_id")
    return pl.struct(
        session,
        pl.when(session.is_null()).then("listener_id").alias("listener_id"),
        pl.when(nameless).then("event_id").alias("event_id"),
    )


def milliseconds(name: str) -> pl.Expr:
    """Reported seconds as whole milliseconds; null for what is not plausible."""
    seconds = pl.col(name).cast(pl.Float64)
    is_plausible = seconds.is_between(0, LONGEST_PLAYBACK_S)
    return pl.when(is_plausible).then((seconds * 1000).round().cast(pl.Int64, strict=False))
