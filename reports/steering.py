"""Steering: what a person decides about a report that is there: approve, stop, let go, write a note on it.

Here: each decision as one transaction in the person's name, and what it refuses.
Not here: making reports (assets/reporting), who gets them (recipients.py), the trail of changes: triggers write it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from reports.archive import name_person
from reports.delivery import enqueue
from sql.values import PermanentError
from sql.warehouse import Connection, Warehouse

# Room for two sentences.
LONGEST_NOTE = 400


@dataclass(frozen=True, slots=True)
class ReportId:
    """A report of a tenant."""

    tenant_id: UUID
    report_id: UUID

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> ReportId:
        """row: of find_reports or read_reports."""
        return cls(UUID(bytes=row["tenant_id"]), UUID(bytes=row["report_id"]))

    def __str__(self) -> str:
        return self.report_id.hex[:8]


def approve(warehouse: Warehouse, report: ReportId, person: str, now: datetime, dry_run: bool = False) -> int:
    """Freeze a report that waits for approval, as it is, and queue its mails; returns how many.

    Its recipients are those whom the subscription names now. Raises PermanentError for a report that does not wait.
    """
    with warehouse.transaction() as connection:
        name_person(connection, person)
        row = _locked(connection, report)
        if row["stopped_by"]:
            raise PermanentError(
                f"Report {report} was stopped by {row['stopped_by']}: {row['stopped_because']}. "
                f"`earshot reports release {report}` takes that back; then approve it"
            )
        if row["state"] != "waiting":
            raise PermanentError(f"Report {report} does not wait for approval: {_why(row)}")
        found = connection.execute(
            "SELECT recipients FROM report_subscriptions WHERE tenant_id = %s AND subscription_id = %s",
            (report.tenant_id, row["subscription_id"]),
        ).fetchone()
        recipients: Any = found[0] if found else []
        if dry_run:
            return len(recipients)
        connection.execute(
            "UPDATE reports SET state = 'frozen', held_reason = NULL, approved_by = %s, approved_at = %s"
            " WHERE tenant_id = %s AND report_id = %s",
            (person, now, report.tenant_id, report.report_id),
        )
        return enqueue(connection, report.tenant_id, report.report_id, row["revision"], recipients)


@dataclass(frozen=True, slots=True)
class Stopped:
    """What a stop keeps back. waiting: mails that wait; left: mails that had left, or are leaving, already."""

    state: str
    waiting: int
    left: int


def stop(warehouse: Warehouse, report: ReportId, person: str, reason: str, dry_run: bool = False) -> Stopped:
    """Keep a report from leaving until it is released: it is not made, or those of its mails that wait stay.

    Raises PermanentError where there is nothing to stop: every mail has left, or the period was skipped.
    """
    with warehouse.transaction() as connection:
        name_person(connection, person)
        row = _locked(connection, report)
        if row["stopped_by"]:
            raise PermanentError(
                f"Report {report} is stopped already, by {row['stopped_by']}: {row['stopped_because']}"
            )
        if row["state"] == "skipped":
            raise PermanentError(f"Report {report} does not leave anyway: {_why(row)}")
        waiting, left = _mails(connection, report)
        if row["state"] == "frozen" and not waiting:
            raise PermanentError(f"Report {report} cannot be stopped any more: no mail of it waits, {left} have left")
        if not dry_run:
            connection.execute(
                "UPDATE reports SET stopped_by = %s, stopped_because = %s WHERE tenant_id = %s AND report_id = %s",
                (person, reason, report.tenant_id, report.report_id),
            )
        return Stopped(row["state"], waiting, left)


def release(warehouse: Warehouse, report: ReportId, person: str, dry_run: bool = False) -> str:
    """Take a stop back, or let a report leave although there is nothing to say in it; returns its state.

    One that is held or pending is not made yet: build it now, or it is looked at again in the morning. Raises
    PermanentError where nothing holds it, and for one that waits for approval.
    """
    with warehouse.transaction() as connection:
        name_person(connection, person)
        row = _locked(connection, report)
        if not row["stopped_by"] and row["state"] == "waiting":
            raise PermanentError(f"Report {report} waits for approval: `earshot reports approve {report}` sends it")
        if not row["stopped_by"] and row["state"] != "held":
            raise PermanentError(f"Nobody has stopped report {report}: {_why(row)}")
        released = None if row["stopped_by"] else person
        if not dry_run:
            connection.execute(
                "UPDATE reports SET stopped_by = NULL, stopped_because = NULL, released_by = coalesce(%s, released_by)"
                " WHERE tenant_id = %s AND report_id = %s",
                (released, report.tenant_id, report.report_id),
            )
        return str(row["state"])


def write_note(warehouse: Warehouse, report: ReportId, note: str | None, person: str, dry_run: bool = False) -> str:
    """Write a note on a report that has not been frozen yet, or take it off (None); returns the report's state before.

    One that waits for approval is withdrawn, because it has to be made again with its note: build it. Raises
    PermanentError for a frozen one, and for a note that is too long.
    """
    text = " ".join(note.split()) if note else None
    if text and len(text) > LONGEST_NOTE:
        raise PermanentError(f"The note has {len(text)} characters; {LONGEST_NOTE} are room for two sentences")
    with warehouse.transaction() as connection:
        name_person(connection, person)
        row = _locked(connection, report)
        if row["state"] in ("frozen", "skipped"):
            raise PermanentError(
                f"Report {report} is {row['state']}, and stays as it is: write a note on the next one before it leaves"
            )
        if dry_run:
            return str(row["state"])
        connection.execute(
            "UPDATE reports SET note = %s, note_by = %s WHERE tenant_id = %s AND report_id = %s",
            (text, person if text else None, report.tenant_id, report.report_id),
        )
        if row["state"] == "waiting":
            _withdraw(connection, report, "It is to be made again, because its note has changed.")
        return str(row["state"])


def withdraw(warehouse: Warehouse, report: ReportId, person: str) -> None:
    """Take back a report that waits for approval, to be made again of the data that there are now."""
    with warehouse.transaction() as connection:
        name_person(connection, person)
        if _locked(connection, report)["state"] == "waiting":
            _withdraw(connection, report, "It is to be made again.")


def _withdraw(connection: Connection, report: ReportId, reason: str) -> None:
    ids = (report.tenant_id, report.report_id)
    connection.execute("DELETE FROM report_artefacts WHERE tenant_id = %s AND report_id = %s", ids)
    connection.execute("DELETE FROM report_figures WHERE tenant_id = %s AND report_id = %s", ids)
    connection.execute(
        "UPDATE reports SET state = 'held', held_reason = %s, content = NULL, content_hash = NULL, subject = NULL"
        " WHERE tenant_id = %s AND report_id = %s AND state = 'waiting'",
        (reason, *ids),
    )


def _locked(connection: Connection, report: ReportId) -> dict[str, Any]:
    """The report's row, which nobody else decides about meanwhile. Raises PermanentError where there is none."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "SELECT state, held_reason, revision, subscription_id, stopped_by, stopped_because FROM reports"
            " WHERE tenant_id = %s AND report_id = %s FOR UPDATE",
            (report.tenant_id, report.report_id),
        ).fetchone()
    if row is None:
        raise PermanentError(
            f"There is no report {report} (any more); `earshot reports list` shows those that there are"
        )
    return row


def _why(row: Mapping[str, Any]) -> str:
    return f"it is {row['state']}{': ' + row['held_reason'] if row['held_reason'] else ''}"


def _mails(connection: Connection, report: ReportId) -> tuple[int, int]:
    """How many mails of a report wait, and how many have left or are leaving."""
    found = connection.execute(
        "SELECT count(*) FILTER (WHERE state IN ('queued', 'held')), "
        "count(*) FILTER (WHERE state IN ('sending', 'accepted', 'delivered', 'unknown', 'bounced'))"
        " FROM report_deliveries WHERE tenant_id = %s AND report_id = %s",
        (report.tenant_id, report.report_id),
    ).fetchone()
    waiting, left = found or (0, 0)
    return int(str(waiting)), int(str(left))
