"""Checking: what somebody changed past the migrations is found, named, and mended by what is said to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from sql.embedded import Server
from sql.schema.checking import Finding, check_schema, compare
from sql.schema.expected import as_file, load_expected
from sql.schema.mending import MIGRATE
from sql.schema.migrate import load_migrations, migrate
from sql.schema.objects import as_made_here, read_objects
from sql.warehouse import Warehouse
from tests.conftest import database_address
from tests.sql.expected import PLACE, made
from tests.sql.rows import HARBOR, events

EXPECTED = load_expected()


def test_the_recorded_objects_are_what_the_migrations_make(database_url: str) -> None:
    assert as_file(made(database_url)) == PLACE.read_text("utf-8"), "python -m tests.sql.expected writes it anew"


def test_nothing_is_found_where_nothing_was_changed(fresh_url: str) -> None:
    assert check_schema(fresh_url) == []


@pytest.fixture(scope="module")
def owner(fresh_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection of the owner, in a transaction that is always taken back."""
    with psycopg.connect(fresh_url) as connection:
        yield connection
        connection.rollback()


def differences(connection: psycopg.Connection[tuple[object, ...]]) -> list[Finding]:
    found = read_objects(connection)
    return compare(found, EXPECTED, lambda key, text: as_made_here(connection, key, text))


# What is done to the schema, and what the first finding says. Their mends, where they are SQL alone, take it back.
CHANGES = {
    "DROP INDEX public.listener_firsts_key": "index listener_firsts_key of public.listener_firsts is missing",
    "DROP INDEX public.imports_object": "index imports_object of public.imports is missing",
    "DROP POLICY one_tenant ON public.downloads": "policy one_tenant of public.downloads is missing",
    "DROP POLICY one_tenant ON public.episodes; CREATE POLICY one_tenant ON public.episodes USING (true)": (
        "policy one_tenant of public.episodes is TO public USING (true) and should be TO earshot_readonly, earshot_r"
    ),
    "CREATE POLICY everybody ON public.episodes TO earshot_readonly USING (true)": (
        "policy everybody of public.episodes is there and no migration makes it"
    ),
    "ALTER TABLE public.downloads DISABLE ROW LEVEL SECURITY": (
        "row-level security of public.downloads is FORCE and should be ENABLE, FORCE"
    ),
    "ALTER TABLE public.sponsors NO FORCE ROW LEVEL SECURITY": (
        "row-level security of public.sponsors is ENABLE and should be ENABLE, FORCE"
    ),
    "GRANT SELECT ON public.downloads TO earshot_readonly": (
        "grant SELECT TO earshot_readonly on public.downloads is there and no migration makes it"
    ),
    "GRANT UPDATE (value_minor) ON public.attribution_events TO public": (
        "grant UPDATE TO public on (value_minor) public.attribution_events is there and no migration makes it"
    ),
    "GRANT EXECUTE ON FUNCTION public.earshot_hide() TO public": (
        "grant EXECUTE TO public on FUNCTION public.earshot_hide() is there and no migration makes it"
    ),
    "GRANT CREATE ON SCHEMA bi TO earshot_report": (
        "grant CREATE TO earshot_report on SCHEMA bi is there and no migration makes it"
    ),
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO public": (
        "default grant SELECT TO public of TABLES IN SCHEMA public is there and no migration makes it"
    ),
    "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO earshot_report": (
        "default grant EXECUTE TO earshot_report of FUNCTIONS is there and no migration makes it"
    ),
    "REVOKE INSERT ON public.downloads FROM earshot_etl": "grant INSERT TO earshot_etl on public.downloads is missing",
    "ALTER TABLE public.tenants ALTER COLUMN timezone DROP NOT NULL, ALTER COLUMN timezone SET DEFAULT 'UTC'": (
        "column timezone of public.tenants is text DEFAULT 'UTC'::text and should be text NOT NULL"
    ),
    "ALTER TABLE public.podcasts ADD COLUMN note text": (
        "column note of public.podcasts is there and no migration makes it"
    ),
    "ALTER TABLE public.podcasts DROP CONSTRAINT podcasts_tenant_id_slug_key": (
        "constraint podcasts_tenant_id_slug_key of public.podcasts is missing"
    ),
    "DROP TRIGGER never_emptied ON public.rule_changes": "trigger never_emptied of public.rule_changes is missing",
    "ALTER TABLE public.rule_changes DISABLE TRIGGER never_emptied": (
        "trigger never_emptied of public.rule_changes has another definition"
    ),
    "CREATE TABLE public.extra (id integer)": "table public.extra is there and no migration makes it",
}


@pytest.mark.parametrize("change", CHANGES, ids=[f"{number}" for number, _ in enumerate(CHANGES)])
def test_a_change_is_named_and_what_is_said_mends_it(
    owner: psycopg.Connection[tuple[object, ...]], change: str
) -> None:
    owner.execute("SET ROLE earshot_owner")
    owner.execute(change.encode())
    [finding] = differences(owner)
    assert finding.what.startswith(CHANGES[change])
    # No transaction can hold a concurrent one; words in brackets are for the person.
    mend = re.sub(r" \(with.*", "", finding.mend).replace(" CONCURRENTLY", "")
    owner.execute(mend.encode())
    assert differences(owner) == []
    owner.rollback()


REMADE = {
    "CREATE OR REPLACE FUNCTION public.visible_tenant() RETURNS uuid LANGUAGE sql STABLE RETURN NULL::uuid": (
        "function public.visible_tenant() has another definition"
    ),
    "CREATE OR REPLACE VIEW bi.episodes AS SELECT * FROM public.episodes": "view bi.episodes has another definition",
    "DROP VIEW bi.metrics_daily": "view bi.metrics_daily is missing",
    "ALTER TABLE public.podcasts DROP COLUMN title CASCADE": "column title of public.podcasts is missing",
    "DROP TABLE public.suppressions CASCADE": "table public.suppressions is missing",
    "DROP FUNCTION public.earshot_hide()": "function public.earshot_hide() is missing",
}


@pytest.mark.parametrize("change", REMADE, ids=[f"{number}" for number, _ in enumerate(REMADE)])
def test_what_is_gone_or_another_is_named_once(owner: psycopg.Connection[tuple[object, ...]], change: str) -> None:
    owner.execute("SET ROLE earshot_owner")
    owner.execute(change.encode())
    findings = differences(owner)
    owner.rollback()
    assert REMADE[change] in [each.what for each in findings]
    others = [each for each in findings if not re.search(f"{MIGRATE}|backup|ADD CONSTRAINT", each.mend)]
    assert others == []
    assert len([each for each in findings if each.what.startswith(REMADE[change].rpartition(" ")[0])]) == 1


def test_functions_and_views_that_were_changed_are_made_anew_as_it_says(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE earshot_owner")
        connection.execute(
            "CREATE OR REPLACE FUNCTION clean_code(value text) RETURNS text LANGUAGE sql IMMUTABLE RETURN value; "
            "CREATE OR REPLACE VIEW bi.episodes AS SELECT * FROM public.episodes; "
            "COMMENT ON TABLE public.downloads IS 'anything'"
        )
        connection.execute("DROP VIEW bi.listening_daily CASCADE")
    findings = check_schema(database_url)
    assert "the comments of public.downloads are others" in [each.what for each in findings]
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE earshot_owner")
        for each in findings:
            if (mend := each.mend.partition("; then ")[0]) != MIGRATE:
                connection.execute(mend.encode())
    migrate(database_url)
    assert check_schema(database_url) == []


def test_tables_of_other_programs_and_indexes_that_only_help_are_left_out(
    owner: psycopg.Connection[tuple[object, ...]],
) -> None:
    owner.execute("RESET ROLE")
    owner.execute("SET ROLE earshot_owner")
    owner.execute("CREATE INDEX theirs ON public.episodes (title)")
    owner.execute("RESET ROLE")
    owner.execute("CREATE SCHEMA elsewhere CREATE TABLE notes (id integer)")
    owner.execute("GRANT ALL ON elsewhere.notes TO public")
    assert differences(owner) == []
    owner.rollback()


def test_a_chunk_or_partition_that_grants_more_than_its_table_is_found(fresh_url: str) -> None:
    now = datetime.now(UTC)
    Warehouse(fresh_url).insert("listener_events", events(HARBOR, [now, now - timedelta(days=3)]))
    assert check_schema(fresh_url) == []
    with psycopg.connect(fresh_url) as connection:
        connection.execute("SET ROLE earshot_owner")
        part = connection.execute("SELECT tableoid::regclass::text FROM listener_events LIMIT 1").fetchone()
        assert part
        connection.execute(f"GRANT SELECT ON {part[0]} TO earshot_readonly".encode())
    [finding] = check_schema(fresh_url)
    assert re.match(r"grant SELECT TO earshot_readonly on \S+, a part of a table that does not grant it", finding.what)
    with psycopg.connect(fresh_url) as connection:
        connection.execute("SET ROLE earshot_owner")
        connection.execute(finding.mend.encode())
    assert check_schema(fresh_url) == []


def test_files_that_wait_or_were_edited_are_named(database_url: str) -> None:
    names = [each.name for each in load_migrations()]
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE earshot_owner")
        connection.execute("UPDATE schema_migrations SET checksum = 'another' WHERE name = %s", [names[1]])
    [edited] = check_schema(database_url)
    assert edited.what.startswith(f"sql/migrations/{names[1]}.sql was edited after it was applied on ")
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE earshot_owner")
        connection.execute("DELETE FROM schema_migrations WHERE name = %s", [names[-1]])
    assert Finding(f"migration {names[-1]} is not applied", MIGRATE) in check_schema(database_url)


def test_an_empty_database_lacks_every_migration(empty_url: str) -> None:
    assert [each.mend for each in check_schema(empty_url)] == [MIGRATE] * len(load_migrations())


def test_a_role_that_can_do_more_than_ours_may_is_named(server: Server, database_url: str) -> None:
    address = database_address(server, database_url.rpartition("/")[2])
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute("ALTER ROLE earshot_report CREATEDB")
        try:
            [finding] = check_schema(address)
        finally:
            admin.execute("ALTER ROLE earshot_report NOCREATEDB")
    assert finding == Finding(
        "role earshot_report has CREATEDB", "as a superuser: ALTER ROLE earshot_report NOCREATEDB;"
    )
