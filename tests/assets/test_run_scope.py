"""A run's tenants and days: all of its scope, those that are not computed yet, or those that are stale."""

from __future__ import annotations

import pytest

from assets.run_scope import RunScope
from sql.values import Scope
from sql.warehouse import Warehouse
from tests.assets.test_runs import BOTH, TABLES, WINDOW, Compute, step_run
from tests.sql.rows import DAY, HARBOR, KREUZBERG, add_tenants


@pytest.fixture
def networks(warehouse: Warehouse) -> Warehouse:
    add_tenants(warehouse)
    return warehouse


def test_a_run_leaves_out_what_was_computed_since_and_heals_what_is_missing(networks: Warehouse) -> None:
    began = networks.clock()
    assets = list(TABLES)
    step_run(networks, Compute()).replace_day(WINDOW, [[HARBOR]])

    resumed = RunScope(networks, Scope(skip_computed_since=began), assets, [DAY])

    assert resumed.chunks(DAY) == [[KREUZBERG]]
    assert resumed.is_finished(DAY)
    assert RunScope(networks, Scope(stale_only=True), assets, [DAY]).chunks(DAY) == []
    assert {each for chunk in RunScope(networks, Scope(), assets, [DAY]).chunks(DAY) for each in chunk} == set(BOTH)
