"""Requests by HTTP that end in time and tell how far they came.

Here: the connections of urllib under a deadline, with a record of the stage, and an answer that is read at most so far.
Not here: what is sent (sendgrid.py, alerts/channels.py), what a stage means (outcomes.py).
"""

from __future__ import annotations

import http.client
import socket
import urllib.request
from typing import Any

from reports.delivery.deadline import Deadline
from reports.delivery.outcomes import Stage
from reports.delivery.transports.base import Progress

# An answer is a line of JSON; the rest of a longer one is not read.
ANSWER_LIMIT = 64 * 1024


class Response:
    """A response, read once: the status decides, so a body that gets lost on its way changes nothing."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def getcode(self) -> int:
        return int(self._response.status)

    def info(self) -> Any:
        return self._response.headers

    def read(self) -> bytes:
        with self._response:
            try:
                return bytes(self._response.read(ANSWER_LIMIT))
            except (OSError, http.client.HTTPException):
                return b""


def _recording(
    kind: type[http.client.HTTPConnection], deadline: Deadline, progress: Progress
) -> type[http.client.HTTPConnection]:
    """The connection class under a deadline, recording how far the request came.

    It never prints its traffic, whatever the debug level.
    """

    class Recorded(kind):  # type: ignore[valid-type, misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._create_connection = self._connect_watched

        def _connect_watched(self, address: tuple[str, int], timeout: float, *_: object) -> socket.socket:
            return deadline.connect(deadline.resolve(*address), timeout)

        def connect(self) -> None:
            super().connect()
            progress.stage = Stage.SENDING

        def endheaders(self, message_body: bytes | None = None, **options: Any) -> None:
            """The last byte is sent apart: until then the request has no end, and a lost connection is no doubt."""
            super().endheaders(None, **options)
            body = message_body or b""
            self.send(body[:-1])
            progress.stage = Stage.ANSWER
            self.send(body[-1:])

        def set_debuglevel(self, level: int) -> None:
            super().set_debuglevel(0)

    return Recorded


def recording_handlers(deadline: Deadline, progress: Progress) -> tuple[urllib.request.BaseHandler, ...]:
    """Handlers for an opener of urllib that follows no redirect and raises for no status."""
    plain = _recording(http.client.HTTPConnection, deadline, progress)
    secure = _recording(http.client.HTTPSConnection, deadline, progress)

    class Plain(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(plain, req)

    # HTTPSHandler reads the machine's certificates when it is made (from Python 3.12 on), also for a plain request: 30
    # ms of processor time, more on a busy machine, that would be taken from the deadline.
    class Secure(urllib.request.AbstractHTTPHandler):
        https_request = urllib.request.AbstractHTTPHandler.do_request_

        def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(secure, req)

    return Plain(), Secure()
