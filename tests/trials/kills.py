"""Kills: days that are computed on one machine and on two workers, while all that stands around them is killed.

    python -m tests.trials.kills [--kills 60] [--longest 8] [--seed 1]

Who is killed with SIGKILL at a random moment: `earshot backfill`, a run that the UI launched, a worker of Celery, the
broker (which forgets), the daemon, the code server and its processes, the webserver, a backend of PostgreSQL, or its
postmaster. What does not come back by itself is started again, as an operator would. Exit status 1 where a rollup
differs from an undisturbed one's, a run, a backfill or a lock is left over, or a traceback is what a person reads.

Here: the trial on real processes, and its figures. Not here: killing (victims.py), a full disk and a stopped database
(storage.py), the small forms that the suite runs (tests/pipelines/faults/test_killed.py,
tests/pipelines/chunks/test_machines.py).
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from random import Random
from typing import Any

import psycopg

from assets.steps import DAILY_ASSETS, RAW_ASSETS, VERDICT
from benchmarks.fingerprint import compare
from sql.embedded import Server
from tests.conftest import FAST_SETTINGS
from tests.pipelines.chunks.machines import Machines
from tests.pipelines.faults.test_killed import SELECTOR, is_up
from tests.pipelines.small_network import DAYS as DATES
from tests.trials.places import DAYS, Place, placed
from tests.trials.table import Table, trial_server
from tests.trials.victims import Killer
from tests.waiting import wait_for

# For runs and backfills of the UI to end, on a machine that does much else. What stands still does so for ever.
PATIENCE_S = 1200.0

# What is committed survives a kill of every process of the server.
SETTINGS = {**FAST_SETTINGS, "synchronous_commit": "on"}
OPEN = {"QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING", "MANAGED"}

CHUNKED = {**SELECTOR, "jobName": "chunked_rollups"}
LAUNCH = """mutation Launch($of: JobOrPipelineSelector!, $config: RunConfigData!) {
  launchRun(executionParams: {selector: $of, runConfigData: $config}) { __typename ... on PythonError { message } }
}"""
BACKFILL = """mutation Backfill($what: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $what) { __typename ... on PythonError { message } }
}"""


def main(given: list[str]) -> int:
    """Run the trial and print its table."""
    parser = argparse.ArgumentParser(prog="tests.trials.kills", description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--longest", type=float, default=8, help="seconds between two kills, at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(given)
    table = Table()
    with ExitStack() as stack:
        server, template, folder = stack.enter_context(trial_server(SETTINGS))
        calm, wild = (stack.enter_context(placed(folder / each, server, template)) for each in ("calm", "wild"))
        done = calm.earshot(*DAYS)
        if done.returncode:
            raise SystemExit(f"undisturbed, the days cannot be computed:\n{done.stdout}")
        expected = calm.fingerprint()
        machines = Machines(wild.home.folder, wild.home.environment["DATABASE_URL"], wild.home.admin, wild.home.history)
        stack.callback(machines.end)
        disturb(table, wild, machines, server, options)
        compare_places(table, wild, expected)
    return table.end()


class Work:
    """What goes on all the time: a backfill from the terminal, and runs and backfills that the UI launches."""

    def __init__(self, place: Place, killer: Killer) -> None:
        self._place, self._killer = place, killer
        self.log = place.home.folder / "backfills.log"
        self.ended: Counter[str] = Counter()
        self.launched: Counter[str] = Counter()

    def go_on(self, *, is_last: bool) -> bool:
        """False once the days are computed to their end, and no kill is left that needs work to go on."""
        self._launch(is_last=is_last)
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

    def _launch(self, *, is_last: bool) -> None:
        """A run in chunks, or a backfill of assets, once none that the UI launched is open."""
        home = self._place.home
        with suppress(OSError, psycopg.OperationalError, ValueError, KeyError, TypeError):
            runs = [status for run, status in home.statuses().items() if status in OPEN]
            if is_last or len(runs) > 1 or any(status in OPEN_BACKFILLS for status in backfills(self._place)):
                return
            what: dict[str, Any] = {"first": f"{DATES[0]}", "last": f"{DATES[-1]}", "chunks": 2}
            if self.launched.total() % 2:
                paths = [{"path": [name]} for name in (*RAW_ASSETS, *DAILY_ASSETS, VERDICT)]
                given = {"assetSelection": paths, "partitionNames": [f"{day}" for day in DATES[:2]]}
                answer = home.ask(BACKFILL, what=given)["launchPartitionBackfill"]
            else:
                # So few that each tenant is measured in shards.
                config = {"ops": {"divide_tenants": {"config": {**what, "rows_per_shard": 1}}}}
                answer = home.ask(LAUNCH, of=CHUNKED, config=config)["launchRun"]
            assert isinstance(answer, dict)
            kind, message = str(answer["__typename"]), str(answer.get("message", ""))
            # Where the database or the code server was killed just then, it says so, and leaves no run behind.
            why = message.strip().partition("\n")[0]
            self.launched[kind if kind.startswith("Launch") else f"{kind}: {why}"] += 1

    def say(self, table: Table) -> None:
        """What was done, and how it ended."""
        say_counts(table, "backfills that ended: {}", self.ended)
        for how, number in sorted(self.launched.items()):
            is_clear = how.startswith("Launch") or any(word in how for word in AWAY)
            table.say(f"launched by the UI: {how[:150]}", number, holds=is_clear)
        say_counts(table, "    backfills of the UI in state {}", Counter(backfills(self._place)))
        words = self.log.read_text(errors="replace")
        table.say("tracebacks in what backfills said", words.count("Traceback"), holds="Traceback" not in words)
        if "Traceback" in words:
            print(words[max(words.index("Traceback") - 1000, 0) :][:4000])


# How Dagster says that its history or the code server cannot be reached.
AWAY = ("OperationalError", "DagsterUserCodeUnreachableError")

OPEN_BACKFILLS = {"REQUESTED", "CANCELING", "FAILING"}


def backfills(place: Place) -> list[str]:
    """The state of each backfill that the UI launched."""
    with psycopg.connect(place.home.history) as connection:
        return [str(status) for (status,) in connection.execute("SELECT status FROM bulk_actions").fetchall()]


def disturb(table: Table, place: Place, machines: Machines, server: Server, options: argparse.Namespace) -> None:
    """The days, computed again and again until all kills are done, and then to their end."""
    dice = Random(options.seed)
    home = place.home
    home.environment |= {
        name: value
        for name, value in machines.environment("home").items()
        if name in ("EARSHOT_EXECUTOR", "EARSHOT_BROKER_URL", "EARSHOT_LOST_S", "EARSHOT_KEYRING")
    }
    settings = home.folder / "dagster.yaml"
    settings.write_text(settings.read_text().replace("max_concurrent_runs: 1", "max_concurrent_runs: 3"))
    start(machines)
    killer = Killer(place, machines, server, dice)
    work = Work(place, killer)
    names = killer.victims
    victims = [names[number % len(names)] for number in range(options.kills)]
    dice.shuffle(victims)
    home.start()
    ui = home.processes[-1]
    assert ui.stdout is not None
    threading.Thread(target=ui.stdout.read, daemon=True).start()
    services = set(home.services)
    killed: Counter[str] = Counter()
    began = time.monotonic()
    while work.go_on(is_last=not victims):
        if sum(work.ended.values()) > 3 * options.kills + 5:
            table.say("the days come to their end", "no", holds=False)
            break
        time.sleep(dice.uniform(0.5, options.longest) if victims else 0.5)
        if victims and killer.kill(victims[-1]):
            killed[victims.pop()] += 1
        elif victims:
            # Nobody of that name is there just now: another one first.
            victims.insert(0, victims.pop())
    took = time.monotonic() - began
    wait_for(lambda: set(home.services) == services)
    wait_for(lambda: is_up(home))
    # Nothing is stuck: what the UI launched ends by itself.
    wait_for(lambda: not OPEN & set(home.statuses().values()), "the end of every run", PATIENCE_S)
    wait_for(lambda: not OPEN_BACKFILLS & set(backfills(place)), "the end of every backfill of the UI", PATIENCE_S)
    table.head(f"{killed.total()} kills in {took:.0f} s")
    say_counts(table, "    {}", killed)
    work.say(table)


def start(machines: Machines) -> None:
    """A broker, and two workers."""
    machines.start_broker()
    for _ in range(2):
        machines.start_worker()


def say_counts(table: Table, words: str, counted: Counter[str]) -> None:
    for what, number in sorted(counted.items()):
        table.say(words.format(what), number)


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
