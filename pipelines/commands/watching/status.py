"""earshot status: how every tenant stands, in one table, what waits for a person, and what the orchestrator is doing.

Here: the table.
Not here: the numbers (sql/queries/read_status.sql), the lines for what is open (pipelines/health/open_failures.py) and
for runs (pipelines/processes/run_history.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import click
from rich.table import Table

from pipelines import console, runtime
from pipelines.health.entries import shared_order_lines, strange_rows
from pipelines.health.open_failures import describe_failures
from pipelines.homes import project_root, read_orchestrator_settings
from pipelines.processes.run_history import describe, read_history
from pipelines.settings import Settings, load_settings


@click.command()
def status() -> None:
    """How each tenant stands: computed and final days, failed checks, ads that name nothing known, reports, mails.

    Of reports: those that are made for good, cannot be final yet, wait for approval, and are held. Below it what could
    not be done for whom, on which days, why, and what to do.
    """
    settings = load_settings()
    with runtime.open_warehouse(settings, work="status") as warehouse:
        rows = warehouse.rows("read_status")
        remarks = [*strange_rows(warehouse), *shared_order_lines(warehouse)]
        failures = warehouse.rows("read_open_failures")
    if rows:
        console.out.print(_table(rows))
    else:
        _print_first_steps(settings)
    for line in (*remarks, *describe_failures(failures)):
        console.out.print(line)
    _print_runs(settings)


def _table(rows: Sequence[Mapping[str, object]]) -> Table:
    table = Table(box=None, pad_edge=False)
    headings = (
        *("tenant", "computed", "final", "failed checks", "ads not placed"),
        *("reports", "pending", "to approve", "held", "mails sent", "queued", "troubled"),
    )
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number < 3 else "right")
    for row in rows:
        table.add_row(*("–" if value is None else str(value) for name, value in row.items() if name != "tenant_id"))
    return table


def _print_first_steps(settings: Settings) -> None:
    """An empty database: the private one is for trying, one of an operator's own takes tenants."""
    console.out.print("No tenant yet.")
    if settings.database_url is None:
        console.out.print("To look around with an invented network: earshot demo")
    console.out.print("To begin with your own: add a tenant with its shows, episodes and files (docs/operators.md,")
    console.out.print("'A first tenant'), then: earshot import LOG --format FORMAT --tenant SLUG")


def _print_runs(settings: Settings) -> None:
    """What the orchestrator does, below the table."""
    url = runtime.history_url(settings)
    if url is None:
        console.out.print("Dagster's history is not configured: DAGSTER_POSTGRES_URL is not set.")
        return
    slots = read_orchestrator_settings(project_root()).get("concurrency", {}).get("runs", {})
    for line in describe(read_history(url, settings.limits), slots, datetime.now(UTC)):
        console.out.print(line)
