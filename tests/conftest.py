"""Fixtures that every floor shares: a private server for the run and a fresh, migrated database for each test.

Here: the server, the migrated template, its clones.
Not here: rows. A test says what it needs where one can read it.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from sql.embedded import Server, ensure_server, stop_server
from sql.migrate import migrate
from sql.warehouse import Warehouse

TEMPLATE = "earshot_template"

# Nothing has to survive the run, and small tables need little memory.
FAST_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "128MB",
    "autovacuum": "off",
    # A clone must have no connections but the test's own, so no job ever runs by itself.
    "timescaledb.max_background_workers": "0",
}


def silent(_: str) -> None:
    """Progress that nobody watches."""


def database_address(server: Server, name: str) -> str:
    """The application login's address of another database on the same server."""
    return server.url.rsplit("/", 1)[0] + f"/{name}"


@contextmanager
def cloned_database(server: Server, template: str) -> Iterator[str]:
    """The address of a new database like the template, dropped at the end."""
    name = f"test_{secrets.token_hex(6)}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER earshot").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(create)
        try:
            yield database_address(server, name)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def temporary_home() -> Iterator[Callable[[], Path]]:
    """Makes home folders that the server's user can reach; all removed at the end of the run."""
    made: list[Path] = []

    def make() -> Path:
        folder = Path(tempfile.mkdtemp(prefix="earshot-test-"))
        folder.chmod(0o755)
        made.append(folder)
        return folder / "home"

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server(temporary_home: Callable[[], Path]) -> Iterator[Server]:
    """A private TimescaleDB for the whole run."""
    home = temporary_home()
    try:
        yield ensure_server(home, silent, settings=FAST_SETTINGS)
    finally:
        stop_server(home, wipe=True)


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """The name of a database with the whole schema and no rows, which nobody can connect to."""
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER earshot").format(sql.Identifier(TEMPLATE)))
        migrate(database_address(server, TEMPLATE), silent)
        admin.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(sql.Identifier(TEMPLATE)))
    return TEMPLATE


@pytest.fixture
def database_url(server: Server, template: str) -> Iterator[str]:
    """The address of a fresh database with the whole schema and no rows."""
    with cloned_database(server, template) as url:
        yield url


@pytest.fixture
def warehouse(database_url: str) -> Warehouse:
    """The one door to the test's database."""
    return Warehouse(database_url)
