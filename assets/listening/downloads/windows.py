"""Windows: which requests of one consumer for one episode belong together.

Here: the cut into groups by UTC day, by the first touch, and by the last touch.
Not here: whether a group is a download (counting.py).

A cut is a pure function of the rows: nothing is carried from one day to the next. For a rolling window the rows must
therefore reach back to a silence of 24 hours, and forward until the window has closed. The pipeline looks 30 days back
for that silence (day.py). Of a listener who had none in them, its first_touch windows follow each other from the first
request that it reads, midnight UTC 30 days before the day: its numbers are those that hold, and a cut of all rows ever
may begin windows at other requests. last_touch gives the same either way: all of it is one download, of an earlier day.
"""

from __future__ import annotations

import polars as pl

from assets.listening.downloads.method import FIRST_TOUCH, LAST_TOUCH, LOOK_FORWARD, WINDOW_LENGTH
from assets.spans import CALENDAR_DAY

# One consumer and one episode; the number of an episode implies its tenant.
PAIR = ["consumer_key", "episode_no"]


def cut_windows(requests: pl.DataFrame) -> pl.DataFrame:
    """The requests in order of pair, time and event, with the number of their group and the time of its first request.

    requests: consumer_key (i64), episode_no, occurred_at (UTC), event_id, download_window
    adds:     request_no (0, 1, ... in that order), group_no (dense, from 0), anchored_at, is_open: false for a request
              so late in a window that is kept open that it no longer counts towards the minute
    Source:   PTMG 2.3, the de-duplication window. Half-open: a request exactly 24 hours later is in the next window.
    """
    ordered = requests.sort(*PAIR, "occurred_at", "event_id").with_row_index("request_no")
    is_first = _is_first_of_pair()
    gap = pl.col("occurred_at").diff()
    is_next_day = pl.col("occurred_at").dt.date() != pl.col("occurred_at").dt.date().shift(1)
    window = pl.col("download_window")
    marked = ordered.with_columns(
        opens=is_first
        | ((window == CALENDAR_DAY) & is_next_day).fill_null(False)
        | ((window == LAST_TOUCH) & (gap >= WINDOW_LENGTH)).fill_null(False)
    )
    return (
        marked.pipe(_open_at_first_touches)
        .with_columns(group_no=(pl.col("opens").cum_sum() - 1).cast(pl.UInt32))
        .with_columns(anchored_at=pl.when("opens").then("occurred_at").forward_fill())
        .with_columns(is_open=pl.col("occurred_at") < pl.col("anchored_at").dt.truncate("1d") + _longest_stay())
        .drop("opens")
    )


def _is_first_of_pair() -> pl.Expr:
    changed = pl.any_horizontal(pl.col(name) != pl.col(name).shift(1) for name in PAIR)
    return changed.fill_null(True)


def _longest_stay() -> pl.Expr:
    """From the midnight before the first request: its UTC day and the time that a window may stay open after it."""
    return pl.lit(WINDOW_LENGTH + LOOK_FORWARD)


def _open_at_first_touches(marked: pl.DataFrame) -> pl.DataFrame:
    """Open a window at the first request of a pair, and again at the first that is 24 hours past the last opening.

    Where a window opens depends on where the one before it did, so they are found in rounds, one window of every pair
    at a time: as many rounds as the busiest pair has windows, a month at most.
    """
    waiting = marked.filter(pl.col("download_window") == FIRST_TOUCH).select(*PAIR, "occurred_at", "request_no")
    openings: list[pl.DataFrame] = []
    while waiting.height:
        waiting = waiting.with_columns(
            opens_at=pl.col("occurred_at").first().over(PAIR), opener=pl.col("request_no").first().over(PAIR)
        )
        openings.append(waiting.select(request_no="opener").unique())
        waiting = waiting.filter(pl.col("occurred_at") >= pl.col("opens_at") + WINDOW_LENGTH)
    if not openings:
        return marked
    found = pl.concat(openings).with_columns(touched=pl.lit(True))
    return (
        marked.join(found, on="request_no", how="left", validate="1:1", maintain_order="left")
        .with_columns(opens=pl.col("opens") | pl.col("touched").fill_null(False))
        .drop("touched")
    )
