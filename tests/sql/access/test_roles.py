"""Roles: what docs/roles.md says is what the server's catalogue says, and more is refused."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql

from sql import writing
from sql.connections.connecting import LockedError
from sql.connections.limits import Limits
from sql.connections.readers import end_overdue_readers
from sql.embedded import Server
from sql.schema.migrate import LOCK, Migration, load_migrations, migrate
from sql.values import Window
from sql.warehouse import Warehouse, Write
from tests.sql.access.apart import Apart, apart
from tests.sql.rows import DAY, HARBOR, KREUZBERG, add_tenants, dispositions, line

PAGE = (Path(__file__).parents[3] / "docs" / "roles.md").read_text("utf-8")
OURS = ("earshot_owner", "earshot_etl", "earshot_report", "earshot_readonly")


@pytest.fixture(scope="module")
def two(server: Server) -> Iterator[Apart]:
    with apart(server) as made:
        warehouse = Warehouse(made.app_url)
        add_tenants(warehouse)
        warehouse.close()
        yield made


@pytest.fixture
def reader_url(two: Apart) -> Iterator[str]:
    """The address of a reader's login, made by the migrator's."""
    name = f"reader_{secrets.token_hex(4)}"
    with psycopg.connect(two.migrator_url, autocommit=True) as migrator:
        migrator.execute("SELECT earshot_add_reader(%s, %s)", [name, HARBOR])
        migrator.execute(sql.SQL("ALTER ROLE {} PASSWORD 'tides'").format(sql.Identifier(name)))
        yield f"postgresql://{name}:tides@{two.app_url.split('@')[1]}"
        migrator.execute("SELECT earshot_remove_reader(%s)", [name])
        migrator.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def table(heading: str) -> list[list[set[str]]]:
    """The rows of the page's table that begins with this column: in each cell the names in it, or its one word."""
    found = re.search(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found, heading
    rows = []
    for row in found[1].splitlines():
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        rows.append([set(re.findall(r"`([^`]+)`", cell)) or {cell} - {"–"} for cell in cells])
    return rows


def fetch(url: str, query: str, *params: object) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode(), params).fetchall()


def test_each_role_is_and_becomes_what_the_page_says(two: Apart) -> None:
    names = {two.app: "earshot", two.migrator: "earshot_migrator"}
    query = """
        SELECT
            rolname, rolcanlogin, rolcreaterole,
            ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = pg_roles.oid AND set_option
                AND roleid::regrole::text LIKE 'earshot%%'),
            ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = pg_roles.oid AND inherit_option),
            ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = pg_roles.oid AND admin_option),
            rolsuper OR rolbypassrls OR rolcreatedb OR rolreplication
        FROM pg_roles WHERE rolname = ANY(%s)
    """
    found = fetch(two.admin_url, query, [*OURS, *names])
    described = sorted(
        (
            [{names.get(str(name), str(name))}, {"yes" if logs_in else "no"}, {"yes" if makes else "no"}]
            + [set(each) for each in lists]  # type: ignore[call-overload]
            for name, logs_in, makes, *lists, _ in found
        ),
        key=str,
    )
    assert described == sorted(table("role"), key=str)
    assert not any(beyond for *_, beyond in found)


def test_each_role_may_do_with_each_table_what_the_page_says(two: Apart) -> None:
    every = "all but these"
    tables = fetch(
        two.admin_url,
        "SELECT relname::text, EXISTS (SELECT FROM earshot_series WHERE table_name = relname) FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition "
        "AND relowner = 'earshot_owner'::regrole",
    )
    granted = fetch(
        two.admin_url,
        "SELECT coalesce(nullif(item.grantee, 0)::regrole::text, 'everybody'), relname::text, item.privilege_type "
        "FROM pg_class CROSS JOIN LATERAL aclexplode(relacl) AS item "
        "WHERE relnamespace = 'public'::regnamespace AND relowner = 'earshot_owner'::regrole AND relkind IN ('r', 'p') "
        "AND NOT relispartition AND item.grantee <> relowner",
    )
    page = re.search(r"^\| role \| tables \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert page
    message: dict[str, dict[str, set[str]]] = {}
    for row in page[1].splitlines():
        role, which, may = (cell.strip() for cell in row.strip("|").split("|"))
        for name in re.findall(r"`([^`]+)`", which) or [which]:
            message.setdefault(role.strip("`"), {})[name] = set(may.split(", ")) - {"–"}
    assert {str(grantee) for grantee, _, _ in granted} <= set(message)
    for role, rules in message.items():
        assert set(rules) - {every} <= {str(name) for name, _ in tables}
        for name, is_series in tables:
            may = {str(right) for grantee, relation, right in granted if (grantee, relation) == (role, name)}
            through_bi = is_series and role in ("earshot_report", "earshot_readonly")
            assert may == (set() if through_bi else rules.get(str(name), rules[every])), (role, name)
    columns = fetch(
        two.admin_url,
        "SELECT attrelid::regclass::text, attname::text, item.grantee::regrole::text, item.privilege_type "
        "FROM pg_attribute CROSS JOIN LATERAL aclexplode(attacl) AS item "
        "WHERE attrelid IN (SELECT oid FROM pg_class WHERE relowner = 'earshot_owner'::regrole)",
    )
    assert sorted(columns) == [
        ("rule_changes", name, "earshot_etl", "INSERT") for name in ("addresses_version", "rules_version")
    ]


def test_functions_that_act_as_the_owner_are_those_of_the_page(two: Apart) -> None:
    found = fetch(
        two.admin_url,
        "SELECT pg_proc.oid::regproc::text, ARRAY(SELECT coalesce(nullif(grantee, 0)::regrole::text, 'everybody') "
        "FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee NOT IN (proowner, %s::regrole)) "
        "FROM pg_proc WHERE prosecdef AND proowner = 'earshot_owner'::regrole",
        two.migrator,
    )
    message = {name: roles for (name,), roles, _ in ((*map(tuple, row[:1]), *row[1:]) for row in table("function"))}
    assert {str(name): set(roles) for name, roles in found} == message  # type: ignore[call-overload]


def test_every_function_looks_into_temporary_objects_last(two: Apart) -> None:
    paths = fetch(
        two.admin_url,
        "SELECT pg_proc.oid::regproc::text, substr(setting, 13) FROM pg_proc "
        "LEFT JOIN LATERAL unnest(proconfig) AS setting ON starts_with(setting, 'search_path=') "
        # A body that was read when it was made looks nothing up.
        "WHERE pronamespace IN ('public'::regnamespace, 'bi'::regnamespace) AND (prosqlbody IS NULL OR prosecdef) "
        "AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')",
    )
    assert len(paths) > 12
    assert [name for name, path in paths if not str(path).endswith(", pg_temp")] == []


def test_a_temporary_type_never_runs_as_the_owner(two: Apart) -> None:
    notices: list[str] = []
    with psycopg.connect(two.app_url) as connection:
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        connection.execute("SET ROLE earshot_etl")
        connection.execute(
            "CREATE FUNCTION pg_temp.tell(value jsonb) RETURNS boolean LANGUAGE plpgsql AS "
            "'BEGIN RAISE NOTICE ''acting as %'', current_user; RETURN true; END'"
        )
        connection.execute("CREATE DOMAIN pg_temp.jsonb AS pg_catalog.jsonb CHECK (pg_temp.tell(VALUE))")
        connection.execute("UPDATE public.tenants SET name = name || '!'")
        trail = connection.execute("SELECT count(*) FROM public.config_changes WHERE operation = 'update'").fetchone()
        connection.rollback()
    assert trail is not None
    assert trail[0] != 0
    assert "acting as earshot_owner" not in notices


@pytest.mark.parametrize(
    "attack",
    [
        "SET ROLE earshot_owner",
        "SET ROLE earshot_etl; TRUNCATE config_changes",
        "SET ROLE earshot_etl; DELETE FROM config_changes",
        "SET ROLE earshot_etl; INSERT INTO config_changes SELECT * FROM config_changes",
        "SET ROLE earshot_etl; ALTER TABLE tenants DISABLE TRIGGER USER",
        "SET ROLE earshot_etl; SET session_replication_role = replica",
        "SET ROLE earshot_etl; SELECT earshot_extend_series('listener_events', '2026-01-01', '2026-01-01')",
        "DROP TABLE config_changes",
        "ALTER TABLE config_changes OWNER TO CURRENT_USER",
        "CREATE TABLE mine (id integer)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "GRANT earshot_owner TO CURRENT_USER",
        "GRANT earshot_readonly TO CURRENT_USER WITH ADMIN OPTION",
        "ALTER ROLE CURRENT_USER CREATEROLE",
        "SELECT earshot_add_reader('somebody', '5f0c4b57-3a9c-4a0e-8d25-0b6c1b8f7a01')",
        "SELECT pg_read_file('postgresql.conf')",
    ],
)
def test_the_applications_login_cannot_do_more(two: Apart, attack: str) -> None:
    with psycopg.connect(two.app_url) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(attack.encode())


def test_the_applications_login_does_the_days_work_and_reads_for_people(two: Apart) -> None:
    warehouse = Warehouse(two.app_url)
    rows = [Write("request_dispositions", dispositions([(HARBOR, "counted", 5)]))]
    ledger = [line("listening", HARBOR, 5)]
    assert warehouse.replace(rows, Window.of_day(DAY), [HARBOR], ledger) == {"request_dispositions": 1}
    with warehouse.as_tenant(HARBOR) as read:
        assert read("read_tenants").height == 1
    warehouse.close()
    with psycopg.connect(two.app_url) as connection:
        connection.execute("SELECT bi.use_tenant('harbor-audio')")
        assert connection.execute("SELECT requests FROM bi.request_dispositions").fetchall() == [(5,)]


@pytest.mark.parametrize("kept", ["config_changes", "rule_changes", "attribution_configs", "delivery_events"])
def test_what_is_written_once_is_not_emptied_by_the_owner_either(two: Apart, kept: str) -> None:
    with psycopg.connect(two.migrator_url) as connection, pytest.raises(errors.RestrictViolation):
        connection.execute(f"SET ROLE earshot_owner; TRUNCATE {kept}".encode())


def test_the_migrator_needs_no_more_to_migrate_again(two: Apart) -> None:
    assert migrate(two.migrator_url) == []


@pytest.mark.parametrize(
    "attack",
    [
        "CREATE TEMPORARY TABLE heap AS SELECT generate_series(1, 10)",
        "CREATE SCHEMA mine",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT pg_database_size(current_database())",
        "SELECT pg_total_relation_size('listener_events')",
        "SELECT hypertable_size('listener_events')",
        "SELECT _timescaledb_functions.relation_size('listener_events')",
        "SELECT hypertable_approximate_size('listener_events')",
        "SELECT * FROM chunks_detailed_size('listener_events')",
        "SELECT add_job('earshot_publish', '1 second')",
        "SELECT pg_logical_emit_message(false, 'x', repeat('x', 99))",
        "SET temp_file_limit = -1",
        "SELECT name FROM work_locks FOR UPDATE",
        "INSERT INTO work_locks VALUES ('listening 2026-03-14')",
        "LOCK TABLE work_locks IN ACCESS SHARE MODE",
        "LOCK TABLE schema_migrations IN ACCESS SHARE MODE",
        "LOCK TABLE tenants IN ROW SHARE MODE",
        "SELECT * FROM tenants FOR UPDATE",
        "ALTER ROLE CURRENT_USER CONNECTION LIMIT 99",
        "SELECT earshot_make_partition('listener_events', current_date)",
        "SELECT earshot_end_overdue_readers('0 s')",
    ],
)
def test_a_reader_takes_no_place_and_no_lock(reader_url: str, attack: str) -> None:
    with psycopg.connect(reader_url) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(attack.encode())


def test_advisory_locks_of_readers_block_no_writer(two: Apart, reader_url: str) -> None:
    """A reader takes every lock whose number it can work out, and stays."""
    names = ["earshot listening 2026-03-14", "listening 2026-03-14", "earshot rules", "rules"]
    rows = [Write("request_dispositions", dispositions([(HARBOR, "counted", 7)]))]
    with psycopg.connect(reader_url, autocommit=True) as reader:
        for name in names:
            reader.execute(
                "SELECT pg_advisory_lock(hashtextextended(%s, 0)), pg_advisory_lock(hashtext(%s))", [name] * 2
            )
        reader.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        warehouse = Warehouse(two.app_url)
        with warehouse.transaction(lock_s=1) as connection:
            writing.replace(connection, rows, Window.of_day(DAY), [HARBOR], [line("listening", HARBOR, 7)])
        warehouse.close()
        assert migrate(two.migrator_url) == []


def test_a_reader_has_five_sessions_and_limits_of_time(reader_url: str) -> None:
    sessions = [psycopg.connect(reader_url) for _ in range(5)]
    with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
        psycopg.connect(reader_url)
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout")
    limits = [sessions[0].execute("SELECT current_setting(%s)", [name]).fetchone() for name in names]
    assert limits == [("5min",), ("10s",), ("5min",), ("1h",)]
    for each in sessions:
        each.close()


def test_a_reader_cannot_fill_the_disk_with_what_it_sorts(reader_url: str) -> None:
    with psycopg.connect(reader_url, autocommit=True) as reader:
        reader.execute("ALTER ROLE CURRENT_USER RESET ALL")
    with psycopg.connect(reader_url, autocommit=True) as reader:
        assert reader.execute("SHOW temp_file_limit").fetchone() == ("1GB",)
        # Less than that for the test's sake would need a superuser; what a limit does is the server's business.
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute("RESET temp_file_limit")


def test_a_reader_that_sets_its_limits_aside_is_ended_all_the_same(two: Apart, reader_url: str) -> None:
    name = reader_url.split("//")[1].split(":")[0]
    warehouse = Warehouse(two.app_url)
    with psycopg.connect(reader_url) as staying, psycopg.connect(reader_url, autocommit=True) as resting:
        for each in (staying, resting):
            each.execute(
                "SELECT set_config(name, '0', false) FROM pg_settings WHERE name LIKE '%timeout%' AND context = 'user'"
            )
        process = staying.info.backend_pid
        assert end_overdue_readers(warehouse) == []
        [notices] = end_overdue_readers(warehouse, 0)
        assert f"the reader {name} (process {process}) was ended: its transaction had been open since 20" in notices
        with pytest.raises(psycopg.OperationalError):
            staying.execute("SELECT 1")
        assert resting.execute("SELECT 1").fetchone() == (1,)
    warehouse.close()


def test_a_login_without_limits_that_was_there_before_is_named(two: Apart) -> None:
    notices: list[str] = []
    with psycopg.connect(two.migrator_url) as migrator:
        migrator.add_notice_handler(lambda notice: notices.append(f"{notice.message_primary} {notice.message_hint}"))
        migrator.execute("CREATE ROLE a_dashboard LOGIN")
        migrator.execute("SELECT earshot_add_reader('a_dashboard', %s)", [HARBOR])
        migrator.rollback()
    assert [each for each in notices if "has no limit of sessions" in each and "CONNECTION LIMIT 5" in each]


def test_a_reader_that_keeps_a_migration_waiting_is_named_and_can_be_sent_away(two: Apart, reader_url: str) -> None:
    name = reader_url.split("//")[1].split(":")[0]
    with psycopg.connect(reader_url) as reader:
        reader.execute("SELECT count(*) FROM fx_rates")
        change = Migration("0999_change", "SET LOCAL ROLE earshot_owner; LOCK TABLE fx_rates", "SELECT 1")
        with pytest.raises(LockedError, match=rf"login {name}, process \d+, in a transaction since 20") as caught:
            migrate(two.migrator_url, migrations=[*load_migrations(), change], limits=Limits(lock_s=1))
        process = int(re.findall(r"process (\d+)", str(caught.value))[0])
        assert fetch(two.migrator_url, "SELECT pg_terminate_backend(%s, 5000)", process) == [(True,)]
        with pytest.raises(psycopg.OperationalError):
            reader.execute("SELECT 1")


def test_connections_are_kept_for_the_application(two: Apart) -> None:
    with psycopg.connect(two.app_url) as connection:
        assert connection.execute("SHOW reserved_connections").fetchone() == ("20",)


def test_a_reader_is_not_re_pointed_in_passing(two: Apart, reader_url: str) -> None:
    name = reader_url.split("//")[1].split(":")[0]
    with psycopg.connect(two.migrator_url, autocommit=True) as migrator:
        refused = pytest.raises(
            errors.InvalidRoleSpecification, match=f"login {name} already belongs to tenant {HARBOR}"
        )
        with refused as caught:
            migrator.execute("SELECT earshot_add_reader(%s, %s)", [name, KREUZBERG])
        assert f"SELECT earshot_remove_reader('{name}')" in str(caught.value.diag.message_hint)
        migrator.execute("SELECT earshot_add_reader(%s, %s)", [name, HARBOR])
        migrator.execute("SELECT earshot_remove_reader(%s)", [name])
        migrator.execute("SELECT earshot_add_reader(%s, %s)", [name, KREUZBERG])
    with psycopg.connect(reader_url) as reader:
        assert reader.execute("SELECT slug FROM bi.tenants").fetchall() == [("kreuzberg-radio",)]
