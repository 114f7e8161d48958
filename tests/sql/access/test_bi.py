"""The schema bi: every documented login reads every table by its name, of one tenant, whatever it tries."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors, sql

from sql.schema.migrate import migrate
from sql.warehouse import Warehouse
from tests.conftest import admin_address
from tests.sql.access.attack import OURS, Connection, relations_with_rows_of
from tests.sql.rows import HARBOR, KREUZBERG, RUN

# Tables that are nobody's: they hold what is the same for every tenant.
EVERYBODYS = {"fx_rates", "rule_changes"}

VIEWS = b"SELECT relname FROM pg_class WHERE relnamespace = 'bi'::regnamespace AND relkind = 'v' ORDER BY relname"


@pytest.fixture
def application(filled_url: str) -> Iterator[Connection]:
    """A session of the login of `earshot db url`, each statement a transaction of its own, as in psql."""
    with psycopg.connect(filled_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def reader(login: str) -> Iterator[Connection]:
    """A session of a login of harbor-audio."""
    with psycopg.connect(login, autocommit=True) as connection:
        yield connection


def views(connection: Connection) -> list[str]:
    return [str(name) for (name,) in connection.execute(VIEWS).fetchall()]


def columns(connection: Connection, relation: str) -> list[object]:
    found = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped "
        "ORDER BY attnum",
        [relation],
    ).fetchall()
    return [name for (name,) in found]


def test_every_table_that_readers_may_see_has_a_view_of_its_name_and_columns(filled: Warehouse) -> None:
    with filled.transaction("earshot_owner") as connection:
        tables = connection.execute(
            b"SELECT relname FROM (" + OURS + b") AS ours WHERE relkind IN ('r', 'p') AND NOT below_series "
            b"AND name LIKE 'public.%' AND relname NOT IN ('role_tenants', 'erasure_requests', 'day_shards')"
        ).fetchall()
        names = {str(name) for (name,) in tables} | EVERYBODYS
        assert names <= set(views(connection))
        assert [each for each in names if columns(connection, f"bi.{each}") != columns(connection, each)] == []
        assert not set(views(connection)) & {"role_tenants", "erasure_requests", "schema_migrations", "earshot_series"}


def test_every_view_is_a_barrier_of_the_owner(filled: Warehouse) -> None:
    with filled.transaction("earshot_owner") as connection:
        open_ones = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'bi'::regnamespace AND (relkind <> 'v' "
            "OR relowner <> 'earshot_owner'::regrole OR NOT coalesce('security_barrier=true' = ANY(reloptions), false))"
        ).fetchall()
    assert open_ones == []


def test_a_readers_login_reads_every_view_and_sees_its_own_tenant_alone(reader: Connection) -> None:
    for name in views(reader):
        reader.execute(f"SELECT * FROM bi.{name} LIMIT 1".encode())
    assert reader.execute("SELECT slug FROM bi.tenants").fetchall() == [("harbor-audio",)]
    assert {"bi.listener_events", "bi.listening_daily", "bi.reports"} <= relations_with_rows_of(reader, HARBOR)
    assert relations_with_rows_of(reader, KREUZBERG) == set()


@pytest.mark.parametrize("other", ["kreuzberg-radio", str(KREUZBERG), "no-such-tenant"])
def test_a_readers_login_never_leaves_its_tenant_and_sees_no_name_of_another(reader: Connection, other: str) -> None:
    messages: list[str] = []
    reader.add_notice_handler(lambda notice: messages.append(notice.message_primary or ""))
    assert reader.execute("SELECT bi.use_tenant(%s)", [other]).fetchone() == ("harbor-audio",)
    assert [each.split(" ", 2)[2] for each in messages] == ["always sees tenant harbor-audio"]
    reader.execute("SELECT set_config('app.current_tenant', %s, false)", [str(KREUZBERG)])
    assert relations_with_rows_of(reader, KREUZBERG) == set()
    assert reader.execute("SELECT slug FROM bi.tenants").fetchall() == [("harbor-audio",)]


def test_a_readers_open_cursor_and_prepared_statement_stay_with_its_tenant(login: str) -> None:
    with psycopg.connect(login) as reader:
        reader.execute("PREPARE seen AS SELECT slug FROM bi.tenants")
        reader.execute("DECLARE one CURSOR WITH HOLD FOR SELECT slug FROM bi.tenants")
        reader.execute("SELECT bi.use_tenant('kreuzberg-radio'), set_tenant_context(%s)", [KREUZBERG])
        assert reader.execute("FETCH ALL FROM one").fetchall() == [("harbor-audio",)]
        assert reader.execute("EXECUTE seen").fetchall() == [("harbor-audio",)]


@pytest.mark.parametrize("chosen", ["harbor-audio", " Harbor-Audio ", str(HARBOR)])
def test_the_applications_login_chooses_a_tenant_for_its_session(application: Connection, chosen: str) -> None:
    assert application.execute("SELECT bi.use_tenant(%s)", [chosen]).fetchone() == ("harbor-audio",)
    for name in views(application):
        application.execute(f"SELECT * FROM bi.{name} LIMIT 1".encode())
    assert application.execute("SELECT slug FROM bi.tenants").fetchall() == [("harbor-audio",)]
    assert {"bi.listener_events", "bi.listening_daily"} <= relations_with_rows_of(application, HARBOR)
    assert relations_with_rows_of(application, KREUZBERG) == set()
    assert application.execute("SELECT bi.use_tenant('kreuzberg-radio')").fetchone() == ("kreuzberg-radio",)
    assert application.execute("SELECT slug FROM bi.tenants").fetchall() == [("kreuzberg-radio",)]


def test_without_a_tenant_every_view_says_how_to_choose_one(application: Connection) -> None:
    application.execute("SELECT bi.use_tenant('harbor-audio')")
    filled = relations_with_rows_of(application, HARBOR)
    application.execute("SELECT bi.use_tenant(NULL)")
    assert len(filled) > 15
    for name in filled:
        with pytest.raises(errors.InvalidParameterValue, match="no tenant is chosen") as caught:
            application.execute(f"SELECT count(*) FROM {name}".encode())
        assert "bi.use_tenant('slug')" in str(caught.value.diag.message_hint)
        assert "harbor-audio, kreuzberg-radio" in str(caught.value.diag.message_hint)


def test_a_tenant_that_is_not_there_is_an_error_and_no_empty_answer(application: Connection) -> None:
    for choose in ("SELECT set_config('app.current_tenant', %s, false)", "SELECT set_tenant_context(%s)"):
        for name in ("bi.listener_events", "bi.listening_daily", "bi.tenants"):
            with application.transaction(force_rollback=True):
                application.execute(choose.encode(), [str(RUN)])
                gone = pytest.raises(errors.InvalidParameterValue, match=f"is chosen, {RUN}, is not there")
                with gone as caught, application.transaction():
                    application.execute(f"SELECT count(*) FROM {name}".encode())
                assert "harbor-audio, kreuzberg-radio" in str(caught.value.diag.message_hint)


def test_a_context_that_ended_with_its_statement_is_an_error_and_no_empty_answer(application: Connection) -> None:
    application.execute("SELECT set_tenant_context(%s)", [HARBOR])
    with pytest.raises(errors.InvalidParameterValue, match="no tenant is chosen") as caught:
        application.execute("SELECT * FROM bi.listener_events")
    assert "set_tenant_context() holds to the end of its transaction only" in str(caught.value.diag.message_hint)


def test_a_transactions_context_goes_before_the_sessions_choice(application: Connection) -> None:
    application.execute("SELECT bi.use_tenant('harbor-audio')")
    with application.transaction():
        application.execute("SELECT set_tenant_context(%s)", [KREUZBERG])
        assert application.execute("SELECT slug FROM bi.tenants").fetchall() == [("kreuzberg-radio",)]
    assert application.execute("SELECT slug FROM bi.tenants").fetchall() == [("harbor-audio",)]


def test_a_tenant_that_is_not_there_is_an_error_that_names_those_that_are(application: Connection) -> None:
    with pytest.raises(errors.NoDataFound, match="there is no tenant 'harbour'") as caught:
        application.execute("SELECT bi.use_tenant('harbour')")
    assert caught.value.diag.message_hint == "Tenants: harbor-audio, kreuzberg-radio."


@pytest.fixture
def stranger(filled_url: str) -> Iterator[tuple[str, str]]:
    """The name and address of a login of the server that nobody made a reader."""
    name, password = f"stranger_{secrets.token_hex(4)}", secrets.token_hex(8)
    role = sql.Identifier(name)
    with psycopg.connect(filled_url, autocommit=True) as application:
        application.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password)))
        yield name, f"postgresql://{name}:{password}@{filled_url.split('@')[1]}"
        application.execute(sql.SQL("DROP ROLE {}").format(role))


def test_a_login_of_nobody_reads_nothing(stranger: tuple[str, str], filled: Warehouse) -> None:
    name, address = stranger
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in (
            "SELECT * FROM bi.fx_rates",
            "SELECT * FROM bi.tenants",
            "SELECT bi.use_tenant('harbor-audio')",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement.encode())
    grant = sql.SQL("GRANT earshot_readonly TO {}").format(sql.Identifier(name))
    with psycopg.connect(filled._url, autocommit=True) as application:
        application.execute(grant)
    # Not even with the role of readers, because it has no tenant.
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SELECT set_config('app.current_tenant', %s, false)", [str(HARBOR)])
        for statement in ("SELECT * FROM bi.tenants", "SELECT * FROM tenants", "SELECT bi.use_tenant('harbor-audio')"):
            with pytest.raises(errors.InsufficientPrivilege, match="belongs to no tenant"):
                connection.execute(statement.encode())


@pytest.mark.parametrize(
    "attack",
    [
        "CREATE VIEW bi.mine AS SELECT 1",
        "CREATE OR REPLACE FUNCTION bi.use_tenant(tenant text) RETURNS text LANGUAGE sql AS 'SELECT NULL'",
        "CREATE OR REPLACE VIEW bi.tenants AS SELECT * FROM public.tenants",
        "ALTER VIEW bi.tenants RESET (security_barrier)",
        "ALTER VIEW bi.tenants SET (security_invoker = true)",
        "DROP VIEW bi.tenants",
        "UPDATE bi.tenants SET name = 'Mine'",
        "DELETE FROM bi.podcasts",
        "INSERT INTO bi.fx_rates SELECT * FROM bi.fx_rates",
        "SELECT earshot_publish()",
        "SELECT earshot_hide()",
        "SET ROLE earshot_readonly",
        "SET ROLE earshot_report",
    ],
)
def test_what_a_reader_tries_on_the_schema_is_refused(reader: Connection, attack: str) -> None:
    # Of earshot_readonly it is a member without the right to become it.
    with pytest.raises(errors.InsufficientPrivilege):
        reader.execute(attack.encode())


def test_an_error_in_a_readers_condition_quotes_its_own_rows_alone(reader: Connection) -> None:
    """A cast that fails names the value that it failed on, and no function has to be made for it."""
    leaked = set()
    for name in sorted(relations_with_rows_of(reader, HARBOR)):
        with pytest.raises(errors.InvalidTextRepresentation) as caught:
            reader.execute(f"SELECT * FROM {name} WHERE tenant_id::text::integer > 0".encode())
        leaked.add(str(caught.value.diag.message_primary).rsplit(" ", 1)[1].strip('"'))
    assert leaked == {str(HARBOR)}


def test_names_of_a_readers_own_do_not_take_the_place_of_ours(login: str, filled_url: str, server_admin: str) -> None:
    """The worst case: a schema in which the reader may make what it likes, first on its path."""
    name = login.split("//")[1].split(":")[0]
    schema, role = sql.Identifier(f"of_{name}"), sql.Identifier(name)
    with psycopg.connect(server_admin, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(schema, role))
    try:
        with psycopg.connect(login, autocommit=True) as reader:
            reader.execute(sql.SQL("SET search_path = {}, pg_catalog, public").format(schema))
            other = sql.Literal(str(KREUZBERG))
            for statement in (
                "CREATE FUNCTION visible_tenant() RETURNS uuid LANGUAGE sql AS $$SELECT {}::uuid$$",
                "CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql AS $$SELECT {}::uuid$$",
                "CREATE FUNCTION pg_has_role(name, text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
                "CREATE TABLE role_tenants AS SELECT session_user AS role, {}::uuid AS tenant_id",
                "CREATE TABLE tenants AS SELECT {}::uuid AS tenant_id, 'kreuzberg-radio' AS slug",
            ):
                reader.execute(sql.SQL(statement).format(other))
            reader.execute("SELECT bi.use_tenant('kreuzberg-radio')")
            assert reader.execute("SELECT slug FROM bi.tenants").fetchall() == [("harbor-audio",)]
            assert relations_with_rows_of(reader, KREUZBERG) <= {f"of_{name}.role_tenants", f"of_{name}.tenants"}
    finally:
        with psycopg.connect(server_admin, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(schema))


@pytest.fixture
def server_admin(request: pytest.FixtureRequest, filled_url: str) -> str:
    """The superuser's address of the same database."""
    name = request.node.callspec.params["fresh_url"]
    return admin_address(request.getfixturevalue(name), filled_url)


def test_a_plan_finds_the_tenants_rows_through_the_index_and_shows_no_value(reader: Connection) -> None:
    reader.execute("SET enable_seqscan = off")
    rows = reader.execute(
        "EXPLAIN SELECT * FROM bi.listener_events WHERE occurred_at >= '2026-03-14' AND occurred_at < '2026-03-15'"
    ).fetchall()
    plan = "\n".join(str(line) for (line,) in rows)
    assert "InitPlan" in plan
    assert "Index Cond: ((tenant_id = " in plan
    assert "occurred_at >=" in plan
    assert str(KREUZBERG) not in plan


def test_a_table_that_a_later_migration_makes_is_published_and_one_that_readers_may_not_see_is_not(
    filled: Warehouse,
) -> None:
    with filled.transaction("earshot_owner") as connection:
        for name in ("later", "hidden"):
            connection.execute(f"CREATE TABLE {name} (tenant_id uuid NOT NULL, note text)".encode())
            connection.execute("SELECT earshot_protect(%s::regclass)", [name])
        connection.execute("GRANT SELECT ON later TO earshot_readonly")
        assert connection.execute("SELECT earshot_publish(), earshot_publish()").fetchone() == (1, 0)
        connection.execute("ALTER TABLE later ADD COLUMN said text")
        assert connection.execute("SELECT earshot_publish()").fetchone() == (1,)
        assert columns(connection, "bi.later") == ["tenant_id", "note", "said"]
        assert columns(connection, "bi.hidden") == []
        connection.execute("SELECT earshot_hide()")
        connection.execute("DROP TABLE later, hidden")
        assert connection.execute("SELECT count(*) FROM pg_views WHERE schemaname = 'bi'").fetchone() == (0,)
    messages: list[str] = []
    assert migrate(filled._url, messages.append) == []
    assert "Making 10 views" in messages
    with filled.transaction("earshot_report", HARBOR) as connection:
        assert connection.execute("SELECT slug FROM bi.tenants").fetchall() == [("harbor-audio",)]
        assert connection.execute("SELECT count(*) > 0 FROM bi.metrics_daily").fetchone() == (True,)
