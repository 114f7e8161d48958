"""Fixtures of the database floor: a second server that knows no TimescaleDB, and empty databases.

Here: servers and databases. Not here: rows (rows.py), reading the catalogue (schema.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sql.embedded import Server, ensure_server
from tests.conftest import FAST_SETTINGS, silent
from tests.sql.schema import empty_database


@pytest.fixture(scope="session")
def plain_server(homes: Path) -> Server:
    """A private server without TimescaleDB, as managed PostgreSQL often is."""
    settings = {name: value for name, value in FAST_SETTINGS.items() if not name.startswith("timescaledb.")}
    return ensure_server(homes / "plain", silent, settings=settings, preload=False)


@pytest.fixture
def make_database(server: Server) -> Iterator[Callable[[], str]]:
    """Makes empty databases of the application's login, dropped at the end."""
    with empty_database(server) as make:
        yield make


@pytest.fixture
def empty_url(make_database: Callable[[], str]) -> str:
    return make_database()
