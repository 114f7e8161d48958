"""Statements: each file says what it takes, and what it says fits the schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from uuid import UUID

import psycopg
import pytest

from sql.embedded import Server
from sql.statements import statement
from sql.warehouse import Warehouse
from tests.conftest import cloned_database

QUERIES = resources.files("sql") / "queries"
NAMES = sorted(entry.name.removesuffix(".sql") for entry in QUERIES.iterdir() if entry.name.endswith(".sql"))

# A value of each type that headers speak of.
VALUES = {
    "uuid": UUID(int=1),
    "uuid[]": [UUID(int=1)],
    "text": "x",
    "text[]": ["x"],
    "date": date(2026, 1, 1),
    "date[]": [date(2026, 1, 1)],
    "timestamptz": datetime(2026, 1, 1, tzinfo=UTC),
    "timestamptz[]": [datetime(2026, 1, 1, tzinfo=UTC)],
    "interval": timedelta(minutes=1),
    "integer": 1,
    "integer[]": [1],
    "bigint": 1,
    "bigint[]": [1],
    "float[]": [1.0],
    "boolean": True,
    "boolean[]": [True],
    "jsonb": "{}",
}


def header(name: str) -> str:
    """The comment that opens the file, as one line."""
    lines = (QUERIES / f"{name}.sql").read_text("utf-8").splitlines()
    comment = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    return " ".join(comment)


def declared(name: str) -> dict[str, str]:
    """Each parameter with the type that the header gives it: "start, end (timestamptz), tenants (uuid[])"."""
    described = header(name).partition("Parameters:")[2]
    types = {}
    for parameter in statement(name).parameters:
        found = re.search(rf"\b{parameter}\b[^()]*\(([a-z]+(?:\[\])?)", described)
        types[parameter] = found[1] if found else "not said"
    return types


@pytest.fixture(scope="module")
def connection(server: Server, template: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with cloned_database(server, template) as url, Warehouse(url).transaction() as opened:
        yield opened


@pytest.mark.parametrize("name", NAMES)
def test_each_statement_says_its_name_its_grain_and_the_type_of_each_parameter(name: str) -> None:
    assert header(name).startswith(f"{name}: ")
    assert "Parameters:" in header(name)
    assert {parameter: kind for parameter, kind in declared(name).items() if kind not in VALUES} == {}


@pytest.mark.parametrize("name", NAMES)
def test_each_statement_fits_the_schema(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    values = {parameter: VALUES[kind] for parameter, kind in declared(name).items()}
    with connection.transaction(), psycopg.ClientCursor(connection) as cursor:
        cursor.execute(f"EXPLAIN {statement(name).text}".encode(), values)
        assert cursor.fetchall()
