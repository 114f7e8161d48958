"""Steering: what `earshot reports` does, as jobs of the orchestrator, with described configuration.

Here: a job for each decision; who decides is the field `by`, which the trail of changes shows.
Not here: what may be decided (reports/steering.py, recipients.py, subscribing.py), the commands (commands/reports).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from dagster import Field, JobDefinition, OpExecutionContext, job, op

from sql.values import PermanentError, Scope

BY = Field(str, description="Who decides this; it stands in the trail of changes (`earshot audit`).")
REPORTS = Field([str], description="Beginnings of reports' ids, as `earshot reports list` shows them.")
REPORT = Field(str, description="The beginning of a report's id, as `earshot reports list` shows it.")

Work = Callable[[OpExecutionContext, Mapping[str, Any]], object]


def _job(name: str, description: str, config: Mapping[str, Any], work: Work, resources: set[str]) -> JobDefinition:
    @op(name=name, description=description, config_schema=dict(config), required_resource_keys=resources)
    def decide(context: OpExecutionContext) -> None:
        work(context, context.op_config)

    @job(name=f"report_{name}", description=description)
    def deciding() -> None:
        decide()

    return deciding


def _ids(context: OpExecutionContext, names: list[str]) -> list[Any]:
    from assets.reporting.tracing.finding import find_row
    from reports.steering import ReportId

    return [ReportId.of(find_row(context.resources.warehouse, name)) for name in names]


def _builder(context: OpExecutionContext, person: str = "") -> Any:
    from assets.reporting.making import report_builder
    from reports.archive import Provenance

    resources = context.resources
    provenance = Provenance(UUID(context.run.run_id), resources.mailing.code_version, datetime.now(UTC), person)
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
    made = make_reports(builder, measured, scope, tasks, ["reports build"], first, log.info, log.error)
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
        mails = approve(context.resources.warehouse, report, config["by"], datetime.now(UTC))
        context.log.info(f"{report}: approved, {mails} mail(s) queued")


def _hold(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.steering import stop

    for report in _ids(context, config["reports"]):
        stopped = stop(context.resources.warehouse, report, config["by"], config["reason"])
        context.log.info(f"{report}: held; {stopped.kept} mail(s) wait, {stopped.left} have left")


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
    warehouse, now = context.resources.warehouse, datetime.now(UTC)
    for each in resend_report(warehouse, report, config["to"], config["by"], reason, now):
        context.log.info(f"{each.recipient} {each.result}")


def _recipients(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.recipients import add_recipients, remove_recipients

    (report,) = _ids(context, [config["report"]])
    warehouse, person = context.resources.warehouse, config["by"]
    done = add_recipients(warehouse, report, config["add"], person)
    done += remove_recipients(warehouse, report, config["remove"], person, datetime.now(UTC))
    for each in done:
        context.log.info(f"{each.recipient} {each.result}")


def _brand(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.subscribing import change_brand

    values = {name: config[name] for name in BRAND if config[name]}
    change_brand(
        context.resources.warehouse, context.resources.warehouse.tenant_id(config["tenant"]), values, config["by"]
    )


def _optional(description: str) -> Field:
    return Field(str, default_value="", description=description)


def _several(description: str) -> Field:
    return Field([str], default_value=[], description=description)


BRAND = {
    "brand_name": _optional("The name that stands on reports and mails; empty: as it is."),
    "brand_color": _optional("The colour of its reports, as #rrggbb; empty: as it is."),
    "sender_name": _optional("The name that mails are sent under; empty: as it is."),
    "subject_template": _optional("The mails' subject with the fields {title}, {period} and so on; empty: as it is."),
    "reply_to": _optional("Where answers go; empty: as it is."),
    "owner_address": _optional("Who is told when a person is needed; empty: as it is."),
    "locale": _optional("Language and country where a subscription has none; empty: as it is."),
}
_MAKING = {"warehouse", "mailing", "measurement"}
STEERING_JOBS = [
    _job(
        "build",
        "Makes reports now: those named, or all of a period; what is not ready says what it waits for.",
        {
            "by": BY,
            "reports": _several("Beginnings of reports' ids; empty: those of the period."),
            "tenants": _several("Slugs of tenants; empty: all."),
            "cadence": Field(str, default_value="weekly", description="weekly, monthly or end_of_campaign."),
            "period": _optional("A day of the period (YYYY-MM-DD); empty: the last full one."),
        },
        _build,
        _MAKING,
    ),
    _job(
        "preview",
        "Writes reports as files with an index, what has not left as drafts. Nothing is sent or changed.",
        {
            "folder": Field(str, description="The folder for the files, on the machine that runs the job."),
            "reports": _several("Beginnings of reports' ids; empty: all."),
            "tenants": _several("Slugs of tenants; empty: all."),
        },
        _preview,
        _MAKING,
    ),
    _job(
        "approve", "Lets reports leave that wait for approval.", {"by": BY, "reports": REPORTS}, _approve, {"warehouse"}
    ),
    _job(
        "hold",
        "Keeps reports from leaving until they are released.",
        {"by": BY, "reports": REPORTS, "reason": Field(str, description="Why; it stands beside the report.")},
        _hold,
        {"warehouse"},
    ),
    _job(
        "release",
        "Takes holds back, or sends reports of empty periods all the same.",
        {"by": BY, "reports": REPORTS},
        _release,
        _MAKING,
    ),
    _job(
        "note",
        "Writes a sentence or two on a report that has not left yet.",
        {"by": BY, "report": REPORT, "text": _optional("The note; empty: take it off.")},
        _note,
        _MAKING,
    ),
    _job(
        "resend",
        "Sends a report once more where it did not arrive, or to the recipients named.",
        {
            "by": BY,
            "report": REPORT,
            "to": _several("Recipients who get it even if it has arrived; empty: where it failed or is in doubt."),
            "reason": _optional("Why; it stands in the trail of changes."),
        },
        _resend,
        {"warehouse"},
    ),
    _job(
        "recipients",
        "Sends a report to more addresses, or takes mails back that wait. Nobody else gets a second mail.",
        {"by": BY, "report": REPORT, "add": _several("Addresses to add."), "remove": _several("Addresses to remove.")},
        _recipients,
        {"warehouse"},
    ),
    _job(
        "brand",
        "Changes how a network appears on the reports that are made from now on.",
        {"by": BY, "tenant": Field(str, description="The tenant's slug."), **BRAND},
        _brand,
        {"warehouse"},
    ),
]
