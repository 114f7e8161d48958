"""Influences: how much each journey moves the part that a set of placements has of all conversions under Markov.

Here: the derivative of that part by each journey's weight, in closed form, for intervals of totals.
Not here: the totals themselves (markov.py), which journeys there are (reading.py), intervals (campaigns/).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assets.attribution.journeys.markov import Floats, IndexedJourneys, linear_totals


@dataclass(frozen=True, slots=True)
class Chain:
    """A first-order chain over the start (state 0) and the placements (from 1), fitted on journeys.

    moves: chances of going from one to the other; converts: of converting from each; left: how often each was left;
    visits: (I - moves)^-1; chances: of converting sooner or later; earns: placements on some converting journey.
    """

    moves: Floats
    converts: Floats
    left: Floats
    visits: Floats
    chances: Floats
    earns: npt.NDArray[np.bool_]

    @property
    def effects(self) -> Floats:
        """Of each state, what would be lost without it, before division by the chance from the start."""
        derived = self.visits[0] * self.chances / np.diag(self.visits)
        effects: Floats = np.where(self.earns, derived, 0.0)
        return effects


def fit_chain(journeys: IndexedJourneys) -> Chain:
    """The chain whose removal effects markov.removal_effects gives."""
    size = journeys.size + 1
    weights, ends = journeys.conversions + journeys.nulls, journeys.ends
    counts = np.bincount(_before(journeys) * size + journeys.state, weights=weights, minlength=size * size)
    moved = counts.reshape(size, size)
    converted = np.bincount(journeys.state[ends], weights=journeys.conversions[ends], minlength=size)
    ended = np.bincount(journeys.state[ends], weights=weights[ends], minlength=size)
    left = np.maximum(moved.sum(axis=1) + ended, 1e-300)
    visits = np.linalg.inv(np.eye(size) - moved / left[:, None])
    earns = np.concatenate(([False], linear_totals(journeys) > 0))
    return Chain(moved / left[:, None], converted / left, left, visits, visits @ (converted / left), earns)


def share_influences(journeys: IndexedJourneys, chain: Chain, group: npt.NDArray[np.bool_]) -> Floats:
    """By how much each journey moves the share of the placements in ours (one flag per placement, in order).

    The share is S = sum of the removal effects of ours over the sum of all. A journey that came once more changes the
    counts of its own steps, and those the chances: dS/dn_ab = (dS/dp_ab - sum over k of p_ak dS/dp_ak) / n_a. All
    influences sum to 0, because a share does not change when everything doubles.
    Source: the infinitesimal jackknife, Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982), ch. 6.
    """
    to_move, to_convert = _gradients(chain, np.concatenate(([False], group)))
    mean = (chain.moves * to_move).sum(axis=1) + chain.converts * to_convert
    per_move = (to_move - mean[:, None]) / chain.left[:, None]
    per_conversion, per_loss = (to_convert - mean) / chain.left, -mean / chain.left
    ends = journeys.ends
    weights = journeys.conversions + journeys.nulls
    steps = per_move[_before(journeys), journeys.state] * weights
    last = journeys.state[ends]
    closing = per_conversion[last] * journeys.conversions[ends] + per_loss[last] * journeys.nulls[ends]
    derived: Floats = np.add.reduceat(steps, np.flatnonzero(journeys.starts)) + closing
    return derived


def _before(journeys: IndexedJourneys) -> npt.NDArray[np.int64]:
    """The state before each touch: 0 where a journey begins."""
    before: npt.NDArray[np.int64] = np.where(journeys.starts, 0, np.concatenate(([0], journeys.state[:-1])))
    return before


def _gradients(chain: Chain, group: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The derivatives of the share by the chances of moving and of converting, as if each were free.

    An effect is V_0c p_c / V_cc with V = (I - Q)^-1 and p = V r; dV = V dQ V and dp = V dQ p + V dr.
    """
    visits, chances, stays = chain.visits, chain.chances, np.diag(chain.visits)
    effects = chain.effects
    whole = effects.sum()
    weight = np.where(chain.earns, (group - effects[group].sum() / whole) / whole, 0.0)
    by_visit, by_chance = weight * chances / stays, weight * visits[0] / stays
    by_stay = weight * effects / stays
    to_convert = visits.T @ by_chance
    to_move = np.outer(visits[0], visits @ by_visit) + np.outer(to_convert, chances) - (visits.T * by_stay) @ visits.T
    return to_move, to_convert
