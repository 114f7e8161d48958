"""earshot serve: one of the processes of `earshot ui` alone, for containers, each of which somebody else keeps running.

Here: code server, daemon and webserver, which find each other by host and port.
Not here: what they do (pipelines/ui/services.py), all of them on one machine (ui.py), migrating the database (db.py).
"""

from __future__ import annotations

import os
import re

import click

from pipelines import runtime
from pipelines.homes import dagster_home, project_root
from pipelines.settings import Settings, load_settings
from sql.safety.private import write_private
from sql.values import PermanentError

_PLACE = re.compile(r"(?P<host>[A-Za-z0-9._-]+):(?P<port>\d{1,5})")

at = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
code = click.option("--code-server", "place", required=True, metavar="HOST:PORT", help="Where the code server listens.")


@click.group()
def serve() -> None:
    """Run one process of the UI in the foreground, until it is stopped. `earshot ui` runs all three on one machine.

    They share a database and no folder. None of them asks for a password: let only each other, and a proxy that asks
    for a login, reach them.
    """


@serve.command("code-server")
@at
@click.option("--port", type=click.IntRange(1, 65535), default=4000, show_default=True)
def code_server(host: str, port: int) -> None:
    """The process that knows assets and schedules, and launches a process of its own for each run."""
    _prepare(load_settings())
    from pipelines.ui import services

    services.code_server_at(host, port)


@serve.command()
@code
def daemon(place: str) -> None:
    """The process of schedules, sensors, the queue, and the watch over runs. There must be only one."""
    settings = load_settings()
    workspace = _workspace(settings, place)
    _prepare(settings)
    from pipelines.ui import services

    services.daemon(workspace)


@serve.command()
@code
@at
@click.option("--port", type=click.IntRange(0, 65535), default=3000, show_default=True, help="0: any that is free.")
@click.option("--allow-host", "names", multiple=True, metavar="NAME", help="A name under which a proxy asks for it.")
def webserver(place: str, host: str, port: int, names: tuple[str, ...]) -> None:
    """The UI, for a proxy before it that asks for a login."""
    from pipelines.commands.ui import listener_on

    settings = load_settings()
    workspace = _workspace(settings, place)
    with listener_on(host, port) as listener:
        _prepare(settings)
        from pipelines.ui import services

        services.webserver_on(workspace, listener, host, *names)


def _workspace(settings: Settings, place: str) -> str:
    found = _PLACE.fullmatch(place)
    if found is None:
        raise PermanentError(f"--code-server is {place!r}; write it as HOST:PORT, such as code-server:4000")
    server = f"{{host: {found['host']}, port: {found['port']}, location_name: earshot}}"
    text = f"load_from:\n  - grpc_server: {server}\n"
    return str(write_private(dagster_home(settings) / "workspace.yaml", text))


def _prepare(settings: Settings) -> None:
    runtime.prepare_service(settings)
    os.chdir(project_root())
