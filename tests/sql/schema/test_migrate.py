"""Migrations: every way to today's schema leads to the same schema, and what goes wrong is said plainly."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import psycopg
import pytest

from sql.connections.connecting import DatabaseUnavailableError, InsufficientPrivilegeError, WrongDatabaseUrlError
from sql.embedded import Server
from sql.schema.foreign import names_in
from sql.schema.migrate import (
    EditedMigrationError,
    ForeignTablesError,
    Migration,
    MissingExtensionError,
    UnknownMigrationError,
    load_migrations,
    load_repeatables,
    migrate,
    rollback,
    status,
)
from tests.sql.schema_text import described

NAMES = [migration.name for migration in load_migrations()]
FUNCTIONS = [each for each in load_repeatables() if each.kind == "functions"]
VIEWS = [each for each in load_repeatables() if each.kind == "views"]


def test_migrations_are_numbered_without_gaps_and_each_number_once() -> None:
    assert [int(name.split("_")[0]) for name in NAMES] == list(range(1, len(NAMES) + 1))


def test_no_migration_but_one_builds_an_index_over_a_table_that_grows_with_time() -> None:
    """Writers wait for it, and it cannot be built beside them: docs/operators.md, "Changing the schema"."""
    texts = {each.name: each.apply for each in load_migrations()}
    series = {name: set(re.findall(r"earshot_create_series\('(\w+)'", text)) for name, text in texts.items()}
    every = set().union(*series.values())
    assert {"listener_events", "attribution_events", "downloads"} <= every
    indexed = {name: set(re.findall(r"INDEX \w+\s+ON (\w+)", text)) for name, text in texts.items()}
    late = {(name, table) for name, tables in indexed.items() for table in tables & every - series[name]}
    assert late == {("0017_clean_orders", "attribution_events")}


def test_an_empty_database_gets_every_migration_in_order_and_says_so(empty_url: str) -> None:
    progress: list[str] = []
    assert migrate(empty_url, progress.append) == NAMES
    first, *others = (f"Applying {name}" for name in NAMES)
    assert progress == [
        first,
        f"Making {len(FUNCTIONS)} functions",
        *others,
        f"Making {len(VIEWS)} views",
        "The schema is up to date (TimescaleDB, Apache edition)",
    ]


def test_migrating_twice_does_nothing_the_second_time(database_url: str) -> None:
    before, progress = described(database_url), list[str]()
    assert migrate(database_url, progress.append) == []
    assert progress == []
    assert described(database_url) == before


# What a database held that was made with the third migration, in the columns of that time.
EARLY = """
    SET ROLE earshot_etl;
    INSERT INTO tenants (tenant_id, slug, name, brand_name)
    VALUES ('00000000-0000-0000-0000-000000000001', 'harbor-audio', 'Harbor Audio', 'Harbor');
    INSERT INTO podcasts (tenant_id, podcast_id, slug, title)
    SELECT tenant_id, gen_random_uuid(), 'tides', 'Tides' FROM tenants;
    INSERT INTO episodes (tenant_id, podcast_id, episode_id, guid, title, published_at, duration_s)
    SELECT tenant_id, podcast_id, gen_random_uuid(), 'tides-1', 'Low water', '2026-11-01 05:00+00', 1800 FROM podcasts;
    INSERT INTO sponsors (tenant_id, sponsor_id, name)
    SELECT tenant_id, gen_random_uuid(), 'Kelp and Co' FROM tenants;
    INSERT INTO listener_events (
        tenant_id, event_id, occurred_at, source, event_type, episode_id, client_ip, user_agent
    )
    SELECT
        tenant_id, gen_random_uuid(), '2026-11-02 05:00Z', 'server_log', 'download', episode_id, '192.0.2.7', 'Oats/1'
    FROM episodes;
    INSERT INTO attribution_events (
        tenant_id, event_id, occurred_at, sponsor_id, kind, signal, order_id, value_minor, currency
    )
    SELECT tenant_id, gen_random_uuid(), '2026-11-02 06:00+00', sponsor_id, 'purchase', 'server', ' A-1 ', 4200, 'EUR'
    FROM sponsors
"""


def add_early_rows(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        connection.execute(EARLY)
    return early_rows(url)


def early_rows(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE earshot_owner")
        return connection.execute(
            "SELECT tenants.slug, podcasts.title, guid, sponsors.name, listener_events.user_agent, "
            "listener_events.client_ip, order_id, value_minor FROM tenants INNER JOIN podcasts USING (tenant_id) "
            "INNER JOIN episodes USING (tenant_id, podcast_id) INNER JOIN sponsors USING (tenant_id) "
            "INNER JOIN listener_events USING (tenant_id, episode_id) "
            "INNER JOIN attribution_events USING (tenant_id, sponsor_id)"
        ).fetchall()


def test_every_version_leads_to_the_fresh_schema_and_each_rollback_to_the_version_before(
    empty_url: str, database_url: str
) -> None:
    """On one database with some rows: from every version to the next, back again, and from the first to the last."""
    nothing, fresh = described(empty_url), described(database_url)
    schemas = {}
    for number, name in enumerate(NAMES, 1):
        assert migrate(empty_url, to=name) == [name]
        if name == "0003_events":
            rows = add_early_rows(empty_url)
        schemas[name] = described(empty_url)
        found = status(empty_url)
        assert found.pending == tuple(NAMES[number:])
        assert found.edition == "apache"
        assert [applied_at is not None for _, applied_at in found.migrations] == [each <= name for each in NAMES]
        assert found.outdated == (tuple(each.key for each in VIEWS) if found.pending else ())
    assert schemas[NAMES[-1]] == fresh
    assert early_rows(empty_url) == rows
    for before, name in reversed(list(pairwise(NAMES))):
        assert rollback(empty_url, before) == [name]
        assert described(empty_url) == schemas[before]
        if before == "0003_events":
            assert early_rows(empty_url) == rows
    assert migrate(empty_url) == NAMES[1:]
    assert described(empty_url) == fresh
    assert rollback(empty_url, None) == NAMES[::-1]
    assert described(empty_url) == nothing


def test_the_status_of_an_empty_database_is_that_everything_is_pending(empty_url: str) -> None:
    found = status(empty_url)
    assert found.pending == tuple(NAMES)
    assert found.outdated == tuple(each.key for each in load_repeatables())
    assert found.edition is None


def test_two_migrations_at_once_apply_each_file_once(make_database: Callable[[], str]) -> None:
    url, other = make_database(), make_database()
    applied: list[tuple[str, str]] = []
    threads = [
        threading.Thread(target=lambda each=each: applied.extend((each, name) for name in migrate(each)))
        for each in (url, url, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == sorted((each, name) for each in (url, other) for name in NAMES)


def test_an_edited_file_that_was_applied_is_named(database_url: str) -> None:
    first, second, *rest = load_migrations()
    edited = [first, replace(second, apply=second.apply + "\n-- a second thought"), *rest]
    with pytest.raises(
        EditedMigrationError, match=r"sql/migrations/0002_dimensions\.sql was edited after it was applied"
    ):
        migrate(database_url, migrations=edited)


def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    newer = Migration("0999_later", "CREATE TABLE later (id integer)", "DROP TABLE later")
    migrate(database_url, migrations=[*load_migrations(), newer])
    with pytest.raises(UnknownMigrationError, match="0999_later, which this version of Earshot does not know"):
        migrate(database_url)
    with pytest.raises(UnknownMigrationError, match="0999_later"):
        status(database_url)


def test_a_step_that_fails_leaves_no_trace_and_the_steps_before_it_stay(empty_url: str) -> None:
    broken = Migration("0999_broken", "CREATE TABLE half_made (id integer); SELECT 1 / 0", "")
    with pytest.raises(Exception, match="Applying 0999_broken failed: division by zero"):
        migrate(empty_url, migrations=[*load_migrations(), broken])
    assert status(empty_url).pending == ()
    assert status(empty_url).outdated == tuple(each.key for each in VIEWS)
    with psycopg.connect(empty_url) as connection:
        assert connection.execute("SELECT to_regclass('half_made')").fetchone() == (None,)


def test_a_target_that_does_not_exist_is_an_error_that_lists_the_targets(empty_url: str) -> None:
    with pytest.raises(UnknownMigrationError, match="There is no migration '0042'; there are 0001_foundation"):
        migrate(empty_url, to="0042")
    with pytest.raises(UnknownMigrationError, match="0001_foundation"):
        rollback(empty_url, "0042")


@pytest.mark.parametrize(
    ("made", "named"),
    [
        ("CREATE TABLE listener_events (version text)", "the table listener_events"),
        ("CREATE TABLE schema_migrations (version text)", "the table schema_migrations"),
        ("CREATE VIEW metrics_daily AS SELECT 1", "the view metrics_daily"),
        ("CREATE MATERIALIZED VIEW campaigns AS SELECT 1", "the materialized view campaigns"),
        ("CREATE SEQUENCE lift_results", "the sequence lift_results"),
        (
            "CREATE TABLE theirs (id integer); CREATE INDEX tenant_failures_key ON theirs (id)",
            "the index tenant_failures_key",
        ),
        ("CREATE TYPE suppressions AS (id integer)", "the type suppressions"),
        ("CREATE DOMAIN reports AS text", "the type reports"),
        ("CREATE TYPE work_locks AS ENUM ('shut')", "the type work_locks"),
        ("CREATE FUNCTION visible_tenant(a text) RETURNS text RETURN a", "the function visible_tenant"),
        ("CREATE FUNCTION earshot_make_partition() RETURNS text RETURN '1'", "the function earshot_make_partition"),
        ("CREATE SCHEMA bi", "the schema bi"),
        ("CREATE TABLE downloads_default (id integer)", "the table downloads_default"),
        ("CREATE TABLE ad_exposures_p20261126 (id integer)", "the table ad_exposures_p20261126"),
    ],
)
def test_what_a_platform_has_under_our_names_is_found_before_anything_is_changed(
    empty_url: str, made: str, named: str
) -> None:
    with psycopg.connect(empty_url) as connection:
        connection.execute(made.encode())
    before = described(empty_url)
    progress: list[str] = []
    with pytest.raises(ForeignTablesError, match=f"already has {named}, made by another program; nothing was changed"):
        migrate(empty_url, progress.append)
    assert progress == []
    assert described(empty_url) == before


def test_the_names_that_are_looked_for_are_those_that_the_migrations_make(database_url: str) -> None:
    """Read from the files' text; what the server names itself (keys, identities) gives way to what is there."""
    names = names_in([*(each.apply for each in load_migrations()), *(each.text for each in load_repeatables())])
    ours = "oid NOT IN (SELECT objid FROM pg_depend WHERE deptype = 'e')"
    with psycopg.connect(database_url) as connection:

        def found(query: str) -> set[str]:
            return {str(name) for (name,) in connection.execute(query.encode()).fetchall()}

        relations = found(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm') "
            f"AND {ours}"
        )
        indexes = found(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'i' "
            f"AND oid NOT IN (SELECT conindid FROM pg_constraint) AND {ours}"
        )
        functions = found(f"SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND {ours}")
    assert relations <= names.relations
    assert indexes <= names.relations
    assert functions <= names.functions
    assert "bi" in names.schemas


def test_a_missing_extension_is_named_with_the_package_that_has_it(empty_url: str) -> None:
    needs_extension = Migration("0001_foundation", "CREATE EXTENSION no_such_extension", "")
    with pytest.raises(MissingExtensionError, match=r"no_such_extension.*postgresql-contrib"):
        migrate(empty_url, migrations=[needs_extension])


@pytest.fixture
def as_guest(server: Server) -> Iterator[Callable[[str], str]]:
    """The same address for a login that may only connect."""
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE guest LOGIN PASSWORD 'welcome'")
        yield lambda url: f"postgresql://guest:welcome@{url.split('@')[1]}"
        admin.execute("DROP ROLE guest")


def test_a_login_without_rights_gets_an_error_that_names_what_it_lacks(
    empty_url: str, database_url: str, as_guest: Callable[[str], str]
) -> None:
    with pytest.raises(InsufficientPrivilegeError, match="Applying 0001_foundation failed: permission denied"):
        migrate(as_guest(empty_url))
    with pytest.raises(InsufficientPrivilegeError, match="Use the login that ran `earshot db migrate`"):
        status(as_guest(database_url))


def test_a_wrong_password_is_said_without_showing_it(empty_url: str) -> None:
    secret = empty_url.split("://")[1].split("@")[0].split(":")[1]
    wrong = empty_url.replace(secret, "not-the-password")
    with pytest.raises(WrongDatabaseUrlError) as caught:
        migrate(wrong)
    assert "not-the-password" not in str(caught.value)
    assert ":***@" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["mysql://root:hunter2@localhost/x", "localhost:5432", "", "postgresql://h:hunter2@[::1/x"]
)
def test_what_is_no_postgresql_url_is_refused_with_the_right_form(url: str) -> None:
    with pytest.raises(WrongDatabaseUrlError, match="postgresql://login:password@host:5432/database") as caught:
        migrate(url)
    assert "hunter2" not in str(caught.value)


def test_a_server_that_is_not_there_is_an_error_that_a_retry_may_heal() -> None:
    with pytest.raises(
        DatabaseUnavailableError, match=r"No database answered at postgresql://someone:\*\*\*@127\.0\.0\.1:1/"
    ):
        migrate("postgresql://someone:secret@127.0.0.1:1/earshot")


def test_every_migration_has_its_way_back() -> None:
    assert all(migration.rollback.strip() for migration in load_migrations())


@pytest.mark.parametrize("migration", load_migrations(), ids=NAMES)
def test_a_migration_ends_no_transaction_and_so_is_applied_whole_or_not_at_all(migration: Migration) -> None:
    """Each is one transaction of the migrator's; what would end that, or cannot run inside one, is in none."""
    ending = r"^\s*(COMMIT|ROLLBACK|END|BEGIN|START TRANSACTION|ABORT)\s*;|\bCONCURRENTLY\b|^\s*(VACUUM|CALL)\b"
    for text in (migration.apply, migration.rollback):
        outside = re.sub(r"\$(\w*)\$.*?\$\1\$|--.*?$", "", text, flags=re.DOTALL | re.MULTILINE)
        assert not re.search(ending, outside, re.MULTILINE | re.IGNORECASE)
