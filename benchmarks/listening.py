"""Listening at size: the rollups of one invented day from database to database, beside what else could make them.

Here: a private server with the day in it, one fresh process per case, medians, ratios, and a JSON file of all of it.
Not here: the day (listening_data.py), each case (listening_cases.py, listening_rollups.sql, listening_peer.py), whether
the numbers are right; tests/assets/listening says so.

Run with `python -m benchmarks.listening`; --rows 200000 for a quick run, --without-peers leaves out pandas, which has
to be installed first.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.listening_cases import TABLES
from benchmarks.listening_data import DAY
from sql.embedded import ensure_server, stop_server

ROWS = 2_000_000
REPEATS = 3

# What the day is measured against: docs/operators.md states these, and the ratios are what counts.
BARS = {
    "earshot / limit": "at most 2.0",
    "sql / earshot": "at least 3",
    "pandas / earshot": "at least 10",
    "peak_mb": "at most 1,000",
    "rows_written_per_s": "at least 200,000",
}

CHECKOUT = Path(__file__).parents[1]
PEER_PROGRAM = Path(__file__).with_name("listening_peer.py")
PEER_NEEDS = ["pandas", "sqlalchemy", "psycopg2-binary"]
# A peer that needs longer than this is no alternative, and the result says so.
PATIENCE_S = 1_800

Result = dict[str, Any]


def run(rows: int, repeats: int = REPEATS, with_peers: bool = True, folder: Path | None = None) -> Result:
    """Every case on the same day: seconds with their shares, peak memory, and the ratios.

    folder: where the private server lives; a temporary one by default, which the server's own user can reach.
    """
    with tempfile.TemporaryDirectory(prefix="earshot-bench-") as name:
        Path(name).chmod(0o755)
        home = (folder or Path(name)) / "home"
        server = ensure_server(home, lambda _: None)
        try:
            case = Cases(server.migrator_url, server.admin_url.rsplit("/", 1)[0] + "/" + server.url.rsplit("/", 1)[1])
            day = case.run("load", str(rows))
            result: Result = {"rows": rows, "day": DAY.isoformat(), **day, "repeats": repeats}
            # In turns, so that what else the machine does meets both alike; the limit writes what Earshot has left.
            turns = [(case.run("earshot"), case.run("limit")) for _ in range(repeats)]
            result["earshot"], result["limit"] = (median_of(each) for each in zip(*turns, strict=True))
            result["sql"] = median_of([case.run("sql") for _ in range(min(repeats, 2))])
            if with_peers:
                result["pandas"] = case.run_peer(Path(name))
        finally:
            stop_server(home, wipe=True)
    return {**result, "ratios": compare(result), "bars": BARS}


class Cases:
    """Runs each case in a process of its own, on one database."""

    def __init__(self, url: str, admin_url: str) -> None:
        self.url = url
        self.admin_url = admin_url

    def run(self, case: str, *more: str) -> Result:
        self._checkpoint(case)
        command = [sys.executable, "-m", "benchmarks.listening_cases", case, self.url, self.admin_url, *more]
        return _last_line(_run(command))

    def run_peer(self, folder: Path) -> Result:
        """pandas with SQLAlchemy in an environment of its own; where it does not come to an end, why."""
        environment = folder / "peer"
        try:
            _run([sys.executable, "-m", "venv", str(environment)])
            _run([str(environment / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", *PEER_NEEDS])
            self._checkpoint("pandas")
            return _last_line(_run([str(environment / "bin/python"), str(PEER_PROGRAM), self.admin_url, str(DAY)]))
        except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
            printed = str(getattr(error, "stderr", None) or error).strip().splitlines()
            return {"not_measured": printed[-1][:300] if printed else type(error).__name__}

    def _checkpoint(self, case: str) -> None:
        """Nothing of the case before is left to be written; every case but the limit begins with empty tables."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            if case not in ("load", "limit"):
                for table in TABLES:
                    connection.execute(f"TRUNCATE {table}".encode())
            connection.execute("CHECKPOINT")


def median_of(runs: Sequence[Mapping[str, Any]]) -> Result:
    """The median of each number of several runs."""
    return {name: round(statistics.median(run[name] for run in runs), 3) for name in runs[0]}


def compare(result: Mapping[str, Result]) -> Result:
    """What the bars speak of."""
    earshot = result["earshot"]
    pairs = {"earshot / limit": (earshot, result["limit"]), "sql / earshot": (result["sql"], earshot)}
    if "seconds" in result.get("pandas", {}):
        pairs["pandas / earshot"] = (result["pandas"], earshot)
    ratios = {name: over["seconds"] / under["seconds"] for name, (over, under) in pairs.items()}
    # The same by processor time, which varies less where other work shares the machine.
    ratios |= {
        f"{name}, cpu": over["cpu_s"] / under["cpu_s"]
        for name, (over, under) in pairs.items()
        if "cpu_s" in over and "cpu_s" in under
    }
    return {name: round(ratio, 2) for name, ratio in ratios.items()}


def _last_line(printed: str) -> Result:
    return dict(json.loads(printed.splitlines()[-1]))


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, cwd=CHECKOUT)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        done.check_returncode()
    return done.stdout


def main(given: Sequence[str]) -> None:
    """Run the benchmark of a day of listening and print its table."""
    parser = argparse.ArgumentParser(prog="benchmarks.listening", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--output", type=Path, default=Path(".earshot/benchmarks/listening.json"))
    options = parser.parse_args(given)
    result = run(options.rows, options.repeats, not options.without_peers)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
