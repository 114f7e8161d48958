"""The runbook: each command of it runs as it stands, or is one that another test runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from assets.listening.identity.keys import Keyring
from sql.embedded import Server
from sql.schema.migrate import migrate
from tests.conftest import admin_address, cloned_database, silent
from tests.pipelines.small_network import HOMES, MONDAY, add, download

if TYPE_CHECKING:
    from tests.pipelines.installation import Installation

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "runbook.md").read_text("utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

# What takes a server or a history of its own, and who runs it.
ELSEWHERE = {
    "earshot db up": "tests/pipelines/commands/test_db.py",
    "earshot db migrate": "tests/pipelines/commands/test_db.py",
    "earshot db check": "tests/pipelines/commands/test_db.py",
    "earshot backfill --from 2026-10-01 --to 2026-10-01": "tests/pipelines/commands/test_backfill.py",
    "earshot heal": "tests/pipelines/commands/test_heal.py",
    "earshot heal --dry-run": "tests/pipelines/commands/test_heal.py",
}
# Run here, by the tests of backups and key rings below, and by hand: Dagster loads the whole project for it.
BELOW = ("deploy/", "psql ", "cp ", "chmod ", "python3 ", "SUPERUSER_URL=")
BY_HAND = ('eval "$(earshot db env)"', "dagster schedule start")


def commands() -> Iterator[str]:
    for block in BLOCKS:
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            command = re.sub(r"\s+#.*$", "", line).strip()
            if command:
                yield command


PLAIN = [command for command in dict.fromkeys(commands()) if command.startswith("earshot ")]
SHELL = [command for command in dict.fromkeys(commands()) if command.startswith(("du ", "find ", "rm "))]


def test_every_command_is_tried() -> None:
    tried = {*PLAIN, *SHELL}
    rest = [each for each in commands() if each not in tried and not each.startswith((*BELOW, *BY_HAND, "print("))]
    assert rest == []
    assert len(PLAIN) > 10
    assert all((ROOT / file).is_file() for file in ELSEWHERE.values())


@pytest.mark.parametrize("command", [each for each in PLAIN if each not in ELSEWHERE])
def test_a_command_of_earshot_runs_as_it_stands(installation: Installation, command: str) -> None:
    result = installation.call(*shlex.split(command)[1:])
    assert result.exit_code in ((0, 1, 2) if "doctor" in command else (0,)), result.output
    assert result.output


@pytest.mark.parametrize("command", SHELL)
def test_a_command_of_the_shell_runs_as_it_stands(command: str, tmp_path: Path) -> None:
    logs = tmp_path / "dagster" / "storage"
    logs.mkdir(parents=True)
    old, new = logs / "old.err", logs / "new.err"
    for file in (old, new):
        file.touch()
    os.utime(old, (1, 1))
    env = {"PATH": "/usr/bin:/bin", "EARSHOT_HOME": str(tmp_path)}
    done = subprocess.run(["sh", "-ec", command], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert new.exists()
    assert old.exists() is not command.startswith("find")


@pytest.fixture
def empty_url(server: Server) -> Iterator[str]:
    with cloned_database(server, "template0") as url:
        yield url


def shell(server: Server, database: str, home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A script of deploy/, with the server's own programs, as its superuser."""
    superuser = admin_address(server, database)
    env = {
        "PATH": f"{server.binaries}:/usr/bin:/bin",
        "SUPERUSER_URL": superuser,
        "EARSHOT_HOME": str(home),
    }
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("url", "address", "password"),
    [
        ("postgresql://ann:a%40b%2Fc%25d@db:5432/earshot", "postgresql://ann@db:5432/earshot", "a@b/c%d"),
        ("postgresql://ann:b:c@db/earshot?sslmode=require", "postgresql://ann@db/earshot?sslmode=require", "b:c"),
        ("postgresql://ann@db/earshot", "postgresql://ann@db/earshot", ""),
        ("postgresql:///earshot?host=/tmp/a@b:1", "postgresql:///earshot?host=/tmp/a@b:1", ""),
    ],
)
def test_no_process_of_a_backup_has_the_password_among_its_arguments(url: str, address: str, password: str) -> None:
    script = '. deploy/login.sh; printf "%s\\n%s\\n%s\\n" "$address" "${PGPASSWORD-}" "${SUPERUSER_URL-}"'
    env = {"PATH": "/usr/bin:/bin", "SUPERUSER_URL": url}
    done = subprocess.run(["sh", "-euc", script], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == [address, password, "", ""]


def content(url: str) -> dict[str, tuple[object, ...]]:
    """Of each table how many rows it has, and a hash of them."""
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE earshot_owner")
        tables = connection.execute(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        ).fetchall()
        rows = sql.SQL("SELECT count(*), md5(string_agg(t::text, ';' ORDER BY t::text)) FROM {} AS t")
        return {name: connection.execute(rows.format(sql.Identifier(name))).fetchone() or () for (name,) in tables}


def test_a_backup_restores_every_row_every_right_and_the_key_ring(
    installation: Installation, server: Server, empty_url: str, tmp_path: Path
) -> None:
    warehouse, lost = installation.warehouse, tmp_path / "lost"
    add(warehouse, "listener_events", *(download("harbor", MONDAY, home) for home in HOMES))
    url = installation.settings["DATABASE_URL"]
    saved = shell(server, url, tmp_path, "deploy/backup.sh", str(tmp_path / "backup"))
    assert saved.returncode == 0, saved.stderr
    assert "backup: " in saved.stdout
    assert [file.stat().st_mode & 0o077 for file in (tmp_path / "backup").iterdir()] == [0, 0]

    restored = shell(server, empty_url, lost, "deploy/restore.sh", str(tmp_path / "backup"))
    assert restored.returncode == 0, restored.stderr
    assert content(empty_url) == content(url)
    rings = [Keyring.load(home / "keyring.json").default[0].secret for home in (lost, tmp_path)]
    assert rings[0] == rings[1]
    migrate(empty_url, silent)
    after = {"DATABASE_URL": empty_url, "EARSHOT_HOME": str(lost), "EARSHOT_KEYRING": str(lost / "keyring.json")}
    check = installation.call("db", "check", **after)
    assert check.exit_code == 0, check.output
    assert "\n0 problem(s)" in installation.doctor(**after).stdout
    assert add(warehouse, "listener_events", download("harbor", MONDAY, "10.0.9.9")) == 1, "the old one goes on"

    again = shell(server, empty_url, lost, "deploy/restore.sh", str(tmp_path / "backup"))
    assert again.returncode == 1
    assert "restore into an empty one" in again.stderr


def test_a_new_key_ring_made_as_the_page_says_is_one_of_the_next_version(tmp_path: Path) -> None:
    block = next(block for block in BLOCKS if block.startswith("python3"))
    subprocess.run(["sh", "-ec", block], cwd=tmp_path, check=True)
    assert [key.version for key in Keyring.load(tmp_path / "keyring.json").default] == [2]


def test_a_key_ring_is_brought_back_as_the_page_says(tmp_path: Path) -> None:
    block = next(block for block in BLOCKS if block.startswith("cp BACKUP"))
    (tmp_path / "BACKUP").mkdir()
    made = Keyring.create(tmp_path / "BACKUP" / "keyring.json")
    (tmp_path / "home").mkdir()
    env = {"PATH": "/usr/bin:/bin", "EARSHOT_HOME": "home"}
    lines = "\n".join(line for line in block.splitlines() if not line.startswith("earshot"))
    subprocess.run(["sh", "-ec", lines], cwd=tmp_path, env=env, check=True)
    assert Keyring.load(tmp_path / "home" / "keyring.json").default[0].secret == made.default[0].secret
