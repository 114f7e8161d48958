"""Functions and views: each follows its file, with what stands on it and its grants, all at once or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from sql.connections.connecting import StatementError
from sql.embedded import Server
from sql.schema.migrate import (
    ForeignTablesError,
    Migration,
    Repeatable,
    load_migrations,
    load_repeatables,
    migrate,
    status,
)
from tests.conftest import cloned_database
from tests.sql.conftest import TEMPLATES
from tests.sql.schema_text import described

FILES = load_repeatables()
SAYS_WHO_MAY = "SELECT relacl::text FROM pg_class WHERE oid = 'bi.listening_daily'::regclass"


def with_file(key: str, change: Callable[[str], str]) -> list[Repeatable]:
    """The files of this version, of which one says something else."""
    return [replace(each, text=change(each.text)) if each.key == key else each for each in FILES]


def scalar(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE earshot_owner")
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


# metrics_by_level reads it, and metrics_daily reads that.
WIDER = with_file(
    "views/listening_daily", lambda text: text.replace("    played.is_final\n", "    1 AS one,\n    played.is_final\n")
)


def test_a_changed_view_is_made_anew_with_its_grants_comments_and_the_views_that_read_it(database_url: str) -> None:
    before, grants, progress = described(database_url), scalar(database_url, SAYS_WHO_MAY), list[str]()
    assert migrate(database_url, progress.append, repeatables=WIDER) == []
    assert progress[0] == "Making views/listening_daily, views/metrics_by_level, views/metrics_daily"
    assert progress[1].startswith("The schema is up to date")
    assert (
        scalar(database_url, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'bi.listening_daily'::regclass") == 17
    )
    assert scalar(database_url, SAYS_WHO_MAY) == grants
    assert scalar(database_url, "SELECT obj_description('bi.metrics_daily'::regclass)") is not None
    changed = set(described(database_url).splitlines()) ^ set(before.splitlines())
    assert {" ".join(line.split()[:2]) for line in changed} == {"view bi.listening_daily"}
    assert migrate(database_url) == []
    assert described(database_url) == before


def test_a_view_and_a_function_whose_files_are_gone_are_dropped(database_url: str) -> None:
    gone = {"views/metrics_daily", "functions/earshot_add_bound"}
    progress: list[str] = []
    migrate(database_url, progress.append, repeatables=[each for each in FILES if each.key not in gone])
    assert progress[0] == "Dropping functions/earshot_add_bound, views/metrics_daily"
    assert scalar(database_url, "SELECT to_regclass('bi.metrics_daily')") is None
    assert scalar(database_url, "SELECT to_regproc('public.earshot_add_bound')") is None
    assert scalar(database_url, "SELECT count(*) FROM schema_migrations WHERE name LIKE '%/metrics_daily'") == 0
    assert status(database_url).outdated == tuple(each.key for each in FILES if each.key in gone)


def test_one_that_fails_leaves_everything_as_before(database_url: str) -> None:
    broken = [
        replace(each, text="CREATE VIEW bi.metrics_daily AS SELECT no_such_column FROM bi.metrics_by_level")
        if each.key == "views/metrics_daily"
        else each
        for each in WIDER
        if each.key != "functions/earshot_add_bound"
    ]
    before, waiting = described(database_url), status(database_url).outdated
    with pytest.raises(StatementError, match=r"Making sql/views/metrics_daily.sql failed.*no_such_column"):
        migrate(database_url, repeatables=broken)
    assert described(database_url) == before
    assert status(database_url).outdated == waiting == ()


def test_what_somebody_has_dropped_is_made_again(database_url: str) -> None:
    before = described(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE earshot_owner")
        connection.execute("DROP VIEW bi.metrics_daily, bi.downloads; DROP FUNCTION earshot_add_bound")
    assert status(database_url).outdated == ("functions/earshot_add_bound", "views/metrics_daily")
    progress: list[str] = []
    migrate(database_url, progress.append)
    assert progress[0] == "Making functions/earshot_add_bound, views/metrics_daily"
    assert described(database_url) == before


@pytest.mark.parametrize("edition", TEMPLATES)
def test_a_function_on_which_tables_stand_is_replaced_in_place_and_holds_them(
    request: pytest.FixtureRequest, edition: str
) -> None:
    """Constraints of tables, chunks and partitions, and another function."""
    server: Server = request.getfixturevalue(edition)
    with cloned_database(server, request.getfixturevalue(TEMPLATES[edition])) as url:
        holds_them(url)


def holds_them(url: str) -> None:
    before = described(url)
    strict = with_file("functions/in_money_bounds", lambda text: text.replace("1000000000000", "5"))
    progress: list[str] = []
    migrate(url, progress.append, repeatables=strict)
    assert progress[0] == "Making functions/in_money_bounds"
    changed = set(described(url).splitlines()) ^ set(before.splitlines())
    assert {line.split(" = ")[0] for line in changed if line.startswith("constraint")} == set()
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE earshot_etl")
        with pytest.raises(psycopg.errors.CheckViolation, match="attribution_events_value_in_bounds"):
            connection.execute(
                "INSERT INTO attribution_events (tenant_id, event_id, occurred_at, sponsor_id, kind, signal, "
                "value_minor, currency) VALUES (gen_random_uuid(), gen_random_uuid(), now(), gen_random_uuid(), "
                "'purchase', 'server', 6, 'EUR')"
            )
    migrate(url)
    assert described(url) == before


def test_a_changed_function_has_the_grants_of_its_file_and_no_others(database_url: str) -> None:
    """Both kinds: on one of them policies stand, and the other can be dropped."""
    before = described(database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE earshot_owner")
        connection.execute("GRANT EXECUTE ON FUNCTION visible_tenant(), earshot_hide() TO public")
        connection.execute("GRANT EXECUTE ON FUNCTION record_resend(), earshot_hide() TO earshot_readonly")
    names = ("visible_tenant", "earshot_hide", "record_resend")
    commented = [replace(each, text=f"{each.text}-- Said twice.\n") if each.name in names else each for each in FILES]
    migrate(database_url, repeatables=commented)
    assert described(database_url) == before


def test_a_function_may_change_what_it_returns_and_takes_if_only_views_stand_on_it(database_url: str) -> None:
    files = [
        *FILES,
        Repeatable("functions", "twice", "CREATE OR REPLACE FUNCTION twice(a integer) RETURNS integer RETURN a * 2"),
        Repeatable("views", "doubled", "CREATE VIEW bi.doubled AS SELECT twice(4) AS four"),
    ]
    migrate(database_url, repeatables=files)
    files[-2:] = [
        replace(files[-2], text="CREATE OR REPLACE FUNCTION twice(a text) RETURNS text RETURN a || a"),
        replace(files[-1], text="CREATE VIEW bi.doubled AS SELECT twice('ab') AS abab"),
    ]
    migrate(database_url, repeatables=files)
    assert scalar(database_url, "SELECT abab FROM bi.doubled") == "abab"
    assert scalar(database_url, "SELECT count(*) FROM pg_proc WHERE proname = 'twice'") == 1
    migrate(database_url)
    assert scalar(database_url, "SELECT to_regproc('twice')") is None


def test_a_migration_has_the_functions_of_its_version_and_one_that_fails_changes_none(database_url: str) -> None:
    before = described(database_url)
    even = "CREATE OR REPLACE FUNCTION is_even(a integer) RETURNS boolean RETURN a % 2 = 0"
    files = [*FILES, Repeatable("functions", "is_even", even)]
    held = "SET LOCAL ROLE earshot_owner; CREATE TABLE pairs (a integer CHECK (is_even(a)))"
    broken = Migration("0999_pairs", f"{held}; SELECT 1 / 0", "DROP TABLE pairs")
    with pytest.raises(StatementError, match="Applying 0999_pairs failed: division by zero"):
        migrate(database_url, migrations=[*load_migrations(), broken], repeatables=files)
    assert described(database_url) == before
    whole = replace(broken, apply=held)
    assert migrate(database_url, migrations=[*load_migrations(), whole], repeatables=files) == ["0999_pairs"]
    # A table stands on it now, so that its file cannot go yet.
    with pytest.raises(StatementError, match=r"Dropping .* failed.*constraint pairs_a_check on table pairs depends on"):
        migrate(database_url, migrations=[*load_migrations(), whole])


def test_a_view_that_somebody_else_has_made_upon_ours_is_named_and_nothing_changes(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE VIEW theirs AS SELECT day FROM bi.listening_daily")
    before = described(database_url)
    with pytest.raises(StatementError, match=r"view theirs depends on view bi.listening_daily.*drop that, migrate"):
        migrate(database_url, repeatables=WIDER)
    assert described(database_url) == before


def test_a_new_functions_name_that_a_platform_has_is_found_before_anything_is_changed(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE FUNCTION halved(a integer) RETURNS integer RETURN a / 2")
    before = described(database_url)
    ours = Repeatable("functions", "halved", "CREATE OR REPLACE FUNCTION halved(a integer) RETURNS integer RETURN 0")
    with pytest.raises(ForeignTablesError, match="the function halved, made by another program; nothing was changed"):
        migrate(database_url, repeatables=[*FILES, ours])
    assert described(database_url) == before


def test_two_that_migrate_at_once_make_each_file_once(database_url: str) -> None:
    progress: list[str] = []
    threads = [
        threading.Thread(target=migrate, args=(database_url, progress.append), kwargs={"repeatables": WIDER})
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([line for line in progress if line.startswith("Making")]) == 1


@pytest.mark.parametrize("each", FILES, ids=[each.key for each in FILES])
def test_each_file_makes_what_its_name_says_and_says_what_that_is(each: Repeatable) -> None:
    assert each.text.startswith(f"-- {each.name}: ")
    made = "CREATE VIEW bi." if each.kind == "views" else "CREATE OR REPLACE FUNCTION "
    heads = [line for line in each.text.splitlines() if line.startswith("CREATE ")]
    assert heads
    assert all(line.removeprefix(made).removeprefix("bi.").startswith(each.name) for line in heads)
