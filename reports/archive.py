"""The archive: what was reported, frozen for ever.

Here: writing a report with its files and its queued mails in one transaction, holding one with its reason, looking
one up. A frozen report never changes; a correction is a new revision.
Not here: making a report (compose.py, rendering/), sending it (delivery/), deciding whether it may go out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from reports.content.to_date import ScopeFigures
from reports.delivery import enqueue
from reports.rendering.render import ReportFile
from sql.warehouse import Connection, Warehouse

# Namespace of report ids: the same subscription, period and revision always gets the same id.
REPORTS = UUID("6d0f9a52-3f0e-5c57-9a53-1f7f0d6f6f0e")


@dataclass(frozen=True, slots=True)
class ReportKey:
    """Which report: a subscription's, for a period of local days. revision 1 is the first one sent."""

    tenant_id: UUID
    subscription_id: UUID
    sponsor_id: UUID
    campaign_id: UUID | None
    cadence: str
    first: date
    last: date
    timezone: str
    revision: int = 1

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
    """Which code made a report, in which run, and when."""

    run_id: UUID
    code_version: str
    as_of: datetime


def state_of(warehouse: Warehouse, key: ReportKey) -> str | None:
    """frozen, skipped, held, or None for a report that was never begun."""
    with warehouse.transaction("earshot_report", key.tenant_id) as connection:
        row = connection.execute(
            "SELECT state FROM reports WHERE tenant_id = %s AND report_id = %s", (key.tenant_id, key.report_id)
        ).fetchone()
    return str(row[0]) if row else None


def freeze(warehouse: Warehouse, key: ReportKey, report: FinishedReport, provenance: Provenance) -> int:
    """Keep the report and queue one mail per recipient, in one transaction. Returns the number of mails queued.

    A report that is frozen already stays as it is, and nothing is queued again.
    """
    with warehouse.transaction("earshot_report", key.tenant_id) as connection:
        if not _record(connection, key, provenance, "frozen", None, report):
            return 0
        connection.cursor().executemany(
            "INSERT INTO report_artefacts (tenant_id, report_id, name, media_type, content_id, body, sha256)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (key.tenant_id, key.report_id, file.name, file.media_type, file.content_id, file.body, file.sha256)
                for file in report.files
            ],
        )
        _keep_figures(connection, key, report.figures)
        return enqueue(connection, key.tenant_id, key.report_id, key.revision, report.recipients)


def _keep_figures(connection: Connection, key: ReportKey, figures: Sequence[ScopeFigures]) -> None:
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


def hold(warehouse: Warehouse, key: ReportKey, reason: str, provenance: Provenance, *, state: str = "held") -> None:
    """Record that the report is not sent, and why. A held report is looked at again; a skipped one is not."""
    with warehouse.transaction("earshot_report", key.tenant_id) as connection:
        _record(connection, key, provenance, state, reason, None)


def _record(
    connection: Connection,
    key: ReportKey,
    provenance: Provenance,
    state: str,
    reason: str | None,
    report: FinishedReport | None,
) -> bool:
    """Insert the report's row, or move a held one on. False if it was frozen or skipped before."""
    done = connection.execute(
        """
        INSERT INTO reports AS kept (
            tenant_id, report_id, subscription_id, sponsor_id, campaign_id, cadence, period_start, period_end, timezone,
            revision, state, held_reason, as_of, input_watermark, code_version, config, content, content_hash, subject,
            run_id
        ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (tenant_id, report_id) DO UPDATE SET
            state = excluded.state, held_reason = excluded.held_reason, as_of = excluded.as_of,
            input_watermark = excluded.input_watermark, code_version = excluded.code_version,
            config = excluded.config, content = excluded.content, content_hash = excluded.content_hash,
            subject = excluded.subject, run_id = excluded.run_id
        WHERE kept.state = 'held'
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
        ),
    )
    return done.rowcount == 1


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
