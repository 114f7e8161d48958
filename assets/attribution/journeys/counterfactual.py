"""Counterfactual: what a touch adds to the chance of converting, by the same journey without it.

Here: P(conversion | path) - P(conversion | path without the touch), never negative, normalised per path.
Not here: models of one path alone (models.py), removal of a placement from all paths (markov.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from assets.attribution.journeys.exported_paths import IndexedPaths
from assets.attribution.journeys.markov import Floats
from assets.frames import ratio

# Paths without one touch are written out this many touches at a time: a path of n touches has n times n - 1 of them.
TOUCHES_AT_ONCE = 2_000_000

NO_TOUCHES = b""


def counterfactual_credits(paths: IndexedPaths) -> Floats:
    """The credit of each touch, in the order of the paths; on every path they sum to 1.

    Only the touch itself is taken out: what stands beside it stays as it is. A path that nobody took has no chance of
    converting, and neither has no path at all, unless there are journeys without a touch. Where no touch adds anything,
    all goes to the last.
    Source: fractional attribution as in Google's fractribution, where it is called a Shapley value; it is none.
    """
    keys = paths.keys()
    chances, distinct, credited = _credit_once(paths, keys)
    return _hand_out(paths, keys, chances, distinct, credited)


def earned_by_counterfactual(paths: IndexedPaths) -> tuple[Floats, Floats]:
    """Conversions and value of each channel, from the distinct paths alone."""
    chances, distinct, credited = _credit_once(paths, paths.keys())
    size = len(paths.channels)
    conversions, value = (
        np.bincount(distinct.state, credited * distinct.spread(chances[amount].to_numpy()), size).astype(np.float64)
        for amount in ("conversions", "value")
    )
    return conversions, value


def _credit_once(paths: IndexedPaths, keys: pl.Series) -> tuple[pl.DataFrame, IndexedPaths, Floats]:
    """The chances of the distinct paths, these paths, and the credits of their touches."""
    chances = _chances(paths, keys)
    distinct = paths.take(chances["at"].cast(pl.Int64).to_numpy())
    return chances, distinct, _credit_distinct(distinct, chances)


def _chances(paths: IndexedPaths, keys: pl.Series) -> pl.DataFrame:
    """The distinct paths that converted or were paid for: key, at (where one stands), conversions, value, chance."""
    outcomes = pl.DataFrame({"key": keys, "converted": paths.conversions, "failed": paths.nulls, "value": paths.value})
    earning = outcomes.with_row_index("at").filter((pl.col("converted") > 0) | (pl.col("value") != 0))
    converted, failed = pl.col("conversions"), pl.col("nulls")
    return (
        earning.group_by("key", maintain_order=True)
        .agg(pl.col("at").first(), conversions=pl.col("converted").sum(), value=pl.col("value").sum())
        .join(_count_failures(outcomes, earning), on="key", how="left", validate="1:1", maintain_order="left")
        .with_columns(
            chance=pl.when(converted > 0).then(ratio(converted, converted + failed.fill_null(0.0))).otherwise(0.0)
        )
        .sort("key")
    )


def _count_failures(outcomes: pl.DataFrame, earning: pl.DataFrame) -> pl.DataFrame:
    """How many journeys took each of the earning paths and did not convert."""
    failed = outcomes.filter(pl.col("failed") > 0)
    return failed.join(earning, on="key", how="semi").group_by("key").agg(nulls=pl.col("failed").sum())


def _credit_distinct(distinct: IndexedPaths, chances: pl.DataFrame) -> Floats:
    """The credits of the distinct paths' touches."""
    with_touch = distinct.spread(chances["chance"].to_numpy())
    without = np.concatenate([*_chances_without(distinct, chances), np.zeros(0)])
    gain = np.maximum(with_touch - without, 0.0)
    sums = distinct.spread(np.add.reduceat(gain, distinct.firsts)) if len(gain) else gain
    is_last = np.zeros(len(gain))
    is_last[distinct.firsts + distinct.lengths - 1] = 1.0
    normalised: Floats = np.divide(gain, sums, out=is_last, where=sums > 0)
    return normalised


def _chances_without(distinct: IndexedPaths, chances: pl.DataFrame) -> Iterator[Floats]:
    """For each touch the chance of its path without it, a stretch of paths at a time."""
    all_chances = chances.select("key", "chance")
    conversions, nulls = distinct.untouched
    untouched = conversions / (conversions + nulls) if conversions > 0 else 0.0
    all_chances = pl.concat(
        [all_chances, pl.DataFrame({"key": [NO_TOUCHES], "chance": [untouched]}, schema=all_chances.schema)]
    )
    needed = np.cumsum(distinct.lengths * distinct.lengths) // TOUCHES_AT_ONCE
    for stretch in np.split(np.arange(len(needed)), np.flatnonzero(np.diff(needed)) + 1):
        if len(stretch):
            keys = _shortened(distinct.take(stretch)).keys()
            found = keys.to_frame().join(all_chances, on="key", how="left", validate="m:1", maintain_order="left")
            yield found["chance"].fill_null(0.0).to_numpy()


def _shortened(paths: IndexedPaths) -> IndexedPaths:
    """Every path once for each of its touches, without that touch; those of one touch are left empty."""
    touches = len(paths.state)
    lengths = paths.spread(paths.lengths)
    whole = np.repeat(np.arange(touches), lengths)
    copies = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    remaining = copies != np.repeat(paths.numbers() - 1, lengths)
    source = (np.repeat(paths.spread(paths.firsts), lengths) + copies)[remaining]
    shorter = np.bincount(whole[remaining], minlength=touches)
    none = np.zeros(0)
    firsts = np.cumsum(shorter) - shorter
    return IndexedPaths(paths.channels, paths.state[source], firsts, pl.Series([]), none, none, none)


def _hand_out(
    paths: IndexedPaths,
    keys: pl.Series,
    chances: pl.DataFrame,
    distinct: IndexedPaths,
    credited: Floats,
) -> Floats:
    """The credits of the distinct paths on all paths; on those that never converted all goes to the last touch."""
    handed = np.zeros(len(paths.state))
    handed[paths.firsts + paths.lengths - 1] = 1.0
    places = chances.select("key").with_row_index("place")
    place = keys.to_frame().join(places, on="key", how="left", validate="m:1", maintain_order="left")["place"]
    earning = np.flatnonzero(place.is_not_null().to_numpy())
    lengths = paths.lengths[earning]
    along = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    source = distinct.firsts[place.drop_nulls().cast(pl.Int64).to_numpy()]
    handed[np.repeat(paths.firsts[earning], lengths) + along] = credited[np.repeat(source, lengths) + along]
    return handed
