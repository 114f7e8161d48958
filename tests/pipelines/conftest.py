"""Fixtures of the pipelines floor: a database that nobody has migrated, and one whose week is computed.

Here: databases. Not here: the small network's rows (small_network.py), running days (running.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import cloned_database, shared_database
from tests.pipelines.running import compute, home_of_its_own
from tests.pipelines.small_network import build_network

if TYPE_CHECKING:
    from tests.pipelines.dagster_history import DagsterHistory
    from tests.pipelines.installation import Installation


@pytest.fixture
def empty_database_url(server: Server) -> Iterator[str]:
    """The address of a database without any of our tables."""
    with cloned_database(server, "template0") as url:
        yield url


@pytest.fixture(scope="session")
def week_home(homes: Path) -> Path:
    """The home in which the small network's week is computed, by one process for all of the run."""
    return homes / "server" / "week"


@pytest.fixture(scope="session")
def computed(server: Server, template: str, week_home: Path) -> str:
    """The name of a database in which the small network's week is loaded and computed."""

    def fill(url: str) -> None:
        warehouse = Warehouse(url)
        build_network(warehouse)
        with home_of_its_own(week_home):
            compute(warehouse)
        warehouse.close()

    return shared_database(server, "earshot_week", fill, template)


@pytest.fixture(scope="session")
def home_folder(computed: str, week_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the week's home, where the network's keys lie: whoever computes it again needs the same ones."""
    return Path(shutil.copytree(week_home, tmp_path_factory.mktemp("home") / "week"))


@pytest.fixture
def week(server: Server, computed: str) -> Iterator[Warehouse]:
    """A copy of the computed week, for one test."""
    with cloned_database(server, computed) as url:
        warehouse = Warehouse(url)
        yield warehouse
        warehouse.close()


@pytest.fixture(scope="session")
def dns() -> Iterator[str]:
    """A DNS server on loopback, as HOST:PORT."""
    # Loaded here, because most tests of this floor do without.
    from tests.pipelines.installation import running_dns

    with running_dns() as address:
        yield address


@pytest.fixture(scope="session")
def smtp() -> Iterator[int]:
    """The port of a mail server on loopback."""
    from tests.reports.delivery.conftest import MailServer

    server = MailServer()
    yield server.port
    server.close()


@pytest.fixture(scope="session")
def history(server: Server) -> Iterator[DagsterHistory]:
    """Dagster's tables in a database of their own."""
    from tests.pipelines.dagster_history import history_in

    with cloned_database(server, "template0") as url, history_in(url) as made:
        yield made


@pytest.fixture
def installation(
    database_url: str, tmp_path: Path, history: DagsterHistory, smtp: int, dns: str
) -> Iterator[Installation]:
    """An installation in which all is well."""
    from tests.pipelines.installation import Installation

    made = Installation.complete(database_url, tmp_path, history, smtp, dns)
    yield made
    made.warehouse.close()
