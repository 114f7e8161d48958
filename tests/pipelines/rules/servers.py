"""Web servers of this machine, for what is fetched from an address.

Here: starting and stopping them, and handlers that answer well or not at all.
Not here: what is fetched.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

Handler = Callable[..., BaseHTTPRequestHandler]
Serve = Callable[[Handler], str]


class Quiet(SimpleHTTPRequestHandler):
    """A folder of files."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""


class Refusing(Quiet):
    """A server that has no time."""

    def do_GET(self) -> None:
        self.send_error(503)


class Leading(Quiet):
    """A server that leads to a file of the machine that asks."""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "file:///etc/hostname")
        self.end_headers()


@contextmanager
def serving() -> Iterator[Serve]:
    """Starts a web server with the handler and says where; all are stopped at the end."""
    servers: list[ThreadingHTTPServer] = []

    def start(handler: Handler) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    try:
        yield start
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
