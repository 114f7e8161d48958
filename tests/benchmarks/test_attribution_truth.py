"""Intervals against the truth: on simulated draws whose truth is known, they cover it as often as they say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from assets.campaigns.results.incrementality import Side, incremental_value
from assets.campaigns.results.intervals import gamma_bounds, newcombe, relative_lift

DRAWS = 2_000
FEWEST = 30

# How often a 95 % interval may cover its truth: gamma intervals and those of money err on the safe side, Newcombe's do
# not.
GAMMA_SHARE = (0.93, 0.99)
LIFT_SHARE = (0.93, 0.97)


def gamma_coverage(expected: float, worths: tuple[float, ...], chances: tuple[float, ...], seed: int) -> float:
    """The share of draws whose interval holds the expectation.

    Households respond by a Poisson law; each is worth one of these credits with these chances. Draws with fewer than
    30 conversions are left out, as the product marks them, and drawn again.
    """
    generator = np.random.default_rng(seed)
    worth = np.array(worths)
    counts = np.empty((0, len(worths)))
    while len(counts) < DRAWS:
        drawn = generator.poisson(expected * np.array(chances), (DRAWS, len(worths)))
        counts = np.vstack([counts, drawn[drawn.sum(axis=1) >= FEWEST]])
    counts = counts[:DRAWS]
    largest = np.where(counts > 0, worth, 0).max(axis=1)
    lower, upper = gamma_bounds(pl.Series(counts @ worth), pl.Series(counts @ worth**2), pl.Series(largest))
    truth = expected * float(np.dot(worth, chances))
    return float(((lower.to_numpy() <= truth) & (truth <= upper.to_numpy())).mean())


@pytest.mark.parametrize("expected", [60, 200, 1000])
@pytest.mark.parametrize(
    ("worths", "chances"),
    [
        ((1.0,), (1.0,)),
        ((1.0, 0.5, 1 / 3, 0.25), (0.4, 0.3, 0.2, 0.1)),
        ((0.2, 0.4, 0.6), (0.5, 0.3, 0.2)),
        ((2000.0, 4500.0, 12_000.0), (0.6, 0.3, 0.1)),
    ],
    ids=["unit credits", "fractional credits", "position credits", "amounts of money"],
)
def test_gamma_intervals_cover_their_expectation(
    expected: float, worths: tuple[float, ...], chances: tuple[float, ...]
) -> None:
    assert GAMMA_SHARE[0] <= gamma_coverage(expected, worths, chances, seed=20_260_301) <= GAMMA_SHARE[1]


def holdout_draws(households: int, base: int, rate: float, lift: float, seed: int) -> np.ndarray:
    """Responders on both sides of a lot, for every draw: one row each."""
    generator = np.random.default_rng(seed)
    return np.column_stack(
        [generator.binomial(households, rate * (1 + lift), DRAWS), generator.binomial(base, rate, DRAWS)]
    )


@pytest.mark.parametrize(
    ("households", "base", "rate", "lift"),
    [(20_000, 5_000, 0.02, 0.25), (8_000, 8_000, 0.05, 0.10), (30_000, 3_000, 0.04, 0.0)],
)
def test_holdout_lift_covers_the_true_effect(households: int, base: int, rate: float, lift: float) -> None:
    difference = relative = 0
    for ours, theirs in holdout_draws(households, base, rate, lift, seed=20_260_302).tolist():
        points = newcombe(ours, households, theirs, base)
        ratio = relative_lift(ours, households, theirs, base)
        difference += points.lower <= rate * lift <= points.upper  # type: ignore[operator]
        relative += ratio is not None and ratio.lower <= lift <= ratio.upper  # type: ignore[operator]
    assert LIFT_SHARE[0] <= difference / DRAWS <= LIFT_SHARE[1]
    assert LIFT_SHARE[0] <= relative / DRAWS <= LIFT_SHARE[1]


def test_incremental_value_covers_what_was_really_added() -> None:
    """Households that respond pay 20.00, 45.00 or 120.00; one in four is held out."""
    generator = np.random.default_rng(20_260_303)
    worth, mix = np.array([2000.0, 4500.0, 12_000.0]), np.array([0.6, 0.3, 0.1])
    sides = [(20_000, 0.025), (5_000, 0.020)]
    drawn = [generator.poisson(size * rate * mix, (DRAWS, 3)) for size, rate in sides]
    truth = 20_000 * 0.005 * float(worth @ mix)
    covered = 0
    for ours, theirs in zip(*drawn, strict=True):
        reached, base = (
            Side(size, float(counts.sum()), float(counts @ worth), float(counts @ worth**2))
            for counts, (size, _) in zip((ours, theirs), sides, strict=True)
        )
        added = incremental_value(reached, base)
        covered += added.lower <= truth <= added.upper  # type: ignore[operator]
    assert GAMMA_SHARE[0] <= covered / DRAWS <= GAMMA_SHARE[1]
