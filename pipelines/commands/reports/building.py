"""earshot reports build: make reports now instead of on their morning.

Here: the command, which periods it means, and its table.
Not here: making them (assets/reporting), the morning's runs (pipelines/schedules.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import click

from pipelines import console, runtime
from pipelines.commands.reports.common import by_option, dry_run_option, make_builder, tenant_option
from pipelines.settings import Settings, load_settings
from sql.values import DAY, EarshotError, PermanentError, Scope
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from assets.reporting.building import BuiltReport
    from assets.reporting.making import Tasks

CADENCES = ("weekly", "monthly", "end_of_campaign")


@click.command("build")
@click.argument("names", metavar="[REPORT]...", nargs=-1)
@tenant_option
@click.option("--cadence", type=click.Choice(CADENCES), help="Which reports; without REPORT: weekly.")
@click.option(
    "--period",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="A day of the week or month; for end_of_campaign the last day of the flight. By default the last full week "
    "or month, or yesterday.",
)
@by_option
@dry_run_option
def build(
    names: tuple[str, ...],
    tenants: tuple[str, ...],
    cadence: str | None,
    day: datetime | None,
    person: str,
    dry_run: bool,
) -> None:
    """Make reports now: those named, or all of a period. What the mornings' runs do, at once.

    A report leaves only if its days are final and passed their checks; else the table says what it waits for. One that
    waits for approval is made again if you name it. A frozen one stays as it is, so building again is safe.
    """
    settings = load_settings()
    if names and (tenants or cadence or day):
        raise PermanentError("REPORT says which it is already: leave out --tenant, --cadence and --period")
    with runtime.open_warehouse(settings) as warehouse:
        if names:
            built = build_named(settings, warehouse, names, person, dry_run)
            failed = 0
        else:
            tasks, first = tasks_of(cadence or "weekly", day.date() if day else None)
            scope = Scope(tuple(warehouse.tenant_id(name) for name in tenants))
            built, failed = build_period(settings, warehouse, scope, tasks, first, person, dry_run)
    print_built(built, dry_run)
    if failed:
        raise EarshotError(f"For {failed} tenant(s) it could not be done; `earshot status` says why")


def build_period(
    settings: Settings, warehouse: Warehouse, scope: Scope, tasks: Tasks, first: date, person: str, dry_run: bool
) -> tuple[list[BuiltReport], int]:
    """Every report of a period, and for how many tenants it could not be done."""
    from assets.reporting.making import make_reports

    builder = make_builder(settings, warehouse, person, dry_run)
    measured = runtime.measurement(settings)
    subject = ["reports build"]
    made = make_reports(
        builder, measured, scope, tasks, subject=subject, first=first, log=lambda _: None, log_error=console.err.print
    )
    return made.built, len({failure.tenant_id for failure in made.failed})


def build_named(
    settings: Settings, warehouse: Warehouse, names: Sequence[str], person: str, dry_run: bool
) -> list[BuiltReport]:
    """Each of these reports again; those that wait for approval are withdrawn first."""
    from assets.reporting.drafting import build_again
    from assets.reporting.tracing.finding import find_row
    from reports.steering import ReportId, withdraw

    rows = [find_row(warehouse, name) for name in names]
    builder = make_builder(settings, warehouse, person, dry_run)
    built = []
    for row in rows:
        if not dry_run:
            withdraw(warehouse, ReportId.of(row), person)
        built.append(build_again(builder, row))
    return built


def tasks_of(cadence: str, day: date | None) -> tuple[Tasks, date]:
    """What is to be built of the period that contains the day, by default the last full one; and its first day.

    Raises PermanentError for a period that is not over yet anywhere.
    """
    from assets.reporting.figures.periods import month_of, week_of
    from assets.reporting.making import ending_tasks, period_tasks

    today = datetime.now(UTC).date()
    if cadence == "end_of_campaign":
        last = day or today - DAY
        _refuse_future(last, today)
        return ending_tasks(last), last
    if cadence == "weekly":
        day = day or today - timedelta(days=7)
        first = day - timedelta(days=day.weekday())
        _refuse_future(week_of(first, "UTC").last, today)
        return period_tasks(week_of, first), first
    day = day or today.replace(day=1) - DAY
    first = day.replace(day=1)
    _refuse_future(month_of(first, "UTC").last, today)
    return period_tasks(month_of, first), first


def _refuse_future(last: date, today: date) -> None:
    if last > today:
        raise PermanentError(f"The period ends on {last}, which is not over yet: name an earlier day with --period")


def print_built(built: Sequence[BuiltReport], dry_run: bool = False) -> None:
    """What became of each, or what would become of it."""
    state = "would be" if dry_run else "state"
    table = console.text_table("report", "tenant", "sponsor", "campaign", state, "mails", "reason")
    for each in built:
        table.add_row(
            each.report_id.hex[:8] if each.report_id else "",
            each.tenant,
            each.sponsor,
            each.campaign,
            each.state.replace("_", " "),
            str(each.mails or ""),
            each.reason,
        )
    nothing = "No subscription has a report of this period; `earshot reports subscriptions list` shows them."
    console.out.print(table if built else nothing)
