"""Victims: everything that stands around the days of a place, with SIGKILL for each, and what starts it again.

Here: who there is, and killing one. Not here: when (kills.py), the broker and workers themselves
(tests/pipelines/chunks/machines.py).
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import psycopg

from pipelines.processes.identity import State
from pipelines.processes.run_history import read_history
from sql.connections.connecting import DatabaseUnavailableError
from sql.embedded import Server
from sql.embedded.account import serving_account
from tests.pipelines.chunks.machines import Machines
from tests.trials.places import Place
from tests.waiting import wait_for


class Killer:
    """Kills whom it is given."""

    def __init__(self, place: Place, machines: Machines, server: Server, dice: Random) -> None:
        self._home, self._machines, self._server, self._dice = place.home, machines, server, dice
        self.backfill: subprocess.Popen[str] | None = None
        self._strikes: dict[str, Callable[[], bool]] = {
            "backfill": self._backfill,
            "run of the UI": self._run,
            "worker": self._worker,
            "broker": self._broker,
            "backend": self._backend,
            "postmaster": self._postmaster,
            **{name: partial(self._service, name) for name in ("daemon", "code-server", "webserver")},
        }

    @property
    def victims(self) -> tuple[str, ...]:
        return tuple(self._strikes)

    def kill(self, victim: str) -> bool:
        """Whether there was anybody: a process may end by itself a moment before, or the server not be back yet."""
        try:
            return self._strikes[victim]()
        except (ProcessLookupError, psycopg.OperationalError, DatabaseUnavailableError):
            return False

    def _backfill(self) -> bool:
        if self.backfill is None or self.backfill.poll() is not None:
            return False
        self.backfill.kill()
        self.backfill.wait()
        return True

    def _run(self) -> bool:
        """The process of a run that the UI launched."""
        own = self.backfill.pid if self.backfill else 0
        found = [
            run.process.pid
            for run in read_history(self._home.history).runs
            if run.status == "STARTED" and run.process and run.process.state() is State.ALIVE and run.process.pid != own
        ]
        if not found:
            return False
        os.kill(self._dice.choice(found), signal.SIGKILL)
        return True

    def _worker(self) -> bool:
        """With all that it started, as when its machine goes; another one takes its place."""
        alive = [worker for worker in self._machines.workers if worker.poll() is None]
        if not alive:
            return False
        victim = self._dice.choice(alive)
        self._machines.kill(victim.pid)
        victim.wait()
        self._machines.start_worker()
        return True

    def _broker(self) -> bool:
        """It comes back and knows of nothing."""
        self._machines.restart_broker()
        return True

    def _backend(self) -> bool:
        """One that works for the days or for Dagster: PostgreSQL ends all others too, and recovers."""
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
        control = self._server.binaries / "pg_ctl"
        log = self._server.data.parent / "server.log"
        start: list[str | Path] = [control, "start", "--wait", "--silent", "--pgdata", self._server.data, "--log", log]
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
