"""A giant tenant: a day of one tenant that has all the rows, computed by `earshot backfill` as one worker computes it,
or with --shards by the job chunked_rollups, in so many shards of the rows, by processes beside each other.

Here: a private server with the day in it, and the time and memory of the processes and of the database.
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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.fingerprint import write_keyring
from benchmarks.listening_cases import cpu_seconds
from benchmarks.listening_data import DAY
from sql.embedded import Server, ensure_server, stop_server

ROWS = 5_000_000
SHOWS = 40
LOOK_S = 0.2


def run(rows: int, shards: int, log: Path, executor: str = "multiprocess") -> dict[str, Any]:
    """What one day of the rows takes. log: what the command prints. executor: where steps run if there are shards."""
    with tempfile.TemporaryDirectory(prefix="earshot-bench-") as name:
        Path(name).chmod(0o755)
        home = Path(name) / "home"
        server = ensure_server(home, lambda _: None)
        try:
            admin_url = server.admin_url.rsplit("/", 1)[0] + "/" + server.url.rsplit("/", 1)[1]
            load = [sys.executable, "-m", "benchmarks.listening_cases", "load", server.migrator_url, admin_url]
            subprocess.run([*load, f"{rows}", "1", f"{SHOWS}"], check=True, stdout=subprocess.DEVNULL)
            command, own = _sharded(home, server, rows, shards, executor) if shards > 1 else _whole(home)
            return {"rows": rows, "shards": shards, **_compute(admin_url, command, own, log)}
        finally:
            stop_server(home, wipe=True)


def _whole(home: Path) -> tuple[list[str], dict[str, str]]:
    """The command, and what its environment needs besides."""
    earshot = str(Path(sys.executable).with_name("earshot"))
    return [earshot, "backfill", "--from", f"{DAY}", "--to", f"{DAY}"], {"EARSHOT_HOME": str(home)}


def _sharded(home: Path, server: Server, rows: int, shards: int, executor: str) -> tuple[list[str], dict[str, str]]:
    """The same for a run of the job in a process of its own, which starts others for its steps."""
    config, keyring = home / "chunked.json", home / "keyring.json"
    divided = {"first": f"{DAY}", "chunks": shards, "rows_per_shard": rows // shards}
    config.write_text(json.dumps({"ops": {"divide_tenants": {"config": divided}}}))
    write_keyring(keyring)
    code = (
        "import sys; from pipelines import runtime; from pipelines.settings import load_settings; "
        "runtime.prepare_orchestrator(load_settings(), None); from dagster._cli import cli; cli(sys.argv[1:])"
    )
    job = ("job", "execute", "-m", "pipelines.definitions", "-j", "chunked_rollups", "-c", str(config))
    own = {
        "EARSHOT_HOME": str(home),
        "EARSHOT_KEYRING": str(keyring),
        "EARSHOT_EXECUTOR": executor,
        "DATABASE_URL": server.url,
        "DAGSTER_POSTGRES_URL": server.dagster_url,
    }
    return [sys.executable, "-c", code, *job], own


def _compute(admin_url: str, command: Sequence[str], own: Mapping[str, str], log: Path) -> dict[str, Any]:
    # An address of the environment would lead it to another database.
    environment = {name: value for name, value in os.environ.items() if "DATABASE" not in name}
    environment |= {"EARSHOT_FIRST_DAY": f"{DAY.replace(day=1)}", **own}
    cpu, began, peaks, ticks = cpu_seconds(admin_url), time.monotonic(), dict[int, int](), dict[int, int]()
    with (
        log.open("w") as output,
        subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True) as process,
    ):
        while process.poll() is None:
            for pid in _group(process.pid):
                peaks[pid] = max(peaks.get(pid, 0), _resident_kb(pid))
                ticks[pid] = max(ticks.get(pid, 0), _ticks(pid))
            time.sleep(LOOK_S)
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:4])} ended with {process.returncode}; see {log}")
    seconds = time.monotonic() - began
    return {
        "seconds": round(seconds),
        "cpu_s": round(sum(ticks.values()) / os.sysconf("SC_CLK_TCK")),
        "database_cpu_s": round(cpu_seconds(admin_url) - cpu),
        "largest_process_mb": round(max(peaks.values()) / 1024),
    }


def _group(leader: int) -> list[int]:
    """The processes of the leader's session."""
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and _session(each) == leader]


def _session(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[3])
    except OSError:
        return 0


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
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--log", type=Path, default=Path(".earshot/benchmarks/giant.log"))
    options = parser.parse_args(given)
    options.log.parent.mkdir(parents=True, exist_ok=True)
    result = run(options.rows, options.shards, options.log)
    result["rows_a_minute"] = round(60 * result["rows"] / result["seconds"])
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
