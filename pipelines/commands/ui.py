"""earshot ui: open Dagster, webserver and daemon, with history kept in PostgreSQL.

Here: starting it with everything it needs, and only once for a home.
Not here: keeping it running (pipelines/ui/supervision.py), its processes (pipelines/ui/services.py), what it shows
(definitions.py).
"""

from __future__ import annotations

import errno
import fcntl
import http.client
import ipaddress
import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from pipelines import console, runtime
from pipelines.homes import dagster_home, project_root
from pipelines.settings import Settings, load_settings
from pipelines.ui.supervision import Service, Supervisor
from sql.safety.private import open_private, private_folder, write_private
from sql.schema.migrate import migrate
from sql.values import PermanentError

# The processes, as services.py names them; each has a log of that name.
SERVICES = ("code-server", "daemon", "webserver")

# The longest path of a socket that every system takes.
LONGEST_SOCKET = 100


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=3000, show_default=True, help="0: any that is free.")
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="A name under which a proxy, or a browser on another machine, asks for it; may be given several times.",
)
def ui(host: str, port: int, names: tuple[str, ...]) -> None:
    """Open the Dagster UI with its daemon: runs, schedules, checks. Stop it with Ctrl-C.

    Code server, daemon and webserver run apart from each other; what ends is started again. Their logs lie in
    EARSHOT_HOME/logs. It asks nobody for a password: see "Letting others in" in docs/operators.md first.
    """
    settings = load_settings()
    home = dagster_home(settings)
    _check_logs(settings.home / "logs")
    with _alone(home), listener_on(host, port) as listener:
        server = runtime.ensure_database(settings, console.out.print)
        migrate(runtime.migrate_url(settings), limits=settings.limits)
        runtime.prepare_orchestrator(settings, server)
        # Of those who were killed; and, at the end, of those who were stopped and did not end by themselves.
        runtime.end_dead_runs(settings, server)
        os.chdir(project_root())
        _run(settings, home, listener, host, names)
        runtime.end_dead_runs(settings, server)
    console.out.print("Stopped. Runs that were at work are kept as far as they got; the database goes on.")


def _run(settings: Settings, home: Path, listener: socket.socket, host: str, names: Sequence[str]) -> None:
    logs = settings.home / "logs"
    port = listener.getsockname()[1]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    with _socket_path(home) as path:
        places = f"load_from:\n  - grpc_server: {{socket: {path}, location_name: earshot}}\n"
        workspace = write_private(home / "workspace.yaml", places)
        services = [
            _service("code server", logs, "code-server", path, ready=lambda: _accepts_connections(path)),
            # Without a code server it fails schedules, and gives up runs that it should try again.
            _service("daemon", logs, "daemon", str(workspace), needs="code server"),
            _service(
                "webserver",
                logs,
                *("webserver", str(workspace), str(listener.fileno()), host, *names),
                ready=lambda: _serves(listener),
                inherited=(listener.fileno(),),
            ),
        ]
        console.out.print(
            f"Starting code server, daemon and webserver; their logs are in {logs}. This takes some seconds.",
        )

        def started() -> None:
            console.out.print(f"The UI is open at {address}. Ctrl-C stops it; the database goes on.")
            if not _is_loopback(host):
                console.err.print(
                    "Whoever reaches this address can start and stop runs, because Dagster asks nobody for a password. "
                    'Put a proxy that does before it: "Letting others in" in docs/operators.md.',
                )

        Supervisor(services, lambda message: console.err.print(message), settings.start_seconds).run(started)


def _check_logs(folder: Path) -> None:
    """Raises UnsafePathError for a log that cannot be written, before anything that would print into it is started."""
    private_folder(folder)
    for name in SERVICES:
        os.close(open_private(folder / f"{name}.log"))


def _service(name: str, logs: Path, *arguments: str, **more: object) -> Service:
    log = logs / f"{arguments[0]}.log"
    return Service(name, ("-m", "pipelines.ui.services", arguments[0], str(os.getpid()), *arguments[1:]), log, **more)  # type: ignore[arg-type]


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Only one `earshot ui` a home. The lock goes with the process, however it ends."""
    with (home / "ui.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise PermanentError(
                f"`earshot ui` runs already for this home (process {lock.read().strip() or 'not known'}). Stop that "
                "one first, or set EARSHOT_HOME to another folder."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def listener_on(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens, and goes on while the webserver is started again."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise PermanentError(f"--host {host} --port {port} is no address of this machine: {error}.") from None
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(2048)
        except OSError as error:
            raise PermanentError(_why_no_port(host, port, error)) from None
        yield listener


def _why_no_port(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken by another program. Stop that one, or choose another with --port."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Port {port} of {host} is not for this user: {error.strerror}. Choose one above 1023 with --port."
    return f"Nobody can listen on port {port} of {host}: {error.strerror}. Choose others with --host and --port."


@contextmanager
def _socket_path(home: Path) -> Iterator[str]:
    """Where the code server listens: in a folder with mode 0700, under a name of this process alone."""
    for old in home.glob("code-*.sock"):
        old.unlink(missing_ok=True)
    path = home / f"code-{os.getpid()}.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        yield str(path)
        return
    with tempfile.TemporaryDirectory(prefix="earshot-") as folder:
        yield f"{folder}/code.sock"


def _accepts_connections(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(path)
        except OSError:
            return False
    return True


def _serves(listener: socket.socket) -> bool:
    host, port = listener.getsockname()[:2]
    wildcard = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
    connection = http.client.HTTPConnection(wildcard.get(host, host), port, timeout=2)
    try:
        connection.request("GET", "/server_info", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
