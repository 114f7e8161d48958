"""Problems: what is wrong for a while: an alert when it begins, and one when it is solved.

Here: the value, and comparing what was found with what is open. What is open is kept in the table problems, so that a
restart sends nothing again.
Not here: finding problems (pipelines/problems), sending (sending.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from reports.delivery.addresses import header_text
from reports.delivery.alerts.alert import INSTALLATION, LONGEST_TEXT, Alert, queue_alert
from sql.events import note_event
from sql.safety.characters import one_line
from sql.safety.masking import masked
from sql.statements import statement
from sql.warehouse import Connection, Warehouse

Kind = Literal["failed_run", "late_night", "held_report", "paused_sender", "full_disk", "lapsed_list", "late_erasure"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong. tenant_id: INSTALLATION where it is no tenant's.

    subject: which one of its kind: the same one is sent once while it lasts. headline: one line. text: what it means
    and what to do, in lines. opens: False for what is a problem only if it was one before.
    """

    kind: Kind
    subject: str
    headline: str
    text: str
    tenant_id: UUID = INSTALLATION
    subscription_id: UUID | None = None
    opens: bool = True

    @property
    def key(self) -> tuple[UUID, str, str]:
        return (self.tenant_id, self.kind, self.subject)


@dataclass(frozen=True, slots=True)
class Ways:
    """To whom the installation's problems are sent by mail, and whether by webhook. Owners get tenants'."""

    mail: str | None = None
    webhook: bool = False


def record_problems(
    warehouse: Warehouse, kind: Kind, found: Iterable[Problem], ways: Ways, now: datetime, tenants: Sequence[UUID]
) -> Iterator[Alert]:
    """Open what is new of a kind, close what is gone, and queue an alert for each; yields the alerts that were queued.

    tenants: those that were looked at, INSTALLATION among them where it was: what is open of others stays.
    """
    looked_at = set(tenants)
    present = {problem.key: problem for problem in found}
    rows = [row for row in warehouse.rows("read_open_problems") if row["kind"] == kind]
    open_rows = {(row["tenant_id"], row["kind"], row["subject"]): row for row in rows if row["tenant_id"] in looked_at}
    for key, problem in present.items():
        values = _values(problem, now)
        with warehouse.transaction() as connection:
            if key in open_rows:
                connection.execute(statement("see_problem").text, values)
                continue
            if not problem.opens or not connection.execute(statement("open_problem").text, values).rowcount:
                continue
            alert = _alert(problem.key, now, problem.headline, problem.text, problem.subscription_id)
            _queue(connection, alert, ways, now)
        note_event("problem_opened", tenant=problem.tenant_id, kind=kind, subject=problem.subject)
        yield alert
    for key, row in open_rows.items():
        if key not in present:
            yield from _solve(warehouse, key, row, ways, now)


def _solve(
    warehouse: Warehouse, key: tuple[UUID, str, str], row: Mapping[str, Any], ways: Ways, now: datetime
) -> Iterator[Alert]:
    tenant, kind, subject = key
    values = {"tenant": tenant, "kind": kind, "subject": subject, "now": now}
    with warehouse.transaction() as connection:
        solved = connection.execute(statement("solve_problem").text, values).fetchone()
        if solved is None:
            return
        text = f"It was first seen on {row['began_at']:%Y-%m-%d %H:%M} UTC, and is there no more.\n{row['cause']}"
        alert = _alert(key, row["began_at"], f"Solved: {row['headline']}", text, row["subscription_id"], "/solved")
        _queue(connection, alert, ways, now)
    note_event("problem_solved", tenant=tenant, kind=kind, subject=subject)
    yield alert


def _alert(
    key: tuple[UUID, str, str], began: datetime, subject: str, text: str, subscription: UUID | None, end: str = ""
) -> Alert:
    tenant, kind, which = key
    return Alert(tenant, f"problem/{kind}/{which}/{began:%Y-%m-%dT%H:%M:%S.%fZ}{end}", subject, text, subscription)


def _queue(connection: Connection, alert: Alert, ways: Ways, now: datetime) -> None:
    if alert.tenant_id != INSTALLATION:
        queue_alert(connection, alert, now)
        return
    if ways.mail:
        queue_alert(connection, alert, now, "mail", ways.mail)
    if ways.webhook:
        queue_alert(connection, alert, now, "webhook")


def _values(problem: Problem, now: datetime) -> dict[str, object]:
    return {
        "tenant": problem.tenant_id,
        "subscription": problem.subscription_id,
        "kind": problem.kind,
        "subject": problem.subject,
        "headline": header_text(masked(problem.headline), 200),
        "cause": "\n".join(one_line(line) for line in masked(problem.text).splitlines())[:LONGEST_TEXT],
        "now": now,
    }
