"""Loading the demo: into a real database, once and again."""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.demo.loading import LoadProgress, load
from pipelines.demo.simulation import simulate
from sql.warehouse import Warehouse


def test_a_second_load_changes_nothing(warehouse: Warehouse) -> None:
    simulation = simulate(seed=9, events=10_000, until=date(2026, 3, 31))
    seen: list[LoadProgress] = []
    first = load(warehouse, simulation, seen.append)
    rows = pl.concat([batch.listener_events.select("tenant_id", "event_id") for batch in simulation.batches()])
    assert first["listener_events"] == rows["event_id"].n_unique()
    assert first["tenants"] == 3
    assert seen[-1].days_done == seen[-1].days == 95
    assert set(load(warehouse, simulation).values()) == {0}
