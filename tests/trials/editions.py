"""Editions: the whole chain on every server that this machine can run, and through a pooler with TLS.

    python -m tests.trials.editions [--events 10000] [--only Apache]

Each server gets the schema, a seeded network (its catalogue, its events, and a CDN log through the importer), all days,
checks and reports, by the demo's own command; then `earshot db check`. What its tables hold is compared with what they
hold on TimescaleDB's Apache edition. Exit status 1 where a server failed, or holds anything else.

Here: the chain, and the table of what came of it. Not here: the servers (servers.py), the network (pipelines/demo).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from benchmarks.fingerprint import CHECKOUT, OWN_SETTINGS, Fingerprint, compare, fingerprint, write_keyring
from sql.schema.checking import check_schema
from tests.sql.connections.pooler import pooled
from tests.trials.community import try_community
from tests.trials.servers import Addresses, Edition, editions, running

# What Community keeps in columns is computed again.
LAST_DAYS = ["backfill", "--from", "2026-03-30", "--to", "2026-03-31", "--restart"]

POOLER = "PgBouncer (transactions, TLS)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one server: its tables' fingerprint, or why there is none."""

    name: str
    version: str
    seconds: float
    found: Fingerprint | None
    trouble: str = ""


def main(given: list[str]) -> int:
    """Run the trial and print its table."""
    parser = argparse.ArgumentParser(prog="tests.trials.editions", description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=10_000, help="about how many listener events to invent")
    parser.add_argument("--only", default="", help="editions and versions that contain this, besides Apache")
    options = parser.parse_args(given)
    first: Outcome | None = None
    failed = False
    with tempfile.TemporaryDirectory(prefix="earshot-editions-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        print(f"{'edition':<30} {'version':<42} {'seconds':>7}  result")
        for outcome in outcomes(folder, options.events, options.only):
            first = first or outcome
            differing = compare(outcome.found, first.found or {}) if outcome.found else []
            failed |= bool(differing) or (bool(outcome.trouble) and outcome.seconds > 0)
            result = said(outcome, first, differing)
            print(f"{outcome.name:<30} {outcome.version:<42} {outcome.seconds:>7.0f}  {result}", flush=True)
            for line in differing:
                print(f"    {line}")
    return 1 if failed else 0


def said(outcome: Outcome, first: Outcome, differing: list[str]) -> str:
    """The last column of a line."""
    if outcome.found is None:
        return f"failed: {outcome.trouble}" if outcome.seconds else f"not run: {outcome.trouble}"
    rows = sum(int(each.split()[0]) for each in outcome.found.values())
    trouble = f"; {outcome.trouble}" if outcome.trouble else ""
    if outcome is first:
        return f"{len(outcome.found)} tables, {rows:,} rows{trouble}"
    return f"{len(outcome.found) - len(differing)} of {len(outcome.found)} tables equal, {rows:,} rows{trouble}"


def outcomes(folder: Path, events: int, only: str) -> Iterator[Outcome]:
    """One for each server in turn; the pooler stands before the first."""
    for number, edition in enumerate(editions(folder / "programs")):
        version = str(edition.programs) if edition.programs else ""
        if number and only.lower() not in f"{edition.name} {version}".lower():
            continue
        if edition.programs is None:
            yield Outcome(edition.name, version, 0, None, edition.missing)
            continue
        yield _try(edition, folder / f"{number}", events)
        if not number and only.lower() in POOLER.lower():
            yield _try(edition, folder / "pooled", events, is_pooled=True)


def _try(edition: Edition, folder: Path, events: int, *, is_pooled: bool = False) -> Outcome:
    assert edition.programs
    folder.mkdir()
    folder.chmod(0o755)
    name, version = POOLER if is_pooled else edition.name, str(edition.programs)
    began = time.monotonic()
    with ExitStack() as stack:
        direct = stack.enter_context(running(edition.programs, folder / "server"))
        used = stack.enter_context(behind_pooler(direct, folder)) if is_pooled else direct
        trouble = chain(used, folder, events)
        if trouble:
            return Outcome(name, version, time.monotonic() - began, None, trouble)
        findings = check_schema(used.app)
        seconds = time.monotonic() - began
        with psycopg.connect(direct.admin) as connection:
            found = fingerprint(connection)
            row = connection.execute("SELECT earshot_edition()").fetchone()
        trouble = "; ".join(each.what for each in findings[:3])
        if row == ("community",) and not trouble:
            trouble = try_community(direct, found, lambda: run_command(used, folder, LAST_DAYS))
        return Outcome(name, version, seconds, found, trouble)


@contextmanager
def behind_pooler(direct: Addresses, folder: Path) -> Iterator[Addresses]:
    """The same database through PgBouncer; Dagster's history stays beside it, as docs/operators.md asks for."""
    with pooled(direct.app, folder / "pooler", sessions=20, tls=True, others=(direct.migrator,)) as url:
        login, _, place = url.partition("@")
        yield replace(direct, app=f"{login}@{place}", migrator=f"{direct.migrator.partition('@')[0]}@{place}")


def chain(addresses: Addresses, folder: Path, events: int) -> str:
    """`earshot demo`; returns what run_command returns."""
    network = ["--into-database", "--seed", "11", "--events", str(events), "--until", "2026-03-31"]
    return run_command(addresses, folder, ["demo", *network])


def run_command(addresses: Addresses, folder: Path, arguments: list[str]) -> str:
    """A command in a process of its own and the folder's home; returns the last line that it said where it failed."""
    keyring = folder / "keyring.json"
    write_keyring(keyring)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}
    settings = {
        "EARSHOT_HOME": str(folder / "home"),
        "EARSHOT_KEYRING": str(keyring),
        "DATABASE_URL": addresses.app,
        "DATABASE_MIGRATE_URL": addresses.migrator,
        "DAGSTER_POSTGRES_URL": addresses.history,
    }
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", *arguments]
    done = subprocess.run(command, env={**kept, **settings}, cwd=CHECKOUT, capture_output=True, text=True)
    if not done.returncode:
        return ""
    (folder.parent / "last.log").write_text(done.stdout + done.stderr)
    return (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
