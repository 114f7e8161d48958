"""Money bounds: intervals of totals, averages and differences of amounts of which a few may be large.

Here: bounds that also hold where a rare large order was not seen yet, and the constants that measurement gave them.
Not here: bounds of counts and rates (intervals.py), how often these hold the truth (benchmarks/coverage.py).

Few orders seldom have the largest among them, so their mean and their spread are too small together, and an interval
made of the two ends too low. Therefore upper bounds are those of the orders with one more, larger one, on a scale that
bends upwards: where e is the relative error with that order, exp(q e + b (q e)^2) times the value with it. The size of
the order is a multiple of squares / total, the size of the order in which an average unit of money came. Both
constants are chosen by measurement, for totals and for averages; all of it fades as orders grow in number.

Such an upper bound is seldom missed by few orders. What it leaves of the 5 % goes to the lower bound: with s times the
standard error between the value and the value with the order, misses above are about as frequent as a normal deviate
beyond 1.96 + s, and the lower bound may be missed in the rest, up to 4.5 %. With many orders both have their 2.5 %.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit

from assets.campaigns.results.intervals import TAIL, Z, chi2inv

Floats = NDArray[np.float64]
Bounds = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Unseen:
    """The order that may come next. times: its size in squares / total; bend: b above."""

    times: float
    bend: float

    def above(self, value: Floats, deviation: Floats) -> Floats:
        """The upper bound of a value that holds the order already. deviation: q e."""
        return value * np.exp(deviation + self.bend * deviation**2)

    def lower_tail(self, total: Floats, squares: Floats) -> Floats:
        """How often the lower bound may be missed: 5 % less what is missed above, and no more than MOST_BELOW."""
        standard_errors = self.times * np.sqrt(squares) / total
        tail: Floats = np.minimum(2 * TAIL - ndtr(-(Z + standard_errors)), MOST_BELOW)
        return tail


# How often each pair holds the truth: docs/attribution.md. Of those tried, narrow ones that hold it in 93 to 99 of 100
# draws of even, gamma, Pareto and lognormal (up to sigma 2) values, and of such with a few ten times as large, from 5
# orders on. An average needs the largest order: without one its even values have no spread, where a total has that of
# its count.
OF_TOTALS = Unseen(times=3.0, bend=0.5)
OF_AVERAGES = Unseen(times=7.0, bend=0.25)
OF_DIFFERENCES = Unseen(times=2.5, bend=0.5)

# By measurement too: even values err below as often as they may, and values of which a few are large stand far from it.
MOST_BELOW = 0.045
BEND_BELOW = 0.1


def total_bounds(total: ArrayLike, squares: ArrayLike, next_order: Unseen = OF_TOTALS) -> Bounds:
    """Bounds of sums of amounts of so many households as came by chance; NaN where the total is not positive.

    total: y = sum of x_h; squares: s2 = sum of x_h^2; 1-d arrays or numbers
    lower: as gamma_bounds (Fay and Feuer 1997), s2 / (2 y) * chi2inv(Unseen.lower_tail, 2 y^2 / s2)
    upper: with w = times * s2 / y and d = 1.96 sqrt(s2 + w^2) / (y + w): (y + w) * exp(d + bend * d^2)
    """
    y, s2 = _positive(total), np.asarray(squares, dtype=np.float64)
    lower = s2 / (2 * y) * chi2inv(next_order.lower_tail(y, s2), 2 * y**2 / s2)
    unseen = next_order.times * s2 / y
    deviation = Z * np.sqrt(s2 + unseen**2) / (y + unseen)
    return lower, next_order.above(y + unseen, deviation)


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over so many households of their money x and their orders c (credit): x, x^2, c, c^2, x c."""

    households: Floats
    total: Floats
    squares: Floats
    count: Floats
    count_squares: Floats
    products: Floats

    def with_unseen(self, times: float) -> Sums:
        """With one more household, of the order's size and of the average order's credit."""
        money, credit = times * self.squares / self.total, self.count_squares / self.count
        return Sums(
            self.households + 1,
            self.total + money,
            self.squares + money**2,
            self.count + credit,
            self.count_squares + credit**2,
            self.products + money * credit,
        )

    def average(self) -> Floats:
        return self.total / self.count

    def deviation(self, tail: ArrayLike = TAIL) -> Floats:
        """Student's t times the average's relative error: that of a ratio, Cochran, Sampling Techniques (1977), 6.4."""
        mean, size = self.average(), self.households
        off = np.maximum(self.squares - 2 * mean * self.products + mean**2 * self.count_squares, 0.0)
        error = np.sqrt(off * size / (size - 1)) / self.count
        quantile: Floats = stdtrit(size - 1, 1 - np.asarray(tail))
        return quantile * error / mean


def average_bounds(sums: Sums) -> Bounds:
    """Bounds of total / count, such as revenue per conversion; NaN where it is not positive, or of one household.

    lower: the average times exp(-d / (1 + BEND_BELOW d)), where d is Sums.deviation at Unseen.lower_tail
    upper: with one more order of times * s2 / y, the average times exp(d + bend * d^2), where d is that at 2.5 %
    """
    seen = replace(sums, total=_positive(sums.total))
    with np.errstate(divide="ignore", invalid="ignore"):
        below = seen.deviation(OF_AVERAGES.lower_tail(seen.total, seen.squares))
        lower = seen.average() * np.exp(-below / (1 + BEND_BELOW * below))
        more = seen.with_unseen(OF_AVERAGES.times)
        upper = OF_AVERAGES.above(more.average(), more.deviation())
    return lower, np.where(np.isnan(lower), np.nan, upper)


def _positive(total: ArrayLike) -> Floats:
    values = np.asarray(total, dtype=np.float64)
    return np.where(values > 0, values, np.nan)
