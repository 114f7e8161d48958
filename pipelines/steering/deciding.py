"""Deciding: what people decide about single reports, as jobs.

Here: a job for each decision, from building and approving to notes and recipients, and what it takes.
Not here: what may be decided (reports/steering.py, recipients.py), who gets which report (entering.py).
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from dagster import Field, OpExecutionContext

from pipelines.steering.jobs import BY, optional, several, steering_job
from sql.values import PermanentError, Scope

REPORTS = Field([str], description="Beginnings of reports' ids, as `earshot reports list` shows them.")
REPORT = Field(str, description="The beginning of a report's id, as `earshot reports list` shows it.")


def _ids(context: OpExecutionContext, names: list[str]) -> list[Any]:
    from assets.reporting.tracing.finding import find_row
    from reports.steering import ReportId

    return [ReportId.of(find_row(context.resources.warehouse, name)) for name in names]


def _builder(context: OpExecutionContext, person: str = "") -> Any:
    from assets.reporting.making import report_builder
    from reports.archive import Provenance

    resources = context.resources
    provenance = Provenance(
        UUID(context.run.run_id), resources.mailing.code_version, resources.warehouse.clock(), person
    )
    return report_builder(resources.warehouse, resources.mailing, provenance)


def _build_named(context: OpExecutionContext, names: list[str], person: str) -> None:
    from assets.reporting.drafting import build_again
    from assets.reporting.tracing.finding import find_row
    from reports.steering import ReportId, withdraw

    builder = _builder(context, person)
    for name in names:
        row = find_row(context.resources.warehouse, name)
        withdraw(context.resources.warehouse, ReportId.of(row), person)
        built = build_again(builder, row)
        context.log.info(f"{name}: {built.state} {built.reason}")


def _build(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from assets.reporting.making import make_reports
    from pipelines.commands.reports.building import tasks_of

    if config["reports"]:
        _build_named(context, config["reports"], config["by"])
        return
    warehouse = context.resources.warehouse
    tasks, first = tasks_of(config["cadence"], date.fromisoformat(config["period"]) if config["period"] else None)
    scope = Scope(tuple(warehouse.tenant_id(name) for name in config["tenants"]))
    measured, log = context.resources.measurement, context.log
    builder = _builder(context, config["by"])
    made = make_reports(
        builder, measured, scope, tasks, subject=["reports build"], first=first, log=log.info, log_error=log.error
    )
    if made.failed:
        raise PermanentError(f"For {len(made.failed)} tenant(s) it could not be done; `earshot status` says why")


def _preview(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from pipelines.commands.reports.common import tenant_ids
    from pipelines.commands.reports.previewing import write_reports
    from reports.archive import STATES

    warehouse = context.resources.warehouse
    rows = warehouse.read("read_reports", states=list(STATES), tenants=tenant_ids(warehouse, config["tenants"]))
    wanted = {each.report_id.bytes for each in _ids(context, config["reports"])}
    chosen = [row for row in rows.to_dicts() if not wanted or row["report_id"] in wanted]
    context.log.info(f"Open {write_reports(warehouse, Path(config['folder']), chosen, _builder(context))}")


def _approve(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.steering import approve

    for report in _ids(context, config["reports"]):
        mails = approve(context.resources.warehouse, report, config["by"], context.resources.warehouse.clock())
        context.log.info(f"{report}: approved, {mails} mail(s) queued")


def _hold(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.steering import stop

    for report in _ids(context, config["reports"]):
        stopped = stop(context.resources.warehouse, report, config["by"], config["reason"])
        context.log.info(f"{report}: held; {stopped.waiting} mail(s) wait, {stopped.left} have left")


def _release(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.steering import release

    for report in _ids(context, config["reports"]):
        if release(context.resources.warehouse, report, config["by"]) in ("held", "pending"):
            _build_named(context, [report.report_id.hex], config["by"])


def _note(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.steering import write_note

    (report,) = _ids(context, [config["report"]])
    if write_note(context.resources.warehouse, report, config["text"] or None, config["by"]) == "waiting":
        _build_named(context, [report.report_id.hex], config["by"])


def _resend(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.recipients import resend_report

    (report,) = _ids(context, [config["report"]])
    reason = config["reason"] or None
    warehouse = context.resources.warehouse
    for each in resend_report(warehouse, report, config["to"], config["by"], reason, warehouse.clock()):
        context.log.info(f"{each.recipient} {each.result}")


def _recipients(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.recipients import add_recipients, remove_recipients

    (report,) = _ids(context, [config["report"]])
    warehouse, person = context.resources.warehouse, config["by"]
    done = add_recipients(warehouse, report, config["add"], person)
    done += remove_recipients(warehouse, report, config["remove"], person, warehouse.clock())
    for each in done:
        context.log.info(f"{each.recipient} {each.result}")


_MAKING = {"warehouse", "mailing", "measurement"}
DECIDING_JOBS = [
    steering_job(
        "build",
        "Makes reports now: those named, or all of a period; what is not ready says what it waits for.",
        {
            "by": BY,
            "reports": several("Beginnings of reports' ids; empty: those of the period."),
            "tenants": several("Slugs of tenants; empty: all."),
            "cadence": Field(str, default_value="weekly", description="weekly, monthly or end_of_campaign."),
            "period": optional("A day of the period (YYYY-MM-DD); empty: the last full one."),
        },
        _build,
        _MAKING,
    ),
    steering_job(
        "preview",
        "Writes reports as files with an index, what has not left as drafts. Nothing is sent or changed.",
        {
            "folder": Field(str, description="The folder for the files, on the machine that runs the job."),
            "reports": several("Beginnings of reports' ids; empty: all."),
            "tenants": several("Slugs of tenants; empty: all."),
        },
        _preview,
        _MAKING,
    ),
    steering_job(
        "approve", "Lets reports leave that wait for approval.", {"by": BY, "reports": REPORTS}, _approve, {"warehouse"}
    ),
    steering_job(
        "hold",
        "Keeps reports from leaving until they are released.",
        {"by": BY, "reports": REPORTS, "reason": Field(str, description="Why; it stands beside the report.")},
        _hold,
        {"warehouse"},
    ),
    steering_job(
        "release",
        "Takes holds back, or sends reports of empty periods all the same.",
        {"by": BY, "reports": REPORTS},
        _release,
        _MAKING,
    ),
    steering_job(
        "note",
        "Writes a sentence or two on a report that has not left yet.",
        {"by": BY, "report": REPORT, "text": optional("The note; empty: take it off.")},
        _note,
        _MAKING,
    ),
    steering_job(
        "resend",
        "Sends a report once more where it did not arrive, or to the recipients named.",
        {
            "by": BY,
            "report": REPORT,
            "to": several("Recipients who get it even if it has arrived; empty: where it failed or is in doubt."),
            "reason": optional("Why; it stands in the trail of changes."),
        },
        _resend,
        {"warehouse"},
    ),
    steering_job(
        "recipients",
        "Sends a report to more addresses, or takes mails back that wait. Nobody else gets a second mail.",
        {"by": BY, "report": REPORT, "add": several("Addresses to add."), "remove": several("Addresses to remove.")},
        _recipients,
        {"warehouse"},
    ),
]
