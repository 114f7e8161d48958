"""earshot import on a real database: what is stored, what is not, and that twice is once."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import psycopg
import pytest
from click.testing import CliRunner, Result

from assets.importing import ImportSummary, LogImport, import_batches, read_batches
from assets.listening import compute_listening_day
from assets.listening.identity.addresses import load_ranges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.keys import Key, Keyring
from pipelines.commands.importing.logs import import_command
from pipelines.commands.importing.rejects import RejectFile
from pipelines.commands.importing.summary import summary_lines
from sql.values import PermanentError, Window
from sql.warehouse import Warehouse
from tests.object_store import ObjectStore
from tests.pipelines.commands.importing.network import EPISODES, TENANT

EXAMPLES = Path(__file__).parents[4] / "docs" / "examples"


def run(warehouse: Warehouse, name: str, tmp_path: Path, form: str, dry_run: bool = False) -> list[str]:
    rejects = tmp_path / "rejects.tsv"
    summary = store(warehouse, EXAMPLES / name, form, rejects, dry_run)
    return summary_lines(summary, "north", dry_run, rejects)


def store(warehouse: Warehouse, log: Path, form: str, rejects: Path, dry_run: bool = False) -> ImportSummary:
    task = LogImport(
        tenant=TENANT,
        tenant_slug="north",
        object=log.name,
        format_name=form,
        started_by="ann",
        is_dry_run=dry_run,
        is_forced=True,
    )
    return import_batches(warehouse, task, read_batches(log), RejectFile(rejects).add)


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL ROLE earshot_etl")
        return connection.execute(statement).fetchall()


@pytest.mark.parametrize(
    ("name", "form", "source", "stored", "unmapped"),
    [
        ("cloudfront.log", "cloudfront", "server_log", 7, 1),
        ("cloudfront-realtime.log", "cloudfront-realtime", "server_log", 6, 0),
        ("combined.log", "combined", "server_log", 7, 2),
        ("megaphone-metrics.json", "megaphone", "server_log", 5, 1),
        ("s3-access.log", "s3", "server_log", 7, 1),
        ("op3-downloads.tsv", "op3", "prefix", 4, 0),
    ],
)
def test_an_example_is_stored_once_however_often_it_is_imported(
    network: Warehouse, database_url: str, tmp_path: Path, name: str, form: str, source: str, stored: int, unmapped: int
) -> None:
    first = run(network, name, tmp_path, form)
    again = run(network, name, tmp_path, form)

    assert first[:3] == [
        f"{stored + 1} lines read for north",
        f"{stored} requests stored, 0 already there",
        f"1 lines rejected; see {tmp_path / 'rejects.tsv'}",
    ]
    assert again[1] == f"0 requests stored, {stored} already there"
    assert rows(
        database_url,
        "SELECT source, count(*), count(*) FILTER (WHERE episode_id IS NULL) FROM listener_events GROUP BY source",
    ) == [(source, stored, unmapped)]
    assert rows(database_url, "SELECT source, count(*) FROM ingest_rejects GROUP BY source") == [(f"import {form}", 1)]


@pytest.mark.parametrize(
    ("name", "form", "dispositions"),
    [
        (
            "cloudfront.log",
            "cloudfront",
            {"counted": 3, "range_probe": 1, "method_not_get": 1, "not_modified": 1, "status_not_ok": 1},
        ),
        (
            "cloudfront-realtime.log",
            "cloudfront-realtime",
            {"counted": 3, "range_probe": 1, "method_not_get": 1, "status_not_ok": 1},
        ),
        (
            "megaphone-metrics.json",
            "megaphone",
            {"counted": 2, "below_threshold": 1, "bot_agent": 1, "unknown_asset": 1},
        ),
        (
            "s3-access.log",
            "s3",
            {"counted": 3, "contributed": 1, "method_not_get": 1, "malformed": 1, "not_modified": 1},
        ),
        ("combined.log", "combined", {"counted": 3, "duplicate": 1, "method_not_get": 3}),
        ("op3-downloads.tsv", "op3", {"counted": 3, "bot_agent": 1}),
    ],
)
def test_what_an_example_holds_is_measured_as_its_shownsay(
    network: Warehouse, tmp_path: Path, name: str, form: str, dispositions: dict[str, int]
) -> None:
    run(network, name, tmp_path, form)

    ring = Keyring(default=(Key(1, b"a secret for tests, 32 bytes long"),))
    window = Window.of_day(date(2026, 10, 14))
    day = compute_listening_day(network.read, window, [TENANT], load_rules(), load_ranges(), ring)

    found = day["request_dispositions"].select(pl.col("disposition").cast(pl.String), "requests")
    assert {disposition: rows for disposition, rows in found.iter_rows() if rows} == dispositions


def test_a_stored_row_holds_the_fields_of_its_line(network: Warehouse, database_url: str, tmp_path: Path) -> None:
    run(network, "cloudfront.log", tmp_path, "cloudfront")

    assert rows(
        database_url,
        "SELECT occurred_at, episode_id, host(client_ip), http_status, range_start, range_end, bytes_sent "
        "FROM listener_events WHERE range_end > 1",
    ) == [(datetime(2026, 10, 14, 6, 13, 2, tzinfo=UTC), EPISODES[1], "10.31.7.88", 206, 0, 1048575, 1048576)]


def test_the_rejects_are_readable_with_line_and_reason(network: Warehouse, tmp_path: Path) -> None:
    run(network, "combined.log", tmp_path, "combined")

    header, line = (tmp_path / "rejects.tsv").read_text().splitlines()
    assert header == "line\treason\ttext"
    assert line.startswith("8\tit does not read: ")
    assert line.endswith("\tthis line was cut by a full disk")


def test_a_dry_run_stores_nothing(network: Warehouse, database_url: str, tmp_path: Path) -> None:
    shown = run(network, "cloudfront.log", tmp_path, "cloudfront", dry_run=True)

    assert shown[1] == "7 requests would be stored, unless they are there already (dry run)"
    assert rows(database_url, "SELECT count(*) FROM listener_events") == [(0,)]
    assert rows(database_url, "SELECT count(*) FROM ingest_rejects") == [(0,)]


def test_shownthat_the_tables_would_refuse_are_rejected_one_by_one(
    network: Warehouse, database_url: str, tmp_path: Path
) -> None:
    def line(year: int = 2026, sent: int = 500, agent: str = "AntennaPod/3.4.0", more: str = "") -> str:
        return f'203.0.113.7 - - [14/Oct/{year}:08:12:00 +0000] "GET /a.mp3 HTTP/1.1" 206 {sent} "-" "{agent}"{more}'

    just = [line(2000), line(2001), line(sent=10**12), line(agent="x" * 20_000)]
    beyond = [line(1999), line(2099), line(sent=10**12 + 1), line(agent="x" * 20_001)]
    to_the_end = line(more=' "bytes=100-9223372036854775807"')
    log = tmp_path / "access.log"
    log.write_text("\n".join([*just, *beyond, to_the_end]) + "\n")
    summary = store(network, log, "combined", tmp_path / "rejects.tsv")
    assert (summary.lines, summary.stored, summary.rejected) == (9, 5, 4)
    reasons = rows(database_url, "SELECT line_number, reason FROM ingest_rejects ORDER BY line_number")
    assert reasons == [
        (5, "its time is before 2000 or yet to come"),
        (6, "its time is before 2000 or yet to come"),
        (7, "it says that more than 1,000,000,000,000 bytes were sent"),
        (8, "its user_agent is longer than 20,000 characters"),
    ]
    (ends,) = rows(database_url, "SELECT range_start, range_end FROM listener_events WHERE range_start = 100")
    assert ends == (100, 10**12)


def test_two_files_that_overlap_are_stored_as_one(network: Warehouse, database_url: str, tmp_path: Path) -> None:
    lines = (EXAMPLES / "combined.log").read_text().splitlines(keepends=True)
    for number, part in enumerate((lines[:5], lines[3:])):
        log = tmp_path / f"{number}.log.gz"
        log.write_bytes(gzip.compress("".join(part).encode()))
        store(network, log, "combined", tmp_path / "rejects.tsv")

    assert rows(database_url, "SELECT count(*) FROM listener_events") == [(7,)]


def test_the_wrong_format_is_recognised_and_the_right_one_named(
    network: Warehouse, database_url: str, tmp_path: Path
) -> None:
    with pytest.raises(
        PermanentError, match=r"looks like a CloudFront standard log: try --format cloudfront"
    ) as raised:
        run(network, "cloudfront.log", tmp_path, "combined")

    assert "Nothing was stored" in str(raised.value)
    assert rows(database_url, "SELECT count(*) FROM ingest_rejects") == [(0,)]


def test_a_file_of_headers_alone_holds_no_requests(network: Warehouse, tmp_path: Path) -> None:
    log = tmp_path / "quiet.log"
    log.write_text("#Version: 1.0\n")

    with pytest.raises(PermanentError, match="holds no requests"):
        store(network, log, "cloudfront", tmp_path / "rejects.tsv")


def command(url: str, *arguments: str) -> Result:
    return CliRunner(env={"DATABASE_URL": url}).invoke(import_command, arguments)


def test_the_command_imports_and_prints_what_it_did(network: Warehouse, database_url: str, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text((EXAMPLES / "combined.log").read_text())

    done = command(database_url, str(log), "--format", "combined", "--tenant", "north")

    assert done.exit_code == 0, done.output
    assert (tmp_path / "access.log.rejects.tsv").exists()
    assert rows(database_url, "SELECT count(*) FROM listener_events") == [(7,)]


def test_a_tenant_that_is_not_there_is_named(network: Warehouse, database_url: str) -> None:
    failed = command(database_url, str(EXAMPLES / "combined.log"), "--format", "combined", "--tenant", "nord")

    assert isinstance(failed.exception, PermanentError)
    assert "north" in str(failed.exception)


def test_the_log_itself_cannot_take_the_rejects(network: Warehouse, database_url: str, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("one line\n")

    failed = command(database_url, str(log), "--format", "combined", "--tenant", "north", "--rejects", str(log))

    assert isinstance(failed.exception, PermanentError)
    assert log.read_text() == "one line\n"


def test_many_places_are_imported_and_one_that_cannot_be_is_named(
    network: Warehouse, database_url: str, tmp_path: Path
) -> None:
    lines = (EXAMPLES / "combined.log").read_text().splitlines(keepends=True)
    (tmp_path / "a.log").write_text("".join(lines[:4]))
    (tmp_path / "b.log").write_text("".join(lines[2:7]))
    (tmp_path / "c.log").write_text("no log at all\n")

    done = command(database_url, str(tmp_path), "--format", "combined", "--tenant", "north")

    assert done.exit_code == 1
    assert "c.log is not imported: no line of" in done.stderr
    assert "9 lines read for north" in done.stdout
    assert rows(database_url, "SELECT count(*) FROM listener_events") == [(7,)]
    assert rows(database_url, "SELECT count(*) FROM imports") == [(2,)]


def test_the_standard_input_is_a_place(network: Warehouse, database_url: str, tmp_path: Path) -> None:
    arguments = ["-", "--format", "combined", "--tenant", "north", "--rejects", str(tmp_path / "rejects.tsv")]
    runner = CliRunner(env={"DATABASE_URL": database_url})
    done = runner.invoke(import_command, arguments, input=(EXAMPLES / "combined.log").read_bytes())
    assert done.exit_code == 0, done.output
    assert rows(database_url, "SELECT object FROM imports") == [("standard input",)]


def test_objects_of_a_store_are_imported_by_hand(
    network: Warehouse, database_url: str, store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("by-hand/logs/a.log", (EXAMPLES / "combined.log").read_bytes())
    monkeypatch.chdir(tmp_path)
    place = ("s3://by-hand/logs/", "--endpoint", store.endpoint)
    done = command(database_url, *place, "--format", "combined", "--tenant", "north")
    assert done.exit_code == 0, done.output
    assert "a.log.rejects.tsv" in done.output
    assert rows(database_url, "SELECT object, stored FROM imports") == [("s3://by-hand/logs/a.log", 7)]


def test_a_doubtful_log_is_stored_and_the_command_ends_with_a_code(
    network: Warehouse, database_url: str, tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_text("\n".join((EXAMPLES / "combined.log").read_text().replace("harbour-hours", "x").splitlines()))
    doubtful = command(database_url, str(log), "--format", "combined", "--tenant", "north")
    assert doubtful.exit_code == 3
    assert "not one request is for a file of the catalogue" in doubtful.stderr


def test_a_log_is_read_by_the_format_that_it_has_and_its_listeners_are_found_behind_a_proxy(
    network: Warehouse, database_url: str, tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    rest = '"GET /harbour-hours/041-the-lock-keeper.mp3 HTTP/1.1" 206 9000000 "-" "AntennaPod/3"'
    lines = [f'10.0.0.7 - - [14/Oct/2026:08:12:4{each} +0000] {rest} "198.51.100.{each}"' for each in range(3)]
    log.write_text("\n".join(lines))

    done = command(database_url, str(log), "--tenant", "north", "--trusted-proxy", "10.0.0.0/8")

    assert done.exit_code == 0, done.output
    assert "read by its first lines as: Apache or nginx combined log (--format combined)" in " ".join(
        done.output.split()
    )
    assert "3 answers are a part of a file and do not say which" in " ".join(done.output.split())
    found = rows(database_url, "SELECT host(client_ip) FROM listener_events ORDER BY 1")
    assert found == [("198.51.100.0",), ("198.51.100.1",), ("198.51.100.2",)]


def test_a_log_is_explained_without_a_tenant_and_by_a_mapping_of_ones_own(tmp_path: Path) -> None:
    own, log = tmp_path / "own.yaml", tmp_path / "own.log"
    columns = "columns: {occurred_at: when, client_ip: who}"
    own.write_text(f"title: Ours\nkind: csv\nseparators: [';']\nfields: [when, who]\n{columns}\n")
    log.write_text("2026-10-14T06:12:41Z;203.0.113.7\nbroken\n")

    shown = command("postgresql://nobody@127.0.0.1:1/none", str(log), "--explain", "--map", str(own))

    assert shown.exit_code == 0, shown.output
    text = " ".join(shown.output.split())
    assert "Read as own: Ours" in text
    assert "client_ip 203.0.113.7" in text
    assert "1 lines, the first of them line 2: it has not the 2 fields of its header" in text
    assert isinstance(command("x", str(log)).exception, PermanentError)
