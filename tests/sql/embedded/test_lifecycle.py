"""The life of a private server: started by a command that ends, stopped, killed, moved, wiped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from sql.embedded import Server, debian, ensure_server, find_server, stop_server
from sql.embedded.account import Account, lasting_folder, serving_account, serving_folder
from sql.values import PermanentError
from tests.conftest import FAST_SETTINGS, admin_address, silent

ROOT = Path(__file__).parents[3]
START = """
import sys
from pathlib import Path
from sql.embedded import ensure_server
ensure_server(Path(sys.argv[1]), print)
"""

# What is committed has to survive a kill here, though not a power cut.
SETTINGS = FAST_SETTINGS | {"synchronous_commit": "on"}


def start(home: Path) -> Server:
    return ensure_server(home, silent, settings=SETTINGS)


def process_of(server: Server) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def remember(server: Server, word: str) -> None:
    with psycopg.connect(server.migrator_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS memory (word text)")
        connection.execute("INSERT INTO memory VALUES (%s)", (word,))


def remembers(server: Server, word: str) -> bool:
    with psycopg.connect(server.migrator_url) as connection:
        return connection.execute("SELECT 1 FROM memory WHERE word = %s", (word,)).fetchone() is not None


@pytest.fixture(scope="module")
def home(temporary_home: Callable[[], Path]) -> Iterator[Path]:
    """A home with a server that these tests stop, kill and start again."""
    folder = temporary_home()
    yield folder
    stop_server(folder, wipe=True)


def test_a_second_ensure_finds_the_running_server(home: Path) -> None:
    first = start(home)
    process = process_of(first)
    message: list[str] = []
    assert ensure_server(home, message.append) == first == find_server(home)
    assert process_of(first) == process
    assert message == []


def test_two_commands_at_once_start_one_server(home: Path) -> None:
    stop_server(home)
    with ThreadPoolExecutor(2) as both:
        one, other = both.map(start, [home, home])
    assert one == other


def test_the_server_outlives_the_command_that_started_it(home: Path) -> None:
    stop_server(home)
    command = subprocess.Popen(
        [sys.executable, "-c", START, str(home)], cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL
    )
    assert command.wait(timeout=120) == 0
    with suppress(ProcessLookupError):
        os.killpg(command.pid, signal.SIGKILL)
    assert find_server(home) is not None


def test_a_stopped_server_comes_back_with_its_rows_at_the_same_address(home: Path) -> None:
    before = start(home)
    remember(before, "stopped")
    assert stop_server(home)
    assert find_server(home) is None
    assert not stop_server(home)
    after = start(home)
    assert after == before
    assert remembers(after, "stopped")


def test_a_killed_server_comes_back_with_its_rows(home: Path) -> None:
    before = start(home)
    remember(before, "killed")
    os.kill(process_of(before), signal.SIGKILL)
    after = start(home)
    assert after.url == before.url
    assert remembers(after, "killed")


def test_a_home_of_an_earlier_version_gets_two_logins_and_the_first_loses_what_was_too_much(
    home: Path,
) -> None:
    before = start(home)
    roles = ("earshot_owner", "earshot_etl", "earshot_report", "earshot_readonly")
    with psycopg.connect(before.admin_url, autocommit=True) as admin:
        # As the application's login had made everything itself, with a reader.
        admin.execute("ALTER DATABASE earshot OWNER TO earshot")
        admin.execute("ALTER ROLE earshot CREATEROLE CREATEDB")
        for name in databases(admin):
            with psycopg.connect(admin_address(before, name), autocommit=True) as each:
                each.execute(f"DROP OWNED BY earshot_migrator, {', '.join(roles)}".encode())
        admin.execute(f"DROP ROLE earshot_migrator, {', '.join(roles)}".encode())
    with psycopg.connect(before.url, autocommit=True) as application:
        for name in roles:
            application.execute(f"CREATE ROLE {name}; GRANT {name} TO earshot WITH INHERIT FALSE, SET TRUE".encode())
        application.execute("CREATE ROLE ana LOGIN; GRANT earshot_readonly TO ana WITH INHERIT TRUE, SET FALSE")
    state = json.loads((home / "database.json").read_text())
    del state["migrator_password"]
    (home / "database.json").write_text(json.dumps(state))

    after = start(home)
    with psycopg.connect(after.migrator_url) as migrator:
        owner = migrator.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'earshot'").fetchone()
        readers = migrator.execute("SELECT pg_has_role('ana', 'earshot_readonly', 'USAGE')").fetchone()
        assert (owner, readers) == (("earshot_migrator",), (True,))
    for attack in ("SET ROLE earshot_owner", "CREATE ROLE mine", "GRANT earshot_owner TO earshot"):
        with psycopg.connect(after.url) as application, pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute(attack.encode())
    assert start(home) == after


def databases(admin: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    found = admin.execute("SELECT datname FROM pg_database WHERE datallowconn").fetchall()
    return [str(name) for (name,) in found]


def test_a_process_number_that_another_process_has_now_is_no_server(home: Path) -> None:
    server = start(home)
    note = (server.data / "postmaster.pid").read_text().split("\n")
    stop_server(home)
    (server.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *note[1:]]))
    assert find_server(home) is None
    assert not stop_server(home)
    assert start(home).url == server.url


def test_a_port_that_was_taken_meanwhile_is_replaced(home: Path) -> None:
    before = start(home)
    stop_server(home)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", before.port))
        other.listen()
        after = start(home)
    assert after.port != before.port
    assert find_server(home) == after


def test_a_home_that_was_moved_keeps_its_database(home: Path) -> None:
    remember(start(home), "moved")
    stop_server(home)
    elsewhere = home.with_name("elsewhere")
    home.rename(elsewhere)
    try:
        assert remembers(start(elsewhere), "moved")
        assert find_server(elsewhere) is not None
    finally:
        stop_server(elsewhere)
        elsewhere.rename(home)


def test_the_copy_of_a_home_is_not_taken_for_its_original(home: Path) -> None:
    start(home)
    copy = home.with_name("copy")
    shutil.copytree(home, copy)
    assert find_server(copy) is None
    assert not stop_server(copy)
    assert find_server(home) is not None


def test_passwords_are_in_a_file_that_only_its_owner_can_read(home: Path) -> None:
    server = start(home)
    assert (home / "database.json").stat().st_mode & 0o777 == 0o600
    assert server.data.stat().st_mode & 0o777 == 0o700
    password = server.url.split(":")[2].split("@")[0]
    assert password not in (server.data.parent / "server.log").read_text()


def test_a_server_without_the_extension_is_plain_postgresql(temporary_home: Callable[[], Path]) -> None:
    home = temporary_home()
    plain = {name: value for name, value in SETTINGS.items() if not name.startswith("timescaledb")}
    try:
        server = ensure_server(home, silent, settings=plain, preload=False)
        with psycopg.connect(server.url, autocommit=True) as connection, pytest.raises(psycopg.Error):
            connection.execute("CREATE EXTENSION timescaledb")
    finally:
        stop_server(home, wipe=True)


def test_wiping_leaves_nothing(temporary_home: Callable[[], Path]) -> None:
    home = temporary_home()
    server = start(home)
    assert stop_server(home, wipe=True)
    assert not home.exists()
    assert not server.data.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_an_interrupted_first_start_is_begun_again(temporary_home: Callable[[], Path]) -> None:
    home = temporary_home()
    (home / "postgres" / "data").mkdir(parents=True)
    (home / "postgres" / "data" / "half").touch()
    try:
        assert start(home).data == home / "postgres" / "data"
    finally:
        stop_server(home, wipe=True)


def test_a_broken_memory_of_the_server_is_named(temporary_home: Callable[[], Path]) -> None:
    home = temporary_home()
    home.mkdir()
    (home / "database.json").write_text("{")
    with pytest.raises(PermanentError, match=r"database\.json"):
        find_server(home)


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PermanentError, match="EARSHOT_HOME"):
        ensure_server(tmp_path / "file" / "home", silent)


class Outsider(Account):
    """A server's user who can enter no folder under the home."""

    def reaches(self, folder: Path) -> bool:
        return False


def test_a_home_that_the_servers_user_cannot_enter_gets_a_lasting_folder_elsewhere(tmp_path: Path) -> None:
    we = serving_account()
    home = tmp_path / "home"
    home.mkdir()
    place = serving_folder(home, Outsider(we.name, we.uid, we.gid), base=tmp_path)
    assert place.parent == tmp_path / f"earshot-{os.geteuid()}"
    assert place == serving_folder(home, Outsider(we.name, we.uid, we.gid), base=tmp_path)
    assert list(home.iterdir()) == []


def test_a_lasting_folder_that_is_open_to_others_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / f"earshot-{os.geteuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(PermanentError, match="open to others"):
        lasting_folder(tmp_path)


def test_programs_that_were_moved_are_patched_again(server: Server, tmp_path: Path) -> None:
    unpacked = server.binaries.parents[4]
    if unpacked.name != debian.folder_name():
        pytest.skip("this machine has a TimescaleDB of its own, so no packages were unpacked")
    moved = tmp_path / "moved"
    shutil.copytree(unpacked, moved, symlinks=True)
    debian.provision(moved, silent)
    program = debian.bin_folder(moved) / "postgres"
    assert str(moved).encode() in program.read_bytes()
    assert str(unpacked).encode() not in program.read_bytes()
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    assert answer.startswith("postgres (PostgreSQL) 17")
