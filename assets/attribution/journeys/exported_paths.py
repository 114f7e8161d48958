"""Exported paths: paths that other tools exported, as arrays that every model reads: one row per touch, or one per
whole path.

Here: the two forms, the outcomes of a path, what is refused, and the order that makes sums repeatable.
Not here: the models (models.py, markov.py, counterfactual.py), paths built from events (paths.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from assets.attribution.journeys.markov import Floats, IndexedJourneys
from assets.frames import MICROSECONDS_PER_DAY, need_columns
from sql.values import PermanentError

SEPARATOR = " > "

# Columns of single touches that some models need.
TOUCH_FACTS = ("age_days", "is_excluded")

# Columns of whole paths, and what is made of them.
OUTCOMES = ("conversions", "nulls", "value", "converted", "count")
EARNED = ("conversions", "nulls", "value")


class PathError(PermanentError):
    """Columns that are there, but hold nothing that makes a path."""


@dataclass(frozen=True)
class IndexedPaths:
    """Paths with at least one touch, path after path.

    channels:     the distinct channels in order
    state:        the place of each touch's channel among them
    firsts:       where each path begins
    ids:          its name
    conversions, nulls, value: its outcomes
    facts:        TOUCH_FACTS that the paths have, per touch
    untouched:    conversions and nulls of journeys without any touch
    has_failures: whether the number of failed journeys is known
    is_sorted:    whether paths stand in the order of their ids
    """

    channels: pl.Series
    state: npt.NDArray[np.uint32]
    firsts: npt.NDArray[np.int64]
    ids: pl.Series
    conversions: Floats
    nulls: Floats
    value: Floats
    facts: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    untouched: tuple[float, float] = (0.0, 0.0)
    has_failures: bool = True
    is_sorted: bool = True

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """How many touches each path has."""
        return np.diff(np.append(self.firsts, len(self.state)))

    def spread(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """One value per path as one per touch."""
        return np.repeat(values, self.lengths)

    def numbers(self) -> npt.NDArray[np.int32]:
        """1, 2, ... along each path."""
        numbers: npt.NDArray[np.int32] = (np.arange(1, len(self.state) + 1) - self.spread(self.firsts)).astype(np.int32)
        return numbers

    def keys(self) -> pl.Series:
        """Each path as bytes: equal for paths of the same channels in the same order, and different for all others."""
        ends = np.append(self.firsts, len(self.state)) * self.state.itemsize
        state = np.ascontiguousarray(self.state)
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(state)]
        written = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(self.firsts), buffers)
        return pl.Series("key", pl.from_arrow(written), dtype=pl.Binary)

    def take(self, places: npt.NDArray[np.int64]) -> IndexedPaths:
        """Some of the paths, in the order of their places."""
        lengths = self.lengths[places]
        firsts = np.cumsum(lengths) - lengths
        touches = np.repeat(self.firsts[places] - firsts, lengths) + np.arange(lengths.sum())
        return IndexedPaths(
            self.channels,
            self.state[touches],
            firsts,
            self.ids[places],
            self.conversions[places],
            self.nulls[places],
            self.value[places],
            {name: values[touches] for name, values in self.facts.items()},
            self.untouched,
            self.has_failures,
            self.is_sorted,
        )

    @cached_property
    def earning(self) -> IndexedPaths:
        """The paths that have anything to share, in an order that does not depend on that of the rows."""
        places = np.flatnonzero((self.conversions != 0) | (self.value != 0))
        if len(places) == len(self.firsts) and self.is_sorted:
            return self
        if self.is_sorted:
            return self.take(places)
        chosen = self.take(places)
        outcomes = {"conversions": chosen.conversions, "nulls": chosen.nulls, "value": chosen.value}
        order = pl.DataFrame({"key": chosen.keys(), **outcomes}).select(pl.arg_sort_by("key", *outcomes))
        return chosen.take(order.to_series().cast(pl.Int64).to_numpy())

    def journeys(self) -> IndexedJourneys:
        """The paths as the Markov model takes them."""
        starts = np.zeros(len(self.state), dtype=np.bool_)
        starts[self.firsts] = True
        outcomes = (self.spread(self.conversions), self.spread(self.nulls))
        return IndexedJourneys(self.state.astype(np.int64) + 1, starts, *outcomes, len(self.channels))


def index_paths(paths: pl.DataFrame, separator: str = SEPARATOR) -> IndexedPaths:
    """Paths in either form, read once for any number of models.

    paths:   one row per touch: path_id, channel, and touch_no (1, 2, ... along the path) or touched_at; or one row per
             path: path (a list of channels, or text with the separator between them; empty: a journey without a touch),
             and path_id if paths have names.
             Outcomes, the same on all touches of a path: conversions (how many journeys took the path and converted),
             nulls (how many did not), value (of all its conversions together); or converted (true or false) and, if
             rows stand for more than one journey, count. Without any, each path is one conversion.
             For time_decay: age_days, or touched_at and converted_at (without it, the last touch stands for the
             conversion). For last_paid_touch: is_excluded. With one row per path both are lists.
    Raises MissingColumnsError, which names them, and PathError, which names the rule that is broken.
    """
    if "path" in paths.columns and "channel" not in paths.columns:
        return _index_whole(paths, separator)
    need_columns(paths, "touches", ["path_id", "channel"])
    return _index_touches(paths)


def split_paths(paths: pl.DataFrame, separator: str = SEPARATOR) -> pl.DataFrame:
    """Whole paths as touches, so that transforms can be applied: one row per touch instead of one per path.

    paths:   path (a list of channels, or text with the separator between them), path_id if paths have names; further
             columns are repeated on every touch, age_days and is_excluded (lists) are split with the path
    returns: path_id, touch_no, channel and the further columns; journeys without a touch have no rows

    >>> split_paths(pl.DataFrame({"path": ["ads > mail"], "conversions": [3]})).rows()
    [(0, 1, 'ads', 3), (0, 2, 'mail', 3)]
    """
    need_columns(paths, "whole paths", ["path"])
    named = paths if "path_id" in paths.columns else paths.with_row_index("path_id")
    lists = named.with_columns(_channel_lists(named, separator).alias("channel")).drop("path")
    facts = [name for name in TOUCH_FACTS if name in named.columns]
    rest = [name for name in lists.columns if name not in {"path_id", "channel", *facts}]
    return (
        lists.filter(pl.col("channel").list.len() > 0)
        .with_columns(touch_no=pl.int_ranges(1, pl.col("channel").list.len() + 1, dtype=pl.Int32))
        .select("path_id", "touch_no", "channel", *facts, *rest)
        .explode("touch_no", "channel", *facts, empty_as_null=True)
    )


def _index_touches(touches: pl.DataFrame) -> IndexedPaths:
    ordered = _in_order(touches)
    firsts = np.flatnonzero(ordered["touch_no"].to_numpy() == 1)
    channels, state = _states(ordered["channel"])
    outcomes = _outcomes(_firsts(ordered, firsts))
    return IndexedPaths(
        channels,
        state,
        firsts,
        outcomes["path_id"],
        *_earned(outcomes),
        _check_facts(_facts(ordered, firsts)),
        has_failures=_has_failures(touches),
    )


def _firsts(ordered: pl.DataFrame, firsts: npt.NDArray[np.int64]) -> pl.DataFrame:
    """One row per path: its id and outcomes, which all of its touches agree on; converted if any touch has it."""
    stated = ordered.select("path_id", *(name for name in OUTCOMES if name in ordered.columns))
    lengths = np.diff(np.append(firsts, ordered.height))
    paths = stated[firsts]
    for name in stated.columns[1:]:
        if name == "converted":
            flags = stated[name].cast(pl.Boolean).fill_null(False).to_numpy()
            paths = paths.with_columns(converted=pl.Series(np.logical_or.reduceat(flags, firsts), dtype=pl.Boolean))
        elif stated[name].ne_missing(paths[name].gather(np.repeat(np.arange(len(firsts)), lengths))).any():
            raise PathError(f"{name} differs between touches of a path: write the path's own on all of them")
    return paths


def _in_order(touches: pl.DataFrame) -> pl.DataFrame:
    """The touches path by path, sorted only if they are not yet, numbered by time where they have no numbers."""
    if "touch_no" not in touches.columns:
        if "touched_at" not in touches.columns:
            raise PathError("touches need touch_no (1, 2, ... along each path) or touched_at: add one of them")
        timed = touches.sort("path_id", "touched_at", "channel")
        return timed.with_columns(touch_no=pl.int_range(1, pl.len() + 1).over("path_id"))
    same_path = pl.col("path_id") == pl.col("path_id").shift()
    follows = same_path & (pl.col("touch_no") == pl.col("touch_no").shift() + 1)
    starts = (pl.col("path_id") > pl.col("path_id").shift()) & (pl.col("touch_no") == 1)
    in_order = (follows | starts).slice(1).all() & (pl.col("touch_no").head(1) == 1).all()
    if touches.select(in_order.all()).item():
        return touches
    ordered = touches.sort("path_id", "touch_no")
    if not ordered.select(in_order.all()).item():
        raise PathError("the touches of a path are numbered 1, 2, ... without gaps or repeats: number them anew")
    return ordered


def _index_whole(paths: pl.DataFrame, separator: str) -> IndexedPaths:
    named = paths if "path_id" in paths.columns else paths.with_row_index("path_id")
    lists = _channel_lists(named, separator)
    lengths = lists.list.len().fill_null(0).cast(pl.Int64).to_numpy()
    touched = np.flatnonzero(lengths > 0)
    channels, state = _states(lists.explode(empty_as_null=False, keep_nulls=False))
    firsts = (np.cumsum(lengths) - lengths)[touched]
    facts = _check_facts(_exploded_facts(named, lengths))
    outcomes = _outcomes(named.select("path_id", *(name for name in OUTCOMES if name in named.columns)))
    empty = outcomes.filter(pl.Series(lengths == 0))
    untouched = (float(empty["conversions"].sum()), float(empty["nulls"].sum()))
    stated = outcomes if len(touched) == outcomes.height else outcomes[touched]
    earned, has_failures = _earned(stated), _has_failures(paths)
    return IndexedPaths(channels, state, firsts, stated["path_id"], *earned, facts, untouched, has_failures, False)


def _channel_lists(paths: pl.DataFrame, separator: str) -> pl.Series:
    path = paths["path"]
    if path.dtype == pl.String:
        lists = path.str.split(separator)
        blank = (path.str.len_bytes() == 0).fill_null(False)
        return lists.zip_with(~blank, pl.Series([None], dtype=lists.dtype)) if blank.any() else lists
    if path.dtype != pl.List:
        raise PathError(f"the column path holds lists of channels or text, not {path.dtype}: convert it")
    return path


def _exploded_facts(paths: pl.DataFrame, lengths: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
    facts = {}
    for name in TOUCH_FACTS:
        if name not in paths.columns:
            continue
        if paths.schema[name] != pl.List or (paths[name].list.len().fill_null(0).to_numpy() != lengths).any():
            raise PathError(f"{name} holds one entry per touch, a list as long as its path: mend the rows that differ")
        facts[name] = paths[name].explode(empty_as_null=False, keep_nulls=False).to_numpy()
    return facts


def _states(channels: pl.Series) -> tuple[pl.Series, npt.NDArray[np.uint32]]:
    """The distinct channels in order, and the place of each touch's channel among them."""
    if channels.has_nulls():
        raise PathError("a touch has no channel: name it, or leave the touch out")
    values = channels.unique().sort().rename("channel")
    if channels.dtype == pl.String:
        return values, channels.cast(pl.Enum(values)).to_physical().cast(pl.UInt32).to_numpy()
    states = values.to_frame().with_row_index("state")
    touched = channels.alias("channel").to_frame()
    placed = touched.join(states, on="channel", validate="m:1", maintain_order="left")
    return values, placed["state"].cast(pl.UInt32).to_numpy()


def _outcomes(paths: pl.DataFrame) -> pl.DataFrame:
    """conversions, nulls and value of each path as numbers, from the columns that there are."""
    zero, count = pl.lit(0.0), pl.col("count") if "count" in paths.columns else pl.lit(1.0)
    if "conversions" in paths.columns:
        conversions, nulls = pl.col("conversions"), pl.col("nulls") if "nulls" in paths.columns else zero
    elif "converted" in paths.columns:
        converted = pl.col("converted").cast(pl.Boolean)
        conversions, nulls = count * converted, count * ~converted
    elif "nulls" in paths.columns:
        raise PathError("paths with nulls need the column conversions beside it: how many journeys converted")
    else:
        conversions, nulls = count, zero
    value = pl.col("value") if "value" in paths.columns else zero
    amounts = zip(EARNED, (conversions, nulls, value), strict=True)
    counted = paths.with_columns(each.cast(pl.Float64).fill_null(0.0).alias(name) for name, each in amounts)
    if counted.filter((pl.col("conversions") < 0) | (pl.col("nulls") < 0)).height:
        raise PathError("conversions and nulls count journeys, so they are never negative: mend those that are")
    return counted


def _earned(outcomes: pl.DataFrame) -> tuple[Floats, Floats, Floats]:
    conversions, nulls, value = (outcomes[name].to_numpy() for name in EARNED)
    return conversions, nulls, value


def _has_failures(paths: pl.DataFrame) -> bool:
    return "converted" in paths.columns or {"conversions", "nulls"}.issubset(paths.columns)


def _facts(ordered: pl.DataFrame, firsts: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
    facts = {name: ordered[name].to_numpy() for name in TOUCH_FACTS if name in ordered.columns}
    if "age_days" not in facts and "touched_at" in ordered.columns and ordered.schema["touched_at"].is_temporal():
        facts["age_days"] = _ages(ordered, firsts)
    return facts


def _ages(ordered: pl.DataFrame, firsts: npt.NDArray[np.int64]) -> Floats:
    """Days before the conversion, or before the path's last touch where converted_at is missing."""
    touched = ordered["touched_at"].dt.epoch("us").to_numpy()
    ends = np.repeat(np.maximum.reduceat(touched, firsts), np.diff(np.append(firsts, ordered.height)))
    if "converted_at" in ordered.columns:
        ends = ordered["converted_at"].dt.epoch("us").fill_null(pl.Series(ends)).to_numpy()
    ages: Floats = (ends - touched) / MICROSECONDS_PER_DAY
    return ages


def _check_facts(facts: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    if "age_days" in facts and np.isnan(facts["age_days"].astype(np.float64)).any():
        raise PathError("a touch has no age_days: fill it in, or leave the column out and time_decay with it")
    return facts
