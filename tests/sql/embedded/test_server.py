"""The private server of the run: who may do what in it, and from where it can be reached."""

from __future__ import annotations

import socket

import psycopg
import pytest

from sql.embedded import Server
from tests.conftest import cloned_database


def test_the_migrators_login_owns_the_applications_database_and_the_application_its_history(server: Server) -> None:
    with psycopg.connect(server.url) as connection:
        owners = connection.execute(
            "SELECT datname, pg_get_userbyid(datdba) FROM pg_database WHERE "
            "datname IN ('earshot', 'earshot_dagster') ORDER BY 1"
        ).fetchall()
    assert owners == [("earshot", "earshot_migrator"), ("earshot_dagster", "earshot")]


def test_readers_have_no_business_in_other_databases(server: Server) -> None:
    with psycopg.connect(server.admin_url) as connection:
        open_to_all = connection.execute(
            "SELECT datname, item.privilege_type FROM pg_database "
            "CROSS JOIN LATERAL aclexplode(coalesce(datacl, acldefault('d', datdba))) AS item "
            "WHERE item.grantee = 0 AND datname IN ('earshot_dagster', 'postgres', 'template1')"
        ).fetchall()
    assert open_to_all == []


def test_the_application_login_makes_the_trusted_extensions(server: Server) -> None:
    with cloned_database(server, "template1") as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION timescaledb")
        connection.execute("CREATE EXTENSION btree_gist")
        connection.execute("CREATE TABLE heard (at timestamptz NOT NULL)")
        connection.execute("SELECT create_hypertable('heard', 'at')")
        made = connection.execute("SELECT hypertable_name FROM timescaledb_information.hypertables").fetchall()
    assert made == [("heard",)]


def test_the_application_login_reads_no_file_and_runs_no_program(server: Server) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT pg_read_file('postgresql.conf')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("COPY (SELECT 1) TO PROGRAM 'cat'")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timescaledb.telemetry_level", "off"),
        ("jit", "off"),
        ("max_locks_per_transaction", "512"),
        ("listen_addresses", "127.0.0.1"),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
    ],
)
def test_the_server_is_set_up_for_the_pipeline(server: Server, name: str, value: str) -> None:
    with psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT current_setting(%s)", (name,)).fetchone() == (value,)


def test_text_sorts_by_code_point_and_has_upper_case_beyond_ascii(server: Server) -> None:
    with psycopg.connect(server.url) as connection:
        row = connection.execute("SELECT 'Z' < 'a', upper('ä')").fetchone()
    assert row == (True, "Ä")


def test_only_the_loopback_address_answers(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5):
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", server.port), timeout=5)


def test_a_wrong_password_is_refused(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://earshot:guess@127.0.0.1:{server.port}/earshot", connect_timeout=5)


def test_nothing_that_is_printed_carries_a_password(server: Server) -> None:
    passwords = [url.split(":")[2].split("@")[0] for url in (server.url, server.admin_url)]
    assert not any(password in text for password in passwords for text in (repr(server), str(server)))
