"""A line to the server that can die without a word: everything stays open, and nothing is delivered any more.

Here: a TCP forwarder on loopback. Not here: what is sent through it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

# As a network does; a few packets at most are under way when the line dies.
_PIECE = 16_384


class Line:
    """Forwards until it is frozen, by freeze() or after so many bytes of a connection in one direction."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._frozen = threading.Event()
        self.most_up: int | None = None
        self.most_down: int | None = None
        # What the latest connection has been sent so far.
        self.down = 0
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self) -> None:
        self._frozen.set()

    @property
    def is_frozen(self) -> bool:
        return self._frozen.is_set()

    def close(self) -> None:
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                threading.Thread(target=self._forward, args=(near, far, "most_up"), daemon=True).start()
                threading.Thread(target=self._forward, args=(far, near, "most_down"), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, limit: str) -> None:
        sent = 0
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                sent += len(piece)
                if limit == "most_down":
                    self.down = sent
                most = getattr(self, limit)
                if most is not None and sent > most:
                    self.freeze()
                if self._frozen.is_set():
                    # Neither read nor closed any more.
                    return
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


@contextmanager
def line_to(url: str) -> Iterator[tuple[Line, str]]:
    """A line to the server of the address, and the address through it; gone at the end."""
    place = urlsplit(url)
    line = Line(str(place.hostname), int(place.port or 5432))
    try:
        yield line, url.replace(f":{place.port}/", f":{line.port}/")
    finally:
        line.close()
