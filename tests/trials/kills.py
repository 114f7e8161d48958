"""Kills: a backfill and all that stands around it, killed with SIGKILL one after the other until the days are done.

    python -m tests.trials.kills [--kills 12] [--longest 10] [--seed 1]

Who is killed at a random moment: the backfill, the daemon, the code server and its processes, the webserver, a backend
of PostgreSQL, or its postmaster; what does not come back by itself is started again, as an operator would. Exit status
1 where a rollup differs from an undisturbed one's, a run or a lock is left over, or a traceback is what a person reads.
The faults of storage.py follow on the same server.

Here: the trial on real processes, and its figures. Not here: a full disk and a stopped database (storage.py), the small
form that the suite runs (tests/pipelines/faults/test_killed.py).
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random

import psycopg

from benchmarks.fingerprint import compare
from sql.embedded import Server
from sql.embedded.account import serving_account
from tests.conftest import FAST_SETTINGS, migrated_template
from tests.pipelines.faults.test_killed import is_up
from tests.trials.places import DAYS, Place, placed
from tests.trials.storage import fill_up, stop_and_go
from tests.trials.table import Table, private_server
from tests.waiting import wait_for

# What is committed survives a kill of every process of the server.
SETTINGS = {**FAST_SETTINGS, "synchronous_commit": "on"}
OPEN = {"QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING", "MANAGED"}
VICTIMS = ("backfill", "backend", "postmaster", "daemon", "code-server", "webserver")


def main(given: list[str]) -> int:
    """Run the trial and print its table."""
    parser = argparse.ArgumentParser(prog="tests.trials.kills", description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--longest", type=float, default=10, help="seconds between two kills, at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(given)
    table = Table()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="earshot-trial-")))
        folder.chmod(0o755)
        server = stack.enter_context(private_server(SETTINGS))
        template = migrated_template(server)
        calm, wild = (stack.enter_context(placed(folder / each, server, template)) for each in ("calm", "wild"))
        done = calm.earshot(*DAYS)
        if done.returncode:
            raise SystemExit(f"undisturbed, the days cannot be computed:\n{done.stdout}")
        expected = calm.fingerprint()
        disturb(table, wild, server, options)
        compare_places(table, wild, expected)
        fill_up(table, folder, server, template, expected)
        stop_and_go(table, wild, server)
    return table.end()


class Killer:
    """Kills whom it is given; each returns whether there was anybody."""

    def __init__(self, place: Place, server: Server, dice: Random) -> None:
        self._home, self._server, self._dice = place.home, server, dice
        self.backfill: subprocess.Popen[str] | None = None

    def kill(self, victim: str) -> bool:
        strikes: dict[str, Callable[[], bool]] = {
            "backfill": self._backfill,
            "backend": self._backend,
            "postmaster": self._postmaster,
        }
        strike = strikes.get(victim)
        return strike() if strike else self._service(victim)

    def _backfill(self) -> bool:
        if self.backfill is None or self.backfill.poll() is not None:
            return False
        self.backfill.kill()
        self.backfill.wait()
        return True

    def _backend(self) -> bool:
        """One that works for the backfill or for Dagster: PostgreSQL ends all others too, and recovers."""
        names = [url.rsplit("/", 1)[1] for url in (self._home.admin, self._home.history)]
        query = (
            "SELECT pid FROM pg_stat_activity WHERE datname = ANY(%s) AND backend_type = 'client backend' "
            "AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(self._home.admin) as connection:
            found = [int(pid) for (pid,) in connection.execute(query, [names]).fetchall()]
        if not found:
            return False
        os.kill(self._dice.choice(found), signal.SIGKILL)
        wait_for(self._answers)
        return True

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self._home.admin, connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _postmaster(self) -> bool:
        """Started again by pg_ctl: `earshot db up` would also give its logins what a home's may do, and no more."""
        os.kill(int((self._server.data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
        time.sleep(self._dice.uniform(0, 2))
        start: list[str | Path] = [
            self._server.binaries / "pg_ctl",
            "start",
            "--wait",
            "--silent",
            "--pgdata",
            self._server.data,
        ]
        start += ["--log", self._server.data.parent / "server.log"]
        # Not before the last backend has noticed that it is an orphan.
        wait_for(lambda: serving_account().run(start).returncode == 0)
        return True

    def _service(self, name: str) -> bool:
        """What the UI keeps running; the UI itself starts it again."""
        pid = self._home.services.get(name)
        if pid is None:
            return False
        if name == "code-server":
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
        return True


class Backfills:
    """The backfill of the days, started again as often as it ends before it may."""

    def __init__(self, place: Place, killer: Killer) -> None:
        self._place, self._killer = place, killer
        self.log = place.home.folder / "backfills.log"
        self.ended: Counter[str] = Counter()

    def go_on(self, *, is_last: bool) -> bool:
        """False once the days are computed to their end, and no kill is left that needs work to go on."""
        process = self._killer.backfill
        if process is not None and process.poll() is None:
            return True
        code = None if process is None else process.returncode
        if code is not None:
            self.ended["killed" if code == -signal.SIGKILL else f"exit status {code}"] += 1
        if code == 0 and is_last:
            return False
        with self.log.open("ab") as output:
            self._killer.backfill = subprocess.Popen(
                [sys.executable, "-m", "pipelines.cli", *DAYS, *(["--restart"] if code == 0 else [])],
                cwd=self._place.home.folder,
                env={**os.environ, **self._place.home.environment},
                text=True,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._place.home.processes.insert(0, self._killer.backfill)
        return True


def disturb(table: Table, place: Place, server: Server, options: argparse.Namespace) -> None:
    """The days, computed again and again until all kills are done, and then to their end."""
    dice = Random(options.seed)
    killer = Killer(place, server, dice)
    backfills = Backfills(place, killer)
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(options.kills)]
    dice.shuffle(victims)
    place.home.start()
    ui = place.home.processes[-1]
    assert ui.stdout is not None
    threading.Thread(target=ui.stdout.read, daemon=True).start()
    services = set(place.home.services)
    killed: Counter[str] = Counter()
    began = time.monotonic()
    while backfills.go_on(is_last=not victims):
        if sum(backfills.ended.values()) > 3 * options.kills + 5:
            table.say("the days come to their end", "no", holds=False)
            break
        time.sleep(dice.uniform(0.5, options.longest) if victims else 0.5)
        if victims and killer.kill(victims[-1]):
            killed[victims.pop()] += 1
        elif victims:
            # Nobody of that name is there just now: another one first.
            victims.insert(0, victims.pop())
    wait_for(lambda: set(place.home.services) == services)
    wait_for(lambda: is_up(place.home))
    table.head(f"{killed.total()} kills in {time.monotonic() - began:.0f} s")
    for victim, number in sorted(killed.items()):
        table.say(f"    {victim}", number)
    for how, number in sorted(backfills.ended.items()):
        table.say(f"backfills that ended: {how}", number)
    words = backfills.log.read_text(errors="replace")
    table.say("tracebacks in what backfills said", words.count("Traceback"), holds="Traceback" not in words)
    if "Traceback" in words:
        print(words[-3000:])


def compare_places(table: Table, place: Place, expected: dict[str, str]) -> None:
    """Nothing is left over, and every rollup is as it would have been."""
    place.home.end()
    wait_for(lambda: not place.home.services)
    place.home.processes.clear()
    healed = place.earshot("heal")
    table.say("exit status of `earshot heal` afterwards", healed.returncode, holds=healed.returncode == 0)
    if healed.returncode:
        print(healed.stdout[-2000:])
    table.say("tracebacks in it", healed.stdout.count("Traceback"), holds="Traceback" not in healed.stdout)
    statuses = Counter(place.home.statuses().values())
    for status, number in sorted(statuses.items()):
        table.say(f"    runs in state {status}", number, holds=status not in OPEN)
    with psycopg.connect(place.home.admin) as connection:
        locks = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
        idle = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in %%' "
            "AND pid <> pg_backend_pid()"
        ).fetchone()
        claims = connection.execute("SELECT count(*) FROM report_deliveries WHERE state = 'sending'").fetchone()
    for what, row in (("advisory locks", locks), ("open transactions", idle), ("claimed mails", claims)):
        table.say(f"{what} left over", row[0] if row else "?", holds=row == (0,))
    found = place.fingerprint()
    differing = compare(found, expected)
    rows = sum(int(printed.split()[0]) for printed in expected.values())
    table.say(f"of {len(expected)} tables ({rows:,} rows) differ from undisturbed ones", len(differing), not differing)
    for line in differing:
        print(f"    {line}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
