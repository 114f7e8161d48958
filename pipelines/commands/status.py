"""earshot status: how every tenant stands, in one table.

Here: the table.
Not here: the numbers' definition (sql/queries/read_status.sql).
"""

from __future__ import annotations

import click
from rich.table import Table

from pipelines import console, runtime
from pipelines.entries import strange_rows
from pipelines.settings import load_settings


@click.command()
def status() -> None:
    """How each tenant stands: computed and final days, failed checks, ads that name nothing known, reports, mails."""
    with runtime.open_warehouse(load_settings(), work="status") as warehouse:
        rows = warehouse.read("read_status")
        remarks = strange_rows(warehouse.read)
    if rows.is_empty():
        console.out.print("No tenant yet. `earshot demo` makes three to look at.")
        return
    table = Table(box=None, pad_edge=False)
    headings = (
        *("tenant", "computed", "final", "failed checks", "ads not placed"),
        *("reports", "held", "mails sent", "waiting", "troubled"),
    )
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number < 3 else "right")
    for row in rows.drop("tenant_id").iter_rows():
        table.add_row(*("–" if value is None else str(value) for value in row))
    console.out.print(table)
    for line in remarks:
        console.out.print(line, markup=False)
