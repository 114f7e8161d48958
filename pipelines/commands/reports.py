"""earshot reports: which reports there are, which are held and why, and how they look.

Here: the list and the previews on disk.
Not here: making reports (assets/reporting), sending them (commands/deliver.py).
"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click

from pipelines import console, runtime
from pipelines.settings import load_settings
from reports.archive import read_files
from reports.rendering.preview import IndexEntry, write_index, write_preview
from sql.safety.private import private_folder
from sql.warehouse import Warehouse

STATES = ("frozen", "held", "skipped")


@click.group()
def reports() -> None:
    """Sponsor reports: list them, see why one is held, look at them."""


@reports.command("list")
@click.option("--tenant", "tenants", multiple=True, metavar="SLUG", help="Only this tenant.")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these; all by default.")
def list_reports(tenants: tuple[str, ...], states: tuple[str, ...]) -> None:
    """Every report that was looked at, newest period first; held ones with the reason."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        rows = warehouse.read("read_reports", states=list(states or STATES), tenants=_tenant_ids(warehouse, tenants))
    headings = ("report", "period", "tenant", "sponsor", "campaign", "cadence", "rev", "state", "reason")
    table = console.text_table(*headings)
    for row in rows.iter_rows(named=True):
        table.add_row(
            # The beginning is enough for `earshot explain`.
            UUID(bytes=row["report_id"]).hex[:8],
            f"{row['period_start']} to {row['period_end']}",
            row["tenant"],
            row["sponsor"],
            row["campaign"],
            row["cadence"],
            str(row["revision"]),
            row["state"],
            row["held_reason"] or "",
        )
    console.out.print(table if rows.height else "No report has been looked at yet.")


@reports.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--tenant", "tenants", multiple=True, metavar="SLUG", help="Only this tenant.")
def preview(folder: Path, tenants: tuple[str, ...]) -> None:
    """Write every frozen report to FOLDER, as it was sent, with an index to open in a browser."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        index = write_previews(warehouse, folder, tenants)
    console.out.print(f"Open {index}")


def write_previews(warehouse: Warehouse, folder: Path, tenants: tuple[str, ...] = ()) -> Path:
    """Previews of all frozen reports and their index; returns the index."""
    rows = warehouse.read("read_reports", states=["frozen"], tenants=_tenant_ids(warehouse, tenants))
    entries: list[IndexEntry] = []
    private_folder(folder, tighten=False)
    for row in rows.iter_rows(named=True):
        name = f"{row['tenant']}-{row['cadence']}-{row['period_start']}-{UUID(bytes=row['report_id']).hex[:8]}"
        files = read_files(warehouse, UUID(bytes=row["tenant_id"]), UUID(bytes=row["report_id"]))
        write_preview(folder / name, files)
        entries.append(
            IndexEntry(
                folder=name,
                subject=row["subject"],
                brand=row["brand"],
                sponsor=row["sponsor"],
                period=f"{row['period_start']} to {row['period_end']}",
                finding=row["finding"],
            )
        )
    return write_index(folder, entries)


def _tenant_ids(warehouse: Warehouse, names: tuple[str, ...]) -> list[UUID]:
    if names:
        return [warehouse.tenant_id(name) for name in names]
    return [UUID(bytes=tenant) for tenant in warehouse.tenants()["tenant_id"]]
