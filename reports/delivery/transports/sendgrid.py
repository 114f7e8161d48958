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
from sendgrid import SendGridAPIClient
from sendgrid.base_interface import region_host_dict

from reports.delivery.deadline import Deadline
from reports.delivery.message import Mail, to_payload
from reports.delivery.outcomes import Outcome, of_http, of_lost_connection, of_unassembled, of_unexpected
from reports.delivery.transports.base import Progress
from reports.delivery.transports.recording import Response, recording_handlers
from reports.mail_settings import TransportSettings
from sql.safety.hosts import LOOPBACK
from sql.values import PermanentError

logger = logging.getLogger(__name__)

_KEY = re.compile(r"^[!-~]{8,}$")


class SendGridTransport:
    """Sends through SendGrid's mail send. Raises PermanentError for a missing key or an unsafe host."""

    name = "sendgrid"

    def __init__(self, settings: TransportSettings) -> None:
        self.sender = settings.sender
        self._key = _checked_key(settings.sendgrid.api_key)
        self._host = _checked_host(settings.sendgrid.host)
        self._sandbox = settings.sendgrid.sandbox
        self._timeout_s, self._deadline_s = settings.timeout_s, settings.deadline_s
        _silence_client_log()

    def __repr__(self) -> str:
        return f"SendGridTransport(host={self._host!r}, sandbox={self._sandbox}, key=masked)"

    def send(self, mail: Mail) -> Outcome:
        try:
            payload = to_payload(mail, sandbox=self._sandbox)
        except Exception as error:
            logger.exception("delivery %s: the mail cannot be put together", mail.envelope.delivery_id)
            return of_unassembled(error)
        progress = Progress()
        with Deadline(self._deadline_s) as deadline:
            try:
                response = self._client(deadline, progress).mail.send.post(request_body=payload)
            except (OSError, http.client.HTTPException) as error:
                return of_lost_connection(deadline.blame(error), progress.stage)
            except Exception as error:
                logger.exception("delivery %s ended in an error that nobody foresaw", mail.envelope.delivery_id)
                return of_unexpected(error, progress.stage)
        masked = response.body.replace(self._key.encode(), b"(key)")
        return of_http(response.status_code, dict(response.headers), masked, datetime.now(UTC), sandbox=self._sandbox)

    def _client(self, deadline: Deadline, progress: Progress) -> _Client:
        headers = SendGridAPIClient(self._key, host=self._host)._default_headers
        handlers = (urllib.request.ProxyHandler(), *recording_handlers(deadline, progress))
        return _Client(self._host, headers, handlers=handlers, version=3, timeout=self._timeout_s)


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


class _Client(python_http_client.Client):  # type: ignore[misc]
    """The client, but each call has headers of its own, and every answer is returned, a redirect or an error too.

    Followed, a redirected POST becomes a GET, and its 200 looks like success.
    """

    def __init__(
        self,
        host: str,
        request_headers: dict[str, str],
        *,
        handlers: tuple[urllib.request.BaseHandler, ...],
        **options: Any,
    ) -> None:
        super().__init__(host, dict(request_headers), **options)
        self._handlers = handlers

    def _build_client(self, name: str | None = None) -> _Client:
        return _Client(
            self.host,
            self.request_headers,
            handlers=self._handlers,
            version=self._version,
            url_path=[*self._url_path, name] if name else self._url_path,
            append_slash=self.append_slash,
            timeout=self.timeout,
        )

    def _make_request(self, opener: object, request: urllib.request.Request, timeout: float | None = None) -> Response:
        own = urllib.request.OpenerDirector()
        for handler in self._handlers:
            own.add_handler(handler)
        return Response(own.open(request, timeout=timeout or self.timeout))


def _drop(_: logging.LogRecord) -> bool:
    return False


def _silence_client_log() -> None:
    """Its debug log prints the key and the whole mail. A filter holds even where a level is set again later."""
    for name in ("python_http_client", "python_http_client.client"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)
        if _drop not in logger.filters:
            logger.addFilter(_drop)
