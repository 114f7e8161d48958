"""earshot sources: where each tenant's logs and orders lie, so that they come in by themselves.

Here: the commands. Not here: looking at sources and reading them (assets/importing/sources), when it is done
(pipelines/arrivals.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    read_object_states,
    remove_source,
    retry_objects,
)
from assets.importing.sources.places import FoundObject, Place, SourceUnavailableError, check_place, find_objects
from assets.importing.sources.reading import due_objects
from assets.orders import SHOPS
from assets.orders.shops import named_shop
from assets.orders.storing import find_sponsor
from pipelines import console, runtime
from pipelines.commands.importing.orders import zone_or_refusal
from pipelines.commands.importing.person import person
from pipelines.commands.importing.stores import place_options, store_options
from pipelines.settings import load_settings
from sql.values import PermanentError
from sql.warehouse import Warehouse

# As many as one looks through.
SHOWN = 20

EMPTY_SO_FAR = "nothing is there yet: if logs should be, check the bucket, the prefix and its spelling"
EMPTY_NOW = "it is empty now: what was read there has been removed since; what was imported of it stays"


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
    "--kind", type=click.Choice(["logs", "orders"]), default="logs", show_default=True, help="What lies there."
)
@click.option(
    "--format", "format_name", type=click.Choice(list(FORMATS)), help="How logs are written; needed for them."
)
@click.option("--fields", default="", metavar='"NAME NAME ..."', help="Of logs: as for `earshot import`.")
@click.option(
    "--map",
    "mapping",
    metavar="FILE|NAME",
    help="A mapping of yours instead of a format's; of orders also a shop's name.",
)
@click.option("--trusted-proxy", "trusted", multiple=True, metavar="NETWORK", help="Of logs: a proxy that is believed.")
@click.option("--sponsor", metavar="NAME", help="Of orders: whose they are; needed for them.")
@click.option("--currency", metavar="CODE", help="Of orders: the currency of amounts that name none.")
@click.option("--time-zone", "timezone", metavar="ZONE", help="Of orders: of times that do not say theirs.")
@store_options
def add(
    title: str,
    location: str,
    kind: str,
    format_name: str | None,
    fields: str,
    mapping: str | None,
    trusted: tuple[str, ...],
    sponsor: str | None,
    currency: str | None,
    timezone: str | None,
    **store: str | bool | None,
) -> None:
    """Look at LOCATION for a tenant from now on: a path, a folder, a pattern, or s3://, gs:// or az://.

    Logs lie there, or exports of a sponsor's shop (--kind orders), which are read as by `earshot import-orders`.

    An address means every object that begins with it. Logins come from the environment, a profile or the machine's
    role, never from here. Entered again, a source is changed, and what was read of it is not read again.
    """
    slug, slash, name = title.partition("/")
    if not slash:
        raise PermanentError(f"{title!r} is no name of a source: write TENANT/NAME, such as north/cdn")
    place = Place(location, place_options(store))
    check_place(place)
    _refuse_others(kind, {"--format": format_name, "--fields": fields, "--trusted-proxy": trusted}, "logs")
    _refuse_others(kind, {"--sponsor": sponsor, "--currency": currency, "--time-zone": timezone}, "orders")
    with runtime.open_warehouse(load_settings()) as warehouse:
        owner = warehouse.tenant_id(slug)
        if kind == "orders":
            form, reading = mapping or "orders", _orders(warehouse, owner, sponsor, mapping, currency, timezone)
            words = f"orders of {sponsor}"
        else:
            form, reading = _logs(format_name, fields.replace(",", " ").split(), mapping, trusted)
            words = FORMATS[form].title
        source = Source(
            tenant=owner,
            tenant_slug=slug,
            name=name,
            kind="orders" if kind == "orders" else "requests",
            place=place,
            format_name=form,
            entered_by=person(),
            reading=reading,
        )
        found = _look(source)
        add_source(warehouse, source)
    console.out.print(f"{source.title} is entered: {location}, read as {words}")
    if found:
        console.out.print(f"{len(found):,} objects are there; they are imported within minutes while Dagster runs")
    elif found is not None:
        console.out.print(EMPTY_SO_FAR)


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
        states = read_object_states(warehouse, source)
    due = due_objects(found, states, datetime.now(UTC))
    aside = [(name, bad) for name, bad in states.items() if bad.state == "quarantined"]
    there = {each.name for each in found}
    console.out.print(f"{source.title}: {len(found):,} objects at {source.place.location}")
    if not found:
        console.out.print(EMPTY_NOW if states else EMPTY_SO_FAR)
    console.out.print(f"{len(there & states.keys()):,} were read before, {len(due):,} are due")
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


def _refuse_others(kind: str, given: Mapping[str, object], of: str) -> None:
    """Raises PermanentError for an option of another kind of source."""
    strange = [option for option, value in given.items() if value]
    if strange and kind != of:
        raise PermanentError(f"{', '.join(strange)} is of a source of {of}, and this one is of {kind} (--kind)")


def _logs(
    format_name: str | None, fields: list[str], mapping: str | None, trusted: Sequence[str]
) -> tuple[str, dict[str, str]]:
    """The format, and how logs are read, as a source keeps it. Raises PermanentError for what cannot read them."""
    if format_name is None:
        raise PermanentError(f"say how the logs are written: --format with one of {', '.join(FORMATS)}")
    if mapping and not Path(mapping).is_file():
        raise PermanentError(f"--map names {mapping!r}, and there is no such file")
    parser_of(load_mapping(Path(mapping)) if mapping else format_name, fields)
    TrustedProxies.of(trusted)
    where = str(Path(mapping).absolute()) if mapping else ""
    options = {"fields": " ".join(fields), "map": where, "trusted": " ".join(trusted)}
    return format_name, {name: value for name, value in options.items() if value}


def _orders(
    warehouse: Warehouse,
    owner: UUID,
    sponsor: str | None,
    mapping: str | None,
    currency: str | None,
    timezone: str | None,
) -> dict[str, str]:
    """How orders are read, as a source keeps it. Raises PermanentError for what cannot read them."""
    if sponsor is None:
        raise PermanentError("say whose orders these are: --sponsor NAME")
    named_shop(mapping)
    options = {
        "sponsor": str(find_sponsor(warehouse, owner, sponsor)[0]),
        "map": str(Path(mapping).absolute()) if mapping and mapping not in SHOPS else mapping,
        "currency": currency,
        "time_zone": zone_or_refusal(timezone) if timezone else None,
    }
    return {name: value for name, value in options.items() if value}


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
