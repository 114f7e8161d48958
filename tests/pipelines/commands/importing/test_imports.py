"""earshot imports on a real database: the list, and taking back exactly what an import alone brought."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from pipelines.commands.importing.imports import imports
from pipelines.commands.importing.logs import import_command
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.pipelines.commands.importing.network import TENANT

Run = Callable[..., Result]
EPISODE = "/harbour-hours/041-the-lock-keeper.mp3"


@pytest.fixture
def run(network: Warehouse, database_url: str, tmp_path: Path) -> Run:
    def import_lines(*lines: str, name: str = "access.log") -> Result:
        log = tmp_path / name
        log.write_text("\n".join(lines) + "\n")
        return call(database_url, import_command, str(log), "--format", "combined", "--tenant", "north")

    return import_lines


def call(url: str, command: object, *arguments: str) -> Result:
    return CliRunner(env={"DATABASE_URL": url}).invoke(command, arguments)  # type: ignore[arg-type]


def line(second: int, day: int = 14) -> str:
    return f'192.0.2.7 - - [{day}/Oct/2026:08:12:{second:02} +0000] "GET {EPISODE} HTTP/1.1" 200 500 "-" "AntennaPod/3"'


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL ROLE earshot_etl")
        return connection.execute(statement).fetchall()


def test_taking_back_deletes_what_the_import_alone_brought_and_names_who_had_it_too(
    run: Run, database_url: str
) -> None:
    run(line(1), line(2), "broken")
    run(line(2), line(3, day=15), name="second.log")

    undone = call(database_url, imports, "undo", "1")

    assert undone.exit_code == 0, undone.output
    said = undone.stdout.splitlines()
    assert said[0] == "import 1 of north is taken back: 2 rows and 1 rejected lines went"
    assert said[1].startswith("import 2 had brought 1 of these rows too: import ")
    assert "earshot backfill --tenant north --from 2026-10-14 --to 2026-10-14" in said[2]
    assert rows(
        database_url, "SELECT (occurred_at AT TIME ZONE 'UTC')::date::text, import_id FROM listener_events"
    ) == [("2026-10-15", 2)]
    assert rows(database_url, "SELECT count(*) FROM ingest_rejects") == [(0,)]
    reopened = rows(database_url, "SELECT day::text, rows FROM ingest_watermarks WHERE source = 'requests' ORDER BY 1")
    assert reopened == [("2026-10-14", 0), ("2026-10-15", 1)]

    with pytest.raises(PermanentError, match=r"Import 1 was taken back on"):
        CliRunner(env={"DATABASE_URL": database_url}).invoke(imports, ["undo", "1"], catch_exceptions=False)
    run(line(2), name="second.log")
    assert rows(database_url, "SELECT count(*) FROM listener_events") == [(2,)]


def test_the_list_says_who_imported_what_and_how_it_went(run: Run, database_url: str) -> None:
    assert "Nothing was imported yet." in call(database_url, imports).output
    run(line(1), line(2))

    listed = call(database_url, imports, "--tenant", "north").output.splitlines()

    assert listed[0].split()[:3] == ["id", "tenant", "when"]
    assert " north " in listed[1]
    assert " access.log " not in listed[1]
    assert "combined" in listed[1]
    assert "2026-10-14" in listed[1]


def test_an_import_at_work_is_not_taken_back(run: Run, database_url: str) -> None:
    run(line(1))
    with psycopg.connect(database_url) as connection:
        connection.execute("SET LOCAL ROLE earshot_etl")
        connection.execute("UPDATE imports SET state = 'running', updated_at = now()")

    failed = call(database_url, imports, "undo", "1")

    assert isinstance(failed.exception, PermanentError)
    assert "is at work" in str(failed.exception)


def test_a_taken_back_import_does_not_leave_its_days_short_of_rows(
    run: Run, network: Warehouse, database_url: str
) -> None:
    """What the day was computed from is less by what was taken back, and no more."""
    run(line(1), line(2), line(3))
    run(line(4), name="second.log")
    with psycopg.connect(database_url) as connection:
        connection.execute("SET LOCAL ROLE earshot_etl")
        values = {"tenant": TENANT}
        connection.execute(
            "INSERT INTO request_dispositions (tenant_id, day, disposition, requests, rules_version, run_id, is_final)"
            " VALUES (%(tenant)s, '2026-10-14', 'counted', 4, 'x', gen_random_uuid(), false)",
            values,
        )
        connection.execute(
            "INSERT INTO rollup_ledger (asset, day, tenant_id, run_id, rows, status) VALUES "
            "('request_dispositions', '2026-10-14', %(tenant)s, gen_random_uuid(), 1, 'provisional')",
            values,
        )
    call(database_url, imports, "undo", "2")

    def missing() -> int:
        span = {"start": "2026-10-14", "end": "2026-10-15", "day": "2026-10-14", "tenants": [TENANT]}
        return len(network.rows("read_missing_rows", **span))

    assert missing() == 0
    (judged,) = network.rows("read_judged_requests", first="2026-10-14", last="2026-10-14", tenants=[TENANT])
    assert judged["requests"] == 3
    with psycopg.connect(database_url) as connection:
        connection.execute("SET LOCAL ROLE earshot_etl")
        connection.execute("DELETE FROM listener_events WHERE occurred_at = '2026-10-14 08:12:01+00'")
    assert missing() == 1
