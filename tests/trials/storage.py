"""Storage: disks that are full while rows are written, sorted, mailed and archived, and a database that is stopped.

    python -m tests.trials.storage [--homes 3000]

Each full disk is a file system of its own in memory, which takes root to mount; without, that part is left out. Exit
status 1 where a message does not say that there is no room, or where with room something is other than undisturbed.

Here: the trial on real file systems and processes, and its figures. Not here: kills (kills.py).
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psycopg
from psycopg import sql

from benchmarks.fingerprint import compare
from sql.connections.connecting import DatabaseUnavailableError
from sql.connections.limits import Limits
from sql.embedded import Server
from sql.embedded.account import serving_account
from sql.warehouse import Warehouse
from tests.conftest import cloned_database, database_address
from tests.pipelines.small_network import FIRST, MONDAY, SUNDAY, add, download
from tests.trials.places import DAYS, Place, placed
from tests.trials.table import Table, trial_server

SILENCE_S = 4
# What a command needs to load, on a machine that does much else.
SLACK_S = 60.0
SAYS = "No space left on device"


def main(given: list[str]) -> int:
    """Run the trial and print its table."""
    parser = argparse.ArgumentParser(prog="tests.trials.storage", description=__doc__.partition("\n")[0])
    parser.add_argument("--homes", type=int, default=3000, help="more homes on one day, so that there is much to sort")
    options = parser.parse_args(given)
    table = Table()
    with ExitStack() as stack:
        server, template, folder = stack.enter_context(trial_server())
        calm = stack.enter_context(placed(folder / "calm", server, template))
        load_more(calm, options.homes)
        if (done := calm.earshot(*DAYS)).returncode:
            raise SystemExit(f"with room, the days cannot be computed:\n{done.stdout}")
        expected = calm.fingerprint()
        with disk_of(table, folder, "A full disk of the database", "700m") as disk:
            if disk is not None:
                write(table, disk, folder, server, template, options.homes, expected)
        with disk_of(table, folder, "A full disk of its temporary files, while it sorts", "16m") as disk:
            if disk is not None:
                place = stack.enter_context(placed(folder / "sorting", server, template))
                sort(table, disk, place, server, options.homes, expected)
        with disk_of(table, folder, "A full disk of EARSHOT_HOME", "24m") as disk:
            if disk is not None:
                use_home(table, disk, calm, expected)
        with disk_of(table, folder, "A full disk of EARSHOT_ARCHIVE", "8m") as disk:
            if disk is not None:
                archive(table, disk, calm, expected)
        stop_and_go(table, calm, server)
    return table.end()


def load_more(place: Place, homes: int) -> None:
    """So many more homes fetch the file on Monday."""
    warehouse = Warehouse(place.home.environment["DATABASE_URL"])
    addresses = (f"10.{16 + number // 62_500}.{number // 250 % 250}.{number % 250 + 1}" for number in range(homes))
    add(warehouse, "listener_events", *(download("harbor", MONDAY, each) for each in addresses))
    warehouse.close()


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system that can be filled up."""

    place: Path

    def fill(self, kilobytes: int = 0) -> None:
        """Leave so much room."""
        self.empty()
        free = shutil.disk_usage(self.place).free
        with suppress(OSError), (self.place / "filler").open("wb", buffering=0) as file:
            for _ in range((free - kilobytes * 1024) // 4096):
                file.write(b"\0" * 4096)

    def empty(self) -> None:
        (self.place / "filler").unlink(missing_ok=True)

    @property
    def free(self) -> int:
        """Kilobytes."""
        return shutil.disk_usage(self.place).free // 1024


@contextmanager
def disk_of(table: Table, folder: Path, words: str, size: str) -> Iterator[Disk | None]:
    """A file system of its own in memory; None where this user may not make one."""
    table.head(words)
    place = folder / f"disk-{secrets.token_hex(4)}"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True)
    if done.returncode:
        table.say("not run: this user may not mount a file system", "-")
        yield None
        return
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def write(
    table: Table, disk: Disk, folder: Path, server: Server, template: str, homes: int, expected: dict[str, str]
) -> None:
    """A backfill whose database has no room left, and once more when there is room."""
    with tablespace(disk, server) as name, psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER earshot TABLESPACE {} STRATEGY file_copy").format(
                *map(sql.Identifier, (name, template, name))
            )
        )
        try:
            with cloned_database(server, "template0") as history:
                place = Place(folder / "full", server, database_address(server, name), history)
                load_more(place, homes)
                disk.fill(256)
                without_room(table, disk, place, *DAYS)
                disk.empty()
                done = place.earshot(*DAYS)
                table.say("exit status of the backfill with room", done.returncode, done.returncode == 0)
                say_same(table, place, expected)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def sort(table: Table, disk: Disk, place: Place, server: Server, homes: int, expected: dict[str, str]) -> None:
    """The same where only what the server sorts and hashes beside its memory has no room."""
    load_more(place, homes)
    database = place.home.admin.rsplit("/", 1)[1]
    with tablespace(disk, server) as name, psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("GRANT CREATE ON TABLESPACE {} TO PUBLIC").format(sql.Identifier(name)))
        for setting, value in (("temp_tablespaces", name), ("work_mem", "64kB"), ("hash_mem_multiplier", "1")):
            change = sql.SQL("ALTER DATABASE {} SET {} = {}")
            admin.execute(change.format(sql.Identifier(database), sql.Identifier(setting), sql.Literal(value)))
        disk.fill(64)
        without_room(table, disk, place, *DAYS)
        disk.empty()
        done = place.earshot(*DAYS)
        table.say("exit status of the backfill with room", done.returncode, done.returncode == 0)
        spilled = admin.execute("SELECT temp_files FROM pg_stat_database WHERE datname = %s", [database]).fetchone()
        table.say("temporary files of the server", spilled[0] if spilled else 0, holds=spilled not in (None, (0,)))
        say_same(table, place, expected)
        admin.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(sql.Identifier(database)))


def use_home(table: Table, disk: Disk, place: Place, expected: dict[str, str]) -> None:
    """Days, reports and mails of a home without room: nothing is half done, and all of it is done with room."""
    home = {"EARSHOT_HOME": str(disk.place / "home")}
    (disk.place / "home").mkdir()
    disk.fill()
    without_room(table, disk, place, *DAYS, "--restart", may_succeed=True, environ=home)
    without_room(table, disk, place, "reports", "build", "--period", f"{MONDAY}", may_succeed=True, environ=home)
    without_room(table, disk, place, "reports", "preview", str(disk.place / "files"), environ=home)
    without_room(table, disk, place, "deliver", may_succeed=True, environ=home)
    mails = list(disk.place.rglob("*.eml"))
    table.say("mails in the outbox without room", len(mails), holds=not mails)
    disk.empty()
    commands = ((*DAYS, "--restart"), ("reports", "build", "--period", f"{MONDAY}"), ("deliver",))
    for command in commands:
        done = place.earshot(*command, **home)
        table.say(f"exit status of `earshot {command[0]}` with room", done.returncode, holds=done.returncode == 0)
        if done.returncode:
            print(done.stdout[-1500:])
    later = "UPDATE report_deliveries SET not_before = now() WHERE state = 'queued'"
    with psycopg.connect(place.home.admin) as connection:
        connection.execute(later)
    place.earshot("deliver", **home)
    with psycopg.connect(place.home.admin) as connection:
        states: dict[str, int] = dict(
            connection.execute("SELECT state, count(*) FROM report_deliveries GROUP BY 1").fetchall()
        )
    mails = list(disk.place.rglob("*.eml"))
    is_sent = set(states) == {"accepted"} and len(mails) == states["accepted"]
    table.say("mails sent, files in the outbox", f"{states.get('accepted', 0)}, {len(mails)}", holds=is_sent)
    broken = [each for each in mails if not each.read_bytes().rstrip().endswith(b"--")]
    table.say("    cut off", len(broken), holds=not broken)
    say_same(table, place, expected)


def archive(table: Table, disk: Disk, place: Place, expected: dict[str, str]) -> None:
    """Raw rows leave for a place without room: they stay; with room they go, come back, and give the same days."""
    where = {"EARSHOT_ARCHIVE": str(disk.place / "archive")}
    (disk.place / "archive").mkdir()
    raw = "SELECT (SELECT count(*) FROM listener_events) + (SELECT count(*) FROM attribution_events)"
    before = number(place, raw)
    command = ("archive", "--before", f"{SUNDAY}")
    disk.fill(24)
    without_room(table, disk, place, *command, environ=where)
    disk.empty()
    gone = before - number(place, raw)
    table.say("rows that left the tables without room", gone)
    done = place.earshot(*command, **where)
    table.say("exit status of `earshot archive` with room", done.returncode, holds=done.returncode == 0)
    table.say("rows that left the tables with room", before - number(place, raw) - gone)
    for slug in ("harbor", "kreuz"):
        back = place.earshot("archive", "restore", slug, "--from", f"{FIRST}", "--to", f"{SUNDAY}", **where)
        table.say(f"exit status of the restoring of {slug}", back.returncode, holds=back.returncode == 0)
        if back.returncode:
            print(back.stdout[-1500:])
    table.say("rows that are missing after that", before - number(place, raw), holds=before == number(place, raw))
    done = place.earshot(*DAYS, "--restart", **where)
    table.say("exit status of the backfill of them", done.returncode, holds=done.returncode == 0)
    say_same(table, place, expected)


def without_room(
    table: Table,
    disk: Disk,
    place: Place,
    *command: str,
    may_succeed: bool = False,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """A command that finds no room says so, in a sentence."""
    print(f"kB free before `earshot {' '.join(command[:2])}`: {disk.free}")
    failed = place.earshot(*command, **environ)
    says, traced = SAYS in failed.stdout, failed.stdout.count("Traceback")
    is_done = may_succeed and failed.returncode == 0
    table.say("exit status without room", failed.returncode, is_done or failed.returncode != 0)
    table.say("    says that there is no space left", "yes" if says else "no", holds=says or is_done)
    table.say("    tracebacks", traced, holds=not traced)
    print("    " + re.sub(r"\s+", " ", failed.stdout).strip()[-400:])


def say_same(table: Table, place: Place, expected: dict[str, str]) -> None:
    """Whether the rollups are those that were computed with room."""
    differing = [line for line in compare(place.fingerprint(), expected) if not line.startswith("report")]
    table.say(f"of {len(expected)} tables differ from undisturbed ones", len(differing), holds=not differing)
    for line in differing:
        print(f"    {line}")


def number(place: Place, query: str) -> int:
    with psycopg.connect(place.home.admin) as connection:
        row = connection.execute(query.encode()).fetchone()
    return int(str(row[0])) if row else 0


@contextmanager
def tablespace(disk: Disk, server: Server) -> Iterator[str]:
    """A tablespace on the disk."""
    serving_account().own(disk.place, 0o700)
    name = f"small_{secrets.token_hex(4)}"
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(sql.Identifier(name), str(disk.place)))
        try:
            yield name
        finally:
            admin.execute(sql.SQL("DROP TABLESPACE {}").format(sql.Identifier(name)))


def stop_and_go(table: Table, place: Place, server: Server) -> None:
    """Every process of the server is stopped: connections are taken by the kernel, and nobody speaks."""
    table.head(f"A database that is stopped, not dead (silence {SILENCE_S} s)")
    limits = Limits(SILENCE_S, SILENCE_S, SILENCE_S, SILENCE_S, SILENCE_S, SILENCE_S, SILENCE_S)
    warehouse = Warehouse(place.home.environment["DATABASE_URL"], limits=limits)
    words = {name: str(SILENCE_S) for name in ("EARSHOT_DB_SILENCE_S", "EARSHOT_DB_STATUS_S", "EARSHOT_DB_READING_S")}
    with warehouse.transaction() as connection:
        connection.execute("SELECT 1")
    pids = processes_of(server)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        try:
            with warehouse.transaction() as connection:
                connection.execute("SELECT 2")
            said = "nothing"
        except DatabaseUnavailableError as error:
            said = str(error)
        took = time.monotonic() - began
        table.say("seconds until an open connection's silence is reported", round(took, 1), took < 4 * SILENCE_S + 2)
        table.say("    by an error of ours", "yes" if said != "nothing" else "no", holds=said != "nothing")
        print(f"    {said}")
        began = time.monotonic()
        status = place.earshot("status", **words)
        took = time.monotonic() - began
        table.say("seconds until `earshot status` has reported it", round(took, 1), took < SLACK_S)
        calm = status.returncode != 0 and "Traceback" not in status.stdout
        table.say("    exit status, without a traceback", status.returncode, holds=calm)
        print("    " + re.sub(r"\s+", " ", status.stdout).strip()[-300:])
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    with warehouse.transaction() as connection:
        found = connection.execute("SELECT 3").fetchone()
    table.say("goes on when the database does", "yes", holds=found == (3,))
    warehouse.close()


def processes_of(server: Server) -> list[int]:
    """The postmaster and all that it started."""
    postmaster = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return [postmaster, *map(int, children)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
