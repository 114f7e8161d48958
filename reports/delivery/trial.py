"""Trial mails: one mail to oneself, to see that the way out works and how a report looks on arrival.

Here: a mail without data, and a frozen report as a trial. Both go past the queue, so no sponsor is affected.
Not here: deliveries (outbox.py). A report as a trial obeys the tenant's domains and suppressions.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from psycopg.rows import dict_row

from reports.delivery import queue
from reports.delivery.addresses import as_recipient
from reports.delivery.message import Mail, envelope_of
from reports.delivery.outbox import Outbox, make_mail
from reports.delivery.outcomes import Outcome
from reports.delivery.queue import Delivery
from reports.delivery.transports.base import Transport
from reports.delivery.unsubscribe import stop_link
from sql.statements import statement
from sql.values import PermanentError
from sql.warehouse import Warehouse

MARK = "[Trial]"
_TEXT = (
    "This is a trial mail from Earshot. It arrived, so reports will too.\n\n"
    "It holds no data, and no delivery was recorded for it.\n"
)
_HTML = "<!doctype html><html lang='en'><body>{}</body></html>"


def send_plain_trial(transport: Transport, address: str, now: datetime) -> Outcome:
    """A mail without any data. Raises AddressError for an address that cannot be mailed."""
    delivery_id, sender = uuid4(), transport.sender
    envelope = envelope_of(
        delivery_id=delivery_id,
        recipient=address,
        sender=sender.mail_from,
        brand="Earshot",
        reply_to=None,
        subject=f"{MARK} Earshot can send mail",
        queued_at=now,
        stop=stop_link(sender, sender.mail_from, UUID(int=0), delivery_id, now),
    )
    paragraphs = "".join(f"<p>{line}</p>" for line in _TEXT.splitlines() if line)
    return transport.send(Mail(envelope, _HTML.format(paragraphs), _TEXT, (), ()))


def send_report_trial(
    warehouse: Warehouse, transport: Transport, tenant_id: UUID, report_id: UUID | None, address: str, now: datetime
) -> Outcome:
    """The tenant's newest frozen report, or the named one. Raises PermanentError where it may not go there."""
    with warehouse.transaction() as connection:
        with connection.cursor(row_factory=dict_row) as cursor:
            values = {"tenant": tenant_id, "report": report_id}
            found = cursor.execute(statement("find_frozen_report").text, values).fetchone()
        if found is None:
            raise PermanentError("the tenant has no such frozen report: `earshot reports list` shows which there are")
        delivery = Delivery(tenant_id, uuid4(), found["report_id"], as_recipient(address), 1, now)
        context = queue.context_of(connection, delivery)
    stopped = queue.screen(delivery.recipient, context)
    if stopped:
        raise PermanentError(stopped.detail)
    frozen = Outbox(warehouse).read_report(delivery)
    return transport.send(make_mail(delivery, context, transport.sender, frozen, MARK))
