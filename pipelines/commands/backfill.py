"""earshot backfill: compute a range of days again, for one tenant or for all.

Here: the command, its messages and its dry run.
Not here: the work (computing.py), where a stopped one goes on, and how long one takes (resumption.py).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import click

from pipelines import console, runtime
from pipelines.backfill.progress import duration, progress_bar
from pipelines.first_day import first_day, save_first_day
from pipelines.processes.stopping import stops_in_seconds
from pipelines.settings import load_settings
from sql.values import PermanentError, Window
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from pipelines.backfill.computing import BackfillPlan, RemainingWork
    from pipelines.backfill.resumption import Pace

# What a day costs without any rows, and a row beside it: measured as in docs/operators.md ("What a machine carries").
SECONDS_A_DAY, SECONDS_A_ROW = 1.2, 25e-6


@click.command()
@click.option(
    "--tenant", "tenants", multiple=True, metavar="SLUG", help="Only this tenant; may be given several times."
)
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First UTC day.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Last UTC day, included.")
@click.option("--dry-run", is_flag=True, help="Say what would be computed, and about how long that takes.")
@click.option("--restart", is_flag=True, help="Begin anew where the same backfill was stopped before its end.")
def backfill(tenants: tuple[str, ...], first: datetime, last: datetime, dry_run: bool, restart: bool) -> None:
    """Compute a range of days again. Running it twice changes nothing but the run's name.

    Stopped by Ctrl-C, a kill or a failure, the same command goes on where it was, for a week. Reports that wait for
    these days go out by themselves on the next morning; reports that were sent stay as they are.
    """
    from pipelines.backfill.computing import BackfillPlan, prepare
    from pipelines.backfill.computing import backfill as run_backfill
    from pipelines.backfill.resumption import pace_of

    settings = load_settings()
    span = _span(first.date(), last.date())
    with stops_in_seconds():
        server = runtime.ensure_database(settings)
        with runtime.open_warehouse(settings) as warehouse:
            save_first_day(settings, warehouse)
            _refuse_days_without_data(span[0])
            plan = BackfillPlan(*span, warehouse.slugs(tenants))
        runtime.prepare_orchestrator(settings, server)
        with (
            runtime.open_warehouse(settings) as warehouse,
            runtime.orchestrator_instance() as instance,
        ):
            work = prepare(plan, warehouse, instance, restart=restart)
            if not work.tenants:
                raise PermanentError(
                    "There is no tenant yet, so there is nothing to compute. docs/operators.md says how to begin "
                    "('A first tenant')."
                )
            if dry_run:
                for line in _forecast(plan, work, warehouse, pace_of(instance, plan.job)):
                    console.out.print(line)
                return
            if work.done:
                console.out.print(_resumption(work))
            label = f"Computing {plan.first} to {plan.last} for {_tenants(plan)}"
            with progress_bar(label, work.left, "tenant-days") as advance:
                run_backfill(plan, warehouse, instance, work, advance)
    console.out.print(f"Computed {plan.first} to {plan.last} for {_tenants(plan)}.")


def _tenants(plan: BackfillPlan) -> str:
    return ", ".join(plan.tenants) or "all tenants"


def _resumption(work: RemainingWork) -> str:
    return (
        f"Going on with the backfill of {work.began:%Y-%m-%d %H:%M} UTC: {work.done:,.0f} of {work.total:,} "
        "tenant-days are done (--restart begins anew)."
    )


def _forecast(plan: BackfillPlan, work: RemainingWork, warehouse: Warehouse, pace: Pace | None) -> list[str]:
    """What a backfill would do: days and tenants, raw rows, and how long it takes."""
    window = Window.of_days(plan.first, plan.last)
    listens, signals = warehouse.read(
        "count_raw_rows", start=window.start, end=window.end, tenants=list(work.tenants)
    ).row(0)
    lines = [
        f"Would compute {plan.days:,} day(s), {plan.first} to {plan.last}, for {_tenants(plan)}: {work.total:,} "
        f"tenant-days of {len(plan.assets)} tables, from {listens:,} listener and {signals:,} attribution events.",
    ]
    if work.done:
        lines.append(_resumption(work))
    if pace is not None:
        seconds, by = pace.seconds * work.left, f"by the pace of the last {pace.runs} run(s)"
    else:
        share = work.left / work.total if work.total else 0.0
        seconds = share * (plan.days * SECONDS_A_DAY + (listens + signals) * SECONDS_A_ROW)
        by = "by the benchmark's pace, since no backfill has ended here yet"
    return [*lines, f"It takes about {duration(seconds)}, {by}."]


def _refuse_days_without_data(first: date) -> None:
    begins = first_day()
    if first < begins:
        raise PermanentError(
            f"{first} lies before {begins}, the first day that can be computed: the first one with data, or "
            f"EARSHOT_FIRST_DAY. Begin there, or set EARSHOT_FIRST_DAY={first}."
        )


def _span(first: date, last: date) -> tuple[date, date]:
    today = datetime.now(UTC).date()
    if last < first:
        raise PermanentError(f"--to {last} lies before --from {first}: give the earlier day first.")
    if last >= today:
        raise PermanentError(
            f"{last} is not over yet (UTC): the last day that can be computed is {today - timedelta(1)}."
        )
    return first, last
