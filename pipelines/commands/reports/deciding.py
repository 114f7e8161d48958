"""earshot reports approve, hold, release, note: what a campaign manager decides about a report.

Here: the commands and their messages.
Not here: what may be decided, and recording it (reports/steering.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import click

from pipelines import console, runtime
from pipelines.commands.reports.building import build_named, print_built
from pipelines.commands.reports.common import by_option, dry_run_option
from pipelines.settings import load_settings
from sql.values import PermanentError


@click.command("approve")
@click.argument("names", metavar="REPORT...", nargs=-1, required=True)
@by_option
@dry_run_option
def approve(names: tuple[str, ...], person: str, dry_run: bool) -> None:
    """Let reports leave that wait for approval, exactly as `earshot reports preview` shows them."""
    from assets.reporting.tracing.finding import find_row
    from reports.steering import ReportId
    from reports.steering import approve as approve_report

    with runtime.open_warehouse(load_settings()) as warehouse:
        for row in [find_row(warehouse, name) for name in names]:
            report = ReportId.of(row)
            mails = approve_report(warehouse, report, person, warehouse.clock(), dry_run)
            line = f"{report} for {row['sponsor']}: {row['subject']}"
            console.out.print(
                f"{line}: {mails} mail(s) would be queued." if dry_run else f"{line}: approved, {mails} mail(s) queued."
            )


@click.command("hold")
@click.argument("name", metavar="REPORT")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stands beside the report in every list.")
@by_option
@dry_run_option
def hold(name: str, reason: str, person: str, dry_run: bool) -> None:
    """Keep a report from leaving until it is released. Of one that is leaving, the mails that wait are kept."""
    from assets.reporting.tracing.finding import find_row
    from reports.steering import ReportId, stop

    with runtime.open_warehouse(load_settings()) as warehouse:
        row = find_row(warehouse, name)
        report = ReportId.of(row)
        stopped = stop(warehouse, report, person, " ".join(reason.split()), dry_run)
    mails = f"; {stopped.waiting} mail(s) wait, {stopped.left} have left already" if stopped.state == "frozen" else ""
    verb = "would be held" if dry_run else "is held"
    console.out.print(f"{report} for {row['sponsor']} {verb}{mails}. `earshot reports release {report}` lets it go.")


@click.command("release")
@click.argument("name", metavar="REPORT")
@by_option
@dry_run_option
def release(name: str, person: str, dry_run: bool) -> None:
    """Take a hold back, or send a report of a period in which nothing happened all the same.

    A report that is not made yet is made at once. What its data lack holds it still; the table says so.
    """
    from assets.reporting.tracing.finding import find_row
    from reports.steering import ReportId
    from reports.steering import release as release_report

    settings = load_settings()
    with runtime.open_warehouse(settings) as warehouse:
        row = find_row(warehouse, name)
        report = ReportId.of(row)
        state = release_report(warehouse, report, person, dry_run)
        if dry_run:
            console.out.print(f"{report} for {row['sponsor']} would be released.")
        elif state in ("held", "pending"):
            print_built(build_named(settings, warehouse, [row_name(row)], person, False))
        else:
            console.out.print(f"{report} for {row['sponsor']} is released; it is {state} as before.")


@click.command("note")
@click.argument("name", metavar="REPORT")
@click.argument("text", required=False)
@click.option("--remove", is_flag=True, help="Take the note off again.")
@by_option
@dry_run_option
def note(name: str, text: str | None, remove: bool, person: str, dry_run: bool) -> None:
    """Write TEXT, a sentence or two, below the finding of a report that has not left yet.

    It stands in the mail, its text twin and the PDF as it is written, signed with the network's name. A report that
    waits for approval is made again with it.
    """
    from assets.reporting.tracing.finding import find_row
    from reports.steering import ReportId, write_note

    if remove == bool(text and text.strip()):
        raise PermanentError("Give the note's text, or --remove to take it off")
    settings = load_settings()
    with runtime.open_warehouse(settings) as warehouse:
        row = find_row(warehouse, name)
        report = ReportId.of(row)
        state = write_note(warehouse, report, None if remove else text, person, dry_run)
        done = "taken off" if remove else "written on"
        console.out.print(f"The note {'would be' if dry_run else 'is'} {done} {report} for {row['sponsor']}.")
        if state == "waiting" and not dry_run:
            print_built(build_named(settings, warehouse, [row_name(row)], person, False))


def row_name(row: Mapping[str, Any]) -> str:
    """The whole id of a report (of find_reports)."""
    return UUID(bytes=row["report_id"]).hex
