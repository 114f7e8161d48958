"""Fixtures of the database floor: a second server that knows no TimescaleDB, empty databases, and one with two tenants.

Here: servers, databases and logins. Not here: rows (rows.py), describing what is there (schema_text.py).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from sql.embedded import Server, ensure_server
from sql.warehouse import Warehouse
from tests.conftest import FAST_SETTINGS, cloned_database, migrated_template, one_login, silent
from tests.sql.rows import HARBOR, KREUZBERG, add_tenants, fill
from tests.sql.schema_text import empty_database


@pytest.fixture(scope="session")
def plain_server(homes: Path) -> Server:
    """A private server without TimescaleDB, as managed PostgreSQL often is."""
    settings = {name: value for name, value in FAST_SETTINGS.items() if not name.startswith("timescaledb.")}
    return one_login(ensure_server(homes / "plain", silent, settings=settings, preload=False))


@pytest.fixture(scope="session")
def plain_template(plain_server: Server) -> str:
    """The name of a database with the whole schema and no rows on that server."""
    return migrated_template(plain_server)


@pytest.fixture
def plain_url(plain_server: Server, plain_template: str) -> Iterator[str]:
    """The address of a fresh database without TimescaleDB, with the whole schema and no rows."""
    with cloned_database(plain_server, plain_template) as url:
        yield url


@pytest.fixture
def make_database(server: Server) -> Iterator[Callable[[], str]]:
    """Makes empty databases of the application's login, dropped at the end."""
    with empty_database(server) as make:
        yield make


@pytest.fixture
def empty_url(make_database: Callable[[], str]) -> str:
    return make_database()


# Each kind of server with its template.
TEMPLATES = {"server": "template", "plain_server": "plain_template"}


@pytest.fixture(scope="module", params=TEMPLATES)
def fresh_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with the whole schema and no rows on each kind of server, for all tests of a file."""
    server: Server = request.getfixturevalue(request.param)
    with cloned_database(server, request.getfixturevalue(TEMPLATES[request.param])) as url:
        yield url


@pytest.fixture(scope="module")
def filled_url(fresh_url: str) -> str:
    """Two tenants, each with raw events, dimensions, facts and history: in hypertables, and in partitions."""
    warehouse = Warehouse(fresh_url)
    add_tenants(warehouse)
    fill(warehouse, HARBOR)
    fill(warehouse, KREUZBERG)
    warehouse.close()
    return fresh_url


@pytest.fixture
def filled(filled_url: str) -> Warehouse:
    return Warehouse(filled_url)


@pytest.fixture
def login(filled_url: str) -> Iterator[str]:
    """The address of a login that belongs to harbor-audio's own people."""
    name, password = f"reader_{secrets.token_hex(4)}", secrets.token_hex(8)
    role = sql.Identifier(name)
    with psycopg.connect(filled_url, autocommit=True) as application:
        application.execute("SELECT earshot_add_reader(%s, %s)", [name, HARBOR])
        application.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password)))
        yield f"postgresql://{name}:{password}@{filled_url.split('@')[1]}"
        application.execute("SELECT earshot_remove_reader(%s)", [name])
        application.execute(sql.SQL("DROP ROLE {}").format(role))
