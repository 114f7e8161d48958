"""A giant tenant: a day of one tenant that has all the rows, computed by `earshot backfill` as one worker computes it.

Here: a private server with the day in it, and the time and memory of the process and of the database.
Not here: the day (listening_data.py), listening alone beside its limit (listening.py). The day has ads and no orders.

Run with `python -m benchmarks.giant`; --rows 200000 for a quick run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.listening_cases import cpu_seconds
from benchmarks.listening_data import DAY
from sql.embedded import ensure_server, stop_server

ROWS = 5_000_000
SHOWS = 40
LOOK_S = 0.2


def run(rows: int, log: Path) -> dict[str, Any]:
    """What one day of the rows takes. log: what the command prints."""
    with tempfile.TemporaryDirectory(prefix="earshot-bench-") as name:
        Path(name).chmod(0o755)
        home = Path(name) / "home"
        server = ensure_server(home, lambda _: None)
        try:
            admin_url = server.admin_url.rsplit("/", 1)[0] + "/" + server.url.rsplit("/", 1)[1]
            load = [sys.executable, "-m", "benchmarks.listening_cases", "load", server.migrator_url, admin_url]
            subprocess.run([*load, f"{rows}", "1", f"{SHOWS}"], check=True, stdout=subprocess.DEVNULL)
            return {"rows": rows, **_compute(home, admin_url, log)}
        finally:
            stop_server(home, wipe=True)


def _compute(home: Path, admin_url: str, log: Path) -> dict[str, Any]:
    command = [str(Path(sys.executable).with_name("earshot")), "backfill", "--from", f"{DAY}", "--to", f"{DAY}"]
    own = {"EARSHOT_HOME": str(home), "EARSHOT_FIRST_DAY": f"{DAY.replace(day=1)}"}
    # An address of the environment would lead it to another database.
    environment = {name: value for name, value in os.environ.items() if "DATABASE" not in name} | own
    cpu, began, peak_kb, ticks = cpu_seconds(admin_url), time.monotonic(), 0, 0
    with log.open("w") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process:
        while process.poll() is None:
            peak_kb, ticks = max(peak_kb, _resident_kb(process.pid)), max(ticks, _ticks(process.pid))
            time.sleep(LOOK_S)
    if process.returncode:
        raise SystemExit(f"earshot backfill ended with {process.returncode}; see {log}")
    seconds = time.monotonic() - began
    return {
        "seconds": round(seconds),
        "cpu_s": round(ticks / os.sysconf("SC_CLK_TCK")),
        "database_cpu_s": round(cpu_seconds(admin_url) - cpu),
        "peak_mb": round(peak_kb / 1024),
    }


def _resident_kb(pid: int) -> int:
    """The most memory that the process has had resident."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def _ticks(pid: int) -> int:
    """Of the processor, that the process has had."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12]) if len(fields) > 12 else 0


def main(given: Sequence[str]) -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(prog="benchmarks.giant", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--log", type=Path, default=Path(".earshot/benchmarks/giant.log"))
    options = parser.parse_args(given)
    options.log.parent.mkdir(parents=True, exist_ok=True)
    result = run(options.rows, options.log)
    result["rows_a_minute"] = round(60 * result["rows"] / result["seconds"])
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
