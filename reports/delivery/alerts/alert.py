"""One alert: the message to an owner, and putting it into the queue.

Here: the value, its limits, and the statement that keeps it.
Not here: whom it goes to and by which channel (sending.py, channels.py), what alerts are about (failures.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from reports.delivery.addresses import header_text
from sql.safety.masking import masked
from sql.statements import statement

# What could not be sent for so long is not sent any more: nobody acts on it any longer.
ALERTED_WITHIN = timedelta(days=7)
LONGEST_TEXT = 3000  # a message of Slack is cut at 4,000 characters

# The tenant of alerts and problems that are about the installation and no tenant.
INSTALLATION = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Alert:
    """A message to the owner of a tenant's reports.

    key: what it is about, such as "approval/<report id>"; the same key of a tenant is sent once. subject: one line.
    text: plain, in lines. subscription_id: whose owner gets it first; None: the tenant's.
    """

    tenant_id: UUID
    key: str
    subject: str
    text: str
    subscription_id: UUID | None = None


def queue_alert(
    connection: Connection[Any], alert: Alert, now: datetime, channel: str = "mail", recipient: str | None = None
) -> bool:
    """Put the alert into the queue, inside the caller's transaction; False where its key is there already.

    What is to be mailed is posted to the webhook as well, where there is one. recipient: of the installation's alerts,
    which have no owner. Known secrets are masked in what is kept. The role is earshot_etl, or earshot_report of that
    tenant.
    """
    values = {
        "tenant": alert.tenant_id,
        "subscription": alert.subscription_id,
        "key": alert.key,
        "channel": channel,
        "recipient": recipient,
        "subject": header_text(masked(alert.subject), 200),
        "body": "\n".join(header_text(line) for line in masked(alert.text).splitlines())[:LONGEST_TEXT],
        "now": now,
    }
    return connection.execute(statement("add_alert").text, values).rowcount > 0
