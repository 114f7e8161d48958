"""Mail settings: by which transport reports leave, and with which login.

Here: the settings of every transport as one value, without what sends: the settings of all commands hold it, and
loading the delivery takes longer than a small command. Secrets are masked in every repr.
Not here: where the values come from (pipelines/settings.py), the transports (delivery/transports).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sql.safety.hosts import LOOPBACK
from sql.safety.masking import register_secret
from sql.values import PermanentError

if TYPE_CHECKING:
    from reports.delivery.unsubscribe import Sender


# The transports, each a module of delivery/transports.
KINDS = ("file", "smtp", "sendgrid")

# So many sessions Microsoft 365 allows a mailbox, and other providers more:
# https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements
AT_ONCE, MOST_AT_ONCE = 3, 50


@dataclass(frozen=True, slots=True)
class FileSettings:
    """Where mails are written as files."""

    folder: Path = Path(".earshot/outbox")


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The mail server and its login. security: starttls, tls or none."""

    host: str = "127.0.0.1"
    port: int = 587
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    security: str = "starttls"

    def __post_init__(self) -> None:
        register_secret(self.password)


@dataclass(frozen=True, slots=True)
class SendGridSettings:
    """The account at SendGrid. host: global, eu, or an https URL. sandbox: requests are checked, nothing is mailed."""

    api_key: str | None = field(default=None, repr=False)
    host: str = "global"
    sandbox: bool = False

    def __post_init__(self) -> None:
        register_secret(self.api_key)


@dataclass(frozen=True, slots=True)
class EventSettings:
    """What the provider reports of mails. source: a folder, or an https address (a key may stand in its query).

    public_key: the verification key of SendGrid's signed event webhook. max_age_hours: older requests are not believed.
    """

    source: str | None = field(default=None, repr=False)
    public_key: str | None = None
    max_age_hours: int = 72

    def __post_init__(self) -> None:
        if self.source and "://" in self.source:
            register_secret(self.source, self.source.partition("?")[2])


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """How mails leave: what all transports need, and the settings of each.

    kind: file, smtp or sendgrid. timeout_s: the longest silence of a provider, for each step of a call.
    deadline_s: the longest that a call may take altogether, at most delivery.transports.base.LONGEST_CALL_S.
    at_once: how many mails are on their way at the same time, each in a session of its own.
    unsubscribe_url, token_secret: the platform's own endpoint for stop links; both or none.
    alert_webhook: where alerts are posted besides the mails to owners, as Slack's incoming webhooks take them. Secret.
    alert_mail: who gets mails about problems of the installation, and not with one tenant's reports.
    """

    kind: str = "file"
    mail_from: str = "reports@earshot.invalid"
    timeout_s: float = 30.0
    deadline_s: float = 120.0
    at_once: int = AT_ONCE
    file: FileSettings = FileSettings()
    smtp: SmtpSettings = SmtpSettings()
    sendgrid: SendGridSettings = SendGridSettings()
    unsubscribe_url: str | None = None
    token_secret: str | None = field(default=None, repr=False)
    alert_webhook: str | None = field(default=None, repr=False)
    alert_mail: str | None = None

    def __post_init__(self) -> None:
        register_secret(self.token_secret, self.alert_webhook)
        if self.alert_webhook:
            _check_webhook(self.alert_webhook)
        if self.alert_mail:
            _check_alert_mail(self.alert_mail)

    @property
    def sender(self) -> Sender:
        """Who the mails come from. Raises PermanentError where stop links cannot be made."""
        from reports.delivery.unsubscribe import Sender

        return Sender(self.mail_from, self.unsubscribe_url, self.token_secret)


def _check_alert_mail(address: str) -> None:
    """Raises PermanentError, naming the setting, for what is no address."""
    from reports.delivery.addresses import clean_address

    try:
        clean_address(address)
    except PermanentError as error:
        raise PermanentError(f"EARSHOT_ALERT_MAIL: {error}") from None


def _check_webhook(url: str) -> None:
    """Raises PermanentError for an address that others on the way could read, without showing it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        usable = usable and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise PermanentError(
            "EARSHOT_ALERT_WEBHOOK must be an address that begins with https:// (http:// to this machine)"
        )
    register_secret(parts.path.strip("/"))
