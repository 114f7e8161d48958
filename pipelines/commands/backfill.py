"""earshot backfill: compute a range of days again, for one tenant or for all.

Here: the command's words and its dry run.
Not here: the work (pipelines/backfill.py).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import click

from assets.partitions import FIRST_DAY
from pipelines import console, runtime
from pipelines.settings import load_settings
from sql.values import PermanentError


@click.command()
@click.option(
    "--tenant", "tenants", multiple=True, metavar="SLUG", help="Only this tenant; may be given several times."
)
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First UTC day.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Last UTC day, included.")
@click.option("--dry-run", is_flag=True, help="Say what would be computed, and compute nothing.")
def backfill(tenants: tuple[str, ...], first: datetime, last: datetime, dry_run: bool) -> None:
    """Compute a range of days again. Running it twice changes nothing but the run's name.

    Reports that wait for these days go out by themselves on the next morning; reports that were sent stay as they are.
    """
    from pipelines.backfill import Plan
    from pipelines.backfill import backfill as run_backfill

    settings = load_settings()
    plan = Plan(*_span(first.date(), last.date()), tenants)
    server = runtime.ensure_database(settings)
    warehouse = runtime.make_warehouse(settings)
    for tenant in tenants:
        warehouse.tenant_id(tenant)
    who = ", ".join(tenants) or "all tenants"
    if dry_run:
        console.out.print(f"Would compute {plan.days} day(s), {plan.first} to {plan.last}, for {who}.")
        return
    runtime.prepare_orchestrator(settings, server)
    with (
        runtime.orchestrator_instance() as instance,
        console.progress_bar(f"Computing {plan.days} day(s) for {who}", plan.steps) as advance,
    ):
        run_backfill(plan, warehouse, instance, console.each_asset(advance))
    console.out.print(f"Computed {plan.first} to {plan.last} for {who}.")


def _span(first: date, last: date) -> tuple[date, date]:
    today = datetime.now(UTC).date()
    if first < date.fromisoformat(FIRST_DAY):
        raise PermanentError(f"{first} lies before {FIRST_DAY}, the first day that can be computed.")
    if last < first:
        raise PermanentError(f"--to {last} lies before --from {first}: give the earlier day first.")
    if last >= today:
        raise PermanentError(
            f"{last} is not over yet (UTC): the last day that can be computed is {today - timedelta(1)}."
        )
    return first, last
