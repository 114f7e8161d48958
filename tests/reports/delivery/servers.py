"""A server of raw sockets that does what a test scripts, for what no well-behaved server does.

Here: listening, and a mail server by script.
Not here: expectations.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress

Talk = Callable[[socket.socket], None]


class Listener:
    """Listens on loopback and gives each connection to the script; a script's end closes its connection."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self.released = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._one, args=[connection], daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with suppress(OSError, ssl.SSLError), connection:
            self._talk(connection)

    def close(self) -> None:
        self.released.set()
        # A thread that waits in accept keeps the port: shutting down wakes it.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def trickle(connection: socket.socket, text: bytes, every_s: float = 0.05) -> None:
    """Send the text a byte at a time, for ever again; ends when the other side has gone."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        for byte in text:
            connection.sendall(bytes([byte]))
            time.sleep(every_s)


Reply = bytes | Talk
TAKES_ALL: dict[str, Reply] = {
    "connect": b"220 here\r\n",
    "EHLO": b"250 here\r\n",
    "MAIL": b"250 OK\r\n",
    "RCPT": b"250 OK\r\n",
    "DATA": b"354 go on\r\n",
    ".": b"250 taken\r\n",
}


def hang_up(connection: socket.socket) -> None:
    """End the connection as a crash would: without a word."""
    connection.shutdown(socket.SHUT_RDWR)


class ScriptedMailServer(Listener):
    """Says at each step of a session what the script says; taken counts the mails whose final dot came."""

    def __init__(self, **script: Reply) -> None:
        self.taken = 0
        self._script = {**TAKES_ALL, **script}
        super().__init__(self._session)

    def _session(self, connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        self._reply(connection, "connect")
        while line := lines.readline():
            verb = line[:4].decode("latin-1").strip().upper()
            if verb == "QUIT":
                return
            if verb == "DATA":
                self._reply(connection, "DATA")
                if self._script["DATA"] != TAKES_ALL["DATA"]:
                    continue
                while (content := lines.readline()) != b".\r\n":
                    if not content:
                        return
                    if self._script.get("content"):
                        return
                self.taken += 1
                verb = "."
            self._reply(connection, verb)

    def _reply(self, connection: socket.socket, step: str) -> None:
        reply = self._script.get(step, b"502 what?\r\n")
        if callable(reply):
            reply(connection)
        else:
            connection.sendall(reply)
