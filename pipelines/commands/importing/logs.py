"""earshot import: server logs and other services' exports become raw listener events.

Here: the command and its options, and going over many objects.
Not here: formats, ids, storing (assets/importing), what the requests are worth (assets/listening), the words of its
summary (summary.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import click

from assets.importing import ImportSummary, LogImport, import_batches, open_log
from assets.importing.addresses import TrustedProxies
from assets.importing.mappings.mapping import LogMapping
from assets.importing.sources.places import STDIN, FoundObject, Place, find_objects, opened, standard_input
from pipelines import console, runtime
from pipelines.backfill.progress import Advance, progress_bar
from pipelines.commands.importing.person import person
from pipelines.commands.importing.reading import chosen_mapping, files_of, print_explanation, reading_options
from pipelines.commands.importing.rejects import RejectFile
from pipelines.commands.importing.stores import place_options, store_options
from pipelines.commands.importing.summary import object_line, summary_lines, total_of
from pipelines.first_day import describe_first_day_change, save_first_day
from pipelines.settings import Settings, load_settings
from sql.failures import cause_of
from sql.values import PermanentError
from sql.warehouse import Warehouse

# What the command ends with where everything was stored and a person should look at it, and where an object was not.
DOUBTFUL, FAILED = 3, 1


@click.command("import")
@click.argument("places", metavar="PLACE...", nargs=-1, required=True)
@click.option("--tenant", metavar="SLUG", help="Whose requests these are; --explain needs none.")
@reading_options
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
@store_options
def import_command(
    places: tuple[str, ...],
    tenant: str | None,
    format_name: str | None,
    map_file: Path | None,
    proxies: tuple[str, ...],
    is_explained: bool,
    dry_run: bool,
    rejects: Path | None,
    fields: str,
    force: bool,
    **store: str | bool | None,
) -> None:
    """Import logs as raw listener events. Importing one again changes nothing.

    A PLACE is a file, a folder, a pattern, - for the standard input, or an address such as s3://bucket/prefix/. The
    days are computed by themselves while Dagster runs, or at once by `earshot backfill`.

    What looks wrong is refused, or stored with a warning: the command ends with 3 then, with 1 where something could
    not be imported. `earshot imports undo` takes an import back.
    """
    settings = load_settings()
    options = place_options(store)
    todo = [each for place in places for each in objects_of(place, options, rejects)]
    mapping, names = chosen_mapping(format_name, map_file), fields.replace(",", " ").split()
    if is_explained:
        _explain(settings, tenant, todo, mapping, names, proxies)
        return
    if tenant is None:
        raise PermanentError("say whose requests these are: --tenant SLUG")
    with runtime.open_warehouse(settings) as warehouse:
        task = LogImport(
            tenant=warehouse.tenant_id(tenant),
            tenant_slug=tenant,
            object="",
            format_name=mapping.name if mapping else "",
            mapping=mapping,
            trusted=TrustedProxies.of(proxies),
            started_by=person(),
            fields=names,
            is_dry_run=dry_run,
            is_forced=force,
        )
        if len(todo) == 1:
            (only,) = todo
            done, failed = _import(warehouse, task, only), 0
            for line in summary_lines(done, tenant, dry_run, only.rejects.path):
                console.out.print(line)
        else:
            done, failed = import_all(warehouse, task, todo)
            for line in summary_lines(done, tenant, dry_run, rejects or Path("the .rejects.tsv files")):
                console.out.print(line)
        change = save_first_day(settings, warehouse) if done.stored else None
    for line in describe_first_day_change(change):
        console.out.print(line)
    for doubt in done.doubts:
        console.err.print(f"Look at this: {doubt}.")
    click.get_current_context().exit(FAILED if failed else DOUBTFUL if done.doubts else 0)


@dataclass(frozen=True, slots=True)
class Todo:
    """One object to import. open: its content as a local file."""

    name: str
    version: str | None
    bytes: int | None
    open: Callable[[], AbstractContextManager[Path]]
    rejects: RejectFile


def _explain(
    settings: Settings,
    tenant: str | None,
    todo: list[Todo],
    mapping: LogMapping | None,
    fields: list[str],
    proxies: tuple[str, ...],
) -> None:
    """Show how each object would be read; against the files of a tenant, where one is named."""
    media = None
    if tenant is not None:
        with runtime.open_warehouse(settings) as warehouse:
            media = files_of(warehouse, tenant)
    for each in todo:
        with each.open() as path, path.open("rb") as content:
            print_explanation(each.name, content, mapping, fields, proxies, media)


def objects_of(place: str, options: dict[str, str], rejects: Path | None) -> Iterator[Todo]:
    """What a place means. Raises PermanentError where nothing is there."""
    shared = RejectFile(rejects) if rejects else None
    if place == STDIN:
        yield Todo(
            "standard input", None, None, standard_input, shared or RejectFile(Path("standard-input.rejects.tsv"))
        )
        return
    found = find_objects(Place(place, options))
    if not found:
        raise PermanentError(f"{place} holds no log: there is no object in it, or only empty and hidden ones")
    for each in found:
        beside = Path(each.path) if each.place.is_local else Path(PurePosixPath(each.path).name)
        own = RejectFile(beside.with_name(f"{beside.name}.rejects.tsv"))
        if rejects and each.place.is_local and rejects.absolute() == Path(each.path):
            raise PermanentError(f"--rejects names the log {each.path} itself: give another file")
        yield _todo(each, shared or own)


def _todo(found: FoundObject, rejects: RejectFile) -> Todo:
    return Todo(found.name, found.version, found.bytes, lambda: opened(found), rejects)


def _import(warehouse: Warehouse, task: LogImport, todo: Todo) -> ImportSummary:
    """One object, with its progress."""
    with todo.open() as path, progress_bar(f"Importing {PurePosixPath(todo.name).name}", todo.bytes) as advance:
        task = replace(task, object=todo.name, version=todo.version)
        with path.open("rb") as content:
            return import_batches(warehouse, task, open_log(todo.name, content), todo.rejects.add, _by_place(advance))


def import_all(warehouse: Warehouse, task: LogImport, todo: list[Todo]) -> tuple[ImportSummary, int]:
    """Each object, and how many could not be imported: those are named, and the others are."""
    done, failed = [], 0
    for each in todo:
        try:
            summary = _import(warehouse, task, each)
        except PermanentError as error:
            failed += 1
            console.print_error(f"{each.name} is not imported: {cause_of(error)}")
            continue
        done.append(summary)
        console.out.print(object_line(each.name, summary))
    if not done:
        raise PermanentError(f"None of the {len(todo)} objects could be imported")
    return total_of(done), failed


def _by_place(advance: Advance) -> Callable[[int, str], None]:
    """Progress by the place in the file on disk, which a gzip file has too."""
    read_so_far = 0

    def progress(bytes_read: int, item: str) -> None:
        nonlocal read_so_far
        advance(item, bytes_read - read_so_far)
        read_so_far = bytes_read

    return progress
