"""Isolation: a reader sees one tenant, whichever way it tries: tables, views, chunks, partitions, settings."""

from __future__ import annotations

import secrets

import psycopg
import pytest
from psycopg import errors, sql

from sql.connections.connecting import InsufficientPrivilegeError, StatementError
from sql.tables import TIME_COLUMNS
from sql.values import Window
from sql.warehouse import Warehouse, Write
from tests.sql.access.attack import OURS, relations_with_rows_of, unprotected_tables
from tests.sql.rows import DAY, HARBOR, KREUZBERG, dispositions

READERS = ("earshot_report", "earshot_readonly")


def test_every_table_with_a_tenant_has_row_security_that_binds_its_owner_too(filled: Warehouse) -> None:
    with filled.transaction("earshot_owner") as connection:
        assert unprotected_tables(connection) == []
        protected = connection.execute("SELECT count(*) FROM pg_policy WHERE polname = 'one_tenant'").fetchone()
    assert protected is not None
    assert int(str(protected[0])) > len(TIME_COLUMNS)


@pytest.mark.parametrize("role", READERS)
def test_without_a_context_there_are_no_rows_and_a_word_why(filled: Warehouse, role: str) -> None:
    with filled.transaction(role) as connection:
        assert relations_with_rows_of(connection, HARBOR) == relations_with_rows_of(connection, KREUZBERG) == set()
    with (
        pytest.raises(StatementError, match=r"no tenant is chosen.*SELECT bi.use_tenant"),
        filled.transaction(role) as one,
    ):
        one.execute("SELECT * FROM podcasts")


@pytest.mark.parametrize("role", READERS)
def test_with_a_context_there_are_that_tenants_rows_and_no_others(filled: Warehouse, role: str) -> None:
    with filled.transaction(role, HARBOR) as connection:
        seen = relations_with_rows_of(connection, HARBOR)
        assert relations_with_rows_of(connection, KREUZBERG) == set()
    assert {"tenants", "podcasts", "check_results", "rollup_ledger", "bi.metrics_daily"} <= seen
    assert {"bi.listener_events", "bi.request_dispositions", "bi.listener_metrics", "bi.tenants"} <= seen


def test_a_context_ends_with_its_transaction(filled_url: str) -> None:
    with psycopg.connect(filled_url, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("SELECT set_tenant_context(%s)", [HARBOR])
            assert connection.execute("SELECT current_tenant()").fetchone() == (HARBOR,)
        assert connection.execute("SELECT current_tenant()").fetchone() == (None,)


@pytest.mark.parametrize("role", READERS)
def test_readers_hold_nothing_on_any_series_chunk_or_partition(filled: Warehouse, role: str) -> None:
    with filled.transaction("earshot_owner") as connection:
        chunks = connection.execute(b"SELECT count(*) FROM (" + OURS + b") AS ours WHERE below_series").fetchone()
        reachable = connection.execute(
            b"SELECT name FROM (" + OURS + b") AS ours WHERE (is_series OR below_series) AND "
            b"has_table_privilege(%s, name, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')",
            [role],
        ).fetchall()
    assert chunks is not None
    assert chunks[0] != 0
    assert reachable == []


@pytest.mark.parametrize("role", READERS)
def test_reading_a_chunk_directly_is_refused(filled: Warehouse, role: str) -> None:
    with filled.transaction("earshot_owner") as connection:
        names = connection.execute(
            b"SELECT name FROM (" + OURS + b") AS ours WHERE is_series OR below_series"
        ).fetchall()
    with filled.transaction(role, HARBOR) as connection:
        for (name,) in names:
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f"SELECT * FROM {name}".encode())


def test_a_login_of_a_tenant_sees_its_own_rows_whatever_context_it_sets(login: str) -> None:
    with psycopg.connect(login) as connection:
        connection.execute("SELECT set_tenant_context(%s)", [KREUZBERG])
        assert relations_with_rows_of(connection, KREUZBERG) == set()
        seen = relations_with_rows_of(connection, HARBOR)
        assert {"tenants", "bi.tenants", "bi.listener_events", "bi.metrics_daily"} <= seen
        assert connection.execute("SELECT slug FROM tenants").fetchall() == [("harbor-audio",)]


@pytest.mark.parametrize("role", ["earshot_owner", "earshot_etl", "earshot_report"])
def test_a_login_of_a_tenant_cannot_become_more(login: str, role: str) -> None:
    with psycopg.connect(login) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE tenants SET name = 'Mine'",
        "INSERT INTO role_tenants VALUES (session_user, '00000000-0000-0000-0000-000000000002')",
        "SELECT * FROM role_tenants",
        "SELECT earshot_add_reader(session_user, '00000000-0000-0000-0000-000000000002')",
        "ALTER TABLE tenants DISABLE ROW LEVEL SECURITY",
        "DROP POLICY one_tenant ON tenants",
        "CREATE TABLE mine (id integer)",
        "CREATE OR REPLACE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
        "SET SESSION AUTHORIZATION earshot_owner",
        "COPY listener_events TO STDOUT",
        "SELECT * FROM schema_migrations",
    ],
)
def test_what_a_login_of_a_tenant_tries_beyond_reading_is_refused(login: str, attack: str) -> None:
    with psycopg.connect(login) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(attack.encode())


def test_a_condition_of_the_reader_never_sees_other_tenants_rows(login: str, filled: Warehouse) -> None:
    # A cheap function that leaks its argument: without a security barrier it would run before the filter.
    # Readers make none themselves; somebody else's might do.
    with filled.transaction("earshot_owner") as owner:
        owner.execute(
            "CREATE FUNCTION public.tell(tenant uuid) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS "
            "'BEGIN RAISE NOTICE ''%'', tenant; RETURN true; END'"
        )
    with psycopg.connect(login) as connection:
        notices: list[str] = []
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        # An index would look up the tenant first; who attacks turns it off.
        connection.execute("SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off")
        for relation in ("bi.listener_events", "bi.metrics_daily", "bi.podcasts", "podcasts"):
            connection.execute(f"SELECT * FROM {relation} WHERE public.tell(tenant_id)".encode())
    with filled.transaction("earshot_owner") as owner:
        owner.execute("DROP FUNCTION public.tell(uuid)")
    assert set(notices) == {str(HARBOR)}


def test_a_reader_that_is_taken_back_sees_nothing_any_more(filled: Warehouse, filled_url: str) -> None:
    name = f"reader_{secrets.token_hex(4)}"
    with psycopg.connect(filled_url, autocommit=True) as application:
        application.execute("SELECT earshot_add_reader(%s, %s)", [name, HARBOR])
        application.execute("SELECT earshot_remove_reader(%s)", [name])
        application.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
    with filled.transaction("earshot_owner") as connection:
        assert connection.execute("SELECT * FROM role_tenants WHERE role = %s", [name]).fetchall() == []


def test_a_role_that_may_see_every_tenant_cannot_become_a_reader(filled_url: str) -> None:
    with psycopg.connect(filled_url) as application, pytest.raises(errors.InvalidRoleSpecification):
        application.execute("SELECT earshot_add_reader(current_user, %s)", [HARBOR])


def test_the_application_login_itself_reads_nothing_without_a_role(filled_url: str) -> None:
    with psycopg.connect(filled_url) as connection:
        superuser = connection.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert superuser.fetchone() == (False, False)
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM tenants")


def test_a_report_freezes_only_its_own_tenants_rows(filled: Warehouse) -> None:
    suppress = b"INSERT INTO suppressions (tenant_id, address, reason) VALUES (%s, 'dana@example.org', 'manual')"
    with filled.transaction("earshot_report", HARBOR) as connection:
        connection.execute(suppress, [HARBOR])
    stray = pytest.raises(InsufficientPrivilegeError, match="row-level security")
    with stray, filled.transaction("earshot_report", HARBOR) as connection:
        connection.execute(suppress, [KREUZBERG])
    with pytest.raises(InsufficientPrivilegeError), filled.transaction("earshot_readonly", HARBOR) as connection:
        connection.execute(suppress, [HARBOR])


@pytest.mark.parametrize("role", READERS)
def test_exchange_rates_are_everybodys(filled: Warehouse, role: str) -> None:
    with filled.transaction(role) as connection:
        assert connection.execute("SELECT count(*) FROM fx_rates").fetchone() == (1,)


@pytest.mark.parametrize("change", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["attribution_configs", "delivery_attempts", "delivery_events"])
@pytest.mark.parametrize("role", ["earshot_owner", "earshot_etl", "earshot_report"])
def test_history_is_written_once(filled: Warehouse, change: str, table: str, role: str) -> None:
    refused = StatementError if role == "earshot_owner" else InsufficientPrivilegeError
    with pytest.raises(refused), filled.transaction(role, HARBOR) as connection:
        connection.execute(change.format(table).encode())


def test_the_pipeline_owns_nothing_and_bypasses_nothing(filled: Warehouse) -> None:
    with filled.transaction() as connection:
        assert connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = 'earshot_etl'"
        ).fetchone() == (False, False, False)
        assert connection.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = 'earshot_etl'::regrole"
        ).fetchone() == (0,)


def test_a_run_of_one_tenant_leaves_the_others_facts_alone(filled: Warehouse) -> None:
    before = filled.read("read_ledger", asset="listening", first=DAY, last=DAY)
    rows = dispositions([(HARBOR, "counted", 5)])
    assert filled.replace([Write("request_dispositions", rows)], Window.of_day(DAY), [HARBOR]) == {
        "request_dispositions": 1
    }
    with filled.transaction() as connection:
        row = connection.execute(
            "SELECT count(*) FROM request_dispositions WHERE tenant_id = %s", [KREUZBERG]
        ).fetchone()
    assert row == (1,)
    assert filled.read("read_ledger", asset="listening", first=DAY, last=DAY).equals(before)
