"""Every secret setting is marked, every command and asset is made to fail, and no mark is printed, logged or stored."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import dagster as dg
import psycopg
import pytest
from click.testing import CliRunner

from assets.listening.identity.keys import Keyring
from pipelines.cli import main
from pipelines.code_location import RESOURCES
from pipelines.console import FriendlyGroup
from pipelines.homes import dagster_home, project_root
from pipelines.settings import load_settings
from sql.embedded import Server

MARK = "MARK7Q"
SECRETS = {
    "DATABASE_READ_URL": f"postgresql://ana:{MARK} read@127.0.0.1:1/x",
    "DAGSTER_POSTGRES_URL": f"postgresql+psycopg2://ana:{MARK}@{MARK}%zz@127.0.0.1:1/x",
    "POSTGRES_PASSWORD": f"{MARK} '\"\\%@:/é",
    "SMTP_PASSWORD": f"{MARK}%zz smtp",
    "SENDGRID_API_KEY": f"SG.{MARK}abcdefgh.{MARK}abcdefgh",
    "EARSHOT_TOKEN_SECRET": f"{MARK} token of some thirty-two characters",
}
URLS = (
    f"postgresql://ana:{MARK} with blank@127.0.0.1:1/x",
    f"postgresql://ana:{MARK}%zz@127.0.0.1:1/x",
    f"postgresql://ana:{MARK}@{MARK}:x@127.0.0.1:1/x",
    f"postgresql://ana:first/{MARK}#?@127.0.0.1:1/x",
    f"nope://ana:{MARK}@127.0.0.1:1/x",
    f"host=127.0.0.1 port=1 user=ana password='{MARK} it'",
)
COMMANDS = (
    "status",
    "db status",
    "db migrate",
    "import --format combined --tenant a {file}",
    "backfill --from 2026-01-01 --to 2026-01-02",
    "heal",
    "reach anything",
    "methodology --tenant a",
    "rules update --from postgresql://ana:{mark}@db/x",
    "rules update --from http://ana:{mark}@127.0.0.1:1/x",
    "audit",
    "reports list",
    "reports preview {home}/previews",
    "deliver",
    "deliver --dry-run",
    "deliveries list",
    "deliveries show 00000000-0000-0000-0000-000000000001",
    "deliveries suppress a b@example.com",
    "reconcile {events}",
    "send-test b@example.com",
    "demo",
    "ui",
    "nonsense postgresql://ana:{mark}@db/x",
)


def everything_in(folder: Path) -> str:
    """The names and contents of all files."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(f"{path}\n{path.read_text(errors='replace')}" for path in files)


@pytest.fixture
def marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose every secret setting is marked."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EARSHOT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path / "home"


@pytest.mark.parametrize("url", URLS)
def test_no_failing_command_shows_a_secret(marked: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("EARSHOT_MAIL_TRANSPORT", "smtp")
    monkeypatch.setenv("EARSHOT_MAIL_FROM", "reports@example.com")
    monkeypatch.setenv("SMTP_PORT", "1")
    file = marked.parent / "file.log"
    file.write_text("{}")
    events = marked.parent / "events.json"
    events.write_text(json.dumps([{"event": "delivered", "sg_event_id": "1", "earshot_delivery": str(UUID(int=1))}]))
    # Each takes ten seconds to believe that the history does not answer: once is enough.
    skipped = () if url == URLS[0] else ("heal",)
    for command in COMMANDS:
        if command in skipped:
            continue
        arguments = [word.format(mark=MARK, file=file, events=events, home=marked) for word in command.split()]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code in (1, 2), (command, result.output)
        assert isinstance(result.exception, SystemExit), (command, result.exception)
        assert MARK not in result.output, command
        assert "Traceback" not in result.output, command
    assert MARK not in everything_in(marked.parent)


@click.group(cls=FriendlyGroup)
def surprising() -> None:
    """A command line with a fault in it."""


@surprising.command()
def fall() -> None:
    try:
        raise KeyError(SECRETS["SMTP_PASSWORD"])
    except KeyError as cause:
        raise TypeError(f"{SECRETS['SENDGRID_API_KEY']} \x1b[2J\nERROR forged") from cause


def test_an_unexpected_error_is_one_line_and_a_masked_log(marked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(surprising, ["fall"])
    log = marked / "logs" / "errors.log"
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert f"is in {log}" in result.output
    assert "TypeError" in log.read_text()
    assert oct(log.stat().st_mode)[-3:] == "600"
    assert oct(log.parent.stat().st_mode)[-3:] == "700"
    monkeypatch.setenv("EARSHOT_DEBUG", "1")
    printed = CliRunner().invoke(surprising, ["fall"]).output
    assert "Traceback" in printed
    for text in (result.output, printed, log.read_text()):
        assert MARK not in text
        assert "\x1b" not in text


def test_settings_show_no_secret_in_any_field(marked: Path) -> None:
    settings = load_settings({**SECRETS, "EARSHOT_UNSUBSCRIBE_URL": f"https://ana:{MARK}@example.com/stop"})
    assert MARK not in repr(settings)
    assert str(marked) not in repr(settings)
    assert "https://ana:***@example.com/stop" in repr(settings)


@dg.asset(required_resource_keys={"measurement"})
def broken_listening(context: dg.AssetExecutionContext) -> None:
    """Fails with a chain of exceptions that name every secret, having logged them."""
    [key] = context.resources.measurement.keyring.default
    all_secrets = " and ".join([*SECRETS.values(), key.secret.hex(), os.environ["DATABASE_URL"]])
    context.log.warning(f"looked at {all_secrets}\nERROR forged")
    try:
        raise KeyError(all_secrets)
    except KeyError as cause:
        cause.add_note(all_secrets)
        raise RuntimeError(f"cannot go on: {all_secrets} \x1b[2J") from cause


@dg.asset
def refused_listening() -> None:
    raise dg.Failure(f"refused: {SECRETS['SMTP_PASSWORD']}", metadata={"why": "a password"})


@dg.asset(required_resource_keys={"warehouse"})
def unreached_listening() -> None:
    """Its resource cannot be made."""


@pytest.fixture
def instance(marked: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    home = dagster_home(load_settings())
    umask = os.umask(0o022)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", server.dagster_url)
    monkeypatch.setenv("EARSHOT_DAGSTER_FOLDER", str(home))
    with dg.DagsterInstance.get() as found:
        yield found
    os.umask(umask)


def stored(server: Server, table: str, column: str, run_id: str) -> str:
    with psycopg.connect(server.dagster_url.replace("+psycopg2", "")) as connection:
        # The names are this test's own.
        found = connection.execute(f"SELECT {column} FROM {table} WHERE run_id = %s", [run_id]).fetchall()
    return "\n".join(str(value) for (value,) in found)


def test_no_failing_asset_or_resource_stores_a_secret(
    instance: dg.DagsterInstance, server: Server, marked: Path, capfd: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setenv("DATABASE_URL", URLS[1])
    keyring = Keyring.create(marked / "keyring.json")
    hidden = (MARK, keyring.default[0].secret.hex())
    for asset in (broken_listening, refused_listening, unreached_listening):
        result = dg.materialize([asset], instance=instance, resources=RESOURCES, raise_on_error=False)
        assert not result.success
        printed = "".join(capfd.readouterr())
        events = stored(server, "event_logs", "event", result.run_id)
        runs = stored(server, "runs", "run_body", result.run_id)
        assert "***" in events
        for text in (events, runs, printed):
            assert not any(secret in text for secret in hidden)
            assert "\x1b[2J" not in text
            assert "\\u001b[2J" not in text
            assert not [line for line in text.splitlines() if line.startswith("ERROR forged")]
    (marked / "keyring.json").unlink()
    logs = everything_in(marked)
    assert not any(secret in logs for secret in hidden)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (marked / "dagster").rglob("*") if not path.is_symlink())


def test_dagsters_own_commands_show_no_secret(marked: Path, server: Server) -> None:
    home = dagster_home(load_settings())
    places = {"DAGSTER_HOME": str(home), "EARSHOT_DAGSTER_FOLDER": str(home), "DATABASE_URL": URLS[2]}

    def dagster(*arguments: str, history: str) -> str:
        command = [sys.executable, "-m", "dagster", *arguments]
        environ = {**os.environ, **places, "DAGSTER_POSTGRES_URL": history}
        done = subprocess.run(
            command, cwd=project_root(), env=environ, capture_output=True, text=True, timeout=300, check=False
        )
        return done.stdout + done.stderr

    unreached = dagster("run", "list", history=f"postgresql+psycopg2://ana:first@{MARK}%25@127.0.0.1:1/x")
    previewed = dagster("sensor", "preview", "late_rows", history=server.dagster_url)
    for printed in (unreached, previewed):
        assert "***" in printed
        assert MARK not in printed
    assert MARK not in everything_in(marked)
