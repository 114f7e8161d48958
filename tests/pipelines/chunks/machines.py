"""Machines: a broker and workers of Celery in processes and homes of their own, as machines that share no folder.

Here: starting, killing and restarting them, a run of the job, and a network of many small tenants.
Not here: what is expected of them (test_machines.py, tests/trials).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psycopg

from benchmarks.fingerprint import Fingerprint, fingerprint, write_keyring
from sql.warehouse import Warehouse
from tests.object_store import free_ports
from tests.pipelines.small_network import HOMES, MONDAY, add, add_tenant, download, purchase
from tests.programs import program
from tests.waiting import wait_for

ROOT = Path(__file__).parents[3]


# Of the first tenant, and more than twice as many as of each other one.
HOMES_OF_LARGEST = 60
ROWS_PER_SHARD = 20


def fill(url: str, tenants: int) -> None:
    """A day of so many tenants, no two of which have the same rows; that of the first is measured in shards."""
    warehouse = Warehouse(url)
    for number in range(tenants):
        slug = f"tenant-{number:02d}"
        add_tenant(warehouse, slug, "UTC", "USD")
        houses = 1 + number % 7 if number else HOMES_OF_LARGEST
        homes = [*HOMES, *(f"10.1.{number}.{house}" for house in range(houses))]
        add(warehouse, "listener_events", *(download(slug, MONDAY, home) for home in homes))
        add(warehouse, "attribution_events", purchase(slug, MONDAY, f"order-{number}", "USD"))
    warehouse.close()


@dataclass
class Machines:
    """The broker and the workers of one installation. admin, history: addresses of its databases."""

    folder: Path
    database: str
    admin: str
    history: str
    port: int = field(default_factory=lambda: free_ports(1)[0])
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    broker: subprocess.Popen[bytes] | None = None

    def environment(self, home: str) -> dict[str, str]:
        folder = self.folder / home
        folder.mkdir(parents=True, exist_ok=True)
        keyring = self.folder / "keyring.json"
        if not keyring.exists():
            write_keyring(keyring)
        return {
            **os.environ,
            "EARSHOT_HOME": str(folder),
            "EARSHOT_KEYRING": str(keyring),
            "EARSHOT_EXECUTOR": "celery",
            "EARSHOT_BROKER_URL": f"redis://127.0.0.1:{self.port}/0",
            "EARSHOT_LOST_S": "8",
            "DATABASE_URL": self.database,
            "DAGSTER_POSTGRES_URL": self.history.replace("postgresql://", "postgresql+psycopg2://"),
        }

    def start_broker(self) -> None:
        """Redis that keeps nothing: after a restart it knows of no step."""
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        redis = program("redis-server", "redis-server")
        self.broker = subprocess.Popen([redis, *options], cwd=self.folder, stdout=subprocess.DEVNULL)
        wait_for(self._broker_is_up, "the start of the broker")

    def _broker_is_up(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def restart_broker(self) -> None:
        assert self.broker is not None
        self.broker.kill()
        self.broker.wait()
        self.start_broker()

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self._start(f"worker-{len(self.workers)}", "-m", "pipelines.cli", "worker")

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """A process of Python with a home, a log and a group of its own."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment(name),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.workers.append(process)
        return process

    def kill(self, pid: int) -> None:
        """The worker in whose group the process is, with all that it started, as when its machine goes."""
        os.killpg(os.getpgid(pid), signal.SIGKILL)

    def start_run(self, chunks: int) -> subprocess.Popen[bytes]:
        """A run of the job for Monday, in a process of its own."""
        divided = {"first": str(MONDAY), "chunks": chunks, "rows_per_shard": ROWS_PER_SHARD}
        config = {"ops": {"divide_tenants": {"config": divided}}}
        code = (
            "import sys; from pipelines import runtime; from pipelines.settings import load_settings; "
            "runtime.prepare_orchestrator(load_settings(), None); from dagster._cli import cli; cli(sys.argv[1:])"
        )
        command = ("job", "execute", "-m", "pipelines.definitions", "-j", "chunked_rollups", "-c", self._write(config))
        return self._start("run", "-c", code, *command)

    def _write(self, config: object) -> str:
        path = self.folder / "config.json"
        path.write_text(json.dumps(config))
        return str(path)

    def events(self, kind: str) -> list[tuple[str, str]]:
        """Step and words of the run's events of that kind, oldest first."""
        query = "SELECT step_key, event FROM event_logs WHERE dagster_event_type = %s ORDER BY id"
        with psycopg.connect(self.history) as connection:
            try:
                found = connection.execute(query, [kind]).fetchall()
            except psycopg.errors.UndefinedTable:
                return []
        return [(str(step), str(json.loads(event)["dagster_event"]["message"])) for step, event in found]

    def at_work(self) -> dict[str, int]:
        """Of each chunk that was begun and has not ended, the number of the process that works at it."""
        begun: dict[str, int] = {}
        for step, words in self.events("ENGINE_EVENT"):
            if words.startswith("Begins in process "):
                begun[step] = int(words.split()[3])
        ended = {step for step, _words in self.events("STEP_SUCCESS")}
        return {step: pid for step, pid in begun.items() if step not in ended}

    def fingerprint(self) -> Fingerprint:
        with psycopg.connect(self.admin) as connection:
            return fingerprint(connection)

    def end(self) -> None:
        for process in self.workers:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if self.broker is not None:
            self.broker.kill()
            self.broker.wait()

    @contextmanager
    def nothing_written(self, table: str) -> Iterator[None]:
        """Whoever has something for the table waits before it can write it: rollup_ledger or day_shards."""
        with psycopg.connect(self.admin) as connection:
            connection.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
            yield
            connection.rollback()


def ledger(machines: Machines, day: date = MONDAY) -> list[tuple[str, int]]:
    """How many tenants have each asset of the day in the ledger."""
    query = "SELECT asset, count(*) FROM rollup_ledger WHERE day = %s GROUP BY 1 ORDER BY 1"
    with psycopg.connect(machines.admin) as connection:
        return [(str(asset), int(tenants)) for asset, tenants in connection.execute(query, [day]).fetchall()]
