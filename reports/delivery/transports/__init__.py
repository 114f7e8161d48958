"""Transports: the ways a mail leaves: as a file, by SMTP, by SendGrid.

Here: what a transport is, and which one to make of them.
Not here: what an answer means (outcomes.py), or when and whether to send (outbox.py).
"""

from __future__ import annotations

from reports.delivery.transports.base import LONGEST_CALL_S, Transport
from reports.delivery.transports.file import FileTransport
from reports.delivery.transports.sendgrid import SendGridTransport
from reports.delivery.transports.smtp import SmtpTransport
from reports.mail_settings import KINDS, MOST_AT_ONCE, TransportSettings
from sql.values import PermanentError

__all__ = ["FileTransport", "SendGridTransport", "SmtpTransport", "Transport", "TransportSettings", "make_transport"]


def make_transport(settings: TransportSettings) -> Transport:
    """The transport that the settings name. Raises PermanentError for settings that cannot send, before any claim."""
    if settings.kind not in KINDS:
        raise PermanentError(f"the mail transport is {settings.kind!r}; it can be file, smtp or sendgrid")
    if not 0 < settings.deadline_s <= LONGEST_CALL_S:
        raise PermanentError(f"a call of a provider may take up to {LONGEST_CALL_S:g} s, not {settings.deadline_s:g}")
    if not 1 <= settings.at_once <= MOST_AT_ONCE:
        raise PermanentError(f"EARSHOT_MAIL_AT_ONCE is {settings.at_once}; it can be 1 to {MOST_AT_ONCE}")
    if settings.kind == "file":
        return FileTransport(settings)
    transport = SmtpTransport(settings) if settings.kind == "smtp" else SendGridTransport(settings)
    if settings.mail_from.endswith(".invalid"):
        raise PermanentError(
            f"mails to people need a sender of yours, not {settings.mail_from}: set EARSHOT_MAIL_FROM; the mails wait"
        )
    return transport
