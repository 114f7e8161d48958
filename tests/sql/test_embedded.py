"""The private server of the run: who may do what in it, and from where it can be reached."""

from __future__ import annotations

import psycopg

from sql.embedded import Server
from tests.conftest import cloned_database


def test_the_application_login_is_no_superuser_and_owns_both_databases(server: Server) -> None:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        owners = connection.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname IN ('earshot', 'earshot_dagster')"
        ).fetchall()
    assert row == (False, False, True, True)
    assert owners == [("earshot",), ("earshot",)]


def test_the_application_login_makes_the_trusted_extensions(server: Server) -> None:
    with cloned_database(server, "template1") as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION timescaledb")
        connection.execute("CREATE EXTENSION btree_gist")
        connection.execute("CREATE TABLE heard (at timestamptz NOT NULL)")
        connection.execute("SELECT create_hypertable('heard', 'at')")
        assert connection.execute("SHOW timescaledb.telemetry_level").fetchone() == ("off",)
        assert connection.execute("SHOW jit").fetchone() == ("off",)
        assert connection.execute("SHOW max_locks_per_transaction").fetchone() == ("512",)
