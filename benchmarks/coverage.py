"""Coverage: how often the intervals that are printed hold the truth, on draws whose truth is known.

Here: `python -m benchmarks.coverage` draws orders of even to heavy-tailed values, and prints for each interval and
number of orders the share of draws whose interval holds the expectation: the table of docs/attribution.md.
Not here: the intervals (assets/campaigns/results), a database, whether credit is cause (causal.py).

Households come by a Poisson law, as in a campaign that is run again under the same conditions. Draws of fewer than five
orders are left out, as their money has no interval, and drawn again.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.campaigns.results.incrementality import Side, incremental_value
from assets.campaigns.results.intervals import gamma_bounds, newcombe, relative_lift, wilson
from assets.campaigns.results.money_bounds import Sums, average_bounds, total_bounds
from assets.campaigns.results.power import smallest_lift
from reports.thresholds import FEWEST_FOR_RATIOS
from sql.values import Interval

Floats = NDArray[np.float64]
Chance = np.random.Generator

SEED = 20_261_129
DRAWS = 16_000
# Rows of orders in memory at once.
MOST_ORDERS = 4_000_000

ORDERS = (5, 7, 10, 20, 30, 40, 60, 100, 1_000)


@dataclass(frozen=True, slots=True)
class Values:
    """What households spend: money(chance, how many) of each, with its mean, and the orders that it is spent in."""

    name: str
    mean: float
    money: Callable[[Chance, int], Floats]
    orders: Callable[[Chance, int], Floats] | None = None
    orders_mean: float = 1.0

    def draw(self, chance: Chance, households: int) -> tuple[Floats, Floats]:
        """Money and orders of each household; an order's value does not depend on how many there are."""
        money = self.money(chance, households)
        if self.orders is None:
            return money, np.ones(households)
        orders = self.orders(chance, households)
        return money * orders, orders


def lognormal(sigma: float) -> Values:
    """Orders whose logarithm has this standard deviation: 1.5 is a shop with a few wholesale buyers."""
    mean = float(np.exp(sigma**2 / 2))
    return Values(f"lognormal, sigma {sigma:g}", mean, lambda chance, n: chance.lognormal(0.0, sigma, n))


def _rare(share: float, name: str) -> Values:
    """Orders of about one price, and a share of them ten times as large."""

    def money(chance: Chance, n: int) -> Floats:
        sizes: Floats = np.where(chance.random(n) < share, 10.0, 1.0) * chance.lognormal(0.0, 0.3, n)
        return sizes

    return Values(name, (1 + 9 * share) * float(np.exp(0.045)), money)


def _three_prices(chance: Chance, n: int) -> Floats:
    prices: Floats = chance.choice(np.array([20.0, 45.0, 120.0]), n, p=[0.6, 0.3, 0.1])
    return prices


def _shared(chance: Chance, n: int) -> Floats:
    credit: Floats = chance.choice(np.array([1.0, 0.5, 0.25]), n)
    return credit


EVEN = Values("even, from 20 to 120", 70.0, lambda chance, n: chance.uniform(20.0, 120.0, n))
HEAVY = lognormal(1.5)
VALUES = (
    Values("one price, within 10 %", 50.0, lambda chance, n: chance.normal(50.0, 5.0, n)),
    EVEN,
    Values("20, 45 or 120", 37.5, _three_prices),
    Values("exponential", 1.0, lambda chance, n: chance.exponential(1.0, n)),
    Values("gamma, shape 0.5", 0.5, lambda chance, n: chance.gamma(0.5, 1.0, n)),
    lognormal(0.5),
    lognormal(1.0),
    HEAVY,
    lognormal(2.0),
    Values("Pareto, index 2.5", 2.5 / 1.5, lambda chance, n: 1 + chance.pareto(2.5, n)),
    _rare(0.1, "one in ten is ten times as large"),
    _rare(0.05, "one in twenty is ten times as large"),
    Values(
        "lognormal, sigma 1, households come again",
        float(np.exp(0.5)),
        lambda chance, n: chance.lognormal(0.0, 1.0, n),
        lambda chance, n: (1 + chance.poisson(0.5, n)).astype(np.float64),
        1.5,
    ),
    Values("lognormal, sigma 1.5, shared credit", HEAVY.mean, HEAVY.money, _shared, 1.75 / 3),
)


def sums_of(values: Values, expected: float, draws: int, chance: Chance, fewest: int = FEWEST_FOR_RATIOS) -> Sums:
    """The sums over households of so many draws, with as many households expected in each, and at least the fewest."""
    parts: list[Sums] = []
    # Of draws of five expected orders, nearly half have fewer.
    step = min(2 * draws, max(1, int(MOST_ORDERS / expected)))
    while sum(len(part.total) for part in parts) < draws:
        households = chance.poisson(expected, step)
        households = households[households >= fewest]
        parts.append(_sums(values, households, chance))
    columns = ("households", "total", "squares", "count", "count_squares", "products")
    return Sums(*(np.concatenate([getattr(part, name) for part in parts])[:draws] for name in columns))


def _sums(values: Values, households: NDArray[np.int64], chance: Chance) -> Sums:
    money, orders = values.draw(chance, int(households.sum()))
    ends = np.cumsum(households)
    added = (money, money**2, orders, orders**2, money * orders)
    return Sums(households.astype(np.float64), *(_between(each, ends) for each in added))


def _between(added: Floats, ends: NDArray[np.int64]) -> Floats:
    sums: Floats = np.diff(np.concatenate([[0.0], np.concatenate([[0.0], np.cumsum(added)])[ends]]))
    return sums


def share_held(bounds: tuple[Floats, Floats], truth: float) -> float:
    """The share of intervals that hold the truth, up to the last bits of a float."""
    lower, upper = bounds
    slack = 1e-9 * abs(truth)
    return float(((lower - slack <= truth) & (truth <= upper + slack)).mean())


def hold_average(values: Values, expected: float, draws: int, chance: Chance) -> float:
    """Revenue per conversion."""
    return share_held(average_bounds(sums_of(values, expected, draws, chance)), values.mean)


def hold_total(values: Values, expected: float, draws: int, chance: Chance) -> float:
    """Revenue; so return on ad spend and on investment, which divide it by what is known."""
    sums = sums_of(values, expected, draws, chance)
    return share_held(total_bounds(sums.total, sums.squares), expected * values.mean * values.orders_mean)


def hold_count(worths: Sequence[float], expected: float, draws: int, chance: Chance) -> float:
    """Credit of households that are worth one of these each; so costs, which divide what is known by it."""
    counts = chance.poisson(expected / len(worths), (draws, len(worths)))
    worth = np.array(worths)
    largest = np.where(counts > 0, worth, 0).max(axis=1)
    largest = np.where(largest > 0, largest, worth.max())
    bounds = gamma_bounds(pl.Series(counts @ worth), pl.Series(counts @ worth**2), pl.Series(largest))
    return share_held((bounds[0].to_numpy(), bounds[1].to_numpy()), expected * float(worth.mean()))


@dataclass(frozen=True, slots=True)
class Holdout:
    """So many households that got the ads and that did not, of which this share orders anyway, and the true lift."""

    treated: int
    control: int
    rate: float
    lift: float

    @property
    def name(self) -> str:
        orders = f"{self.treated * self.rate * (1 + self.lift):,.0f} and {self.control * self.rate:,.0f} orders"
        return f"{self.treated:,} and {self.control:,} households, {orders}"


HOLDOUTS = (
    Holdout(20_000, 2_000, 0.005, 0.3),
    Holdout(20_000, 2_000, 0.005, 0.0),
    Holdout(10_000, 10_000, 0.005, 0.2),
    Holdout(2_000, 8_000, 0.01, 0.5),
    Holdout(20_000, 5_000, 0.02, 0.25),
    Holdout(50_000, 5_000, 0.02, 0.1),
)


def hold_incremental(values: Values, holdout: Holdout, draws: int, chance: Chance) -> float:
    """Incremental value; so iROAS, which divides it by what is known."""
    shares = (holdout.rate * (1 + holdout.lift), holdout.rate)
    sides = [
        (size, sums_of(values, size * share, draws, chance))
        for size, share in zip((holdout.treated, holdout.control), shares, strict=True)
    ]
    found = [
        incremental_value(*(Side(size, *each) for (size, _), each in zip(sides, rows, strict=True)))
        for rows in zip(
            *(zip(each.households, each.total, each.squares, strict=True) for _, each in sides), strict=True
        )
    ]
    return _held(found, holdout.treated * holdout.rate * holdout.lift * values.mean)


def _held(found: Sequence[Interval | None], truth: float) -> float:
    bounds = [(each.lower, each.upper) for each in found if each is not None]
    lower, upper = np.array(bounds, dtype=np.float64).T
    return share_held((lower, upper), truth) * len(bounds) / len(found)


def hold_rates(holdout: Holdout, draws: int, chance: Chance) -> dict[str, float]:
    """The control rate, the difference of rates and the relative lift; and how often the smallest lift is found."""
    n, m, rate, lift = holdout.treated, holdout.control, holdout.rate, holdout.lift
    ours, base = chance.binomial(n, rate * (1 + lift), draws), chance.binomial(m, rate, draws)
    pairs = list(zip(ours.tolist(), base.tolist(), strict=True))
    smallest = smallest_lift(rate, n, m) or 0.0
    found = [
        relative_lift(x, n, y, m)
        for x, y in zip(chance.binomial(n, rate * (1 + smallest), draws).tolist(), base.tolist(), strict=True)
    ]
    return {
        "rate": _held([wilson(y, m) for _, y in pairs], rate),
        "difference": _held([newcombe(x, n, y, m) for x, y in pairs], rate * lift),
        "relative lift": _held([relative_lift(x, n, y, m) for x, y in pairs], lift),
        "smallest detectable lift, found": sum(each is not None and (each.lower or 0.0) > 0 for each in found) / draws,
    }


CREDITS = {
    "one each": (1.0,),
    "shared by up to four": (1.0, 0.5, 1 / 3, 0.25),
    "by position": (0.2, 0.4, 0.6),
}


def tables(draws: int = DRAWS, seed: int = SEED) -> Iterator[str]:
    """The tables in Markdown, in per cent."""
    chance = np.random.default_rng(seed)
    heads = [f"{orders:,} orders" for orders in ORDERS]
    counted = ((name, (hold_count(worths, n, draws, chance) for n in ORDERS)) for name, worths in CREDITS.items())
    yield _table("conversions, modelled conversions, CPA, CPL, CPV", heads, counted)
    for title, hold in (("revenue, ROAS, ROI", hold_total), ("AOV", hold_average)):
        yield _table(title, heads, ((each.name, (hold(each, n, draws, chance) for n in ORDERS)) for each in VALUES))
    rated = [hold_rates(each, draws, chance) for each in HOLDOUTS]
    rates = ((each.name, row.values()) for each, row in zip(HOLDOUTS, rated, strict=True))
    yield _table("holdout", list(rated[0]), rates)
    of_holdout = (EVEN, VALUES[2], VALUES[3], lognormal(1.0), HEAVY, lognormal(2.0))
    lines = ((each.name, [hold_incremental(v, each, draws, chance) for v in of_holdout]) for each in HOLDOUTS)
    yield _table("iROAS", [each.name for each in of_holdout], lines)


def _table(title: str, heads: Sequence[str], rows: Iterable[tuple[str, Iterable[float]]]) -> str:
    lines = [f"| {title} | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    lines += [f"| {name} | {' | '.join(f'{100 * share:.1f}' for share in shares)} |" for name, shares in rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=DRAWS, help="for each number")
    chosen = parser.parse_args()
    for table in tables(chosen.draws):
        print(table, flush=True)


if __name__ == "__main__":
    main()
