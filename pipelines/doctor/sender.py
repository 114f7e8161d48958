"""The sender: whether mails can leave, whether they do, and whether alerts reach anybody.

Here: settings of the transport, the way to the mail server, and mails that wait.
Not here: what the domain's DNS says (dns_records.py). No mail is sent.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from pipelines.doctor.finding import Finding, ok, problem, warning
from pipelines.settings import Settings
from reports.mail_settings import SmtpSettings
from sql.safety.masking import masked
from sql.values import PermanentError
from sql.warehouse import Warehouse

# The delivery worker looks every ten minutes, and a provider that is busy for a moment is tried again soon.
PAUSED_AFTER = timedelta(minutes=30)

TIMEOUT_S = 10


def check_transport(settings: Settings) -> Iterator[Finding]:
    """Whether mails can leave by the settings; a mail server is called, and nothing is sent."""
    # Loaded here, because it takes a while, and a probe does without.
    from reports.delivery.transports import make_transport

    mail = settings.mail
    try:
        make_transport(mail)
    except PermanentError as error:
        yield problem("sender", str(error), "docs/operators.md, 'Settings'; then `earshot send-test ADDRESS`")
    else:
        if mail.kind == "file":
            meaning = f"mails are written into {mail.file.folder} and reach nobody"
            yield warning(
                "sender", meaning, "set EARSHOT_MAIL_TRANSPORT to smtp or sendgrid where people wait for them"
            )
        elif mail.kind == "smtp" and (refused := _call(mail.smtp)):
            yield problem("sender", refused, "look at SMTP_HOST, SMTP_PORT and SMTP_SECURITY, and at the server")
        elif mail.kind == "sendgrid" and mail.sendgrid.sandbox:
            yield warning("sender", "SendGrid's sandbox takes mails and sends none", "unset SENDGRID_SANDBOX")
        else:
            yield ok("sender", f"mails leave by {mail.kind}, from {mail.mail_from}")
    if mail.alert_webhook or mail.alert_mail:
        ways = " and ".join(way for way, on in (("mail", mail.alert_mail), ("webhook", mail.alert_webhook)) if on)
        yield ok("alerts", f"problems of the installation are told by {ways}")
    else:
        advice = "set EARSHOT_ALERT_MAIL or EARSHOT_ALERT_WEBHOOK"
        yield warning("alerts", "nobody is told of problems of the installation", advice)


def _call(smtp: SmtpSettings) -> str | None:
    """Why the mail server cannot be talked to; None: it greets."""
    kind = smtplib.SMTP_SSL if smtp.security == "tls" else smtplib.SMTP
    try:
        with kind(smtp.host, smtp.port, timeout=TIMEOUT_S) as server:
            server.ehlo()
            if smtp.security == "starttls" and not server.has_extn("starttls"):
                return f"the mail server {smtp.host}:{smtp.port} offers no STARTTLS"
    except (OSError, smtplib.SMTPException) as error:
        return masked(f"the mail server {smtp.host}:{smtp.port} does not answer: {error}")
    return None


def check_queue(warehouse: Warehouse, now: datetime) -> Iterator[Finding]:
    """Mails that could have left by now."""
    tenants: list[UUID] = [row["tenant_id"] for row in warehouse.rows("read_tenants")]
    waiting = warehouse.rows("read_waiting_mails", tenants=tenants)
    late = [row for row in waiting if now - row["since"] > PAUSED_AFTER]
    for row in late:
        reason = row["detail"] or "nobody has tried to send them"
        yield problem(
            "queue",
            f"{row['mails']} mail(s) wait since {row['since']:%Y-%m-%d %H:%M} UTC: {reason.rstrip('.')}",
            "mend the cause, then `earshot deliver`; without a daemon nothing is sent by itself",
            row["slug"],
        )
    if not late:
        mails = sum(row["mails"] for row in waiting)
        yield ok("queue", f"{mails} mail(s) wait, none for longer than {PAUSED_AFTER.seconds // 60} minutes")
