"""earshot import-orders: exports of shops become conversion signals.

Here: the command. Not here: columns, rows and storing (assets/orders), what an order is worth (assets/attribution).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from assets.importing import ImportSummary
from assets.orders import SHOPS, OrderImport, import_orders
from assets.orders.shops import named_shop
from assets.orders.storing import find_sponsor
from pipelines import console, runtime
from pipelines.commands.importing.logs import DOUBTFUL, FAILED, objects_of
from pipelines.commands.importing.person import person
from pipelines.commands.importing.stores import place_options, store_options
from pipelines.commands.importing.summary import computing_lines
from pipelines.first_day import describe_first_day_change, save_first_day
from pipelines.settings import load_settings
from sql.failures import cause_of
from sql.values import PermanentError


@click.command("import-orders")
@click.argument("places", metavar="PLACE...", nargs=-1, required=True)
@click.option("--tenant", required=True, metavar="SLUG", help="Whose sponsor it is.")
@click.option("--sponsor", required=True, metavar="NAME", help="Whose orders these are.")
@click.option("--map", "shop", metavar="NAME|FILE", help=f"{', '.join(SHOPS)}, or a file; else by the columns.")
@click.option("--currency", metavar="CODE", help="The currency of amounts that name none.")
@click.option("--time-zone", "timezone", default="UTC", show_default=True, help="Of times that do not say theirs.")
@click.option("--dry-run", is_flag=True, help="Read everything and say what would happen; store nothing.")
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the orders that cannot be taken, with the reason. Default: FILE.rejects.tsv.",
)
@click.option("--force", is_flag=True, help="Store what looks wrong, too: most rejected, another sponsor's codes.")
@store_options
def orders(
    places: tuple[str, ...],
    tenant: str,
    sponsor: str,
    shop: str | None,
    currency: str | None,
    timezone: str,
    dry_run: bool,
    rejects: Path | None,
    force: bool,
    **store: str | bool | None,
) -> None:
    """Import orders of a shop, CSV or JSON, as conversion signals. Importing one again changes nothing.

    A PLACE is what `earshot import` takes. An order is known again by its number, whatever export it is in. It ends
    with 3 where a person should look at what was stored; `earshot imports undo` takes an import back.
    """
    settings = load_settings()
    zone_or_refusal(timezone)
    todo = [each for place in places for each in objects_of(place, place_options(store), rejects)]
    doubts: list[str] = []
    failed = 0
    with runtime.open_warehouse(settings) as warehouse:
        owner = warehouse.tenant_id(tenant)
        whose, title = find_sponsor(warehouse, owner, sponsor)
        task = OrderImport(
            tenant=owner,
            sponsor=whose,
            sponsor_name=title,
            object="",
            started_by=person(),
            shop=named_shop(shop),
            currency=currency,
            timezone=timezone,
            is_dry_run=dry_run,
            is_forced=force,
        )
        for each in todo:
            try:
                with each.open() as path, path.open("rb") as content:
                    this = replace(task, object=each.name, version=each.version)
                    done = import_orders(warehouse, this, content, each.rejects.add)
            except PermanentError as error:
                if len(todo) == 1:
                    raise
                failed += 1
                console.print_error(f"{each.name} is not imported: {cause_of(error)}")
                continue
            for line in order_lines(each.name, done, tenant, dry_run, each.rejects.path):
                console.out.print(line)
            doubts += done.doubts
        change = save_first_day(settings, warehouse)
    for line in describe_first_day_change(change):
        console.out.print(line)
    for doubt in doubts:
        console.err.print(f"Look at this: {doubt}.")
    click.get_current_context().exit(FAILED if failed else DOUBTFUL if doubts else 0)


def zone_or_refusal(name: str) -> str:
    """The time zone of this name. Raises PermanentError where there is none."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PermanentError(f"There is no time zone {name!r}: write one such as Europe/Berlin") from None


def order_lines(name: str, summary: ImportSummary, tenant: str, dry_run: bool, rejects: Path) -> list[str]:
    """What an import of orders did, one fact a line."""
    lines = [f"{summary.lines:,} orders read of {name}"]
    if dry_run:
        lines.append(f"{summary.events:,} would be stored, unless they are there already (dry run)")
    else:
        lines.append(f"{summary.stored:,} stored, {summary.events - summary.stored:,} already there")
    lines.append(f"{summary.rejected:,} rejected; see {rejects}" if summary.rejected else "none rejected")
    if summary.example is not None:
        lines.append(f"codes that are none of this sponsor's, such as {summary.example}, lead to no placement")
    if summary.first is not None and summary.last is not None and not dry_run:
        lines.append(f"from {summary.first:%Y-%m-%d %H:%M:%S} to {summary.last:%Y-%m-%d %H:%M:%S} UTC")
        lines += computing_lines(summary.first.date(), summary.last.date(), tenant)
    if summary.number is not None:
        lines.append(f"this was import {summary.number}; earshot imports undo {summary.number} takes it back")
    return lines
