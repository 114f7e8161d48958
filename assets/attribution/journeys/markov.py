"""Markov: removal effects: the share of conversions that a set of journeys would not have without each placement.

Here: the exact removal effects of a first-order chain, all from one matrix inversion, and the totals made of them.
Not here: credits per conversion (models.py): this model gives totals per placement only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class IndexedJourneys:
    """Touches in the order of their journeys, as arrays of one length.

    state: the placement, from 1; starts: where a journey begins; conversions, nulls: how many journeys like this one
    converted or did not, the same on all touches of a journey. size: how many placements there are.
    """

    state: Places
    starts: npt.NDArray[np.bool_]
    conversions: Floats
    nulls: Floats
    size: int

    @property
    def ends(self) -> npt.NDArray[np.bool_]:
        """Where a journey has its last touch."""
        return np.roll(self.starts, -1)


def with_states(ordered: pl.DataFrame, column: str) -> pl.DataFrame:
    """Adds state: the place of the column's value among its sorted values, from 1."""
    values = ordered.select(pl.col(column).unique().sort())
    if values.schema[column] == pl.String:
        codes = pl.col(column).cast(pl.Enum(values[column])).to_physical()
        return ordered.with_columns(state=codes.cast(pl.UInt32) + 1)
    states = values.with_row_index("state", offset=1)
    return ordered.join(states, on=column, validate="m:1", maintain_order="left")


def index_journeys(ordered: pl.DataFrame, size: int) -> IndexedJourneys:
    """ordered: state (from 1 to size), touch_no, conversions, nulls, in the order of journeys."""
    return IndexedJourneys(
        ordered["state"].cast(pl.Int64).to_numpy(),
        (ordered["touch_no"] == 1).to_numpy(),
        ordered["conversions"].cast(pl.Float64).to_numpy(),
        ordered["nulls"].cast(pl.Float64).to_numpy(),
        size,
    )


def linear_totals(journeys: IndexedJourneys) -> Floats:
    """Each placement's conversions under the linear model."""
    firsts = np.flatnonzero(journeys.starts)
    lengths = np.diff(np.append(firsts, len(journeys.state)))
    parts = journeys.conversions / np.repeat(lengths, lengths)
    totals: Floats = np.bincount(journeys.state - 1, weights=parts, minlength=journeys.size).astype(np.float64)
    return totals


def removal_effects(journeys: IndexedJourneys, unearning: bool = False) -> Floats:
    """The share of all conversions that goes with each placement, as an array of journeys.size.

    Removing a placement sends its journeys to null. State 0 is the start, state i the i-th placement. With
    N = (I - Q)^-1 over the placements and p the probabilities of converting from each, the effect of placement c is
    N[start, c] / N[c, c] * p_c / p_start. A placement on no converting journey earns nothing. Source: Anderl et al.,
    International Journal of Research in Marketing 33 (2016), 457-474.

    unearning: placements on no converting journey keep the effect that the chain gives them, instead of 0.
    """
    size = journeys.size + 1
    move = np.roll(journeys.state, 1) * size
    move[journeys.starts] = 0
    move += journeys.state
    weights = journeys.conversions + journeys.nulls
    moves = np.bincount(move, weights=weights, minlength=size * size).reshape(size, size)
    ends = journeys.ends
    converted = np.bincount(journeys.state[ends], weights=journeys.conversions[ends], minlength=size)
    ended = np.bincount(journeys.state[ends], weights=weights[ends], minlength=size)
    left = moves.sum(axis=1) + ended
    passed = np.where(left > 0, left, 1.0)
    visits = np.linalg.inv(np.eye(size) - moves / passed[:, None])
    chances = visits @ (converted / passed)
    effects = visits[0, 1:] / np.diag(visits)[1:] * chances[1:] / chances[0]
    earns = np.isin(np.arange(1, size), journeys.state[journeys.conversions > 0])
    earned: Floats = effects if unearning else np.where(earns, effects, 0.0)
    return earned
