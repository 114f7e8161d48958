"""What the database tests share: empty databases, and a schema described as text to compare.

Not here: reading the catalogue (sql/schema/objects.py), fixtures that every floor uses (tests/conftest.py), assertions.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from sql.embedded import Server
from sql.schema.objects import read_objects


def described(url: str) -> str:
    """The schemas public and bi as sorted text, an object a line, without comments."""
    with psycopg.connect(url) as connection:
        found = read_objects(connection)
    return "\n".join(
        " ".join([key.kind, ".".join(part for part in (key.place, key.name) if part), *definition.split()])
        for key, definition in sorted(found.items())
    )


@contextmanager
def empty_database(server: Server) -> Iterator[Callable[[], str]]:
    """Makes empty databases that belong to the application's login; drops them at the end."""
    made: list[str] = []

    def make() -> str:
        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER earshot").format(sql.Identifier(name)))
        made.append(name)
        return server.url.rsplit("/", 1)[0] + f"/{name}"

    try:
        yield make
    finally:
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            for name in made:
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
