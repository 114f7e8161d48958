"""A morning: the weekly reports of many sponsors, from the database to frozen files and queued mails, by the command.

Here: a private server with invented networks, `earshot reports build` and `earshot deliver` on it, the processor
seconds of the commands and of the server, beside the limit.
Not here: the networks (morning_data.py), reports without a database (reports.py), whether the numbers are right.

Run with `python -m benchmarks.morning`; --sponsors 100 for a quick run. On a machine that does other work too, the
processor time tells more than the clock.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg

from benchmarks.fingerprint import OWN_SETTINGS, write_keyring
from benchmarks.morning_data import load
from sql.embedded import Server, ensure_server, stop_server
from sql.schema.migrate import migrate
from sql.warehouse import Warehouse

# A thousand sponsors in two minutes on two processors.
LIMIT_S, LIMIT_SPONSORS, LIMIT_PROCESSORS = 120.0, 1_000, 2
CHECKOUT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds by the clock, and of the processors: of the command, and of the database server."""

    clock: float
    command: float
    server: float

    @property
    def processor(self) -> float:
        return self.command + self.server


def monday_before(today: date) -> date:
    """Of the last week but one: all of its days are final, whatever day it is."""
    return today - timedelta(days=today.weekday() + 14)


def run(sponsors: int) -> dict[str, Taken]:
    """The commands of a morning, on a private server that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="earshot-morning-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        home, keyring = folder / "home", folder / "keyring.json"
        write_keyring(keyring)
        try:
            server = ensure_server(home, lambda _: None)
            migrate(server.migrator_url)
            monday = monday_before(datetime.now(UTC).date())
            with closing(Warehouse(server.migrator_url)) as warehouse:
                load(warehouse, sponsors, monday)
            settings = {"EARSHOT_HOME": str(home), "EARSHOT_KEYRING": str(keyring)}
            taken = {
                "reports": _measured(server, settings, "reports", "build", "--period", str(monday)),
                "mails": _measured(server, settings, "deliver"),
            }
            _check(server, sponsors)
            return taken
        finally:
            stop_server(home, wipe=True)


def _measured(server: Server, settings: dict[str, str], *command: str) -> Taken:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}
    program = [sys.executable, "-c", "from pipelines.cli import main; main()", *command]
    before, began, served = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), server_seconds(server)
    done = subprocess.run(program, env={**kept, **settings}, cwd=CHECKOUT, capture_output=True, text=True)
    clock, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
        done.check_returncode()
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(clock, own, server_seconds(server) - served)


def server_seconds(server: Server) -> float:
    """Processor seconds of the server and its processes, those that have ended included."""
    main = (server.data / "postmaster.pid").read_text(encoding="utf-8").split()[0]
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if path.parent.name == main:
            ticks += sum(map(int, fields[11:15]))
        elif fields[1] == main:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _check(server: Server, sponsors: int) -> None:
    """Every sponsor has its report, with its files, and nobody's mail failed."""
    with psycopg.connect(server.admin_url.rsplit("/", 1)[0] + "/" + server.url.rsplit("/", 1)[1]) as connection:
        states = connection.execute("SELECT state, count(*) FROM reports GROUP BY state").fetchall()
        mails = connection.execute("SELECT state, count(*) FROM report_deliveries GROUP BY state").fetchall()
    if states != [("frozen", sponsors)]:
        raise RuntimeError(f"of {sponsors} reports, not all were made: {states}")
    print("mails: " + ", ".join(f"{count} {state}" for state, count in sorted(mails)))


def describe(sponsors: int, taken: dict[str, Taken]) -> list[str]:
    """Lines for people: each command, and all of them beside the limit."""
    allowed = LIMIT_S * sponsors / LIMIT_SPONSORS
    lines = []
    for name, each in taken.items():
        lines.append(
            f"{name}: {each.clock:.1f} s, {each.processor:.1f} processor seconds ({each.command:.1f} of the command, "
            f"{each.server:.1f} of the server), {each.processor / sponsors * 1000:.0f} ms for each of {sponsors}"
        )
    clock, processor = (sum(getattr(each, name) for each in taken.values()) for name in ("clock", "processor"))
    lines.append(f"morning / limit, by the clock: {clock / allowed:.2f} ({clock:.0f} of {allowed:.0f} s)")
    seconds = allowed * LIMIT_PROCESSORS
    lines.append(
        f"morning / limit, cpu: {processor / seconds:.2f} ({processor:.0f} of {seconds:.0f} processor seconds)"
    )
    return lines


def main(given: Sequence[str]) -> None:
    """Run the morning and print what it took."""
    parser = argparse.ArgumentParser(prog="benchmarks.morning", description=__doc__.partition("\n")[0])
    parser.add_argument("--sponsors", type=int, default=LIMIT_SPONSORS, help="how many sponsors (1,000)")
    options = parser.parse_args(given)
    for line in describe(options.sponsors, run(options.sponsors)):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
