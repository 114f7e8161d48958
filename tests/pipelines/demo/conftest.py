"""A small network of two months and its truth, made once: tests only look at it."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.demo.simulation import Batch, Simulation, simulate
from pipelines.demo.truth import Truth, find_truth

UNTIL = date(2026, 3, 31)


@pytest.fixture(scope="session")
def simulation() -> Simulation:
    return simulate(seed=7, events=20_000, until=UNTIL)


@pytest.fixture(scope="session")
def batches(simulation: Simulation) -> list[Batch]:
    return list(simulation.batches())


@pytest.fixture(scope="session")
def truth(simulation: Simulation) -> Truth:
    return find_truth(simulation, detail=True)
