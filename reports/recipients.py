"""Recipients of a report that has left: one more, one less, or the same mail once more, by a person's decision.

Here: each as one transaction in the person's name, so that the others get no second mail.
Not here: whom the next reports go to (subscribing.py), sending (delivery/), mails in doubt by themselves (history.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from psycopg.rows import dict_row

from reports.archive import name_person
from reports.delivery import queue
from reports.delivery.addresses import clean_address
from reports.delivery.history import resend
from reports.delivery.queue import Delivery
from reports.steering import ReportId
from sql.statements import statement
from sql.values import PermanentError
from sql.warehouse import Connection, Warehouse

# A mail in these states has not left, and never will by itself once it is cancelled.
WAITING = ("queued", "held", "failed")


@dataclass(frozen=True, slots=True)
class Mailed:
    """What was done for a recipient, in words."""

    recipient: str
    result: str


def list_recipients(warehouse: Warehouse, report: ReportId) -> list[dict[str, Any]]:
    """Whom a report goes to: delivery_id, recipient, state, updated_at, added_by, detail; the latest mail of each."""
    with warehouse.transaction() as connection:
        return _latest(connection, report)


def add_recipients(
    warehouse: Warehouse, report: ReportId, addresses: Sequence[str], person: str, dry_run: bool = False
) -> list[Mailed]:
    """Queue a frozen report for more recipients; those that it has gone to get no second mail.

    Raises PermanentError for a report that is not frozen, and, before anything is queued, for an address that cannot
    be mailed, has stopped its mails, or lies outside the tenant's domains.
    """
    wanted = list(dict.fromkeys(map(clean_address, addresses)))
    with warehouse.transaction() as connection:
        name_person(connection, person)
        revision = _refuse_unfrozen(connection, report)
        there = {row["recipient"]: row["state"] for row in _latest(connection, report)}
        done = []
        for address in wanted:
            if address in there and there[address] != "cancelled":
                done.append(Mailed(address, f"has it already ({there[address]}); no second mail"))
                continue
            _refuse_stopped(connection, report, address)
            if not dry_run:
                _queue(connection, report, address, revision, person)
            done.append(Mailed(address, "is in the queue"))
        return done


def remove_recipients(
    warehouse: Warehouse, report: ReportId, addresses: Sequence[str], person: str, now: datetime
) -> list[Mailed]:
    """Take mails back that have not left yet. Raises PermanentError for addresses that the report does not go to."""
    with warehouse.transaction() as connection:
        name_person(connection, person)
        there = {row["recipient"]: row for row in _latest(connection, report)}
        done = []
        for address in map(clean_address, addresses):
            row = there.get(address) or _refuse_unknown(report, address, there)
            if row["state"] not in WAITING:
                done.append(Mailed(address, f"cannot be taken back: the mail is {row['state']}"))
                continue
            connection.execute(
                "UPDATE report_deliveries SET state = 'cancelled', detail = %s, updated_at = %s"
                " WHERE tenant_id = %s AND delivery_id = %s AND state = ANY(%s)",
                (f"taken back by {person}", now, report.tenant_id, row["delivery_id"], list(WAITING)),
            )
            done.append(Mailed(address, "gets no mail of it"))
        return done


def resend_report(
    warehouse: Warehouse,
    report: ReportId,
    addresses: Sequence[str],
    person: str,
    reason: str | None,
    now: datetime,
    dry_run: bool = False,
) -> list[Mailed]:
    """Send a report once more: to these addresses, whatever became of their mails, or where it did not arrive.

    Not arrived are mails that failed, and those in doubt. Raises PermanentError for addresses that never got it.
    """
    with warehouse.transaction() as connection:
        _refuse_unfrozen(connection, report)
        there = {row["recipient"]: row for row in _latest(connection, report)}
    named = list(dict.fromkeys(map(clean_address, addresses)))
    chosen = [there.get(address) or _refuse_unknown(report, address, there) for address in named]
    chosen = chosen or [row for row in there.values() if row["state"] in ("failed", "unknown")]
    again = partial(_again, warehouse, report, person=person, reason=reason, now=now, dry_run=dry_run)
    return [Mailed(row["recipient"], again(row)) for row in chosen]


def _again(
    warehouse: Warehouse,
    report: ReportId,
    row: dict[str, Any],
    *,
    person: str,
    reason: str | None,
    now: datetime,
    dry_run: bool,
) -> str:
    if row["state"] in ("queued", "sending"):
        return f"is on its way already ({row['state']})"
    if dry_run:
        return f"would be sent again (it is {row['state']})"
    if row["state"] == "unknown":
        resend(warehouse, row["delivery_id"], now, person, reason)
    elif row["state"] == "failed":
        with warehouse.transaction() as connection:
            name_person(connection, person)
            connection.execute(statement("retry_delivery").text, {"delivery": row["delivery_id"], "now": now})
    else:
        with warehouse.transaction() as connection:
            name_person(connection, person)
            _refuse_stopped(connection, report, row["recipient"])
            _queue(connection, report, row["recipient"], row["revision"] + 1, person)
    return f"is in the queue again (it was {row['state']})"


def _queue(connection: Connection, report: ReportId, address: str, revision: int, person: str) -> None:
    taken = connection.execute(
        "SELECT max(revision) + 1 FROM report_deliveries WHERE tenant_id = %s AND report_id = %s AND recipient = %s",
        (report.tenant_id, report.report_id, address),
    ).fetchone()
    connection.execute(
        "INSERT INTO report_deliveries (tenant_id, delivery_id, report_id, revision, recipient, added_by)"
        " VALUES (%s, %s, %s, greatest(%s, %s), %s, %s)",
        (report.tenant_id, uuid4(), report.report_id, revision, taken[0] if taken else None, address, person),
    )


def _latest(connection: Connection, report: ReportId) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            statement("read_report_recipients").text, {"tenant": report.tenant_id, "report": report.report_id}
        ).fetchall()


def _refuse_unfrozen(connection: Connection, report: ReportId) -> int:
    row = connection.execute(
        "SELECT state, revision FROM reports WHERE tenant_id = %s AND report_id = %s FOR SHARE",
        (report.tenant_id, report.report_id),
    ).fetchone()
    if row is None or row[0] != "frozen":
        raise PermanentError(
            f"Report {report} is {row[0] if row else 'gone'}: it has not left, so its recipients are those of its "
            "subscription (`earshot reports subscriptions list` shows its id; recipients takes that too)"
        )
    return int(str(row[1]))


def _refuse_stopped(connection: Connection, report: ReportId, address: str) -> None:
    delivery = Delivery(report.tenant_id, uuid4(), report.report_id, address, 0, datetime.now(UTC))
    stopped = queue.screen(address, queue.context_of(connection, delivery))
    if stopped:
        raise PermanentError(stopped.detail)


def _refuse_unknown(report: ReportId, address: str, there: dict[str, Any]) -> Any:
    raise PermanentError(
        f"Report {report} never went to {address}; it went to {', '.join(sorted(there)) or 'nobody'}. "
        f"`earshot reports recipients add {report} {address}` sends it there"
    )
