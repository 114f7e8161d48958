"""What every transport is and what it can be told.

Here: the protocol and the settings. Secrets are masked in every repr.
Not here: a transport.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from reports.delivery.message import Mail
from reports.delivery.outcomes import Outcome, Stage
from reports.delivery.unsubscribe import Sender
from sql.safety.masking import keep_secret

# The queue gives a claim three times as long, so that a worker has always reported back before its claim expires.
LONGEST_CALL_S = 300.0


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """How mails leave.

    kind: file, smtp or sendgrid. timeout_s: the longest silence of a provider, for each step of a call.
    deadline_s: the longest that a call may take altogether, at most LONGEST_CALL_S.
    smtp_security: starttls, tls or none. sendgrid_host: global, eu, or an https URL.
    unsubscribe_url, token_secret: the platform's own endpoint for stop links; both or none.
    """

    kind: str = "file"
    mail_from: str = "reports@earshot.invalid"
    outbox_path: Path = Path(".earshot/outbox")
    timeout_s: float = 30.0
    deadline_s: float = 120.0
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 587
    smtp_user: str | None = None
    smtp_password: str | None = field(default=None, repr=False)
    smtp_security: str = "starttls"
    sendgrid_api_key: str | None = field(default=None, repr=False)
    sendgrid_host: str = "global"
    sendgrid_sandbox: bool = False
    unsubscribe_url: str | None = None
    token_secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        keep_secret(self.smtp_password, self.sendgrid_api_key, self.token_secret)

    @property
    def sender(self) -> Sender:
        """Who the mails come from. Raises PermanentError where stop links cannot be made."""
        return Sender(self.mail_from, self.unsubscribe_url, self.token_secret)


@dataclass(slots=True)
class Progress:
    """How far a call came; whoever makes the call keeps it up to date."""

    stage: Stage = Stage.CONNECTING


class Transport(Protocol):
    """Sends one mail once and says what became of it."""

    @property
    def name(self) -> str: ...

    @property
    def sender(self) -> Sender: ...

    def send(self, mail: Mail) -> Outcome:
        """One attempt, never repeated inside. Returns an outcome for everything that a provider can do."""
        ...


LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
