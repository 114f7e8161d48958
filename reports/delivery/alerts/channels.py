"""The two channels of alerts: a mail by the transport of the reports, and a webhook that chat programs read.

Here: handing one alert over, once, and what the webhook's answers mean.
Not here: which alert is handed over (sending.py), the transports.
"""

from __future__ import annotations

import http.client
import json
import logging
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape
from typing import Protocol
from uuid import UUID, uuid5

from reports.delivery.deadline import Deadline
from reports.delivery.message import Mail, envelope_of
from reports.delivery.outcomes import (
    REFUSALS,
    Outcome,
    Verdict,
    of_http,
    of_lost_connection,
    of_unexpected,
    provider_text,
)
from reports.delivery.transports import make_transport
from reports.delivery.transports.base import Progress, Transport
from reports.delivery.transports.recording import Response, recording_handlers
from reports.delivery.unsubscribe import StopLink
from reports.mail_settings import TransportSettings
from sql.values import PermanentError

logger = logging.getLogger(__name__)

# Answers that speak of the address of the webhook, not of the message: once it is mended, the message can go.
_WRONG_HOOK = frozenset({401, 403, 404, 407, 410})


@dataclass(frozen=True, slots=True)
class Waiting:
    """A claimed alert. recipient: the owner's address for a mail, else None."""

    tenant_id: UUID
    alert_key: str
    channel: str
    recipient: str | None
    subject: str
    body: str
    attempts: int
    created_at: datetime

    @property
    def mail_id(self) -> UUID:
        """The same for every attempt."""
        return uuid5(self.tenant_id, f"{self.alert_key}/{self.channel}")


class Channel(Protocol):
    """One way to send an alert."""

    def send(self, waiting: Waiting) -> Outcome:
        """One attempt, never repeated inside."""
        ...


def channels_of(settings: TransportSettings) -> dict[str, Channel]:
    """By name, the ways that the settings offer: mail, and webhook where one is set.

    Raises PermanentError for a transport that cannot send; nothing has been claimed by then.
    """
    return {"mail": MailChannel(make_transport(settings)), **_webhook(settings)}


def usable_channels(settings: TransportSettings) -> tuple[dict[str, Channel], str | None]:
    """The ways that can be used, and why the mail cannot, if it cannot: then what is wrong with it is still posted."""
    try:
        return channels_of(settings), None
    except PermanentError as error:
        return _webhook(settings), str(error)


def _webhook(settings: TransportSettings) -> dict[str, Channel]:
    if not settings.alert_webhook:
        return {}
    return {"webhook": WebhookChannel(settings.alert_webhook, settings.timeout_s, settings.deadline_s)}


class MailChannel:
    """A mail of text, from the sender of the reports. It has no stop link: its reader owns the reports."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, waiting: Waiting) -> Outcome:
        paragraphs = "".join(f"<p>{escape(line)}</p>" for line in waiting.body.splitlines() if line)
        html = f"<!doctype html><html lang='en'><body>{paragraphs}</body></html>"
        try:
            envelope = envelope_of(
                delivery_id=waiting.mail_id,
                recipient=waiting.recipient or "",
                sender=self._transport.sender.mail_from,
                brand="Earshot",
                reply_to=None,
                subject=waiting.subject,
                queued_at=waiting.created_at,
                stop=StopLink("", {}),
            )
        except PermanentError as error:
            return Outcome(Verdict.FAILED, str(error))
        return self._transport.send(Mail(envelope, html, f"{waiting.body}\n", (), ()))


class WebhookChannel:
    """A POST of {"text": ...}, as Slack and what is compatible with it take it. Redirects are not followed.

    url: https, or http to this machine (reports/mail_settings.py refuses others). A secret: who knows it can post.
    """

    def __init__(self, url: str, timeout_s: float, deadline_s: float) -> None:
        self._url, self._timeout_s, self._deadline_s = url, timeout_s, deadline_s

    def __repr__(self) -> str:
        return "WebhookChannel(masked)"

    def send(self, waiting: Waiting) -> Outcome:
        body = json.dumps({"text": _plain(f"{waiting.subject}\n{waiting.body}")}).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "earshot"}
        request = urllib.request.Request(self._url, body, headers, method="POST")  # noqa: S310  (checked at start)
        progress = Progress()
        with Deadline(self._deadline_s) as deadline:
            opener = urllib.request.OpenerDirector()
            for handler in (urllib.request.ProxyHandler(), *recording_handlers(deadline, progress)):
                opener.add_handler(handler)
            try:
                response = Response(opener.open(request, timeout=self._timeout_s))
                text = response.read()
            except (OSError, http.client.HTTPException) as error:
                return _without_url(of_lost_connection(deadline.blame(error), progress.stage), self._url)
            except Exception as error:
                logger.exception("an alert ended in an error that nobody foresaw")
                return of_unexpected(error, progress.stage)
        return _without_url(of_webhook(response.getcode(), dict(response.info()), text, datetime.now(UTC)), self._url)


def of_webhook(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Outcome:
    """What an answer of a webhook means: sent by any 2xx, else by the rules of reports/delivery/outcomes.py."""
    if 200 <= status < 300:
        return Outcome(Verdict.ACCEPTED, "taken by the webhook", status)
    if status in _WRONG_HOOK:
        detail = f"the webhook is not (any more) where EARSHOT_ALERT_WEBHOOK says ({status}). {provider_text(body)}"
        return Outcome(Verdict.RETRY, detail.strip(), status, stop_run=True)
    if status in REFUSALS:
        return Outcome(Verdict.FAILED, f"the webhook refused the alert ({status}). {provider_text(body)}", status)
    if 300 <= status < 400:
        return Outcome(
            Verdict.UNKNOWN, f"redirected ({status}); not followed. Set the address that it leads to", status
        )
    return of_http(status, headers, body, now)


def _plain(text: str) -> str:
    """Text that mentions nobody and is no link: Slack reads what stands in angle brackets as a command."""
    return escape(text, quote=False)


def _without_url(outcome: Outcome, url: str) -> Outcome:
    return replace(outcome, detail=outcome.detail.replace(url, "(webhook)"))
