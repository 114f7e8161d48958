"""Storage faults: a disk that fills up while days are computed, and a database that is stopped without being dead.

Here: both, on the server of a trial. Not here: kills (kills.py).
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.fingerprint import compare
from sql.connections.connecting import DatabaseUnavailableError
from sql.connections.limits import Limits
from sql.embedded import Server
from sql.embedded.account import serving_account
from sql.warehouse import Warehouse
from tests.conftest import cloned_database, database_address
from tests.trials.places import DAYS, Place
from tests.trials.table import Table

DISK = "600m"
SILENCE_S = 4
# What a command needs to load, on a machine that does much else.
SLACK_S = 60.0


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A file system of its own in memory; None where this user may not make one."""
    place = folder / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", place], capture_output=True)
    if done.returncode:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def fill_up(table: Table, folder: Path, server: Server, template: str, expected: dict[str, str]) -> None:
    """A backfill whose database has no room left, and once more when there is room."""
    table.head("A full disk")
    with small_disk(folder) as disk:
        if disk is None:
            table.say("not run: this user may not mount a file system", "-")
            return
        serving_account().own(disk, 0o700)
        name = f"small_{secrets.token_hex(4)}"
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(sql.Identifier(name), str(disk)))
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER earshot TABLESPACE {} STRATEGY file_copy").format(
                    *map(sql.Identifier, (name, template, name))
                )
            )
            try:
                with cloned_database(server, "template0") as history:
                    place = Place(folder / "full", server, database_address(server, name), history)
                    filler = disk / "filler"
                    filler.write_bytes(b"")
                    free = shutil.disk_usage(disk).free
                    with filler.open("wb") as file:
                        file.write(b"\0" * (free - 256 * 1024))
                    table.say("kB free before the backfill", shutil.disk_usage(disk).free // 1024)
                    failed = place.earshot(*DAYS)
                    says = "No space left on device" in failed.stdout
                    table.say("exit status of the backfill without room", failed.returncode, failed.returncode != 0)
                    table.say("    says that there is no space left", "yes" if says else "no", holds=says)
                    traced = failed.stdout.count("Traceback")
                    table.say("    tracebacks", traced, holds=not traced)
                    if not says or traced:
                        print(failed.stdout[-2000:])
                    filler.unlink()
                    done = place.earshot(*DAYS)
                    table.say("exit status of the backfill with room", done.returncode, done.returncode == 0)
                    differing = compare(place.fingerprint(), expected)
                    table.say("tables that differ from undisturbed ones", len(differing), holds=not differing)
                    for line in differing:
                        print(f"    {line}")
            finally:
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
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
