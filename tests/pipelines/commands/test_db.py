"""The db commands, as a person types them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from pipelines.commands.db import db
from sql.embedded import Server, find_server, stop_server
from sql.schema.migrate import load_migrations
from sql.values import PermanentError


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    for name in ("DATABASE_URL", "POSTGRES_HOST"):
        monkeypatch.delenv(name, raising=False)

    def invoke(*arguments: str, home: Path, **environment: str) -> Result:
        return CliRunner().invoke(db, arguments, env={"EARSHOT_HOME": str(home), **environment})

    return invoke


def test_a_database_is_started_printed_and_removed(
    run: Callable[..., Result], temporary_home: Callable[[], Path], server: Server
) -> None:
    home = temporary_home()
    try:
        assert "Running: PostgreSQL" in run("up", home=home).stdout
        made = find_server(home)
        assert made is not None
        assert run("url", home=home).stdout == f"{made.url}\n"
        assert f"export DAGSTER_POSTGRES_URL='{made.dagster_url}?connect_timeout=" in run("env", home=home).stdout
        status = run("status", home=home)
        assert status.exit_code == 0
        assert "Schema:   up to date (TimescaleDB, Apache edition)" in status.stdout
        assert made.url.split(":")[2].split("@")[0] not in status.output
        migrated = run("migrate", home=home)
        assert migrated.exit_code == 0
        assert "One login" not in migrated.output
        assert "its data is kept" in run("down", home=home).stdout
        assert run("status", home=home).exit_code == 1
        assert "is removed" in run("down", "--wipe", home=home).stdout
        assert not home.exists()
        assert server.binaries.exists()
    finally:
        stop_server(home, wipe=True)


def test_a_configured_database_is_used_and_none_is_started(
    run: Callable[..., Result], tmp_path: Path, empty_database_url: str
) -> None:
    home = tmp_path / "home"
    up = run("up", home=home, DATABASE_URL=empty_database_url)
    status = run("status", home=home, DATABASE_URL=empty_database_url)
    assert "keeps no private one" in up.stdout
    assert "It answers: PostgreSQL" in status.stdout
    assert re.search(r"^Schema: pending: 0001_\w+, .* and \d+ more; `earshot db migrate`", status.stdout, re.M)
    assert not home.exists()


def test_one_login_for_everything_is_named_with_what_it_means(
    run: Callable[..., Result], tmp_path: Path, database_url: str
) -> None:
    result = run("migrate", home=tmp_path, DATABASE_URL=database_url)
    assert result.exit_code == 0
    assert "whoever has its password can also change the trail of changes. docs/roles.md says" in result.output


def test_an_address_without_a_database_says_how_to_get_one(run: Callable[..., Result], tmp_path: Path) -> None:
    refusal = run("url", home=tmp_path / "home")
    assert isinstance(refusal.exception, PermanentError)
    assert "earshot db up" in str(refusal.exception)


def test_stopping_what_does_not_run_is_no_error(run: Callable[..., Result], tmp_path: Path) -> None:
    answer = run("down", home=tmp_path / "home")
    assert answer.exit_code == 0
    assert "was not running" in answer.stdout


def test_a_check_names_what_is_otherwise_and_what_mends_it(
    run: Callable[..., Result], tmp_path: Path, database_url: str
) -> None:
    whole = run("check", home=tmp_path, DATABASE_URL=database_url)
    assert (whole.exit_code, whole.stdout) == (0, "The schema is what the migrations make.\n")
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE earshot_owner")
        connection.execute("ALTER TABLE downloads NO FORCE ROW LEVEL SECURITY; GRANT SELECT ON reports TO public")
    broken = run("check", home=tmp_path, DATABASE_URL=database_url)
    assert broken.exit_code == 1
    assert broken.stdout.splitlines() == [
        "row-level security of public.downloads is ENABLE and should be ENABLE, FORCE",
        "    ALTER TABLE public.downloads ENABLE ROW LEVEL SECURITY; "
        "ALTER TABLE public.downloads FORCE ROW LEVEL SECURITY;",
        "grant SELECT TO public on public.reports is there and no migration makes it",
        "    REVOKE SELECT ON public.reports FROM public;",
        '2 difference(s). SQL is for earshot_owner: psql "$(earshot db url --migrator)", '
        "and first SET ROLE earshot_owner;",
    ]


def test_migrations_are_taken_back_after_a_question_and_applied_again(
    run: Callable[..., Result], tmp_path: Path, database_url: str
) -> None:
    *_, kept, last = (each.name for each in load_migrations())
    unasked = run("rollback", kept, home=tmp_path, DATABASE_URL=database_url)
    assert unasked.exit_code == 1
    assert f"Take back {last}, with all rows" in unasked.output
    done = run("rollback", kept, "--yes", home=tmp_path, DATABASE_URL=database_url)
    assert done.stdout == f"1 migration(s) taken back; the schema is that of {kept}.\n"
    waiting = run("check", home=tmp_path, DATABASE_URL=database_url)
    assert f"migration {last} is not applied\n    earshot db migrate\n" in waiting.stdout
    assert run("migrate", home=tmp_path, DATABASE_URL=database_url).exit_code == 0
    assert run("check", home=tmp_path, DATABASE_URL=database_url).exit_code == 0
    nowhere = run("rollback", "0042", "--yes", home=tmp_path, DATABASE_URL=database_url)
    assert "There is no migration '0042'; there are 0001_foundation" in str(nowhere.exception)
