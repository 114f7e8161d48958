"""Names, paths and agents that want to be markup, commands or formulas, through real listings and a real report."""

from __future__ import annotations

import csv
import email.policy
import io
import os
import re
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from psycopg import sql
from pypdf import PdfReader

from pipelines.backfill.computing import run_job
from pipelines.cli import main
from reports.archive import read_files
from sql.warehouse import Warehouse
from tests.pipelines.history import passing_history
from tests.pipelines.running import home_of_its_own, rows
from tests.pipelines.small_network import MONDAY, named

# Markup of the console, of Markdown and HTML; ESC, C1, a forged line, an override, a zero-width blank; a formula.
NASTY = (
    " =1+1 [/nope] \x1b[31mred\x9bC1\r\nERROR forged \u202eesrever\u200b |<b>bold</b>| [a](http://evil.example) :smile:"
)
PLAIN = "=1+1 [/nope] [31mredC1 ERROR forged esrever |<b>bold</b>| [a](http://evil.example) :smile:"
NAMES = (
    ("tenants", "name"),
    ("tenants", "brand_name"),
    ("sponsors", "name"),
    ("campaigns", "name"),
    ("podcasts", "title"),
    ("episodes", "title"),
    ("placements", "name"),
    ("insertion_orders", "number"),
)
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


@pytest.fixture
def home(home_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The keys of the small network, and mails in a folder of this test's own."""
    with home_of_its_own(home_folder):
        monkeypatch.setenv("EARSHOT_OUTBOX", str(tmp_path / "outbox"))
        yield tmp_path


@pytest.fixture
def nasty(week: Warehouse, home: Path) -> Warehouse:
    """The computed week, whose names were entered before anything refused them."""
    with week.transaction("earshot_owner") as connection:
        for table, column in NAMES:
            constraint = sql.Identifier(f"{table}_{column}_plain")
            names = {"table": sql.Identifier(table), "column": sql.Identifier(column), "constraint": constraint}
            for text in (
                "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint}",
                "UPDATE {table} SET {column} = %s WHERE tenant_id = %s",
            ):
                values = [NASTY, named("harbor")] if "%s" in text else None
                connection.execute(sql.SQL(text).format(**names), values)
    return week


def earshot(warehouse: Warehouse, *arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, list(arguments), env={"DATABASE_URL": warehouse._url})
    assert result.exit_code == code, result.output
    assert not OBEYED.search(result.output), arguments
    assert not [line for line in result.output.splitlines() if line.startswith("ERROR")], arguments
    return result


def test_a_report_of_nasty_names_is_made_and_harmless_in_every_form(nasty: Warehouse, home: Path) -> None:
    with passing_history() as history:
        made = run_job(nasty, history, "weekly_reports", partition_key=MONDAY.isoformat())
        run_job(nasty, history, "delivery_worker")
    ((report_id, subject),) = rows(
        nasty, "SELECT report_id, subject FROM reports WHERE tenant_id = %s AND state = 'frozen'", named("harbor")
    )
    assert PLAIN in subject
    files = {each.name: each.body for each in read_files(nasty, named("harbor"), UUID(str(report_id)))}
    page, text = files["report.html"].decode(), files["report.txt"].decode()
    printed = "\n".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(files["report.pdf"])).pages)
    # The page itself puts zero-width blanks into long words, so that they break.
    for form in (subject, page, text, printed.replace("\u200b", "")):
        assert not OBEYED.search(form)
        assert "ERROR forged" in form.replace("\n", " ")
    assert PLAIN in text
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    tables = zipfile.ZipFile(io.BytesIO(files["report.zip"]))
    cells = list(csv.DictReader(io.StringIO(tables.read("summary.csv").decode("utf-8-sig"))))
    assert {row["sponsor"] for row in cells} == {f"'{PLAIN}"}
    assert {oct(path.stat().st_mode)[-3:] for path in (home / "outbox").iterdir()} == {"600"}
    assert oct((home / "outbox").stat().st_mode)[-3:] == "700"
    [mail] = [path for path in (home / "outbox").glob("*.eml") if "forged" in path.name]
    head = message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    assert isinstance(head, EmailMessage)
    assert head["Subject"] == subject[:200]
    [sender] = head["From"].addresses
    assert sender.addr_spec == "reports@earshot.invalid"
    assert "".join(sender.display_name.split()) == "".join(PLAIN.split())
    assert not [name for name in head.keys() if name == "ERROR forged"]  # noqa: SIM118
    [shown] = [
        event.metadata["table"].value for event in made.asset_materializations_for_node("weekly_sponsor_reports")
    ]
    assert isinstance(shown, str)
    lines = shown.splitlines()
    assert len(lines) == 4
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    assert "\\<b\\>" in shown
    assert not re.search(r"(?<!\\)\]\(", shown)
    assert not OBEYED.search(shown)


def test_every_listing_shows_nasty_names_and_obeys_none(nasty: Warehouse, home: Path) -> None:
    with passing_history() as history:
        run_job(nasty, history, "weekly_reports", partition_key=MONDAY.isoformat())
    with nasty.transaction("earshot_owner") as connection:
        connection.execute("UPDATE report_deliveries SET recipient = %s WHERE tenant_id = %s", [NASTY, named("harbor")])
        found = connection.execute("SELECT delivery_id FROM report_deliveries WHERE tenant_id = %s", [named("harbor")])
        [(delivery,)] = found.fetchall()
    for arguments in (["reports", "list"], ["deliveries", "list"], ["deliveries", "show", str(delivery)]):
        output = earshot(nasty, *arguments).output
        for piece in ("[/nope]", "\\x1b[31mred\\x9bC1", "\\u202eesrever\\u200b", "|<b>bold</b>|", ":smile:"):
            assert piece in output
    assert "[/nope]" in earshot(nasty, "audit", "--most", "100").output
    assert "[/nope]" in earshot(nasty, "reach", str(named("harbor", "campaign")), "--by", "placement").output
    assert "\\x1b[31mred" in earshot(nasty, "show", "sponsors", "--tenant", "harbor").output
    assert f"'{PLAIN}" in earshot(nasty, "show", "sponsors", "--tenant", "harbor", "--format", "csv").output
    earshot(nasty, "status")
    earshot(nasty, "deliver", "--dry-run")
    assert "# How =1+1 \\[/nope\\]" in earshot(nasty, "methodology", "--tenant", "harbor").output
    folder = home / "previews"
    earshot(nasty, "reports", "preview", str(folder))
    assert not OBEYED.search((folder / "index.html").read_text())
    assert "<b>" not in (folder / "index.html").read_text()


def test_an_import_shows_what_a_log_holds_and_obeys_nothing(week: Warehouse, home: Path) -> None:
    line = (
        '203.0.113.9 - - [02/Mar/2026:10:00:00 +0000] "GET /\x1b]0;owned\x07/[/nope]\x9b.mp3 HTTP/1.1" 200 3601000'
        ' "-" "agent \x1b[2J\u202e [/x]"\n'
    )
    log = home / "[nope].log"
    nothing = line.replace("203.0.113.9", "203.0.113.10").replace("owned", "\0").replace("[/x]", "\0")
    log.write_bytes(f"{line}{nothing}=cmd|' /C calc'!A0 \x1b[31m broken\n".encode() + b"\xff\xfe not UTF-8 \0\n")
    # Stored, but no request is for a file of the catalogue: 3 says that somebody should look.
    output = earshot(week, "import", "--format", "combined", "--tenant", "harbor", str(log), code=3).output
    assert "4 lines read" in output
    assert "2 lines rejected" in output
    rejects = log.with_name("[nope].log.rejects.tsv")
    assert not OBEYED.search(rejects.read_text())
    assert "\t'=cmd" in rejects.read_text()
    assert oct(os.stat(rejects).st_mode)[-3:] == "600"
