"""earshot heal, as an operator asks what is stale."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.small_network import MONDAY, SUNDAY, add, at, download

WEDNESDAY = MONDAY + timedelta(days=2)


# What the command leaves in the environment for the processes that it starts; put back after each call.
LEFT = dict.fromkeys(("DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE", "EARSHOT_DAGSTER_FOLDER"))


def heal_output(url: str, *arguments: str, **env: str) -> str:
    result = CliRunner().invoke(main, ["heal", *arguments], env={**LEFT, "DATABASE_URL": url, **env})
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


@pytest.fixture
def url(server: Server, computed: str) -> Iterator[str]:
    """The address of a copy of the computed week."""
    with cloned_database(server, computed) as address:
        yield address


def test_a_late_row_is_reported_and_healed(url: str, server: Server, home_folder: Path) -> None:
    assert heal_output(url) == "Nothing is stale."
    warehouse = Warehouse(url)
    add(warehouse, "listener_events", download("kreuz", WEDNESDAY, "10.0.0.4", received_at=at(SUNDAY, 23)))
    warehouse.close()
    assert f"of 1 tenant(s), from {WEDNESDAY}" in heal_output(url, "--dry-run")
    env = {"EARSHOT_HOME": str(home_folder), "DAGSTER_POSTGRES_URL": server.dagster_url}
    assert "nothing is stale" in heal_output(url, **env)
    assert heal_output(url) == "Nothing is stale."
