"""Services: the long-lived processes of the orchestrator, each as `earshot ui` starts it.

Here: `python -m pipelines.ui.services NAME PARENT ...`: code server, daemon and webserver, none of which outlives the
process that started it, or begins without readable settings.
Not here: starting them again when they end (supervision.py), which requests the webserver takes (guard.py).
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.processes.parents import end_with

logger = logging.getLogger("earshot")

# A code server whose inner process died stays up without answering any call.
PING_EVERY_S = 5
PINGS_MISSED = 3


def main(arguments: list[str]) -> None:
    """Run the process that the arguments name."""
    name, parent, *rest = arguments
    end_with(int(parent), signal.SIGTERM if name == "code-server" else signal.SIGKILL)
    from pipelines.homes import read_orchestrator_settings

    read_orchestrator_settings(Path(os.environ["DAGSTER_HOME"]))
    services: dict[str, Callable[..., None]] = {"code-server": code_server, "daemon": daemon, "webserver": webserver}
    services[name](*rest)


def code_server(path: str) -> None:
    """Dagster's code server for our definitions, on a socket; it can load them again without ending."""
    _serve_code(["--socket", path], {"socket": path})


def code_server_at(host: str, port: int) -> None:
    """The same on a port, for processes of other containers. It asks nobody for a password."""
    _serve_code(["--host", host, "--port", str(port)], {"host": "127.0.0.1", "port": port})


def _serve_code(where: list[str], own: dict[str, Any]) -> None:
    from dagster._cli import cli

    threading.Thread(target=_end_without_answer, args=(own,), name="pings", daemon=True).start()
    what = ["--module-name", "pipelines.definitions", "--working-directory", os.getcwd(), "--location-name", "earshot"]
    cli(["code-server", "start", *where, "--use-python-environment-entry-point", *what], prog_name="dagster")


def _end_without_answer(own: dict[str, Any]) -> None:
    from dagster._grpc.client import DagsterGrpcClient

    client = DagsterGrpcClient(**own)
    answered, missed = False, 0
    while missed < PINGS_MISSED:
        time.sleep(PING_EVERY_S)
        try:
            client.ping("")
            answered, missed = True, 0
        except Exception:
            missed += answered
    logger.error("The code server did not answer itself %s times: it ends, and is started again.", PINGS_MISSED)
    os._exit(1)


def daemon(workspace: str) -> None:
    """Dagster's daemon: schedules, sensors, the queue, and the watch over runs."""
    from dagster import DagsterInstance
    from dagster._daemon.cli import cli

    from pipelines.processes.clock import end_when_set_back, forget_times_to_come

    with DagsterInstance.get() as instance:
        if names := forget_times_to_come(instance):
            logger.warning("The clock was ahead when these last looked; they go on: %s", ", ".join(names))
    threading.Thread(target=end_when_set_back, name="clock", daemon=True).start()
    cli(["run", "-w", workspace], prog_name="dagster-daemon")


def webserver(workspace: str, listener: str, host: str, *names: str) -> None:
    """Dagster's webserver behind the guard, on a socket that listens already, so that the port stays taken."""
    webserver_on(workspace, socket.socket(fileno=int(listener)), host, *names)


def webserver_on(workspace: str, listener: socket.socket, host: str, *names: str) -> None:
    """The same, for who has the socket itself."""
    import uvicorn
    from dagster import DagsterInstance
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import WorkspaceFileTarget
    from dagster._utils.log import configure_loggers
    from dagster_webserver.app import create_app_from_workspace_process_context
    from dagster_webserver.version import __version__

    from pipelines.ui.guard import Guard

    configure_loggers()
    with DagsterInstance.get() as instance:
        # As `dagster-webserver` does.
        instance.optimize_for_webserver(statement_timeout=15_000, pool_recycle=3600, max_overflow=20)
        with WorkspaceProcessContext(instance, WorkspaceFileTarget([workspace]), version=__version__) as context:
            app = create_app_from_workspace_process_context(context, live_data_poll_rate=2000)
            guarded = Guard(app, [host, *names], any_address=host in ("0.0.0.0", "::"))  # noqa: S104
            config = uvicorn.Config(guarded, log_level="warning", server_header=False, timeout_graceful_shutdown=2)
            uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1:])
