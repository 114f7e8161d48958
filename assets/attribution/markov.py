"""Markov: what each placement is worth to a whole set of journeys, by how many conversions would be lost without it.

Here: the exact removal effects of a first-order chain, all from one matrix inversion, and the totals made of them.
Not here: credits per conversion (models.py): this model gives totals per placement only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

# Fewer conversions than this are too few to learn transitions from: totals are those of the linear model, and say so.
FEWEST_CONVERSIONS = 300

Matrix = npt.NDArray[np.float64]


def markov_totals(journeys: pl.DataFrame, fewest_conversions: int = FEWEST_CONVERSIONS) -> pl.DataFrame:
    """The conversions that each placement earns over all journeys of one sponsor and goal kind.

    journeys: journey_id, touch_no, placement_id, converted (the same on all touches of a journey), count (how many
              journeys like this there are)
    returns:  placement_id, removal_effect, share, conversions, fitted_by (markov, or linear where there are fewer than
              fewest_conversions), in the order of placements. The conversions sum to the journeys' conversions.

    Removing a placement sends its journeys to null. With N = (I - Q)^-1 over the placements and p the probabilities of
    converting from each, its effect is N[start, c] / N[c, c] * p_c / p_start. A placement on no converting journey
    earns nothing. Source: Anderl et al., International Journal of Research in Marketing 33 (2016), 457-474.
    """
    ordered = journeys.sort("journey_id", "touch_no")
    lasts = ordered.group_by("journey_id", maintain_order=True).last()
    conversions = float(lasts.filter("converted")["count"].sum())
    linear = _linear_totals(ordered)
    if conversions < max(fewest_conversions, 1):
        return _told(linear, linear["earned"], linear["earned"], "linear")
    effects = np.where(linear["earned"].to_numpy() > 0, _removal_effects(ordered, linear["placement_id"]), 0.0)
    shares = effects / effects.sum()
    return _told(linear, pl.Series(effects), pl.Series(shares * conversions), "markov")


def _linear_totals(ordered: pl.DataFrame) -> pl.DataFrame:
    """Each placement's conversions under the linear model, zeros included."""
    part = pl.col("count") * pl.col("converted") / pl.len().over("journey_id")
    return (
        ordered.with_columns(part=part)
        .group_by("placement_id", maintain_order=True)
        .agg(earned=pl.col("part").sum())
        .sort("placement_id")
    )


def _told(placements: pl.DataFrame, effects: pl.Series, earned: pl.Series, fitted_by: str) -> pl.DataFrame:
    known = pl.lit(None, dtype=pl.Float64) if fitted_by == "linear" else effects.alias("removal_effect")
    total = float(earned.sum())
    return placements.select("placement_id").with_columns(
        known.alias("removal_effect"),
        (earned / total if total else earned).alias("share"),
        earned.alias("conversions"),
        pl.lit(fitted_by).alias("fitted_by"),
    )


def _removal_effects(ordered: pl.DataFrame, placements: pl.Series) -> Matrix:
    """The share of all conversions that goes with each placement. State 0 is the start, state i the i-th placement."""
    states = pl.DataFrame({"placement_id": placements}).with_row_index("state", offset=1)
    touched = ordered.join(states, on="placement_id", validate="m:1", maintain_order="left")
    steps = touched.with_columns(before=pl.col("state").shift(1).over("journey_id").fill_null(0))
    size = placements.len() + 1
    moves = np.zeros((size, size))
    for before, after, count in _sums(steps, ["before", "state"]):
        moves[before, after] = count
    ends = touched.group_by("journey_id", maintain_order=True).last()
    converted, all_ends = np.zeros(size), np.zeros(size)
    for state, count in _sums(ends.filter("converted"), ["state"]):
        converted[state] = count
    for state, count in _sums(ends, ["state"]):
        all_ends[state] = count
    left = moves.sum(axis=1) + all_ends
    visits = np.linalg.inv(np.eye(size) - moves / left[:, None])
    chances = visits @ (converted / left)
    effects: Matrix = visits[0, 1:] / np.diag(visits)[1:] * chances[1:] / chances[0]
    return effects


def _sums(frame: pl.DataFrame, by: list[str]) -> list[tuple[int, ...]]:
    return frame.group_by(by).agg(pl.col("count").sum()).rows()
