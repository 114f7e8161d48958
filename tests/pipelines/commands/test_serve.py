"""earshot serve: code server, daemon and webserver as containers run them, with homes of their own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from pipelines.cli import main
from sql.embedded import Server
from tests.conftest import cloned_database
from tests.object_store import free_ports
from tests.waiting import wait_for

ROOT = Path(__file__).parents[3]
SELECTOR = {"repositoryLocationName": "earshot", "repositoryName": "__repository__", "jobName": "delivery_worker"}
LAUNCH = """mutation Launch($of: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $of, runConfigData: {}}) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  }
}"""


@contextmanager
def running(folder: Path, environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    folder.mkdir()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.cli", "serve", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment, "EARSHOT_HOME": str(folder / "home")},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_three_processes_with_homes_of_their_own_are_one_installation(
    server: Server, template: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        database = stack.enter_context(cloned_database(server, template))
        history = stack.enter_context(cloned_database(server, "template0"))
        environment = {
            "DATABASE_URL": database,
            "DAGSTER_POSTGRES_URL": history.replace("postgresql://", "postgresql+psycopg2://"),
        }
        code, ui = free_ports(2)
        place = f"127.0.0.1:{code}"
        arguments = {
            "code-server": ("--port", str(code)),
            "daemon": ("--code-server", place),
            "webserver": ("--code-server", place, "--port", str(ui), "--allow-host", "dagster.example.com"),
        }
        for name, given in arguments.items():
            stack.enter_context(running(tmp_path / name, environment, name, *given))

        def ask(query: str, host: str = "dagster.example.com", **variables: object) -> tuple[int, bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", ui, timeout=60)
            body = json.dumps({"query": query, "variables": variables})
            connection.request("POST", "/graphql", body, {"Content-Type": "application/json", "Host": host})
            response = connection.getresponse()
            content = response.status, response.read()
            connection.close()
            return content

        def is_up() -> bool:
            try:
                return b'"name":"earshot"' in ask(
                    "{ locationStatusesOrError { ... on WorkspaceLocationStatusEntries "
                    "{ entries { name loadStatus } } } }"
                )[1].replace(b" ", b"")
            except (OSError, http.client.HTTPException):
                return False

        wait_for(is_up)
        assert ask(LAUNCH, host="evil.example", of=SELECTOR)[0] == 403
        status, content = 0, b""

        def is_launched() -> bool:
            nonlocal status, content
            status, content = ask(LAUNCH, of=SELECTOR)
            return b"LaunchRunSuccess" in content

        wait_for(is_launched)
        run_id = json.loads(content)["data"]["launchRun"]["run"]["runId"]

        def statuses() -> dict[str, str]:
            with psycopg.connect(history) as connection:
                return dict(connection.execute("SELECT run_id, status FROM runs").fetchall())

        wait_for(lambda: statuses()[run_id] in ("SUCCESS", "FAILURE"))
        assert statuses()[run_id] == "SUCCESS"
        command = [sys.executable, "-m", "dagster", "api", "grpc-health-check", "--port", str(code)]
        assert subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.parametrize("place", ["code-server", ":4000", "a b:4000", "host:port"])
def test_a_place_that_is_none_is_refused(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_HOME", str(tmp_path))
    result = CliRunner().invoke(main, ["serve", "daemon", "--code-server", place])
    assert result.exit_code == 1
    assert "write it as HOST:PORT, such as code-server:4000" in result.output
