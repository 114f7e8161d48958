"""Kills: the whole UI with its real processes, a real run in each of them, and SIGKILL for one after the other."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from pipelines.cli import main
from pipelines.processes.identity import State
from pipelines.processes.run_history import OpenRun, read_history
from sql.embedded import Server
from tests.conftest import admin_address, cloned_database
from tests.pipelines.small_network import MONDAY
from tests.waiting import wait_for

ROOT = Path(__file__).parents[3]
SELECTOR = {"repositoryLocationName": "earshot", "repositoryName": "__repository__", "jobName": "delivery_worker"}
LAUNCH = """mutation Launch($of: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $of, runConfigData: {}}) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  }
}"""


class Home:
    """A home with a database of its own, in which one run may be at work at a time, and the UI that runs on it."""

    def __init__(self, folder: Path, database: str, history: str) -> None:
        self.folder = folder
        self.history = history
        settings = (ROOT / "dagster.yaml").read_text()
        settings = settings.replace("max_concurrent_runs: 2", "max_concurrent_runs: 1")
        (folder / "dagster.yaml").write_text(settings.replace("poll_interval_seconds: 15", "poll_interval_seconds: 1"))
        shutil.copy(ROOT / "workspace.yaml", folder)
        self.environment = {
            "EARSHOT_HOME": str(folder / "home"),
            "DATABASE_URL": database,
            "DAGSTER_POSTGRES_URL": history.replace("postgresql://", "postgresql+psycopg2://"),
        }
        self.admin = database
        self.port = 0
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> str:
        """Start `earshot ui`; what it says until it is open."""
        process = self.begin("-m", "pipelines.cli", "ui", "--port", "0")
        self.processes.append(process)
        message = ""
        assert process.stdout is not None
        for line in process.stdout:
            message += line
            if "The UI is open at " in line:
                self.port = int(line.split(":")[2].split(".")[0])
                return message
        raise AssertionError(message)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, **self.environment}
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def end(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.communicate()

    @property
    def services(self) -> dict[str, int]:
        """Numbers of the processes that the newest UI started, by name."""
        parent = f" {self.processes[-1].pid} "
        return {
            arguments[arguments.index("pipelines.ui.services") + 1]: pid
            for pid, arguments in command_lines()
            if "pipelines.ui.services" in arguments and parent in f" {' '.join(arguments)} "
        }

    def ask(self, query: str, **variables: object) -> dict[str, object]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = json.dumps({"query": query, "variables": variables})
        connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return dict(answer["data"])

    def post(self, **headers: str) -> int:
        """The status of a request that would launch a run, if it came from a good page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = json.dumps({"query": LAUNCH, "variables": {"of": SELECTOR}})
        all_headers = {
            "Content-Type": "application/json",
            **{name.replace("_", "-"): headers[name] for name in headers},
        }
        connection.request("POST", "/graphql", body, all_headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def launch(self) -> str:
        launched = self.ask(LAUNCH, of=SELECTOR)["launchRun"]
        assert isinstance(launched, dict)
        return str(launched["run"]["runId"])

    def backfill(self) -> subprocess.Popen[str]:
        """`earshot backfill` of one day, in a process of its own."""
        arguments = ("-m", "pipelines.cli", "backfill", "--from", str(MONDAY), "--to", str(MONDAY))
        self.processes.insert(0, self.begin(*arguments))
        return self.processes[0]

    def statuses(self) -> dict[str, str]:
        with psycopg.connect(self.history) as connection:
            return dict(connection.execute("SELECT run_id, status FROM runs").fetchall())

    def open_run(self, run_id: str) -> OpenRun:
        return next(run for run in read_history(self.history).runs if run.run_id == run_id)

    def started(self, run_id: str) -> int:
        """The number of the process of a run, as soon as it works."""
        wait_for(lambda: self.statuses()[run_id] == "STARTED" and self.open_run(run_id).process)
        process = self.open_run(run_id).process
        assert process is not None
        return process.pid

    def command(self, *arguments: str) -> Result:
        """One of our commands, in this process."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def home(server: Server, computed: str, temporary_home: Callable[[], Path]) -> Iterator[Home]:
    folder = temporary_home()
    folder.mkdir()
    with cloned_database(server, computed) as database, cloned_database(server, "template0") as history:
        made = Home(folder, database, history)
        made.admin = admin_address(server, database)
        yield made
        made.end()


def command_lines() -> Iterator[tuple[int, list[str]]]:
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield int(place.parts[2]), place.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue


@contextmanager
def locked(home: Home, *tables: str) -> Iterator[None]:
    """Whoever writes there, or reads, waits meanwhile."""
    with psycopg.connect(home.admin) as connection:
        for table in tables:
            connection.execute(f"LOCK TABLE {table}".encode())
        yield
        connection.rollback()


def is_up(home: Home) -> bool:
    try:
        return bool(home.ask("{ version }"))
    except OSError:
        return False


def test_everything_goes_on_whoever_is_killed(home: Home) -> None:
    assert str(home.folder / "home" / "logs") in home.start()
    for page in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}, {"Content_Type": "text/plain"}):
        assert home.post(**page) == 403
    assert home.statuses() == {}
    with locked(home, "rollup_ledger IN SHARE MODE", "report_deliveries IN ACCESS EXCLUSIVE MODE"):
        backfill = home.backfill()
        wait_for(lambda: "STARTED" in home.statuses().values())
        (computed,) = home.statuses()
        delivered = home.launch()
        assert home.statuses()[delivered] == "QUEUED"

        # All at once: who computes, the code server with what it started, the daemon and the webserver.
        before = home.services
        backfill.kill()
        os.killpg(before["code-server"], signal.SIGKILL)
        os.kill(before["daemon"], signal.SIGKILL)
        os.kill(before["webserver"], signal.SIGKILL)
        wait_for(lambda: {*home.services} == {*before} and not {*home.services.values()} & {*before.values()})
        wait_for(lambda: is_up(home))
        wait_for(lambda: home.statuses()[computed] == "FAILURE")
        worker = home.started(delivered)

        # A power cut.
        group = home.services["code-server"]
        home.processes[-1].kill()
        os.killpg(group, signal.SIGKILL)
        wait_for(lambda: not home.services and home.open_run(delivered).worker is State.GONE)

    message = home.command("status").output
    assert f"Run {delivered[:8]} of delivery_worker: its process {worker} IS GONE, it is STARTED" in message
    message = home.command("heal").output
    assert f"Run {delivered[:8]} of delivery_worker was marked as ended. Process {worker} on " in message
    assert set(home.statuses().values()) == {"FAILURE"}
