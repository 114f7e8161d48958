"""Fingerprint: one hash and one row count for every table that runs write, over a seeded network.

Here: the demo's network on a private database of its own, computed and reported by the demo's own command, with fixed
keys; hashes of what the tables then hold; comparing with an earlier fingerprint.
Not here: the network (pipelines/demo), whether the numbers are right; the tests say so.

A change of the code that must change no number leaves every line the same:

    python -m benchmarks.fingerprint --output before.txt        (on the commit before)
    python -m benchmarks.fingerprint --compare before.txt       (after the change; exit code 1 where tables differ)

A table's rows are put in order of their text; columns go by name, so that their order does not matter. Left out are the
columns in NOT_COMPARED, which say who wrote a row and when, and with which version of the code.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from sql.embedded import find_server, stop_server

CHECKOUT = Path(__file__).parents[1]

# The network: 95 days that end with a month, of which the last 35 are computed whole (weekly tables on five Sundays).
NETWORK = ["--seed", "11", "--events", "24000", "--until", "2026-03-31"]

# Keys of people are hashes under this key: another key gives other numbers in every table.
KEYRING = {"default": [{"version": 1, "secret": "17" * 32}], "tenants": {}}

# Who wrote a row, when, and by which version of the code: it differs from run to run.
NOT_COMPARED = (
    "run_id",
    "code_version",
    *("checked_at", "began_at", "changed_at", "finished_at", "created_at", "as_of"),
    # When the newest raw row came in: the rows of the imported log come in when they are imported.
    "input_watermark",
    # A report has a new id in every run, and says in its text when it was made.
    *("report_id", "content", "content_hash"),
)
# The hash of the rows of a table in the ledger is compared, and says in each line which day and tenant differ.
COMPARED_OF = {"rollup_ledger": ("content_hash",)}

# Settings of whoever runs this would lead the command to another database or to other rules.
OWN_SETTINGS = ("EARSHOT_", "DATABASE_", "POSTGRES_", "PG", "DAGSTER_", "SMTP_", "SENDGRID_")

Fingerprint = dict[str, str]


def run() -> Fingerprint:
    """The network, computed on a private server that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="earshot-fingerprint-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        home = folder / "home"
        try:
            _compute(home, folder / "keyring.json")
            server = find_server(home)
            if server is None:
                raise RuntimeError(f"the private server under {home} has stopped")
            with psycopg.connect(server.admin_url.rsplit("/", 1)[0] + "/" + server.url.rsplit("/", 1)[1]) as connection:
                return fingerprint(connection)
        finally:
            stop_server(home, wipe=True)


def fingerprint(connection: psycopg.Connection[tuple[object, ...]]) -> Fingerprint:
    """For each table with a run_id: its number of rows and the hash of their content, as one text."""
    named = (
        "SELECT table_name FROM information_schema.columns INNER JOIN information_schema.tables USING (table_schema, "
        "table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND column_name = 'run_id' "
        # What processes hand each other; runs that are killed leave some behind until the night.
        "AND table_name <> 'day_shards' "
        # A partition's rows are its table's; with TimescaleDB there are none.
        "AND NOT (SELECT relispartition FROM pg_class WHERE oid = to_regclass(quote_ident(table_name))) ORDER BY 1"
    )
    found: Fingerprint = {}
    for (table,) in connection.execute(named).fetchall():
        # The order of bytes, which no locale changes. A text for each row, so that no column is taken for another.
        query = sql.SQL(
            "SELECT count(*), md5(coalesce(string_agg(md5(line), '' ORDER BY line COLLATE \"C\"), '')) "
            "FROM (SELECT (to_jsonb(row) - {}::text[])::text AS line FROM {} AS row) AS lines"
        ).format(
            sql.Literal([name for name in NOT_COMPARED if name not in COMPARED_OF.get(str(table), ())]),
            sql.Identifier(str(table)),
        )
        row = connection.execute(query).fetchone()
        if row is not None:
            found[str(table)] = f"{row[0]:>8} {row[1]}"
    return found


def write(found: Fingerprint, path: Path) -> None:
    """Write the fingerprint to a file, one table a line."""
    path.write_text("".join(f"{table:<30} {printed}\n" for table, printed in found.items()), encoding="utf-8")


def read(path: Path) -> Fingerprint:
    """What write has written."""
    lines = (line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines())
    return {table: f"{int(printed.split()[0]):>8} {printed.split()[1]}" for table, printed in lines}


def compare(found: Fingerprint, before: Fingerprint) -> list[str]:
    """A line for each table that differs, or that only one of the two has."""
    nothing = f"{'-':>8} (no such table)"
    return [
        f"{table}: {found.get(table, nothing).strip()} instead of {before.get(table, nothing).strip()}"
        for table in sorted({*found, *before})
        if found.get(table) != before.get(table)
    ]


def write_keyring(keyring: Path) -> None:
    """The keys, in a file that only its owner reads."""
    keyring.write_text(json.dumps(KEYRING), encoding="utf-8")
    keyring.chmod(0o600)


def _compute(home: Path, keyring: Path) -> None:
    """`earshot demo` in a process and a home of its own."""
    write_keyring(keyring)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}
    settings = {"EARSHOT_HOME": str(home), "EARSHOT_KEYRING": str(keyring)}
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "demo", *NETWORK]
    done = subprocess.run(command, env={**kept, **settings}, cwd=CHECKOUT, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
        done.check_returncode()


def main(given: Sequence[str]) -> int:
    """Make a fingerprint and write or compare it; the exit status is 1 where tables differ."""
    parser = argparse.ArgumentParser(prog="benchmarks.fingerprint", description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, help="write the fingerprint to this file")
    parser.add_argument("--compare", type=Path, help="say which tables differ from the fingerprint in this file")
    options = parser.parse_args(given)
    found = run()
    if options.output:
        write(found, options.output)
    if not options.compare:
        for table, printed in found.items():
            print(f"{table:<30} {printed}")
        return 0
    differing = compare(found, read(options.compare))
    for line in differing:
        print(line)
    rows = sum(int(printed.split()[0]) for printed in found.values())
    print(f"{len(found) - len(differing)} of {len(found)} tables are the same ({rows:,} rows).")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
