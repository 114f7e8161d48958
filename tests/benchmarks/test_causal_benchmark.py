"""Causal: what the comparison of credit and cause says of a small network."""

from __future__ import annotations

from datetime import date

import pytest

from benchmarks.causal import compare_credit, compare_lift, with_baseline
from pipelines.demo import TENANTS, History, Simulation, histories, simulate


def network(factor: float) -> Simulation:
    return simulate(11, 150_000, date(2026, 3, 31), (with_baseline(TENANTS[0], factor),))


@pytest.fixture(scope="module")
def simulations() -> dict[float, tuple[Simulation, History]]:
    made = {factor: network(factor) for factor in (1.0, 20.0)}
    return {factor: (each, histories(each)[0]) for factor, each in made.items()}


def totals(history: History) -> tuple[int, float]:
    rows = compare_credit(history)
    return sum(int(str(row["caused"])) for row in rows), sum(float(str(row["credited"])) for row in rows)


def test_credit_grows_with_customers_who_would_have_bought_anyway_and_cause_does_not(
    simulations: dict[float, tuple[Simulation, History]],
) -> None:
    caused, credited = totals(simulations[1.0][1])
    caused_then, credited_then = totals(simulations[20.0][1])
    assert caused > 100
    assert caused_then == pytest.approx(caused, rel=0.2)
    assert credited == pytest.approx(caused, rel=0.25)
    assert credited_then > 2 * caused_then


def test_the_lot_finds_what_the_campaign_caused(simulations: dict[float, tuple[Simulation, History]]) -> None:
    simulation, history = simulations[20.0]
    (row,) = compare_lift(simulation.plans[0], history)
    lift = row["lift"]
    assert lift is not None
    assert lift.lower <= row["true"] <= lift.upper  # type: ignore[attr-defined]
