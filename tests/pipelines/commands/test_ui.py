"""earshot ui: what keeps it from starting, said before anything is started."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.commands.ui import LONGEST_SOCKET, SERVICES, _socket_path

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, and a database that nobody answers for: nothing may get so far."""
    monkeypatch.setenv("EARSHOT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.chdir(ROOT)
    return tmp_path / "home"


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["ui", *arguments])
    assert result.exit_code == 1
    return result.output


def test_a_port_that_is_taken_is_named(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        message = refused("--port", str(port))
    assert f"Port {port} of 127.0.0.1 is taken by another program" in message
    assert "--port" in message


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--host", "no.such.name.invalid"), "--host no.such.name.invalid --port 3000 is no address of this machine"),
        (("--host", "203.0.113.7", "--port", "0"), "Nobody can listen on port 0 of 203.0.113.7"),
        (("--host", f"{'x' * 64}.example"), "is no address of this machine"),
    ],
)
def test_an_address_that_is_not_ours_is_named(arguments: tuple[str, ...], expected: str) -> None:
    assert expected in refused(*arguments)


@pytest.mark.parametrize("name", SERVICES)
def test_a_log_that_is_another_file_is_named_before_anything_starts(home: Path, tmp_path: Path, name: str) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    (home / "logs").mkdir(parents=True)
    (home / "logs" / f"{name}.log").hardlink_to(notes)
    assert f"{name}.log is no ordinary file of this user's own: remove it" in refused("--port", "0")
    assert notes.read_text() == "mine"


def test_a_second_one_for_the_same_home_names_the_first(home: Path) -> None:
    (home / "dagster").mkdir(parents=True)
    with (home / "dagster" / "ui.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        assert "runs already for this home (process 4711)" in refused()


def test_settings_that_cannot_be_read_end_the_start(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "workspace.yaml").write_text("load_from: []\n")
    (tmp_path / "dagster.yaml").write_text("storage: [\n")
    assert "are no YAML" in refused()
    assert not (home / "dagster" / "history").exists()


def test_a_home_with_a_long_name_has_its_socket_elsewhere_and_private(tmp_path: Path) -> None:
    (tmp_path / "code-1.sock").touch()
    with _socket_path(tmp_path) as path:
        assert not (tmp_path / "code-1.sock").exists()
        assert path == str(tmp_path / f"code-{os.getpid()}.sock") or len(os.fsencode(tmp_path)) > LONGEST_SOCKET - 20
    long = tmp_path / ("x" * 100)
    long.mkdir()
    with _socket_path(long) as path:
        assert len(path) <= LONGEST_SOCKET
        assert Path(path).parent.stat().st_mode & 0o077 == 0
    assert not Path(path).parent.exists()
