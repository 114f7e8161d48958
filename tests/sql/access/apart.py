"""A database whose two logins are apart: one runs everything, the other migrates.

Here: making both on the shared server, as the private server does it. Not here: what they may do.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from sql.embedded import Server
from sql.embedded.rights import grant_roles
from sql.schema.migrate import migrate
from tests.conftest import admin_address


@dataclass(frozen=True, slots=True)
class Apart:
    """The addresses of both logins and of the superuser in that database, and the logins' names."""

    app_url: str
    migrator_url: str
    admin_url: str
    app: str
    migrator: str


@contextmanager
def apart(server: Server) -> Iterator[Apart]:
    """A migrated database with two logins of its own; all gone at the end."""
    mark = secrets.token_hex(4)
    app, migrator, database = f"app_{mark}", f"migrator_{mark}", f"test_{mark}"
    place = f"127.0.0.1:{server.port}/{database}"
    admin_url = admin_address(server, database)
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        for name in (app, migrator):
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'tides'").format(sql.Identifier(name)))
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(migrator)))
        try:
            if server.version.find("TimescaleDB") > 0:
                with psycopg.connect(admin_url, autocommit=True) as ours:
                    ours.execute("CREATE EXTENSION timescaledb")
            grant_roles(admin_url, app, migrator)
            made = Apart(
                f"postgresql://{app}:tides@{place}", f"postgresql://{migrator}:tides@{place}", admin_url, app, migrator
            )
            migrate(made.migrator_url)
            yield made
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))
            for name in (app, migrator):
                admin.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
                admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
