"""earshot imports: what was imported when, by whom and how it went, and taking an import back.

Here: the list and the commands. Not here: importing (logs.py, orders.py), what taking back does (sql/raw).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click

from pipelines import console, runtime
from pipelines.commands.importing.person import person
from pipelines.commands.importing.summary import computing_lines
from pipelines.settings import load_settings
from sql.raw.taking_back import EVER, SILENT, TakenBack, take_back
from sql.values import PermanentError
from sql.warehouse import Warehouse


@click.group(invoke_without_command=True)
@click.option("--tenant", "tenants", multiple=True, metavar="SLUG", help="Only this tenant.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Only those from this UTC day on.")
@click.option("--most", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most so many.")
@click.pass_context
def imports(context: click.Context, tenants: tuple[str, ...], since: datetime | None, most: int) -> None:
    """Every import, newest first: who, when, what, how many lines became what, and which days they are of.

    Rows that had come in before count as already there; a line that cannot be read is rejected, with its reason in
    `earshot show ingest_rejects`.
    """
    if context.invoked_subcommand:
        return
    with runtime.open_warehouse(load_settings()) as warehouse:
        found = warehouse.rows(
            "read_imports",
            tenants=_tenants(warehouse, tenants),
            numbers=None,
            since=since.replace(tzinfo=UTC) if since else EVER,
            most=most,
        )
    if not found:
        console.out.print("Nothing was imported yet.")
        return
    headings = (
        "id",
        "tenant",
        "when (UTC)",
        "by",
        "source",
        "object",
        "format",
        "state",
        "stored",
        "there",
        "rejected",
    )
    table = console.text_table(*headings, "days", "remarks")
    for row in found:
        table.add_row(*_cells(row))
    console.out.print(table)


@imports.command()
@click.argument("numbers", metavar="ID...", nargs=-1, required=True, type=click.IntRange(min=1))
@click.option("--tenant", metavar="SLUG", help="Whose import it is; needed where you do not want to name another's.")
def undo(numbers: tuple[int, ...], tenant: str | None) -> None:
    """Take imports back: delete the rows that they alone brought, and compute their days again.

    A row that two imports brought is the first one's. Where that is taken back, the later ones that had it too are
    named, to be imported again. Done again after it was stopped, it goes on.
    """
    settings = load_settings()
    with runtime.open_warehouse(settings) as warehouse:
        whose = _tenants(warehouse, (tenant,) if tenant else ())
        for number in numbers:
            found = warehouse.rows("read_imports", tenants=whose, numbers=[number], since=EVER, most=1)
            if not found:
                raise PermanentError(f"There is no import {number}; `earshot imports` lists them")
            taken = take_back(warehouse, found[0]["tenant_id"], number, person())
            for line in taken_back_lines(taken, number, found[0]["tenant"]):
                console.out.print(line)


def taken_back_lines(taken: TakenBack, number: int, tenant: str) -> list[str]:
    """What went, what to import again, and when the days are computed."""
    lines = [
        f"import {number} of {tenant} is taken back: {taken.rows:,} rows and {taken.rejects:,} rejected lines went"
    ]
    lines += [
        f"import {each} had brought {rows:,} of these rows too: import {name} again to have them back"
        for each, name, rows in taken.read_again
    ]
    if taken.first is not None and taken.last is not None:
        lines += computing_lines(taken.first, taken.last, tenant)
    return lines


def _tenants(warehouse: Warehouse, names: Sequence[str]) -> list[UUID]:
    return [warehouse.tenant_id(name) for name in names] or [
        UUID(bytes=each) for each in warehouse.tenants()["tenant_id"]
    ]


def _cells(row: dict[str, Any]) -> list[str]:
    silent = datetime.now(UTC) - row["updated_at"] > SILENT
    state = "stopped" if row["state"] == "running" and silent else row["state"].replace("_", " ")
    days = [str(row[name]) for name in ("first_day", "last_day") if row[name]]
    return [
        str(row["import_id"]),
        row["tenant"],
        f"{row['started_at']:%Y-%m-%d %H:%M}",
        row["started_by"],
        row["source"] or "-",
        row["object"],
        row["format"],
        state,
        *(f"{row[name]:,}" for name in ("stored", "present", "rejected")),
        " to ".join(dict.fromkeys(days)) or "-",
        row["detail"] or "-",
    ]
