"""The SMTP transport: one session per mail, with a record of how far it came.

Here: the session. smtplib's own `sendmail` hides at which step a connection was lost, and that step decides whether a
mail may be sent again.
Not here: what a reply means (outcomes.py).
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from reports.delivery.message import Mail, to_mime
from reports.delivery.outcomes import Outcome, Stage, of_lost, of_smtp
from reports.delivery.transports.base import LOOPBACK, TransportSettings
from sql.values import PermanentError

SECURITIES = ("starttls", "tls", "none")


class _RefusedError(Exception):
    """A reply that ends the session."""

    def __init__(self, code: int, words: bytes) -> None:
        super().__init__(code)
        self.code, self.words = code, words


class SmtpTransport:
    """Sends through a mail server. Raises PermanentError for settings that would send a password in the clear."""

    name = "smtp"

    def __init__(self, settings: TransportSettings) -> None:
        if settings.smtp_security not in SECURITIES:
            raise PermanentError(f"SMTP_SECURITY is {settings.smtp_security!r}; it can be {', '.join(SECURITIES)}")
        if settings.smtp_security == "none" and settings.smtp_password and settings.smtp_host not in LOOPBACK:
            raise PermanentError("SMTP_SECURITY=none would send the SMTP password in the clear: use starttls or tls")
        self.sender = settings.sender
        self._settings = settings

    def __repr__(self) -> str:
        return f"SmtpTransport({self._settings!r})"

    def send(self, mail: Mail) -> Outcome:
        content = to_mime(mail)
        progress = _Progress()
        try:
            with self._session(progress) as session:
                progress.stage = Stage.ENVELOPE
                _expect(session.mail(mail.envelope.sender))
                _expect(session.rcpt(mail.envelope.recipient))
                progress.stage = Stage.SENDING
                reply = session.data(content)
                return of_smtp(*reply, progress.stage)
        except _RefusedError as refused:
            return of_smtp(refused.code, refused.words, progress.stage)
        except smtplib.SMTPResponseException as error:
            return of_smtp(error.smtp_code, error.smtp_error, progress.stage)
        except (OSError, smtplib.SMTPException) as error:
            return of_lost(error, progress.stage)

    @contextmanager
    def _session(self, progress: _Progress) -> Iterator[smtplib.SMTP]:
        """A greeted, encrypted and logged-in session. Its end is not awaited: the mail's fate is settled by then."""
        session = self._connected()
        try:
            progress.stage = Stage.GREETING
            if self._settings.smtp_security == "starttls":
                session.starttls(context=ssl.create_default_context())
            if self._settings.smtp_user:
                session.login(self._settings.smtp_user, self._settings.smtp_password or "")
            else:
                session.ehlo_or_helo_if_needed()
            yield session
        finally:
            with suppress(OSError, smtplib.SMTPException):
                session.putcmd("quit")
            session.close()

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.smtp_security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=settings.timeout_s, context=context)
        return smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=settings.timeout_s)


class _Progress:
    """How far the session came."""

    def __init__(self) -> None:
        self.stage = Stage.CONNECTING


def _expect(reply: tuple[int, bytes]) -> None:
    code, words = reply
    if not 200 <= code < 300:
        raise _RefusedError(code, words)
