"""Replica: a standby that is behind, goes on, or is killed, while days are computed from it.

    python -m tests.trials.replica [--wait]

The standby streams from the trial's server on the same machine. Exit status 1 where a rollup differs from one that was
computed without it, where nobody says that it is behind, or where something waits for it. --wait: five minutes longer,
until it is so far behind that `earshot doctor` calls it a problem.

Here: the trial on real servers, and its figures. Not here: the wait of a read for it (sql/reading/replica.py).
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from benchmarks.fingerprint import compare
from pipelines.doctor.database import REPLICA_BEHIND_S
from sql.embedded import Server
from sql.embedded.account import serving_account
from sql.embedded.cluster import choose_port
from sql.warehouse import Warehouse
from tests.conftest import FAST_SETTINGS
from tests.pipelines.small_network import MONDAY, add, download, purchase
from tests.trials.places import DAYS, Place, placed
from tests.trials.table import Table, trial_server
from tests.waiting import wait_for

SETTINGS = {**FAST_SETTINGS, "wal_level": "replica", "max_wal_senders": "4", "wal_keep_size": "1GB"}
# The event that says that the primary is read instead.
LEFT = '"event": "replica_left"'


class Standby:
    """A server that follows another one of the same machine."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server, self._folder, self._port = server, folder, choose_port(None)
        self._account = serving_account()
        self._follow(server)
        self.start()

    def _follow(self, server: Server) -> None:
        """A copy of the running server's folder, by PostgreSQL's own way to make one."""
        with (server.data / "pg_hba.conf").open("a") as rules:
            rules.write("host replication postgres 127.0.0.1/32 scram-sha-256\n")
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            admin.execute("SELECT pg_reload_conf()")
            admin.execute("SELECT pg_backup_start('trial', true)")
            subprocess.run(["cp", "-a", server.data, self._folder], check=True)
            row = admin.execute("SELECT labelfile FROM pg_backup_stop(false)").fetchone()
        assert row is not None
        for name, text in (("backup_label", str(row[0])), ("standby.signal", "")):
            (self._folder / name).write_text(text)
            self._account.own(self._folder / name, 0o600)
        (self._folder / "postmaster.pid").unlink()
        with (self._folder / "earshot.conf").open("a") as settings:
            settings.write(f"port = '{self._port}'\nprimary_conninfo = '{server.admin_url}'\nhot_standby = 'on'\n")

    def start(self) -> None:
        command: list[str | Path] = [self._server.binaries / "pg_ctl", "start", "--wait", "--silent"]
        done = self._account.run([*command, "--pgdata", self._folder, "--log", self._folder / "server.log"])
        if done.returncode:
            raise SystemExit(f"the standby did not start: {(self._folder / 'server.log').read_text()[-2000:]}")

    def kill(self) -> None:
        os.kill(int((self._folder / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)

    def stop(self) -> None:
        stop: list[str | Path] = [self._server.binaries / "pg_ctl", "stop", "--mode", "immediate", "--silent"]
        self._account.run([*stop, "--pgdata", self._folder])

    def address(self, url: str) -> str:
        """The same database and login here."""
        return url.replace(f":{self._server.port}/", f":{self._port}/")

    def ask(self, query: str, *values: object) -> object:
        with psycopg.connect(self.address(self._server.admin_url), autocommit=True) as connection:
            row = connection.execute(query.encode(), values).fetchone()
        return row[0] if row else None

    def transactions(self, url: str) -> int:
        """How many of the database have ended here."""
        query = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"
        return int(str(self.ask(query, url.rsplit("/", 1)[1]) or 0))


@contextmanager
def following(server: Server, folder: Path) -> Iterator[Standby]:
    standby = Standby(server, folder)
    try:
        yield standby
    finally:
        standby.stop()


def main(given: list[str]) -> int:
    """Run the trial and print its table."""
    parser = argparse.ArgumentParser(prog="tests.trials.replica", description=__doc__.partition("\n")[0])
    parser.add_argument("--wait", action="store_true", help="until doctor calls it a problem")
    options = parser.parse_args(given)
    table = Table()
    with ExitStack() as stack:
        server, template, folder = stack.enter_context(trial_server(SETTINGS))
        calm = stack.enter_context(placed(folder / "calm", server, template))
        follow = folder / "standby"
        standby = stack.enter_context(following(server, follow))
        late(calm)
        if (done := calm.earshot(*DAYS)).returncode:
            raise SystemExit(f"undisturbed, the days cannot be computed:\n{done.stdout}")
        expected = calm.fingerprint()
        places = []
        for name in ("level", "behind", "stops", "killed"):
            place = stack.enter_context(placed(folder / name, server, template))
            place.home.environment["DATABASE_READ_URL"] = standby.address(place.home.environment["DATABASE_URL"])
            places.append(place)
        level, behind, stops, killed = places
        follow_closely(table, standby, level, expected)
        lag(table, standby, behind, expected, wait=options.wait)
        stop_midway(table, standby, stops, expected)
        kill_midway(table, standby, killed, expected)
    return table.end()


def late(place: Place) -> None:
    """Rows of a day that comes again later to the other places."""
    warehouse = Warehouse(place.home.environment["DATABASE_URL"])
    add(warehouse, "listener_events", download("kreuz", MONDAY, "10.0.0.6"))
    add(warehouse, "attribution_events", purchase("kreuz", MONDAY, "late", "EUR", client_ip="10.0.0.6"))
    warehouse.close()


def follow_closely(table: Table, standby: Standby, place: Place, expected: dict[str, str]) -> None:
    """A replica as it should be: it takes the reads, also of what was written a moment before."""
    table.head("A replica that follows closely")
    url = place.home.environment["DATABASE_URL"]
    late(place)
    before = standby.transactions(url)
    done = place.earshot(*DAYS, EARSHOT_EVENT_LOG="stderr")
    table.say("exit status of the backfill", done.returncode, holds=done.returncode == 0)
    # Counts of sessions that are over; they are written down with some delay.
    time.sleep(2)
    read = standby.transactions(url) - before
    table.say("transactions that the replica took", read, holds=read > 100)
    table.say("times that the primary was read instead for a minute", done.stdout.count(LEFT))
    say_same(table, place, expected)


def lag(table: Table, standby: Standby, place: Place, expected: dict[str, str], *, wait: bool) -> None:
    """It replays nothing any more: the days are computed by the primary, and it is told who is behind."""
    table.head("A replica that replays nothing")
    standby.ask("SELECT pg_wal_replay_pause()")
    began = time.monotonic()
    done = place.earshot(*DAYS, EARSHOT_EVENT_LOG="stderr")
    table.say("exit status of the backfill", done.returncode, holds=done.returncode == 0)
    left = done.stdout.count(LEFT)
    table.say("    times that the primary was read instead for a minute", left, holds=left > 0)
    late(place)
    healed = place.earshot("heal")
    table.say("exit status of `earshot heal` after a late row", healed.returncode, holds=healed.returncode == 0)
    say_same(table, place, expected)
    metrics = place.earshot("metrics", "--once").stdout
    lags = [float(line.split()[1]) for line in metrics.splitlines() if line.startswith("earshot_replica_lag_")]
    table.say("metrics of its lag above zero", sum(each > 0 for each in lags), holds=sum(each > 0 for each in lags) > 1)
    if wait:
        time.sleep(max(0.0, REPLICA_BEHIND_S + 10 - (time.monotonic() - began)))
        found = [line.strip() for line in place.earshot("doctor").stdout.splitlines() if "s behind" in line]
        is_told = any("problem" in line for line in found)
        table.say("`earshot doctor` after five minutes calls it a problem", "yes" if is_told else "no", is_told)
        print(*(f"    {line}" for line in found), sep="\n")
    standby.ask("SELECT pg_wal_replay_resume()")


def stop_midway(table: Table, standby: Standby, place: Place, expected: dict[str, str]) -> None:
    """It stops replaying, and goes on, again and again in the middle of the work."""
    table.head("A replica that stops and goes on")
    late(place)
    process = begin(place)
    turns = 0
    while process.poll() is None:
        standby.ask(f"SELECT pg_wal_replay_{'resume' if turns % 2 else 'pause'}()")
        turns += 1
        time.sleep(1.5)
    standby.ask("SELECT pg_wal_replay_resume()")
    table.say("turns", turns)
    table.say("exit status of the backfill", process.returncode, holds=process.returncode == 0)
    say_same(table, place, expected)


def kill_midway(table: Table, standby: Standby, place: Place, expected: dict[str, str]) -> None:
    """It is killed in the middle of the work, and comes back."""
    table.head("A replica that is killed")
    late(place)
    process = begin(place)
    url = place.home.environment["DATABASE_URL"]
    wait_for(lambda: standby.transactions(url) > 0 or process.poll() is not None)
    standby.kill()
    words, _ = process.communicate()
    table.say("exit status of the backfill", process.returncode, holds=process.returncode == 0)
    table.say("    tracebacks", words.count("Traceback"), holds="Traceback" not in words)
    if process.returncode:
        print(f"    {words.strip()[-400:]}")
    done = place.earshot(*DAYS)
    table.say("exit status of the same command while it is away", done.returncode, holds=done.returncode == 0)
    say_same(table, place, expected)
    wait_for(lambda: _starts(standby))


def _starts(standby: Standby) -> bool:
    """Not before the last of its processes has noticed that it is an orphan."""
    try:
        standby.start()
    except SystemExit:
        return False
    return True


def begin(place: Place) -> subprocess.Popen[str]:
    """The backfill, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", *DAYS],
        cwd=place.home.folder,
        env={**os.environ, **place.home.environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def say_same(table: Table, place: Place, expected: dict[str, str]) -> None:
    """Whether the rollups are those of days that were computed without a replica."""
    differing = compare(place.fingerprint(), expected)
    table.say(f"of {len(expected)} tables differ from undisturbed ones", len(differing), holds=not differing)
    for line in differing:
        print(f"    {line}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
