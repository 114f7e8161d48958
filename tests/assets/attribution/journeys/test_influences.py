"""How much a journey moves a share, against the share of the same journeys with one of them heavier."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.attribution.journeys.influences import fit_chain, share_influences
from assets.attribution.journeys.markov import IndexedJourneys, index_journeys, removal_effects
from assets.campaigns.results.intervals import gamma_bounds

SIZE = 4
STEP = 1e-5

Journey = tuple[list[int], bool]
journeys_of = st.lists(
    st.tuples(st.lists(st.integers(1, SIZE), min_size=1, max_size=4), st.booleans()), min_size=3, max_size=20
).filter(lambda all_journeys: any(converted for _, converted in all_journeys))


def indexed(journeys: list[Journey], heavier: int | None = None) -> IndexedJourneys:
    rows = [
        (number, state, float(converted) * weight, float(not converted) * weight)
        for journey, (states, converted) in enumerate(journeys)
        for weight in [1 + STEP if journey == heavier else 1.0]
        for number, state in enumerate(states, 1)
    ]
    return index_journeys(pl.DataFrame(rows, schema=["touch_no", "state", "conversions", "nulls"], orient="row"), SIZE)


def share(journeys: list[Journey], group: np.ndarray, heavier: int | None = None) -> float:
    effects = removal_effects(indexed(journeys, heavier))
    return float(effects[group].sum() / effects.sum())


@settings(max_examples=25, deadline=None)
@given(journeys=journeys_of, flags=st.lists(st.booleans(), min_size=SIZE, max_size=SIZE))
def test_an_influence_is_what_a_heavier_journey_moves(journeys: list[Journey], flags: list[bool]) -> None:
    group = np.array(flags)
    result = indexed(journeys)
    influences = share_influences(result, fit_chain(result), group)
    moved = [(share(journeys, group, at) - share(journeys, group)) / STEP for at in range(len(journeys))]
    assert influences == pytest.approx(moved, abs=1e-3)
    assert influences.sum() == pytest.approx(0, abs=1e-9)


def test_the_chain_is_the_one_that_gives_the_removal_effects() -> None:
    result = indexed([([1, 2], True), ([2], False), ([3, 1], True), ([4], False)])
    chain = fit_chain(result)
    assert chain.effects[1:] / chain.chances[0] == pytest.approx(removal_effects(result))


# The paths that households take, how many of them do on average, and how many of those convert.
TAKEN = (
    ([1], 900, 0.2),
    ([2], 600, 0.1),
    ([1, 2], 300, 0.3),
    ([3], 500, 0.05),
    ([3, 1], 200, 0.4),
    ([2, 3, 1], 100, 0.5),
)
DRAWS = 1_000


def counted(counts: np.ndarray) -> IndexedJourneys:
    """counts: of each of TAKEN, first those that convert, then those that do not."""
    rows = [
        (number, state, float(won), float(count - won))
        for (states, *_), kinds in zip((*TAKEN, *TAKEN), _kinds(counts), strict=True)
        for count, won in [kinds]
        for number, state in enumerate(states, 1)
    ]
    return index_journeys(pl.DataFrame(rows, schema=["touch_no", "state", "conversions", "nulls"], orient="row"), 3)


def _kinds(counts: np.ndarray) -> list[tuple[float, float]]:
    half = len(TAKEN)
    return [(float(each), float(each) if at < half else 0.0) for at, each in enumerate(counts)]


@pytest.mark.parametrize("group", [[True, False, False], [False, False, True], [False, True, True]])
def test_intervals_from_influences_cover_the_expected_total(group: list[bool]) -> None:
    """Households come by a Poisson law. Taking the fitted share as exact would cover the second in 3 of 4 draws."""
    flags = np.array(group)
    expected = np.array([size * rate for _, size, rate in TAKEN] + [size * (1 - rate) for _, size, rate in TAKEN])
    generator = np.random.default_rng(20_260_310)
    retained = []
    for counts in generator.poisson(expected, (DRAWS, len(expected))):
        journeys_drawn = counted(counts)
        chain = fit_chain(journeys_drawn)
        part, total = float(chain.effects[1:][flags].sum() / chain.effects.sum()), counts[: len(TAKEN)].sum()
        won = np.concatenate([counts[: len(TAKEN)], np.zeros(len(TAKEN))])
        added = part * won + total * share_influences(journeys_drawn, chain, flags)
        per_home = added / np.maximum(counts, 1)
        retained.append((part * total, float((per_home**2 * counts).sum()), float(per_home.max())))
    drawn = pl.DataFrame(retained, schema=["total", "squares", "largest"], orient="row").with_columns(
        largest=pl.max_horizontal("largest", pl.col("squares") / pl.col("total"))
    )
    lower, upper = gamma_bounds(drawn["total"], drawn["squares"], drawn["largest"])
    chain = fit_chain(counted(expected))
    truth = float(chain.effects[1:][flags].sum() / chain.effects.sum() * expected[: len(TAKEN)].sum())
    covered = (lower.to_numpy() <= truth) & (truth <= upper.to_numpy())
    assert 0.93 <= covered.mean() <= 0.99
