"""earshot reports preview: reports as files to open in a browser, those that have not left as drafts.

Here: the command, and putting an index together.
Not here: the files and the page (reports/rendering/preview.py), building drafts (assets/reporting/drafting.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from pipelines import console, runtime
from pipelines.commands.reports.common import make_builder, tenant_ids, tenant_option
from pipelines.commands.reports.listing import describe, letters_needed
from pipelines.settings import load_settings
from reports.archive import STATES, read_files
from reports.rendering.preview import IndexEntry, write_index, write_preview
from sql.failures import cause_of, is_isolatable
from sql.safety.private import private_folder
from sql.values import PermanentError
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from assets.reporting.building import ReportBuilder

Row = Mapping[str, Any]


@click.command("preview")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("names", metavar="[REPORT]...", nargs=-1)
@tenant_option
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these; all by default.")
def preview(folder: Path, names: tuple[str, ...], tenants: tuple[str, ...], states: tuple[str, ...]) -> None:
    """Write reports to FOLDER as files, with an index by sponsor to open in a browser: those named, or all.

    What has left is there as it was sent. What has not is built as a draft from the data of this moment, and says so
    on top; but for that mark its files are those that would leave. Nothing is sent, frozen or changed.
    """
    settings = load_settings()
    with runtime.open_warehouse(settings) as warehouse:
        rows = warehouse.read("read_reports", states=list(states or STATES), tenants=tenant_ids(warehouse, tenants))
        chosen = _named(warehouse, rows.to_dicts(), names) if names else rows.to_dicts()
        index = write_reports(warehouse, folder, chosen, make_builder(settings, warehouse, dry_run=True))
    console.out.print(f"Open {index}")


def write_previews(warehouse: Warehouse, folder: Path, tenants: tuple[str, ...] = ()) -> Path:
    """Previews of all reports, what has not left without its files, and their index; returns the index."""
    rows = warehouse.read("read_reports", states=list(STATES), tenants=tenant_ids(warehouse, tenants))
    return write_reports(warehouse, folder, rows.to_dicts())


def write_reports(
    warehouse: Warehouse, folder: Path, rows: Sequence[Row], builder: ReportBuilder | None = None
) -> Path:
    """Previews of these reports (of read_reports) and their index; drafts only where there is a builder for them."""
    private_folder(folder, tighten=False)
    letters = letters_needed(row["report_id"] for row in rows)
    return write_index(folder, [_entry(warehouse, folder, row, builder, letters) for row in rows])


def _named(warehouse: Warehouse, rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    from assets.reporting.tracing.finding import find_row

    by_id = {row["report_id"]: row for row in rows}
    found = [find_row(warehouse, name) for name in names]
    if strange := [UUID(bytes=row["report_id"]).hex[:8] for row in found if row["report_id"] not in by_id]:
        raise PermanentError(f"Left out by --tenant or --state: {', '.join(strange)}. Name the report without them")
    return [by_id[row["report_id"]] for row in found]


def _entry(warehouse: Warehouse, folder: Path, row: Row, builder: ReportBuilder | None, letters: int) -> IndexEntry:
    state, note = describe(row)
    report_id = UUID(bytes=row["report_id"]).hex[:letters]
    entry = IndexEntry(
        folder="",
        subject=row["subject"] or f"{row['sponsor']}: {row['campaign']}",
        brand=row["brand"],
        sponsor=row["sponsor"],
        period=f"{row['period_start']} to {row['period_end']}",
        finding=row["finding"] or "",
        state=state,
        note=note,
        report=report_id,
        campaign=row["campaign"],
        cadence=row["cadence"],
        revision=row["revision"],
    )
    name = f"{row['tenant']}-{row['cadence']}-{row['period_start']}-{report_id}"
    return _with_files(warehouse, folder, name, row, builder, entry)


def _with_files(
    warehouse: Warehouse, folder: Path, name: str, row: Row, builder: ReportBuilder | None, entry: IndexEntry
) -> IndexEntry:
    """The entry with its files written beside it; a draft that cannot be built must not hide the other reports."""
    from dataclasses import replace

    if row["state"] in ("frozen", "waiting"):
        files = read_files(warehouse, UUID(bytes=row["tenant_id"]), UUID(bytes=row["report_id"]))
        mark = f"it waits for approval. {entry.note}" if row["state"] == "waiting" else ""
        write_preview(folder / name, files, mark)
        return replace(entry, folder=name, is_draft=bool(mark))
    if builder is None or row["state"] == "skipped":
        return entry
    from assets.reporting.drafting import draft_of

    try:
        draft = draft_of(builder, row)
        write_preview(folder / name, draft.report.files, f"not sent. {entry.note}")
    except BaseException as error:
        if not is_isolatable(error):
            raise
        return replace(entry, note=f"{entry.note} There is no draft: {cause_of(error)}")
    finding = str(draft.report.content["finding"])
    return replace(entry, folder=name, subject=draft.report.subject, finding=finding, is_draft=True)
