"""The SMTP transport: one session per mail, with a record of how far it came.

Here: the session. smtplib's own `sendmail` hides at which step a connection was lost, and that step decides whether a
mail may be sent again.
Not here: what a reply means (outcomes.py).
"""

from __future__ import annotations

import logging
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from reports.delivery.deadline import Deadline
from reports.delivery.message import Mail, to_mime
from reports.delivery.outcomes import Outcome, Stage, of_lost_connection, of_smtp, of_unassembled, of_unexpected
from reports.delivery.transports.base import Progress
from reports.mail_settings import TransportSettings
from sql.safety.hosts import LOOPBACK
from sql.values import PermanentError

logger = logging.getLogger(__name__)

SECURITIES = ("starttls", "tls", "none")
_LEADING_DOT = re.compile(rb"(?m)^\.")


class _RefusedError(Exception):
    """A reply that ends the session."""

    def __init__(self, code: int, text: bytes) -> None:
        super().__init__(code)
        self.code, self.text = code, text


class SmtpTransport:
    """Sends through a mail server. Raises PermanentError for settings that would send a password in the clear."""

    name = "smtp"

    def __init__(self, settings: TransportSettings) -> None:
        smtp = settings.smtp
        if smtp.security not in SECURITIES:
            raise PermanentError(f"SMTP_SECURITY is {smtp.security!r}; it can be {', '.join(SECURITIES)}")
        if smtp.security == "none" and smtp.password and smtp.host not in LOOPBACK:
            raise PermanentError("SMTP_SECURITY=none would send the SMTP password in the clear: use starttls or tls")
        self.sender = settings.sender
        self._settings = settings

    def __repr__(self) -> str:
        return f"SmtpTransport({self._settings!r})"

    def send(self, mail: Mail) -> Outcome:
        try:
            content = to_mime(mail)
        except Exception as error:
            logger.exception("delivery %s: the mail cannot be put together", mail.envelope.delivery_id)
            return of_unassembled(error)
        progress = Progress()
        with Deadline(self._settings.deadline_s) as deadline:
            try:
                with self._session(deadline, progress) as session:
                    _expect(session.mail(mail.envelope.sender))
                    progress.stage = Stage.ENVELOPE
                    _expect(session.rcpt(mail.envelope.recipient))
                    return of_smtp(*session.hand_over(content), progress.stage)
            except _RefusedError as refused:
                return of_smtp(refused.code, refused.text, progress.stage)
            except smtplib.SMTPResponseException as error:
                return of_smtp(error.smtp_code, error.smtp_error, progress.stage)
            except OSError as error:
                return of_lost_connection(deadline.blame(error), progress.stage)
            except Exception as error:
                logger.exception("delivery %s ended in an error that nobody foresaw", mail.envelope.delivery_id)
                return of_unexpected(error, progress.stage)

    @contextmanager
    def _session(self, deadline: Deadline, progress: Progress) -> Iterator[_Session]:
        """A greeted, encrypted and logged-in session. Its end is not awaited: the answer to the mail is there."""
        session = _Session(self._settings, deadline, progress)
        try:
            if self._settings.smtp.security == "starttls":
                session.starttls(context=ssl.create_default_context())
            if self._settings.smtp.user:
                session.login(self._settings.smtp.user, self._settings.smtp.password or "")
            else:
                session.ehlo_or_helo_if_needed()
            yield session
        finally:
            with suppress(OSError):
                session.putcmd("quit")
            session.close()


class _Session(smtplib.SMTP):
    """A session that ends by the deadline, and records how far the mail came."""

    def __init__(self, settings: TransportSettings, deadline: Deadline, progress: Progress) -> None:
        self._deadline, self._progress = deadline, progress
        self._tls = ssl.create_default_context() if settings.smtp.security == "tls" else None
        # The machine's own name may have to be looked up, which has no timeout.
        name = deadline.call(socket.getfqdn)
        super().__init__(settings.smtp.host, settings.smtp.port, name if "." in name else None, settings.timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        connection = self._deadline.connect(self._deadline.resolve(host, port), timeout)
        self._progress.stage = Stage.GREETING
        return self._tls.wrap_socket(connection, server_hostname=host) if self._tls else connection

    def hand_over(self, content: bytes) -> tuple[int, bytes]:
        """Send the mail and return the reply to its final dot. Raises _RefusedError where the server does not want it.

        The dot is sent apart from the rest: until then the mail has no end, and a lost connection is no doubt. A server
        may take long over its reply (RFC 5321 section 4.5.3.2.6), so the wait lasts as long as the deadline allows.
        """
        code, text = self.docmd("data")
        if code != 354:
            raise _RefusedError(code, text)
        self._progress.stage = Stage.SENDING
        whole = content if content.endswith(b"\r\n") else content + b"\r\n"
        self.send(_LEADING_DOT.sub(b"..", whole))
        assert self.sock is not None  # noqa: S101
        self.sock.settimeout(self._deadline.left())
        self._progress.stage = Stage.ANSWER
        self.send(b".\r\n")
        try:
            return self.getreply()
        except smtplib.SMTPResponseException as error:
            # The client's own 500, for a line that is too long.
            raise smtplib.SMTPServerDisconnected("the reply cannot be read") from error


def _expect(reply: tuple[int, bytes]) -> None:
    code, text = reply
    if not 200 <= code < 300:
        raise _RefusedError(code, text)
