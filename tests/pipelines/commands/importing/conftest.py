"""Fixtures of importing: a network whose logs are imported."""

from __future__ import annotations

import pytest

from sql.warehouse import Warehouse
from tests.pipelines.commands.importing.network import fill_network


@pytest.fixture
def network(warehouse: Warehouse) -> Warehouse:
    """One tenant with a show of two episodes."""
    fill_network(warehouse)
    return warehouse
