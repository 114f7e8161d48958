"""Rights: which login may do what on the private server.

Here: making a login with its password, and granting the two of ours the rights of sql/roles.sql.
Not here: the words of it (sql/roles.sql, docs/roles.md), databases and when this is done (server.py).
"""

from __future__ import annotations

from importlib import resources

import psycopg
from psycopg import sql

from sql.connections.limits import Limits, bounded


def make_login(connection: psycopg.Connection[tuple[object, ...]], name: str, password: str) -> None:
    """A login with this password, which the server never sees in clear; one that is there gets the password."""
    hidden = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
    statement = "ALTER ROLE {} PASSWORD {}" if exists else "CREATE ROLE {} LOGIN PASSWORD {}"
    connection.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Literal(hidden.decode())))


def grant_roles(admin_url: str, app: str, migrator: str) -> None:
    """Give these two logins what they need, in the database of the superuser's address, and no more than that."""
    text = (resources.files("sql") / "roles.sql").read_text("utf-8")
    with psycopg.connect(bounded(admin_url, Limits())) as connection:
        connection.execute("SELECT set_config('earshot.app', %s, true)", [app])
        connection.execute("SELECT set_config('earshot.migrator', %s, true)", [migrator])
        connection.execute(text.encode())
