"""Bad input: what a person types or forgets ends in a message that says what to do, never in a traceback."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from pipelines.cli import main
from sql.embedded import Server
from sql.warehouse import Warehouse


def earshot(*words: str, **environ: str) -> Result:
    """The command as a person runs it, with only these variables of ours set."""
    dagsters = ("DAGSTER_POSTGRES_URL", "DAGSTER_HOME", "EARSHOT_DAGSTER_FOLDER")
    ours = ("DATABASE_URL", "DATABASE_READ_URL", "POSTGRES_HOST", "SENDGRID_API_KEY", *dagsters)
    env: dict[str, str | None] = {**dict.fromkeys(ours), **environ}
    return CliRunner().invoke(main, list(words), env=env)


def refused(result: Result) -> str:
    """What the person read; asserts that the command failed on purpose."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def test_without_any_database_the_message_says_how_to_get_one(tmp_path: Path) -> None:
    words = refused(earshot("status", EARSHOT_HOME=str(tmp_path)))
    assert "earshot db up" in words
    assert "DATABASE_URL" in words


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://someone:hunter2@127.0.0.1:1/earshot"
    words = refused(earshot("status", EARSHOT_HOME=str(tmp_path), DATABASE_URL=url))
    assert "127.0.0.1" in words
    assert "hunter2" not in words


def test_an_address_that_is_no_database_url_is_refused(tmp_path: Path) -> None:
    words = refused(earshot("status", EARSHOT_HOME=str(tmp_path), DATABASE_URL="mysql://host/db"))
    assert "postgresql://" in words


def test_an_unknown_tenant_is_answered_with_near_ones(database_url: str, tmp_path: Path) -> None:
    result = earshot(
        "backfill",
        "--tenant",
        "nobody",
        "--from",
        "2026-01-01",
        "--to",
        "2026-01-02",
        EARSHOT_HOME=str(tmp_path),
        DATABASE_URL=database_url,
    )
    assert "There is no tenant 'nobody'" in refused(result)


def test_a_range_that_ends_before_it_begins_is_refused(database_url: str, tmp_path: Path) -> None:
    result = earshot(
        "backfill", "--from", "2026-01-02", "--to", "2026-01-01", EARSHOT_HOME=str(tmp_path), DATABASE_URL=database_url
    )
    assert "give the earlier day first" in refused(result)


def test_a_day_that_is_not_over_is_refused(database_url: str, tmp_path: Path) -> None:
    result = earshot(
        "backfill", "--from", "2026-01-02", "--to", "2999-01-01", EARSHOT_HOME=str(tmp_path), DATABASE_URL=database_url
    )
    assert "is not over yet" in refused(result)


def test_a_day_before_the_first_partition_is_refused(database_url: str, tmp_path: Path) -> None:
    result = earshot(
        "backfill", "--from", "2019-01-01", "--to", "2026-01-01", EARSHOT_HOME=str(tmp_path), DATABASE_URL=database_url
    )
    assert "the first day that can be computed" in refused(result)


def test_without_dagsters_database_a_backfill_says_what_to_set(database_url: str, tmp_path: Path) -> None:
    result = earshot(
        "backfill", "--from", "2026-01-01", "--to", "2026-01-02", EARSHOT_HOME=str(tmp_path), DATABASE_URL=database_url
    )
    assert "DAGSTER_POSTGRES_URL" in refused(result)


def test_a_history_database_that_does_not_answer_is_named_without_its_password(
    database_url: str, tmp_path: Path
) -> None:
    result = earshot(
        "backfill",
        *("--from", "2026-01-01", "--to", "2026-01-02"),
        EARSHOT_HOME=str(tmp_path),
        DATABASE_URL=database_url,
        DAGSTER_POSTGRES_URL="postgresql+psycopg2://someone:hunter2@127.0.0.1:1/dagster",
    )
    words = refused(result)
    assert "DAGSTER_POSTGRES_URL" in words
    assert "hunter2" not in words


@pytest.mark.parametrize("url", ["sqlite:////tmp/history.db", "postgres://host/dagster", "mysql://host/x", "nonsense"])
def test_a_history_that_is_no_postgresql_is_refused_by_name(url: str, database_url: str, tmp_path: Path) -> None:
    home = {"EARSHOT_HOME": str(tmp_path), "DATABASE_URL": database_url, "DAGSTER_POSTGRES_URL": url}
    for words in (["heal"], ["backfill", "--from", "2026-01-01", "--to", "2026-01-02"]):
        assert "DAGSTER_POSTGRES_URL begins with" in refused(earshot(*words, **home))


def test_without_a_tenant_a_backfill_computes_nothing_and_says_how_to_begin(
    database_url: str, server: Server, tmp_path: Path
) -> None:
    home = {"EARSHOT_HOME": str(tmp_path), "DATABASE_URL": database_url, "DAGSTER_POSTGRES_URL": server.dagster_url}
    for more in ([], ["--dry-run"]):
        words = refused(earshot("backfill", "--from", "2026-01-01", "--to", "2026-01-02", *more, **home))
        assert "There is no tenant yet" in words
        assert "A first tenant" in words


@pytest.mark.parametrize("transport", ["pigeon", "SMTP "])
def test_an_unknown_transport_is_refused(transport: str, tmp_path: Path) -> None:
    words = refused(earshot("status", EARSHOT_HOME=str(tmp_path), EARSHOT_MAIL_TRANSPORT=transport))
    assert "file, smtp or sendgrid" in words


def test_sendgrid_without_a_key_says_which_variable_is_missing(database_url: str, tmp_path: Path) -> None:
    result = earshot(
        "deliver", EARSHOT_HOME=str(tmp_path), DATABASE_URL=database_url, EARSHOT_MAIL_TRANSPORT="sendgrid"
    )
    assert "SENDGRID_API_KEY" in refused(result)


def test_a_schema_that_was_never_made_is_answered_with_the_command_that_makes_it(
    empty_database_url: str, tmp_path: Path
) -> None:
    result = earshot("status", EARSHOT_HOME=str(tmp_path), DATABASE_URL=empty_database_url)
    assert "earshot db migrate" in refused(result)


@pytest.mark.parametrize(
    "command",
    [["--help"], ["demo", "--help"], ["backfill", "--help"], ["import", "--help"], ["deliver", "--help"], ["ui", "-h"]],
)
def test_every_command_explains_itself(command: list[str]) -> None:
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_the_demo_does_not_move_in_with_tenants_of_somebody_else(database_url: str, tmp_path: Path) -> None:
    with closing(Warehouse(database_url)) as warehouse, warehouse.transaction() as connection:
        connection.execute(
            "INSERT INTO tenants (tenant_id, slug, name, brand_name) VALUES (gen_random_uuid(), 'real', 'Real', 'Real')"
        )
    words = refused(earshot("demo", EARSHOT_HOME=str(tmp_path), DATABASE_URL=database_url))
    assert "holds tenants already (real)" in words
    with closing(Warehouse(database_url)) as warehouse:
        assert warehouse.tenants()["slug"].to_list() == ["real"]


def test_the_demo_leaves_an_empty_database_of_somebody_elses_alone(empty_database_url: str, tmp_path: Path) -> None:
    words = refused(earshot("demo", EARSHOT_HOME=str(tmp_path), DATABASE_URL=empty_database_url))
    assert "--into-database" in words
    with psycopg.connect(empty_database_url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert found == (0,)
    assert not (tmp_path / "demo").exists()


def test_on_an_empty_database_of_ones_own_nobody_is_led_to_the_demo(database_url: str, tmp_path: Path) -> None:
    result = earshot("status", EARSHOT_HOME=str(tmp_path), DATABASE_URL=database_url)
    assert result.exit_code == 0
    assert "earshot import" in result.output
    assert "demo" not in result.output
