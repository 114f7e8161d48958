"""Intervals: how far an estimate could be from the truth, at 95 %.

Here: the gamma interval for weighted counts, Wilson's for rates, Newcombe's for differences, the log risk ratio.
Not here: which numbers get one (kpis.py), how they are printed (reports).
"""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtri

from assets.facade import renamed_parameters
from assets.frames import ratio
from sql.values import Interval

LEVEL = 0.95
TAIL = (1 - LEVEL) / 2
Z = float(ndtri(1 - TAIL))


def chi2inv(probability: float | NDArray[np.float64], degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles of the chi-squared distribution; degrees of freedom need not be whole.

    scipy.stats has it too, but takes longer to load than the whole asset graph.
    """
    quantiles: NDArray[np.float64] = 2 * gammaincinv(degrees / 2, probability)
    return quantiles


def gamma_bounds(total: pl.Series, squares: pl.Series, largest: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Lower and upper bounds of sums of non-negative weights per household.

    total:   y = sum of x_h;  squares: s2 = sum of x_h^2;  largest: m = max of x_h (1 for a count without any)
    lower:   s2 / (2 y) * chi2inv(0.025, 2 y^2 / s2), 0 where y is 0
    upper:   (s2 + m^2) / (2 (y + m)) * chi2inv(0.975, 2 (y + m)^2 / (s2 + m^2)); null where y and m are 0
    With unit weights it is the exact Poisson interval: nothing seen gives [0, 3.69].
    Source: Fay and Feuer, Statistics in Medicine 16 (1997), 791-801, with the household as unit.
    """
    y, s2, m = (each.cast(pl.Float64).to_numpy() for each in (total, squares, largest))
    with np.errstate(divide="ignore", invalid="ignore"):
        lower = np.where(y > 0, s2 / (2 * y) * chi2inv(TAIL, 2 * y**2 / s2), 0.0)
        spread, mean = s2 + m**2, y + m
        upper = np.where(mean > 0, spread / (2 * mean) * chi2inv(1 - TAIL, 2 * mean**2 / spread), np.nan)
    return _series("lower", lower), _series("upper", upper)


def _series(name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> pl.Series:
    return pl.Series(name, values, dtype=pl.Float64).fill_nan(None)


def wilson_bounds(successes: pl.Expr, trials: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Lower and upper bounds of a rate; null without trials. Source: Wilson, JASA 22 (1927), 209-212."""
    n = pl.when(trials > 0).then(trials.cast(pl.Float64))
    rate = ratio(successes, n)
    centre = ratio(rate + Z**2 / (2 * n), 1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * (ratio(rate * (1 - rate), n) + Z**2 / (4 * n**2)).sqrt()
    lower = pl.max_horizontal(pl.min_horizontal(centre - half, rate), 0.0)
    upper = pl.min_horizontal(pl.max_horizontal(centre + half, rate), 1.0)
    return pl.when(trials > 0).then(lower), pl.when(trials > 0).then(upper)


def wilson(successes: float, trials: float) -> Interval:
    """A rate with Wilson's interval, for single numbers."""
    rate = successes / trials
    centre = (rate + Z**2 / (2 * trials)) / (1 + Z**2 / trials)
    half = Z / (1 + Z**2 / trials) * sqrt(rate * (1 - rate) / trials + Z**2 / (4 * trials**2))
    return Interval(rate, max(0.0, min(centre - half, rate)), min(1.0, max(centre + half, rate)))


@renamed_parameters(base_successes="control_successes", base_trials="control_trials")
def newcombe(successes: float, trials: float, control_successes: float, control_trials: float) -> Interval:
    """The difference of two independent rates. Source: Newcombe, Statistics in Medicine 17 (1998), 873-890."""
    treated, control = wilson(successes, trials), wilson(control_successes, control_trials)
    difference = treated.estimate - control.estimate
    below = sqrt((treated.estimate - _bound(treated.lower)) ** 2 + (_bound(control.upper) - control.estimate) ** 2)
    above = sqrt((_bound(treated.upper) - treated.estimate) ** 2 + (control.estimate - _bound(control.lower)) ** 2)
    return Interval(difference, difference - below, difference + above)


def _bound(value: float | None) -> float:
    return 0.0 if value is None else value


@renamed_parameters(base_successes="control_successes", base_trials="control_trials")
def relative_lift(successes: float, trials: float, control_successes: float, control_trials: float) -> Interval | None:
    """Risk ratio less 1, with the interval of its logarithm; None where either group has no successes.

    Source: Katz et al., Biometrics 34 (1978), 469-474.
    """
    if successes == 0 or control_successes == 0:
        return None
    ratio = (successes / trials) / (control_successes / control_trials)
    error = sqrt(1 / successes - 1 / trials + 1 / control_successes - 1 / control_trials)
    return Interval(ratio - 1, exp(log(ratio) - Z * error) - 1, exp(log(ratio) + Z * error) - 1)
