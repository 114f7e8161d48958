"""The SendGrid transport: the official client, with its traps closed.

Here: one POST per mail, with a timeout, without redirects, without a log of keys and mails, headers of its own.
Not here: what an answer means (outcomes.py).
"""

from __future__ import annotations

import http.client
import logging
import re
import urllib.request
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import python_http_client
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.base_interface import region_host_dict

from reports.delivery.message import Mail, to_payload
from reports.delivery.outcomes import Outcome, Stage, of_http, of_lost
from reports.delivery.transports.base import LOOPBACK, TransportSettings
from sql.values import PermanentError

_KEY = re.compile(r"^[!-~]{8,}$")


class SendGridTransport:
    """Sends through SendGrid's mail send. Raises PermanentError for a missing key or an unsafe host."""

    name = "sendgrid"

    def __init__(self, settings: TransportSettings) -> None:
        self.sender = settings.sender
        self._key = _checked_key(settings.sendgrid_api_key)
        self._host = _checked_host(settings.sendgrid_host)
        self._sandbox = settings.sendgrid_sandbox
        self._timeout_s = settings.timeout_s
        _silence_client_log()

    def __repr__(self) -> str:
        return f"SendGridTransport(host={self._host!r}, sandbox={self._sandbox}, key=masked)"

    def send(self, mail: Mail) -> Outcome:
        progress = _Progress()
        api = SendGridAPIClient(self._key, host=self._host)
        api.client = _Client(self._host, api._default_headers, version=3, timeout=self._timeout_s, progress=progress)
        try:
            answer = api.client.mail.send.post(request_body=to_payload(mail, sandbox=self._sandbox))
            status, headers, body = answer.status_code, dict(answer.headers), answer.body
        except HTTPError as refused:
            status, headers, body = refused.status_code, dict(refused.headers or {}), refused.body
        except (OSError, http.client.HTTPException) as error:
            return of_lost(error, progress.stage)
        masked = (body or b"").replace(self._key.encode(), b"(key)")
        return of_http(status, headers, masked, datetime.now(UTC), sandbox=self._sandbox)


def _checked_key(key: str | None) -> str:
    """The key without blanks. A line break in it would be printed by the client, inside an error about headers."""
    bare = (key or "").strip()
    if not bare:
        raise PermanentError("SendGrid needs an API key and has none: set SENDGRID_API_KEY; the mails wait meanwhile")
    if not _KEY.match(bare):
        raise PermanentError("SENDGRID_API_KEY has characters that no key has: copy it again; the mails wait")
    return bare


def _checked_host(host: str) -> str:
    """An https URL; global and eu are SendGrid's own. Plain http only to this machine, for tests."""
    url = str(region_host_dict.get(host, host)).rstrip("/")
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not safe or not parts.hostname:
        raise PermanentError(f"SENDGRID_HOST is {host!r}; it can be global, eu, or a URL that begins with https://")
    return url


class _Progress:
    """Whether the connection stood before it was lost."""

    def __init__(self) -> None:
        self.stage = Stage.CONNECTING


class _Client(python_http_client.Client):  # type: ignore[misc]
    """The client, but each call has headers of its own, a redirect is an answer, and the stage is recorded."""

    def __init__(self, host: str, request_headers: dict[str, str], *, progress: _Progress, **options: Any) -> None:
        super().__init__(host, dict(request_headers), **options)
        self._progress = progress

    def _build_client(self, name: str | None = None) -> _Client:
        return _Client(
            self.host,
            self.request_headers,
            progress=self._progress,
            version=self._version,
            url_path=[*self._url_path, name] if name else self._url_path,
            append_slash=self.append_slash,
            timeout=self.timeout,
        )

    def _make_request(self, opener: object, request: urllib.request.Request, timeout: float | None = None) -> Any:
        own = urllib.request.build_opener(_NoRedirect, _PlainHandler(self._progress), _TlsHandler(self._progress))
        return super()._make_request(own, request, timeout=timeout)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirect as the answer: followed, the POST becomes a GET and its 200 looks like success."""

    def redirect_request(self, *_: object) -> None:
        return None


def _recording(kind: type[http.client.HTTPConnection], progress: _Progress) -> type[http.client.HTTPConnection]:
    """The connection class, noting when it stands; it never prints its traffic, whatever the debug level."""

    class Recorded(kind):  # type: ignore[valid-type, misc]
        def connect(self) -> None:
            super().connect()
            progress.stage = Stage.SENDING

        def set_debuglevel(self, level: int) -> None:
            super().set_debuglevel(0)

    return Recorded


class _PlainHandler(urllib.request.HTTPHandler):
    def __init__(self, progress: _Progress) -> None:
        super().__init__()
        self._connection = _recording(http.client.HTTPConnection, progress)

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, req)


class _TlsHandler(urllib.request.HTTPSHandler):
    def __init__(self, progress: _Progress) -> None:
        super().__init__()
        self._connection = _recording(http.client.HTTPSConnection, progress)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, req)


def _drop(_: logging.LogRecord) -> bool:
    return False


def _silence_client_log() -> None:
    """Its debug log prints the key and the whole mail. A filter holds even where a level is set again later."""
    for name in ("python_http_client", "python_http_client.client"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)
        if _drop not in logger.filters:
            logger.addFilter(_drop)
