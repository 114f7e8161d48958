"""Deadlines: the longest that one exchange over the network may take altogether.

Here: a watch that shuts a connection down when the time is up, from a thread of its own, so that it works in any
thread and through TLS; and looking a name up and connecting under it. A socket's own timeout is the longest silence:
a server that sends a byte a second never meets it.
Not here: what an end means (delivery/outcomes.py), or which addresses may be called (assets/web/requesting.py).
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")
# Family, kind, protocol and address, as getaddrinfo gives them.
Address = tuple[int, int, int, Any]


class DeadlineError(TimeoutError):
    """The time for the whole exchange is up."""


class Deadline:
    """Use it in a `with`: connections that it makes or watches are shut down at the end of the time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._shut_down)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            while self._watched:
                self._watched.pop().close()

    @property
    def expired(self) -> bool:
        return time.monotonic() >= self._end

    def left(self) -> float:
        """Seconds until the end, more than none. Raises DeadlineError once the time is up."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise self._error()
        return seconds

    def blame(self, error: BaseException) -> BaseException:
        """The cause of an error: the deadline if its time is up, because a shut connection looks like many things."""
        return self._error() if self.expired else error

    def _error(self) -> DeadlineError:
        return DeadlineError(f"it took more than {self.seconds:g} seconds altogether")

    def watch(self, connection: socket.socket) -> None:
        """Shut this connection down at the end. TLS may be put around it later: the copy is of the connection."""
        with self._lock:
            self._watched.append(connection.dup())
        if self.expired:
            self._shut_down()

    def _shut_down(self) -> None:
        with self._lock:
            for connection in self._watched:
                with suppress(OSError):  # closed by the other side meanwhile
                    connection.shutdown(socket.SHUT_RDWR)

    def call(self, function: Callable[..., Result], *arguments: object) -> Result:
        """The result of a call that has no timeout, such as looking a name up; abandoned at the end of the time."""
        results: list[Result] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(function(*arguments))
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(self.left())
        if errors:
            raise errors[0]
        if not results:
            raise self._error()
        return results[0]

    def resolve(self, host: str, port: int) -> list[Address]:
        """Where a host can be reached. Raises OSError where it is not known."""
        try:
            found = self.call(socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
        except UnicodeError as error:  # a label that is empty or too long
            raise OSError(f"{host!r} is no name of a host") from error
        return [(family, kind, protocol, address) for family, kind, protocol, _, address in found]

    def connect(self, addresses: Sequence[Address], silence_s: float) -> socket.socket:
        """A watched connection to the first of the addresses that answers. Raises OSError where none does."""
        trouble: OSError = OSError("the host has no address")
        for family, kind, protocol, address in addresses:
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(min(silence_s, self.left()))
                connection.connect(address)
                connection.settimeout(silence_s)
                self.watch(connection)
            except OSError as error:
                connection.close()
                trouble = error
            else:
                return connection
        raise trouble
