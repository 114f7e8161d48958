"""Transforms: paths made shorter or plainer before they are credited.

Here: one function per transform, from touches to touches, numbered anew from 1.
Not here: credit (channels.py), the touch units that a campaign sets (paths.py).

Every function takes path_id, touch_no and channel; further columns stay. Rows come back in the order of their paths.
"""

from __future__ import annotations

import polars as pl


def keep_latest(paths: pl.DataFrame, count: int) -> pl.DataFrame:
    """The last `count` touches of each path.

    >>> path = pl.DataFrame({"path_id": [1] * 3, "touch_no": [1, 2, 3], "channel": ["video", "mail", "mail"]})
    >>> keep_latest(path, 2)["channel"].to_list()
    ['mail', 'mail']
    """
    place = pl.col("touch_no").rank("ordinal", descending=True).over("path_id")
    return _numbered(paths.filter(place <= count))


def collapse_repeats(paths: pl.DataFrame) -> pl.DataFrame:
    """One touch for each run of the same channel: its first. Some call it the exposure path.

    >>> path = pl.DataFrame({"path_id": [1] * 4, "touch_no": [1, 2, 3, 4], "channel": ["a", "a", "b", "a"]})
    >>> collapse_repeats(path)["channel"].to_list()
    ['a', 'b', 'a']
    """
    ordered = paths.sort("path_id", "touch_no")
    same = (pl.col("channel") == pl.col("channel").shift()) & (pl.col("path_id") == pl.col("path_id").shift())
    return _numbered(ordered.filter(~same.fill_null(False)))


def keep_firsts(paths: pl.DataFrame) -> pl.DataFrame:
    """Each channel once, where it was first touched.

    >>> path = pl.DataFrame({"path_id": [1] * 4, "touch_no": [1, 2, 3, 4], "channel": ["a", "a", "b", "a"]})
    >>> keep_firsts(path)["channel"].to_list()
    ['a', 'b']
    """
    ordered = paths.sort("path_id", "touch_no")
    return _numbered(ordered.unique(["path_id", "channel"], keep="first", maintain_order=True))


def count_repeats(paths: pl.DataFrame) -> pl.DataFrame:
    """Each channel once, where it was first touched, with the number of its touches as times: the frequency path.

    >>> path = pl.DataFrame({"path_id": [1] * 4, "touch_no": [1, 2, 3, 4], "channel": ["a", "a", "b", "a"]})
    >>> count_repeats(path).select("channel", "times").rows()
    [('a', 3), ('b', 1)]
    """
    return keep_firsts(paths.with_columns(times=pl.len().over("path_id", "channel").cast(pl.Int64)))


def drop_channel(paths: pl.DataFrame, channel: str) -> pl.DataFrame:
    """The paths without one channel; a path of nothing else stays as it is.

    >>> path = pl.DataFrame({"path_id": [1, 1, 2], "touch_no": [1, 2, 1], "channel": ["mail", "direct", "direct"]})
    >>> drop_channel(path, "direct").select("path_id", "channel").rows()
    [(1, 'mail'), (2, 'direct')]
    """
    is_it = pl.col("channel") == channel
    return _numbered(paths.filter(~is_it | is_it.all().over("path_id")))


def drop_channel_at_end(paths: pl.DataFrame, channel: str) -> pl.DataFrame:
    """The paths without their last run of one channel; a path of nothing else stays as it is.

    >>> path = pl.DataFrame({"path_id": [1] * 3, "touch_no": [1, 2, 3], "channel": ["direct", "mail", "direct"]})
    >>> drop_channel_at_end(path, "direct")["channel"].to_list()
    ['direct', 'mail']
    """
    last_other = pl.col("touch_no").filter(pl.col("channel") != channel).max().over("path_id")
    return _numbered(paths.filter(last_other.is_null() | (pl.col("touch_no") <= last_other)))


def _numbered(paths: pl.DataFrame) -> pl.DataFrame:
    ordered = paths.sort("path_id", "touch_no")
    return ordered.with_columns(touch_no=(pl.int_range(pl.len()).over("path_id") + 1).cast(paths.schema["touch_no"]))
