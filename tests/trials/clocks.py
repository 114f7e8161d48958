"""Clocks: the machine's clock and the database's jump while days are computed, mails are sent and schedules run.

    python -m tests.trials.clocks [--mails 80] [--kills 6] [--seed 1]

Needs a C compiler (on Debian and Ubuntu: apt-get install gcc libc6-dev) for the clock that processes are given
(clock.c). Exit status 1 where a rollup differs from one of
steady clocks, where a late row stays unseen, an address gets two mails, a claim never ends, or a schedule stands still.

Here: the trial on real processes, and its figures. Not here: what is done about a clock that was ahead
(pipelines/processes/clock.py, sql/raw/watermarks.py).
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import psycopg

from benchmarks.fingerprint import compare
from reports.delivery.queue import CLAIM_FOR
from reports.mail_settings import AT_ONCE
from sql.embedded import Server
from sql.embedded.account import PLAIN_ENVIRONMENT, serving_account
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.small_network import MONDAY, add, download
from tests.reports.delivery.conftest import Office
from tests.trials.kills import OPEN, PATIENCE_S, SETTINGS
from tests.trials.mail_faults import MAIL_FROM, SmtpProvider
from tests.trials.places import DAYS, Place, placed
from tests.trials.table import Table, trial_server
from tests.waiting import wait_for

SOURCE = Path(__file__).with_name("clock.c")
DAY_S, HOUR_S = 86_400, 3_600
# The end of summer time in Berlin, which one of the tenants lives by, and its beginning.
SUMMERS = (datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC))


class Clock:
    """What the processes that are given its environment take for the time: the true one, and so many seconds more."""

    def __init__(self, library: Path, file: Path) -> None:
        self._library, self._file = library, file
        self.jumps = 0
        file.write_bytes(bytes(8))
        file.chmod(0o644)

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "TRIAL_CLOCK": str(self._file)}

    def set(self, seconds: float) -> None:
        """From this moment on, for all of them."""
        with self._file.open("r+b", buffering=0) as file:
            file.write(struct.pack("<q", round(seconds)))

    @contextmanager
    def jumping(self, dice: Random, longest: float = 4.0) -> Iterator[None]:
        """It jumps at random moments: a day ahead, hours back, to a midnight of UTC and to the ends of summer time."""
        ended = threading.Event()

        def jump() -> None:
            pause = dice.uniform(0.2, 1.0)
            while not ended.wait(pause):
                pause = dice.uniform(1.0, longest)
                now = datetime.now(UTC)
                midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0)
                moments = [midnight, *SUMMERS]
                ahead = [(moment - now).total_seconds() - 2 for moment in moments]
                self.set(dice.choice([0, DAY_S, -5 * HOUR_S, -30, *ahead]))
                self.jumps += 1

        jumper = threading.Thread(target=jump, daemon=True)
        jumper.start()
        try:
            yield
        finally:
            ended.set()
            jumper.join()
            self.set(0)


def main(given: list[str]) -> int:
    """Run the trial and print its table."""
    parser = argparse.ArgumentParser(prog="tests.trials.clocks", description=__doc__.partition("\n")[0])
    for name, default in (("mails", 80), ("kills", 6), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--pause", type=float, default=20, help="seconds between two jumps of the database's, at most")
    options = parser.parse_args(given)
    compiler = shutil.which("cc")
    if compiler is None:
        raise SystemExit("There is no C compiler. On Debian and Ubuntu: apt-get install gcc libc6-dev")
    table, dice = Table(), Random(options.seed)
    with ExitStack() as stack:
        server, template, folder = stack.enter_context(trial_server(SETTINGS))
        library = folder / "clock.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl"], check=True)
        machine, database = Clock(library, folder / "machine"), Clock(library, folder / "database")
        restart(server, database.environment)
        calm, first, second, queue = (
            stack.enter_context(placed(folder / name, server, template))
            for name in ("calm", "first", "second", "queue")
        )
        if (done := calm.earshot(*DAYS)).returncode:
            raise SystemExit(f"with steady clocks, the days cannot be computed:\n{done.stdout}")
        late(calm)
        calm.earshot("heal")
        expected = calm.fingerprint()
        table.head("The machine's clock jumps while days are computed")
        compute_days(table, first, machine, machine, 4, dice, expected)
        table.head("The database's clock jumps while days are computed")
        compute_days(table, second, machine, database, options.pause, dice, expected)
        with cloned_database(server, template) as url:
            send_mails(table, url, queue, (machine, database), options, dice)
        run_schedules(table, second, machine)
    return table.end()


def restart(server: Server, environment: Mapping[str, str]) -> None:
    """The server, with another clock."""
    account, control = serving_account(), server.binaries / "pg_ctl"
    account.run([control, "stop", "--mode", "fast", "--wait", "--pgdata", server.data])
    user = {"user": account.uid, "group": account.gid, "extra_groups": []} if account.switched else {}
    subprocess.run(
        [control, "start", "--wait", "--silent", "-D", server.data, "--log", server.data.parent / "server.log"],
        check=True,
        cwd="/",
        env={**PLAIN_ENVIRONMENT, **environment},
        start_new_session=True,
        **user,  # type: ignore[call-overload]
    )


def late(place: Place, home_address: str = "10.0.0.6", **more: object) -> None:
    """A row of a day that has been computed."""
    warehouse = Warehouse(place.home.environment["DATABASE_URL"])
    add(warehouse, "listener_events", download("kreuz", MONDAY, home_address, **more))
    warehouse.close()


def compute_days(
    table: Table, place: Place, machine: Clock, jumping: Clock, longest: float, dice: Random, expected: dict[str, str]
) -> None:
    """A backfill under a clock that jumps, as often as it takes; then steady clocks, and a late row."""
    jumps, ended = jumping.jumps, Counter[int]()
    said = ""
    with jumping.jumping(dice, longest):
        while not ended[0] and ended.total() < 12:
            done = place.earshot(*DAYS, **machine.environment)
            ended[done.returncode] += 1
            said += done.stdout
            if done.returncode:
                print("    " + " ".join(done.stdout.split())[-400:], flush=True)
    table.say("jumps", jumping.jumps - jumps, holds=jumping.jumps > jumps)
    table.say(
        "backfills that ended with exit status 0, with another",
        f"{ended[0]}, {ended.total() - ended[0]}",
        ended[0] == 1,
    )
    table.say("    tracebacks", said.count("Traceback"), holds="Traceback" not in said)
    late(place)
    healed = place.earshot("heal")
    table.say("exit status of `earshot heal` after a late row", healed.returncode, holds=healed.returncode == 0)
    table.say("    says that nothing is stale any more", *yes("nothing is stale" in healed.stdout))
    again = place.earshot("heal")
    table.say("    and nothing is stale again afterwards", *yes("Nothing is stale" in again.stdout))
    differing = compare(place.fingerprint(), expected)
    table.say(f"of {len(expected)} tables differ from those of steady clocks", len(differing), holds=not differing)
    for line in differing:
        print(f"    {line}")


def send_mails(
    table: Table, url: str, place: Place, clocks: tuple[Clock, Clock], options: argparse.Namespace, dice: Random
) -> None:
    """Three workers send, both clocks jump, and some workers are killed while a mail is out."""
    table.head(f"Both clocks jump while {options.mails} mails are sent, and {options.kills} workers are killed")
    machine, database = clocks
    warehouse, provider = Warehouse(url), SmtpProvider(0.0, options.seed, answers_after_s=0.5)
    office = Office(warehouse)
    office.queue(*(f"reader{number}@acme.example" for number in range(options.mails)))
    mail = {
        "EARSHOT_MAIL_TRANSPORT": "smtp",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": provider.where,
        "SMTP_SECURITY": "none",
        "EARSHOT_MAIL_FROM": MAIL_FROM,
        "DATABASE_URL": url,
    }
    command = [sys.executable, "-m", "pipelines.cli", "deliver", "--limit", "12"]
    environment = {**os.environ, **place.home.environment, **mail, **machine.environment}
    log = place.home.folder / "deliver.log"
    workers: list[subprocess.Popen[bytes]] = []
    jumps, killed, started = machine.jumps + database.jumps, 0, 0
    with machine.jumping(dice), database.jumping(dice), log.open("ab") as output:
        while "queued" in office.states().values() and started < options.mails:
            workers = [worker for worker in workers if worker.poll() is None]
            while len(workers) < 3:
                workers.append(
                    subprocess.Popen(command, cwd=place.home.folder, env=environment, stdout=output, stderr=output)
                )
                started += 1
            time.sleep(dice.uniform(0.1, 0.8))
            if killed < options.kills and "sending" in office.states().values():
                victim = dice.choice(workers)
                victim.kill()
                killed += victim.wait() == -signal.SIGKILL
        for worker in workers:
            worker.wait()
    jumped = machine.jumps + database.jumps - jumps
    table.say("jumps of both", jumped, holds=jumped > 0)
    table.say("workers started, killed", f"{started}, {killed}", holds=killed == options.kills)
    # True clocks again, a while later.
    database.set(CLAIM_FOR.total_seconds() + 60)
    time.sleep(2)
    subprocess.run(command, cwd=place.home.folder, env={**environment}, check=False, capture_output=True)
    database.set(0)
    states = office.states()
    # The owner of the reports gets a mail of its own about each that is in doubt.
    taken = {name: number for name, number in provider.taken().items() if name in states}
    for state, number in sorted(Counter(states.values()).items()):
        table.say(f"    {state}", number)
    doubled = [name for name, number in taken.items() if number > 1]
    table.say("addresses that got two mails", len(doubled), holds=not doubled)
    left = [name for name, state in states.items() if state in ("sending", "queued")]
    table.say("claims and mails that wait for a time to come", len(left), holds=not left)
    untrue = [name for name, state in states.items() if (state == "accepted") > (name in taken)]
    table.say("accepted, and not taken by the mail server", len(untrue), holds=not untrue)
    doubts = [name for name, state in states.items() if state == "unknown"]
    most = killed * AT_ONCE
    table.say(f"in doubt, at most {AT_ONCE} for each worker that was killed", len(doubts), holds=len(doubts) <= most)
    words = log.read_text(errors="replace")
    table.say("tracebacks of workers", words.count("Traceback"), holds="Traceback" not in words)
    warehouse.close()
    provider.close()


def run_schedules(table: Table, place: Place, machine: Clock) -> None:
    """The UI with its daemon: a day ahead, back, and then eleven minutes, within which a late row is looked for."""
    table.head("The machine's clock goes a day ahead and back while schedules run")
    place.home.environment.update(machine.environment)
    place.home.start()
    ui = place.home.processes[-1]
    assert ui.stdout is not None
    threading.Thread(target=ui.stdout.read, daemon=True).start()
    wait_for(lambda: ticks(place, "now() - interval '1 hour'") > 0, "the first look")
    machine.set(DAY_S)
    wait_for(lambda: ticks(place, "now() + interval '12 hours'") > 0, "a look on the day ahead")
    daemon = place.home.services["daemon"]
    machine.set(0)
    wait_for(lambda: place.home.services.get("daemon") not in (None, daemon), "another daemon", PATIENCE_S)
    began = time.monotonic()
    table.say("the daemon was started again", "yes")
    wait_for(lambda: ticks(place, "now() + interval '12 hours'") == 0, "the end of looks ahead")
    earlier = set(place.home.statuses())
    late(place, "10.0.0.7", received_at=datetime.now(UTC))
    machine.set(11 * 60)
    wait_for(lambda: ticks(place, "now() + interval '10 seconds'") > 0, "a look of a schedule")
    table.say("seconds until schedules and sensors look again", round(time.monotonic() - began))
    wait_for(lambda: set(place.home.statuses()) - earlier, "a run of what came late", PATIENCE_S)
    wait_for(lambda: not OPEN & set(place.home.statuses().values()), "the end of all runs", PATIENCE_S)
    ended = Counter(status for run, status in place.home.statuses().items() if run not in earlier)
    for status, number in sorted(ended.items()):
        table.say(f"    runs in state {status}", number, holds=status == "SUCCESS")
    machine.set(0)
    place.home.end()
    place.home.processes.clear()
    healed = place.earshot("heal")
    table.say("the late row is in the numbers, and nothing is stale", *yes("Nothing is stale" in healed.stdout))


def ticks(place: Place, since: str) -> int:
    """How many looks of schedules and sensors the history has since then, by the true clock."""
    with psycopg.connect(place.home.history) as connection:
        query = f"SELECT count(*) FROM job_ticks WHERE timestamp > ({since}) AT TIME ZONE 'UTC'"
        try:
            row = connection.execute(query.encode()).fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
    return int(str(row[0])) if row else 0


def yes(holds: bool) -> tuple[str, bool]:
    return "yes" if holds else "no", holds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
