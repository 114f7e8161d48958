"""earshot import: a server log or another service's export becomes raw listener events.

Here: the command and its options.
Not here: formats, ids, storing (assets/importing), what the requests are worth (assets/listening), the words of its
summary (summary.py).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from assets.importing import FORMATS, LogImport, import_batches, read_batches
from pipelines import console, runtime
from pipelines.backfill.progress import Advance, progress_bar
from pipelines.commands.importing.person import person
from pipelines.commands.importing.rejects import RejectFile
from pipelines.commands.importing.summary import summary_lines
from pipelines.first_day import describe_first_day_change, save_first_day
from pipelines.settings import load_settings
from sql.values import PermanentError


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format", "format_name", type=click.Choice(list(FORMATS)), required=True, help="How the file is written."
)
@click.option("--tenant", required=True, metavar="SLUG", help="Whose requests these are.")
@click.option("--dry-run", is_flag=True, help="Read everything and say what would happen; store nothing.")
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the lines that cannot be read, with the reason. Default: FILE.rejects.tsv.",
)
@click.option(
    "--fields",
    default="",
    metavar='"NAME NAME ..."',
    help="Names of the columns of a real-time log whose configuration does not have all of them, in its order.",
)
@click.option("--force", is_flag=True, help="Store what looks wrong, too: most lines rejected, another tenant's files.")
@click.pass_context
def import_command(
    context: click.Context,
    file: Path,
    format_name: str,
    tenant: str,
    dry_run: bool,
    rejects: Path | None,
    fields: str,
    force: bool,
) -> None:
    """Import a log FILE, plain or gzip, as raw listener events. Importing it again changes nothing.

    The days that it holds are computed by themselves while Dagster runs, or at once by `earshot backfill`. What looks
    wrong is refused, or stored with a warning and exit code 3; `earshot imports undo` takes an import back.
    """
    rejects_path = rejects or file.with_name(f"{file.name}.rejects.tsv")
    if rejects_path.absolute() == file.absolute():
        raise PermanentError(f"--rejects names the log {file} itself: give another file")
    settings = load_settings()
    with runtime.open_warehouse(settings) as warehouse:
        task = LogImport(
            tenant=warehouse.tenant_id(tenant),
            tenant_slug=tenant,
            object=str(file),
            format_name=format_name,
            started_by=person(),
            fields=fields.replace(",", " ").split(),
            is_dry_run=dry_run,
            is_forced=force,
        )
        size = file.stat().st_size if file.is_file() else None
        with progress_bar(f"Importing {file.name}", size) as advance:
            summary = import_batches(
                warehouse, task, read_batches(file), RejectFile(rejects_path).add, _by_place(advance)
            )
        change = save_first_day(settings, warehouse) if summary.stored else None
    for line in [*summary_lines(summary, tenant, dry_run, rejects_path), *describe_first_day_change(change)]:
        console.out.print(line)
    for doubt in summary.doubts:
        console.err.print(f"Look at this: {doubt}.")
    context.exit(3 if summary.doubts else 0)


def _by_place(advance: Advance) -> Callable[[int, str], None]:
    """Progress by the place in the file on disk, which a gzip file has too."""
    read_so_far = 0

    def progress(bytes_read: int, item: str) -> None:
        nonlocal read_so_far
        advance(item, bytes_read - read_so_far)
        read_so_far = bytes_read

    return progress
