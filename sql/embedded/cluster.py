"""Cluster: one data folder and the server process on it.

Here: making the data folder, its configuration, starting, stopping, and finding out whether it runs.
Not here: logins and databases (server.py), which programs are used (programs.py).
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sql.connections.processes import exists
from sql.embedded.account import Account
from sql.embedded.programs import Programs
from sql.values import EarshotError

ADMINISTRATOR: Final = "postgres"
LOOPBACK: Final = "127.0.0.1"
START_TIMEOUT_S: Final = 60

# After a SIGKILL the orphaned backends hold the shared memory, and postmaster.pid lingers, for about a second.
START_ATTEMPTS: Final = 15
TRANSIENT: Final = ("postmaster.pid", "shared memory block", "is being used by another")

# Linux numbers processes below this (PID_MAX_LIMIT of 64-bit kernels), so no process ever has it.
IMPOSSIBLE_PROCESS: Final = 2**22

# A log is put aside once at this size, so that a server that runs for years keeps at most twice as much.
LOG_BYTES: Final = 10 * 1024 * 1024

# Below this, parallel queries can run out of POSIX shared memory (containers give 64 MB by default).
SHARED_MEMORY_BYTES: Final = 1024**3


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data folder, the programs and the user it runs with, its port and its administrator's password."""

    place: Path
    account: Account
    programs: Programs
    port: int
    password: str = field(repr=False)

    @property
    def data(self) -> Path:
        return self.place / "data"

    @property
    def log(self) -> Path:
        return self.place / "server.log"

    def create(self) -> None:
        """Make the data folder. An unfinished one from an interrupted attempt is replaced."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        self.account.own(self.data, 0o700)
        with _password_file(self.place, self.account, self.password) as secret:
            command: list[str | Path] = [
                self.programs.folder / "initdb",
                "--pgdata",
                self.data,
                "--username",
                ADMINISTRATOR,
            ]
            command += ["--pwfile", secret, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"]
            done = self.account.run([*command, *_locale_options(self.programs.major)])
        if done.returncode != 0:
            raise EarshotError(f"the database folder {self.data} could not be made: {_last_lines(done.stderr)}")
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write("\ninclude 'earshot.conf'\n")
        self.data.joinpath("pg_hba.conf").write_text(f"host all all {LOOPBACK}/32 scram-sha-256\n")

    def start(self, settings: Mapping[str, str]) -> None:
        """Start the server and wait until it takes connections. It outlives this process."""
        lines = [f"{name} = '{value}'" for name, value in settings.items()]
        (self.data / "earshot.conf").write_text("\n".join(lines) + "\n")
        self._prepare_log()
        self._clear_stale_process()
        for attempt in range(1, START_ATTEMPTS + 1):
            before = self.log.stat().st_size
            done = self._control("start", "--log", self.log)
            if done is None:
                return
            output = self._log_since(before)
            if attempt == START_ATTEMPTS or not any(sign in output for sign in TRANSIENT):
                raise EarshotError(
                    f"the database in {self.data} did not start: {_last_lines(output or done)} Its log is {self.log}"
                )
            time.sleep(1)

    def stop(self) -> None:
        """Stop the server: politely, then at once. Nothing happens if it does not run."""
        if not self.alive():
            return
        if self._control("stop", "--mode", "fast") is not None and self.alive():
            problem = self._control("stop", "--mode", "immediate")
            if problem is not None and self.alive():
                raise EarshotError(f"the database in {self.data} did not stop: {_last_lines(problem)}")

    def alive(self) -> bool:
        """Whether the server that the data folder names is a living one.

        A process number alone proves nothing: after a reboot it can be anybody's, and a killed server stays visible as
        a zombie where nothing collects it (containers without an init). A server on another folder is not ours, unless
        that folder is gone: then ours was moved while it ran.
        """
        pid = self._recorded_process()
        if pid is None:
            return False
        if not Path("/proc/self/cmdline").exists():
            return exists(pid)
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        if not arguments[0].endswith(b"postgres") or b"-D" not in arguments:
            return False
        served = Path(os.fsdecode(arguments[arguments.index(b"-D") + 1]))
        return not served.exists() or served.samefile(self.data)

    def _recorded_process(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def _clear_stale_process(self) -> None:
        """Replace the process number in postmaster.pid where another process has it now: PostgreSQL would not start.

        Only the number is replaced: the rest of the file lets PostgreSQL wait for orphaned backends of its own.
        """
        pid = self._recorded_process()
        if pid is not None and exists(pid) and not self.alive():
            pid_file = self.data / "postmaster.pid"
            pid_file.write_text("\n".join([str(IMPOSSIBLE_PROCESS), *pid_file.read_text().split("\n")[1:]]))

    def _control(self, action: str, *options: str | Path) -> str | None:
        """None if pg_ctl did it, else its output."""
        command: list[str | Path] = [self.programs.folder / "pg_ctl", action, "--pgdata", self.data]
        command += ["--wait", "--silent", "--timeout", str(START_TIMEOUT_S), *options]
        done = self.account.run(command, timeout=START_TIMEOUT_S + 30)
        return None if done.returncode == 0 else (done.stderr or done.stdout or "no reason given")

    def _prepare_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.old"))
        self.log.touch()
        self.account.own(self.log, 0o600)

    def _log_since(self, position: int) -> str:
        with self.log.open("rb") as log:
            log.seek(position)
            return log.read().decode(errors="replace")


def server_settings(port: int, preload: bool, major: int, extra: Mapping[str, str]) -> dict[str, str]:
    """What differs from PostgreSQL's defaults, for a server that shares its machine with the pipeline."""
    memory = _memory()
    settings = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        # Socket paths over 100 characters are fatal, and a home can lie deep; everything connects by TCP.
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "max_connections": "100",
        # A sum over years of hypertable chunks in one transaction locks every chunk.
        "max_locks_per_transaction": "512",
        "shared_buffers": _megabytes(memory // 8, 128, 4096),
        "effective_cache_size": _megabytes(memory // 2, 512, 65536),
        "maintenance_work_mem": _megabytes(memory // 32, 64, 1024),
        "work_mem": _megabytes(memory // 256, 8, 128),
        "max_wal_size": "4GB",
        # Nothing replicates from here: the least WAL makes bulk loads cheaper.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_worker_processes": "16",
        # The compiler's 150 MB are not fetched.
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "dynamic_shared_memory_type": _shared_memory(),
    }
    if major >= 16:
        # For the application, however many connections readers have opened.
        settings["reserved_connections"] = "20"
    if preload:
        settings |= {"shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off"}
    return settings | dict(extra)


def choose_port(saved: int | None) -> int:
    """The saved port if it is free on loopback, else any free one."""
    for port in (saved or 0, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise EarshotError(f"no free port on {LOOPBACK} for the database")


@contextmanager
def _password_file(place: Path, account: Account, password: str) -> Iterator[Path]:
    """A file that only the server's user can read, for the length of one command."""
    path = place / f".{secrets.token_hex(8)}"
    path.touch(mode=0o600)
    try:
        account.own(path, 0o600)
        path.write_text(password)
        yield path
    finally:
        path.unlink(missing_ok=True)


def _locale_options(major: int) -> list[str]:
    """Text sorts by code point whatever the machine's locale; since 17 with Unicode's upper and lower case."""
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major >= 17 else []
    return [*builtin, "--locale=C"]


def _memory(limit: Path = Path("/sys/fs/cgroup/memory.max")) -> int:
    """Bytes of the machine, or of the container that limits us."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):
        return min(machine, int(limit.read_text()))
    return machine


def _shared_memory() -> str:
    try:
        place = os.statvfs("/dev/shm")  # noqa: S108 - its size decides, nothing is written there
    except OSError:
        return "mmap"
    return "posix" if place.f_frsize * place.f_blocks >= SHARED_MEMORY_BYTES else "mmap"


def _megabytes(amount: int, minimum: int, maximum: int) -> str:
    return f"{min(max(amount >> 20, minimum), maximum)}MB"


def _last_lines(text: str) -> str:
    return " ".join(text.strip().splitlines()[-3:])
