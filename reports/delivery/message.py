"""The mail itself: one frozen report for one recipient, as MIME or as SendGrid's payload.

Here: putting frozen artefacts together, with everything the two forms share. Same delivery, same bytes.
Not here: rendering (the artefacts are frozen before), sending (transports), or the database.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UniqueAddressHeader, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from html import escape
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from reports.delivery.addresses import clean_address, header_text
from reports.delivery.unsubscribe import StopLink
from sql.values import PermanentError

HTML, TEXT, PDF, CSV = "report.html", "report.txt", "report.pdf", "report.zip"
# What reports were frozen with before their tables were files of their own.
EARLIER_CSV = "report.csv"
# Rendered reports are shared by all recipients; this stands where each one's own stop link goes.
STOP_LINK_PLACEHOLDER = "https://earshot.invalid/stop"
DELIVERY_ARG = "earshot_delivery"
# Fits into one line with its quotation marks.
SHORT_NAME = 40
_CID = re.compile(r"""\bcid:([^"'\s)>]+)""")


class ArtefactError(PermanentError):
    """Frozen artefacts that do not make a complete mail."""


@dataclass(frozen=True, slots=True)
class FrozenFile:
    """One frozen file of a report."""

    name: str
    media_type: str
    content_id: str | None
    body: bytes = field(repr=False)
    sha256: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends what to whom, already fit for a header."""

    delivery_id: UUID
    recipient: str
    sender: str
    brand: str
    reply_to: str | None
    subject: str
    queued_at: datetime
    stop: StopLink


@dataclass(frozen=True, slots=True)
class Mail:
    """A complete mail, ready for any transport."""

    envelope: Envelope
    html: str = field(repr=False)
    text: str = field(repr=False)
    pictures: tuple[FrozenFile, ...]
    attachments: tuple[FrozenFile, ...]

    @property
    def message_id(self) -> str:
        """The same for every attempt, so that a receiving server can recognise a repetition."""
        return f"<{self.envelope.delivery_id}@{self.envelope.sender.rpartition('@')[2]}>"


def assemble(envelope: Envelope, files: Iterable[FrozenFile]) -> Mail:
    """The mail of these artefacts. Raises ArtefactError if one is missing, changed, or a picture has no place.

    A mail without its PDF, CSV or a chart is worse than none: it reaches a sponsor with a green status.
    """
    by_name = {file.name: file for file in files}
    tables = EARLIER_CSV if EARLIER_CSV in by_name else CSV
    missing = [name for name in (HTML, TEXT, PDF, tables) if not (by_name.get(name) and by_name[name].body)]
    if missing:
        raise ArtefactError(f"the frozen report has no {', '.join(missing)}: render it again as a new revision")
    for file in by_name.values():
        if hashlib.sha256(file.body).hexdigest() != file.sha256.removeprefix("sha256:"):
            raise ArtefactError(f"{file.name} is not what was frozen (its hash differs): make a new revision")
    html, text = by_name[HTML].body.decode(), by_name[TEXT].body.decode()
    pictures = tuple(file for _, file in sorted(by_name.items()) if file.content_id)
    _check_pictures(html, pictures)
    return Mail(
        envelope,
        html.replace(STOP_LINK_PLACEHOLDER, escape(envelope.stop.link)),
        text.replace(STOP_LINK_PLACEHOLDER, envelope.stop.link),
        pictures,
        tuple(replace(by_name[name], name=f"{slug(envelope.subject)}{Path(name).suffix}") for name in (PDF, tables)),
    )


def slug(subject: str) -> str:
    """A file name that differs from that of last week's report: ASCII letters, digits and hyphens only."""
    plain = unicodedata.normalize("NFKD", subject).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:60].strip("-") or "report"


def _check_pictures(html: str, pictures: tuple[FrozenFile, ...]) -> None:
    shown, carried = set(_CID.findall(html)), {_bare_id(picture) for picture in pictures}
    if shown != carried:
        raise ArtefactError(
            f"the mail shows the pictures {sorted(shown)} but carries {sorted(carried)}: make a new revision"
        )


def _bare_id(picture: FrozenFile) -> str:
    return (picture.content_id or "").strip("<>")


def envelope_of(
    *,
    delivery_id: UUID,
    recipient: str,
    sender: str,
    brand: str,
    reply_to: str | None,
    subject: str,
    queued_at: datetime,
    stop: StopLink,
) -> Envelope:
    """An envelope whose every part is clean. Raises AddressError for addresses, PermanentError without a subject."""
    line = header_text(subject, 200)
    if not line:
        raise PermanentError("the report has no subject: make a new revision")
    return Envelope(
        delivery_id=delivery_id,
        recipient=clean_address(recipient),
        sender=clean_address(sender),
        brand=header_text(brand, 100),
        reply_to=clean_address(reply_to) if reply_to else None,
        subject=line,
        queued_at=queued_at,
        stop=stop,
    )


class _WholeLine(UnstructuredHeader, BaseHeader):
    """A header of links, which the standard folding would turn into encoded words that no client can follow."""

    def fold(self, *, policy: Any) -> str:
        return f"{self.name}: {str(self).replace(', ', f',{policy.linesep} ')}{policy.linesep}"


class _Sender(UniqueAddressHeader, BaseHeader):  # type: ignore[misc]
    """Who sends. The standard folding forgets the quotation marks of a name that is longer than a line, and what stands
    in angle brackets inside it becomes the address: such a name is written in encoded words."""

    def fold(self, *, policy: Any) -> str:
        [sender] = self.addresses
        if len(sender.display_name) <= SHORT_NAME and sender.display_name.isascii():
            return super().fold(policy=policy)
        words = Header(sender.display_name, "utf-8", header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {words}{policy.linesep} <{sender.addr_spec}>{policy.linesep}"


def _policy() -> EmailPolicy[Any]:
    registry = HeaderRegistry()
    registry.map_to_type("from", cast(Any, _Sender))
    for name in ("list-unsubscribe", "list-unsubscribe-post"):
        registry.map_to_type(name, cast(Any, _WholeLine))
    return SMTP.clone(header_factory=registry)


_POLICY = _policy()


def to_mime(mail: Mail) -> bytes:
    """The mail as RFC 5322 bytes: text and HTML alternatives, the pictures beside the HTML, then the attachments."""
    message = EmailMessage(policy=_POLICY)
    _set_head(message, mail)
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    html_part = cast(EmailMessage, message.get_payload(1))
    for picture in mail.pictures:
        main, _, sub = picture.media_type.partition("/")
        name, cid = header_text(picture.name), f"<{_bare_id(picture)}>"
        html_part.add_related(picture.body, main, sub, cid=cid, filename=name, disposition="inline")
    for attachment in mail.attachments:
        main, _, sub = attachment.media_type.partition(";")[0].partition("/")
        message.add_attachment(attachment.body, main, sub, filename=header_text(attachment.name))
    _fix_boundaries(message, mail.envelope.delivery_id)
    return message.as_bytes()


def _set_head(message: EmailMessage, mail: Mail) -> None:
    envelope = mail.envelope
    message["From"] = Address(envelope.brand, addr_spec=envelope.sender)
    message["To"] = Address(addr_spec=envelope.recipient)
    if envelope.reply_to:
        message["Reply-To"] = Address(addr_spec=envelope.reply_to)
    message["Subject"] = envelope.subject
    message["Date"] = envelope.queued_at
    message["Message-ID"] = mail.message_id
    for name, value in extra_headers(mail).items():
        message[name] = value


def extra_headers(mail: Mail) -> dict[str, str]:
    """Headers beyond the usual ones: no answers from holiday notices (RFC 3834), and how to stop (RFC 2369, 8058)."""
    return {"Auto-Submitted": "auto-generated", **mail.envelope.stop.headers}


def _fix_boundaries(message: EmailMessage, delivery_id: UUID) -> None:
    """Boundaries from the delivery's id: `=_` occurs in neither quoted-printable nor base64, so it is always safe."""
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{number}_{delivery_id.hex}")


def to_payload(mail: Mail, *, sandbox: bool = False) -> dict[str, Any]:
    """The mail as the body of SendGrid's POST /v3/mail/send.

    custom_args carries the opaque delivery id, nothing personal. Tracking is off: it rewrites links and adds a pixel.
    """
    envelope = mail.envelope
    payload: dict[str, Any] = {
        "personalizations": [
            {"to": [{"email": envelope.recipient}], "custom_args": {DELIVERY_ARG: str(envelope.delivery_id)}}
        ],
        "from": {"email": envelope.sender, "name": envelope.brand},
        "subject": envelope.subject,
        "content": [{"type": "text/plain", "value": mail.text}, {"type": "text/html", "value": mail.html}],
        "attachments": [
            *(_attached(part, "inline") for part in mail.pictures),
            *(_attached(part, "attachment") for part in mail.attachments),
        ],
        "headers": extra_headers(mail),
        "mail_settings": {"sandbox_mode": {"enable": sandbox}},
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
        },
    }
    if envelope.reply_to:
        payload["reply_to"] = {"email": envelope.reply_to}
    return payload


def _attached(part: FrozenFile, disposition: str) -> dict[str, str]:
    attached = {
        "content": base64.b64encode(part.body).decode(),
        "type": part.media_type.partition(";")[0],
        "filename": header_text(part.name),
        "disposition": disposition,
    }
    return attached | ({"content_id": _bare_id(part)} if part.content_id else {})
