"""earshot sources: where each tenant's logs and orders lie, so that they come in by themselves.

Here: the commands. Not here: looking at sources and reading them (assets/importing/sources), when it is done
(pipelines/arrivals.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from assets.importing import FORMATS, parser_of
from assets.importing.addresses import TrustedProxies
from assets.importing.mappings.mapping import load_mapping
from assets.importing.sources.configured import (
    Source,
    add_source,
    find_source,
    known_objects,
    remove_source,
    retry_objects,
)
from assets.importing.sources.places import FoundObject, Place, SourceUnavailableError, check_place, find_objects
from assets.importing.sources.reading import due_objects
from pipelines import console, runtime
from pipelines.commands.importing.person import person
from pipelines.commands.importing.stores import place_options, store_options
from pipelines.settings import load_settings
from sql.values import PermanentError
from sql.warehouse import Warehouse

MAPPING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

# As many as one looks through.
SHOWN = 20


@click.group()
def sources() -> None:
    """Where logs and orders lie: files, folders and object stores that are looked at by themselves.

    A source is named TENANT/NAME. While Dagster runs, its new and changed objects are imported within minutes, each
    once; one that cannot be read is set aside, and the next comes.
    """


@sources.command()
@click.argument("title", metavar="TENANT/NAME")
@click.argument("location")
@click.option(
    "--format", "format_name", type=click.Choice(list(FORMATS)), required=True, help="How objects are written."
)
@click.option("--fields", default="", metavar='"NAME NAME ..."', help="As for `earshot import`.")
@click.option("--map", "mapping", type=MAPPING_FILE, help="A mapping of yours instead of a format's.")
@click.option("--trusted-proxy", "trusted", multiple=True, metavar="NETWORK", help="A proxy that is believed.")
@store_options
def add(
    title: str,
    location: str,
    format_name: str,
    fields: str,
    mapping: Path | None,
    trusted: tuple[str, ...],
    **store: str | bool | None,
) -> None:
    """Look at LOCATION for a tenant from now on: a path, a folder, a pattern, or s3://, gs:// or az://.

    An address means every object that begins with it. Logins come from the environment, a profile or the machine's
    role, never from here. Entered again, a source is changed, and what was read of it is not read again.
    """
    slug, slash, name = title.partition("/")
    if not slash:
        raise PermanentError(f"{title!r} is no name of a source: write TENANT/NAME, such as north/cdn")
    place = Place(location, place_options(store))
    check_place(place)
    reading = _reading(format_name, fields.replace(",", " ").split(), mapping, trusted)
    with runtime.open_warehouse(load_settings()) as warehouse:
        source = Source(
            tenant=warehouse.tenant_id(slug),
            tenant_slug=slug,
            name=name,
            kind="requests",
            place=place,
            format_name=format_name,
            entered_by=person(),
            reading=reading,
        )
        found = _look(source)
        add_source(warehouse, source)
    console.out.print(f"{source.title} is entered: {location}, read as {FORMATS[format_name].title}")
    if found is not None:
        console.out.print(f"{len(found):,} objects are there; they are imported within minutes while Dagster runs")


@sources.command("list")
@click.option("--tenant", "tenants", multiple=True, metavar="SLUG", help="Only this tenant.")
def list_sources(tenants: tuple[str, ...]) -> None:
    """Every source: where it is, and how many of its objects are imported, set aside and waiting."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        ids = [warehouse.tenant_id(name) for name in tenants] or _everyone(warehouse)
        found = warehouse.rows("read_import_sources", tenants=ids)
    if not found:
        console.out.print("No tenant has a source yet; `earshot sources add` enters one.")
        return
    table = console.text_table("source", "location", "format", "imported", "set aside", "due", "last read (UTC)", "by")
    for row in found:
        table.add_row(*_cells(row))
    console.out.print(table)


@sources.command()
@click.argument("title", metavar="TENANT/NAME")
def remove(title: str) -> None:
    """Look at a source no more. What was imported stays."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        source = find_source(warehouse, title)
        remove_source(warehouse, source)
    console.out.print(f"{source.title} is looked at no more; what was imported from {source.place.location} stays")


@sources.command()
@click.argument("title", metavar="TENANT/NAME")
def check(title: str) -> None:
    """Look at a source now: what is there, what is due, what is set aside and why. Imports nothing."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        source = find_source(warehouse, title)
        found = find_objects(source.place)
        known = known_objects(warehouse, source)
    due = due_objects(found, known, datetime.now(UTC))
    aside = [(name, bad) for name, bad in known.items() if bad.state == "quarantined"]
    there = {each.name for each in found}
    console.out.print(f"{source.title}: {len(found):,} objects at {source.place.location}")
    console.out.print(f"{len(there & known.keys()):,} were read before, {len(due):,} are due")
    for each, _ in due[:SHOWN]:
        console.out.print(f"  due: {each.name}{_size(each)}")
    if len(due) > SHOWN:
        console.out.print(f"  and {len(due) - SHOWN:,} more")
    for name, bad in aside[:SHOWN]:
        console.out.print(f"  set aside {bad.attempts} time(s): {name}: {bad.reason}")
    if aside:
        console.out.print(f"read them again: earshot sources retry {source.title} (--force: even if they look wrong)")


@sources.command()
@click.argument("title", metavar="TENANT/NAME")
@click.argument("objects", nargs=-1)
@click.option("--force", is_flag=True, help="Store what looks wrong, too.")
def retry(title: str, objects: tuple[str, ...], force: bool) -> None:
    """Read objects that are set aside again, or those that are named, whatever became of them."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        source = find_source(warehouse, title)
        count = retry_objects(warehouse, source, objects, is_forced=force)
    if count:
        console.out.print(f"{count:,} object(s) of {source.title} are read again within minutes while Dagster runs")
    else:
        console.out.print(f"Nothing of {source.title} is set aside.")


def _reading(format_name: str, fields: list[str], mapping: Path | None, trusted: Sequence[str]) -> dict[str, str]:
    """How objects are read, as a source keeps it. Raises PermanentError for what they cannot be read by."""
    parser_of(load_mapping(mapping) if mapping else format_name, fields)
    TrustedProxies.of(trusted)
    kept = {"fields": " ".join(fields), "map": str(mapping.absolute()) if mapping else "", "trusted": " ".join(trusted)}
    return {name: value for name, value in kept.items() if value}


def _look(source: Source) -> list[FoundObject] | None:
    """What is there now. A store that is away is no reason not to enter it; one that refuses is."""
    try:
        return find_objects(source.place)
    except SourceUnavailableError as error:
        console.err.print(f"{error}. The source is entered all the same, and looked at every five minutes.")
        return None


def _everyone(warehouse: Warehouse) -> Sequence[UUID]:
    return [UUID(bytes=each) for each in warehouse.tenants()["tenant_id"]]


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        f"{row['tenant']}/{row['name']}",
        row["location"],
        row["format"],
        *(f"{row[name]:,}" for name in ("imported", "quarantined", "due")),
        f"{row['read_at']:%Y-%m-%d %H:%M}" if row["read_at"] else "never",
        row["entered_by"],
    ]


def _size(found: FoundObject) -> str:
    return "" if found.bytes is None else f" ({found.bytes:,} bytes)"
