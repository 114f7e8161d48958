"""The archive: what was reported, frozen for ever.

Here: writing a report with its files and its queued mails in one transaction, holding one with its reason, looking
one up. A frozen report never changes; a correction is a new revision.
Not here: making a report (compose.py, rendering/), sending it (delivery/), what a person decides (steering.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from reports.delivery import enqueue
from reports.delivery.addresses import header_text
from reports.delivery.alerts.alert import Alert, queue_alert
from reports.facts.to_date import ScopeFigures
from reports.rendering.render import ReportFile
from sql.events import note_event
from sql.warehouse import Connection, Warehouse

# Namespace of report ids: the same subscription, period and revision always gets the same id.
REPORTS = UUID("6d0f9a52-3f0e-5c57-9a53-1f7f0d6f6f0e")


@dataclass(frozen=True, slots=True)
class ReportKey:
    """Which report: a subscription's, for a period of local days. revision 1 is the first one sent.

    restates: the revision that this one corrects.
    """

    tenant_id: UUID
    subscription_id: UUID
    sponsor_id: UUID
    campaign_id: UUID | None
    cadence: str
    first: date
    last: date
    timezone: str
    revision: int = 1
    restates: UUID | None = None

    @property
    def report_id(self) -> UUID:
        return uuid5(REPORTS, f"{self.tenant_id}/{self.subscription_id}/{self.first}/{self.last}/{self.revision}")


@dataclass(frozen=True, slots=True)
class FinishedReport:
    """What is frozen beside the key: content with its hash, subject, files, what it was made from, and its figures."""

    subject: str
    content: dict[str, Any]
    content_hash: str
    files: Sequence[ReportFile]
    recipients: Sequence[str]
    input_watermark: datetime | None
    config: dict[str, Any] = field(default_factory=dict)
    figures: Sequence[ScopeFigures] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Which code made a report, in which run, and when. person: who asked for it; '' for a run by itself."""

    run_id: UUID
    code_version: str
    as_of: datetime
    person: str = ""


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """How far a report is, and what people decided about it. state None: it was never begun."""

    state: str | None = None
    note: str | None = None
    released_by: str | None = None
    stopped_by: str | None = None
    stopped_because: str | None = None
    as_of: datetime | None = None
    subject: str | None = None


def read_status(warehouse: Warehouse, key: ReportKey) -> ReportStatus:
    """The report's state with the decisions about it."""
    with (
        warehouse.transaction("earshot_report", key.tenant_id) as connection,
        connection.cursor(row_factory=class_row(ReportStatus)) as cursor,
    ):
        found = cursor.execute(
            "SELECT state, note, released_by, stopped_by, stopped_because, as_of, subject FROM reports"
            " WHERE tenant_id = %s AND report_id = %s",
            (key.tenant_id, key.report_id),
        ).fetchone()
    return found or ReportStatus()


def state_of(warehouse: Warehouse, key: ReportKey) -> str | None:
    """pending, held, waiting, frozen, skipped, or None for a report that was never begun."""
    return read_status(warehouse, key).state


def freeze(warehouse: Warehouse, key: ReportKey, report: FinishedReport, provenance: Provenance) -> int:
    """Keep the report and queue one mail per recipient, in one transaction. Returns the number of mails queued.

    A report that is frozen already stays as it is, and nothing is queued again.
    """
    with warehouse.transaction("earshot_report", key.tenant_id) as connection:
        name_person(connection, provenance.person)
        if not _record(connection, key, provenance, "frozen", report=report):
            return 0
        _save_files(connection, key, report.files)
        _save_figures(connection, key, report.figures)
        queued = enqueue(connection, key.tenant_id, key.report_id, key.revision, report.recipients)
    _note("report_frozen", key, provenance)
    return queued


def propose(warehouse: Warehouse, key: ReportKey, report: FinishedReport, reason: str, provenance: Provenance) -> None:
    """Keep the report with its files, and queue no mail: it leaves as it is once a person approves it (steering.py).

    A report that waits or is frozen already stays as it is. reason: what it waits for, for people.
    """
    with warehouse.transaction("earshot_report", key.tenant_id) as connection:
        name_person(connection, provenance.person)
        if _record(connection, key, provenance, "waiting", reason=reason, report=report):
            alert_owner(
                connection, key, "approval", f"A report waits for approval: {report.subject}", reason, provenance
            )
            _save_files(connection, key, report.files)
            _save_figures(connection, key, report.figures)


def hold(
    warehouse: Warehouse,
    key: ReportKey,
    reason: str,
    provenance: Provenance,
    *,
    state: str = "held",
    ready_at: datetime | None = None,
) -> None:
    """Record that the report is not sent, and why. A held or pending report is looked at again; a skipped one is not.

    ready_at: of a pending one, when its data can be final.
    """
    with warehouse.transaction("earshot_report", key.tenant_id) as connection:
        name_person(connection, provenance.person)
        recorded = _record(connection, key, provenance, state, reason=reason, ready_at=ready_at)
    if recorded:
        _note(f"report_{state}", key, provenance, reason=reason)


def _note(event: str, key: ReportKey, provenance: Provenance, **more: object) -> None:
    note_event(event, run=provenance.run_id, tenant=key.tenant_id, day=key.first, report=key.report_id, **more)


def alert_owner(
    connection: Connection, key: ReportKey, what: str, subject: str, text: str, provenance: Provenance
) -> None:
    """Queue an alert to the owner of the report's subscription, once for each thing (what)."""
    alert = Alert(key.tenant_id, f"{what}/{key.report_id}", subject, text, key.subscription_id)
    queue_alert(connection, alert, provenance.as_of)


def remind(warehouse: Warehouse, key: ReportKey, days: int, subject: str, provenance: Provenance) -> None:
    """Tell the owner that a report has waited for so many days, once."""
    with warehouse.transaction("earshot_report", key.tenant_id) as connection:
        text = f"`earshot reports approve {key.report_id.hex[:8]}` sends it; `earshot reports preview` shows it."
        line = f"A report has waited for approval for {days} day(s): {subject}"
        alert_owner(connection, key, f"approval/{days}", line, text, provenance)


def alert_of_empty(warehouse: Warehouse, key: ReportKey, sponsor: str, reason: str, provenance: Provenance) -> None:
    """Tell the owner that nothing happened in a report's period, once."""
    with warehouse.transaction("earshot_report", key.tenant_id) as connection:
        line = f"Nothing to report to {sponsor} from {key.first} to {key.last}"
        alert_owner(connection, key, "empty", line, f"{reason} Report {key.report_id.hex[:8]}.", provenance)


def name_person(connection: Connection, person: str) -> None:
    """On whose behalf the rest of the transaction acts, for the trail of changes; '' for a run by itself."""
    if person:
        connection.execute("SELECT set_config('earshot.person', %s, true)", (header_text(person, 200),))


def _save_files(connection: Connection, key: ReportKey, files: Sequence[ReportFile]) -> None:
    connection.cursor().executemany(
        "INSERT INTO report_artefacts (tenant_id, report_id, name, media_type, content_id, body, sha256)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [
            (key.tenant_id, key.report_id, file.name, file.media_type, file.content_id, file.body, file.sha256)
            for file in files
        ],
    )


def _save_figures(connection: Connection, key: ReportKey, figures: Sequence[ScopeFigures]) -> None:
    """Written anew for a report that was made anew before it left."""
    ids = (key.tenant_id, key.report_id)
    connection.execute("DELETE FROM report_figures WHERE tenant_id = %s AND report_id = %s", ids)
    connection.cursor().executemany(
        "INSERT INTO report_figures (tenant_id, report_id, span, level, scope_id, model, currency, delivered,"
        " conversions, sample, revenue_minor, spend_minor) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            (*ids, each.span, each.level, each.scope_id, each.model, each.currency, *astuple(each.figures))
            for each in figures
        ],
    )


def _record(
    connection: Connection,
    key: ReportKey,
    provenance: Provenance,
    state: str,
    *,
    reason: str | None = None,
    report: FinishedReport | None = None,
    ready_at: datetime | None = None,
) -> bool:
    """Insert the report's row, or move a held or pending one on. False if it was made or skipped before."""
    done = connection.execute(
        """
        INSERT INTO reports AS stored (
            tenant_id, report_id, subscription_id, sponsor_id, campaign_id, cadence, period_start, period_end, timezone,
            revision, state, held_reason, as_of, input_watermark, code_version, config, content, content_hash, subject,
            run_id, ready_at, restates
        ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (tenant_id, report_id) DO UPDATE SET
            state = excluded.state, held_reason = excluded.held_reason, as_of = excluded.as_of,
            input_watermark = excluded.input_watermark, code_version = excluded.code_version,
            config = excluded.config, content = excluded.content, content_hash = excluded.content_hash,
            subject = excluded.subject, run_id = excluded.run_id, ready_at = excluded.ready_at
        WHERE stored.state IN ('held', 'pending')
        """,
        (
            key.tenant_id,
            key.report_id,
            key.subscription_id,
            key.sponsor_id,
            key.campaign_id,
            key.cadence,
            key.first,
            key.last,
            key.timezone,
            key.revision,
            state,
            reason,
            provenance.as_of,
            report.input_watermark if report else None,
            provenance.code_version,
            Jsonb(report.config if report else {}),
            Jsonb(report.content) if report else None,
            report.content_hash if report else None,
            report.subject if report else None,
            provenance.run_id,
            ready_at,
            key.restates,
        ),
    )
    return done.rowcount == 1


def mark_reviewed(warehouse: Warehouse, key: ReportKey, as_of: datetime) -> None:
    """Note on all revisions of a report that changes of its days up to as_of have been looked at."""
    with warehouse.transaction("earshot_report", key.tenant_id) as connection:
        connection.execute(
            "UPDATE reports SET reviewed_as_of = %s"
            " WHERE tenant_id = %s AND subscription_id = %s AND period_start = %s AND period_end = %s",
            (as_of, key.tenant_id, key.subscription_id, key.first, key.last),
        )


def read_files(warehouse: Warehouse, tenant_id: UUID, report_id: UUID) -> list[ReportFile]:
    """The files of a frozen report, as they were frozen, read as the tenant: another tenant's cannot appear."""
    with (
        warehouse.transaction("earshot_report", tenant_id) as connection,
        connection.cursor(row_factory=class_row(ReportFile)) as cursor,
    ):
        return cursor.execute(
            "SELECT name, media_type, content_id, body FROM report_artefacts WHERE report_id = %s ORDER BY name",
            (report_id,),
        ).fetchall()


# Of a report, in the order in which it goes through them.
STATES = ("pending", "held", "waiting", "frozen", "skipped")


def describe_status(
    state: str,
    reason: str | None,
    stopped_by: str | None = None,
    stopped_because: str | None = None,
    mails: str | None = None,
    restates: object = None,
) -> tuple[str, str]:
    """How far a report is, in a word for people, and what there is to say about that.

    mails: of a frozen one, how many are in which state. restates: the report that it corrects, if any.
    """
    if stopped_by:
        because = (stopped_because or "").rstrip(".")
        return "held", f"{stopped_by} stopped it: {because}." + (f" Its mails: {mails}." if mails else "")
    if state == "frozen":
        return ("corrected" if restates else "frozen"), mails or "nobody gets it: its subscription has no recipients"
    return state, reason or ""
