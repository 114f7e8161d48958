"""Retention: how far playbacks came, and which ads their players report as played.

Here: the minute in which each playback stopped, completion at fixed shares, average and median consumption, beacons of
ads.
Not here: daily totals of playback (consumption.py), ads delivered (ad_delivery.py): a beacon is a client's report of
what was played, delivery is what was fetched, and the two are never mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from assets.frames import add_absent, fill_steps, need_columns, ratio
from assets.grain import EPISODE
from assets.listening.downloads.catalogue import Catalogue, look_up
from assets.listening.playback.consumption import add_player_columns, playback_key, trace_playbacks

# Shares of the duration, in percent, at which completion is reported.
COMPLETION: Final = (25, 50, 75, 90, 100)
AD_QUARTILES: Final = (25, 50, 75)
MINUTE_MS = 60_000
# Shares are averaged as whole millionths, so that no order of rows changes the last bit.
MILLION = 1_000_000


def follow_playbacks(events: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """One row per playback that started among the events: episode_no, heard_ms, duration_ms (null: unknown).

    events: as for consumption.trace_playbacks, of one UTC day: a playback over midnight is followed until midnight
    """
    return trace_playbacks(events, catalogue).filter("started").select("episode_no", "heard_ms", "duration_ms")


def measure_retention(playbacks: pl.DataFrame) -> pl.DataFrame:
    """Where listening stopped: episode_no, minute (from 0), stopped, still_listening, starters.

    playbacks: follow_playbacks
    A playback stops in the minute that it began and did not finish; one that reaches the end stops in its last one.
    still_listening: starters that came as far as the beginning of the minute. Minutes without a stop have no row: the
    curve stays where it is. Rows of several days can be added up (draw_retention).
    """
    last_minute = (pl.col("duration_ms") - 1) // MINUTE_MS
    minute = pl.min_horizontal(pl.col("heard_ms") // MINUTE_MS, last_minute)
    return (
        playbacks.group_by("episode_no", minute.cast(pl.Int32).alias("minute"))
        .agg(stopped=pl.len().cast(pl.Int64))
        .pipe(_count_listening, "episode_no")
    )


def _count_listening(stops: pl.DataFrame, *episode: str) -> pl.DataFrame:
    stopped = pl.col("stopped")
    starters = stopped.sum().over(episode)
    return stops.sort(*episode, "minute").with_columns(
        still_listening=starters - stopped.cum_sum().over(episode) + stopped, starters=starters
    )


def draw_retention(curves: pl.DataFrame) -> pl.DataFrame:
    """The curve minute by minute: tenant_id, episode_id, minute, still_listening, starters, share of the starters.

    curves: tenant_id, episode_id, minute, stopped: rows of any number of days
    """
    need_columns(curves, "curves", [*EPISODE, "minute", "stopped"], "measure_retention and name_episodes give them.")
    stops = curves.group_by(*EPISODE, "minute").agg(pl.col("stopped").sum())
    return (
        fill_steps(stops, EPISODE, "minute")
        .with_columns(pl.col("stopped").fill_null(0))
        .pipe(_count_listening, *EPISODE)
        .select(
            *EPISODE,
            "minute",
            "still_listening",
            "starters",
            share=ratio(pl.col("still_listening"), pl.col("starters")),
        )
    )


def measure_completion(playbacks: pl.DataFrame) -> pl.DataFrame:
    """How far the starters came: episode_no, starters, measured (of these with a known duration), reached_25, _50, _75,
    _90, _100 (of the measured), average_consumption and median_consumption (of the shares of the duration that were
    played, at most 1; null without any).

    playbacks: follow_playbacks
    """
    played, duration = pl.col("heard_ms"), pl.col("duration_ms")
    share = pl.when(duration.is_not_null()).then(pl.min_horizontal(played, duration) * MILLION // duration)
    return (
        playbacks.group_by("episode_no")
        .agg(
            starters=pl.len().cast(pl.Int64),
            measured=duration.is_not_null().sum().cast(pl.Int64),
            **{
                f"reached_{percent}": (played * 100 >= duration * percent).fill_null(False).sum().cast(pl.Int64)
                for percent in COMPLETION
            },
            average=ratio(share.sum(), duration.is_not_null().sum() * MILLION),
            # Half of two millionths; rounded, because one row and many are divided by a number a bit apart.
            median_consumption=ratio(share.median(), pl.lit(MILLION)).round(7),
        )
        .with_columns(average_consumption=pl.when(pl.col("measured") > 0).then("average"))
        .drop("average")
    )


def measure_spread(playbacks: pl.DataFrame) -> pl.DataFrame:
    """How many playbacks came how far: episode_no, percent (of the duration, whole ones from 0 to 100), playbacks.

    playbacks: follow_playbacks; those without a known duration are left out
    Rows of several days and episodes can be added up, which no average and no median can (draw_consumption).
    """
    played, duration = pl.col("heard_ms"), pl.col("duration_ms")
    percent = (pl.min_horizontal(played, duration) * 100 // duration).cast(pl.Int32)
    return (
        playbacks.filter(duration.is_not_null())
        .group_by("episode_no", percent=percent)
        .agg(playbacks=pl.len().cast(pl.Int64))
    )


def draw_consumption(spread: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Completion and quartiles of any episodes over any days: the columns of by, measured, reached_25, _50, _75, _90,
    _100, lower_quartile, median, upper_quartile (the percent beyond which a quarter, half and three quarters of the
    playbacks did not come).

    spread: the columns of by, percent, playbacks: rows of any number of days and episodes
    """
    percent, playbacks, so_far = pl.col("percent"), pl.col("playbacks"), pl.col("so_far")
    quarters = {"lower_quartile": 1, "median": 2, "upper_quartile": 3}
    return (
        spread.group_by(*by, "percent")
        .agg(playbacks.sum())
        .sort(*by, "percent")
        .with_columns(so_far=playbacks.cum_sum().over(by))
        .group_by(by)
        .agg(
            measured=playbacks.sum(),
            **{f"reached_{share}": playbacks.filter(percent >= share).sum() for share in COMPLETION},
            **{
                name: percent.filter(so_far * 4 >= playbacks.sum() * quarter).min()
                for name, quarter in quarters.items()
            },
        )
        .sort(by)
    )


def count_ad_plays(events: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Ad plays that beacons confirm: episode_no, placement_id, started, reached_25, _50, _75, completed, skipped.

    events: tenant_id, event_id, event_type (ad_start, ad_progress, ad_complete, ad_skip), episode_id, asset_id,
            session_id, listener_id, placement_id, percent (how much of the ad an ad_progress reports)

    A play is one placement in one playback. A later beacon confirms the earlier ones, which may be missing:
    counts never rise from one column to the next. A skip alone confirms nothing but itself.
    """
    events = add_absent(add_player_columns(events), {"percent": pl.lit(None, dtype=pl.Float64)})
    need_columns(events, "ad events", ["placement_id"])
    kind = pl.col("event_type")
    percent = (
        pl.when(kind == "ad_start")
        .then(0.0)
        .when(kind == "ad_complete")
        .then(100.0)
        .when((kind == "ad_progress") & pl.col("percent").is_between(0, 100))
        .then("percent")
    )
    furthest = pl.col("furthest")
    return (
        events.filter(kind.is_in(["ad_start", "ad_progress", "ad_complete", "ad_skip"]))
        .filter(pl.col("placement_id").is_not_null())
        .with_columns(playback=playback_key(), reported=percent, is_skip=kind == "ad_skip")
        .pipe(look_up, catalogue)
        .lazy()
        .filter("is_known")
        .group_by("episode_no", "placement_id", "playback")
        .agg(furthest=pl.col("reported").max(), is_skipped=pl.col("is_skip").any())
        .group_by("episode_no", "placement_id")
        .agg(
            started=_sum(furthest.is_not_null()),
            **{f"reached_{quartile}": _sum(furthest >= quartile) for quartile in AD_QUARTILES},
            completed=_sum(furthest >= 100),
            skipped=_sum(pl.col("is_skipped")),
        )
        .collect()
    )


def _sum(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(False).sum().cast(pl.Int64)
