"""earshot status: how every tenant stands, in one table.

Here: the table.
Not here: the numbers' definition (sql/queries/read_status.sql).
"""

from __future__ import annotations

import click
from rich.table import Table

from pipelines import console, runtime
from pipelines.entries import strange_rows
from pipelines.settings import Settings, load_settings


@click.command()
def status() -> None:
    """How each tenant stands: computed and final days, failed checks, ads that name nothing known, reports, mails."""
    settings = load_settings()
    with runtime.open_warehouse(settings, work="status") as warehouse:
        rows = warehouse.rows("read_status")
        remarks = strange_rows(warehouse)
    if not rows:
        _say_how_to_begin(settings)
        return
    table = Table(box=None, pad_edge=False)
    headings = (
        *("tenant", "computed", "final", "failed checks", "ads not placed"),
        *("reports", "held", "mails sent", "waiting", "troubled"),
    )
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number < 3 else "right")
    for row in rows:
        table.add_row(*("–" if value is None else str(value) for name, value in row.items() if name != "tenant_id"))
    console.out.print(table)
    for line in remarks:
        console.out.print(line, markup=False)


def _say_how_to_begin(settings: Settings) -> None:
    """An empty database: the private one is for trying, one of an operator's own takes tenants."""
    console.out.print("No tenant yet.")
    if settings.database_url is None:
        console.out.print("To look around with an invented network: earshot demo")
    console.out.print("To begin with your own: add a tenant with its shows, episodes and files (docs/operators.md,")
    console.out.print("'A first tenant'), then: earshot import LOG --format FORMAT --tenant SLUG")
