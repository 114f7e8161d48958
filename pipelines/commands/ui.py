"""earshot ui: open Dagster, webserver and daemon, with history kept in PostgreSQL.

Here: starting it with everything it needs.
Not here: what it shows (definitions.py).
"""

from __future__ import annotations

import subprocess
import sys

import click

from pipelines import console, runtime
from pipelines.homes import project_root
from pipelines.settings import load_settings
from sql.migrate import migrate


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, help="Port to listen on.")
def ui(host: str, port: int) -> None:
    """Open the Dagster UI with its daemon: runs, schedules, checks. Stop it with Ctrl-C."""
    settings = load_settings()
    server = runtime.ensure_database(settings, console.out.print)
    migrate(runtime.migrate_url(settings), limits=settings.limits)
    runtime.prepare_orchestrator(settings, server)
    console.out.print(f"The UI opens at http://{host}:{port}. Ctrl-C stops it; the database goes on.")
    root = project_root()
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(root / "workspace.yaml"), "-h", host, "-p", str(port)]
    try:
        raise SystemExit(subprocess.run(command, cwd=root, check=False).returncode)  # noqa: S603
    except KeyboardInterrupt:
        raise SystemExit(0) from None
