"""earshot catalogue export: what the database has, as files that `plan` finds no difference to.

Here: the command, and which file holds what.
Not here: the text of the files (assets/catalogue/exporting.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import click

from assets.catalogue.exporting import csv_text, items_of, yaml_text
from assets.catalogue.kinds import KINDS
from pipelines import console, runtime
from pipelines.commands.catalogue.reading import read_state
from pipelines.settings import load_settings
from sql.safety.private import private_folder, write_private
from sql.warehouse import Warehouse


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--tenant", "tenants", multiple=True, metavar="SLUG", help="Only this tenant.")
@click.option("--only", "kinds", multiple=True, type=click.Choice(list(KINDS)), help="Only this list.")
@click.option("--format", "form", type=click.Choice(["yaml", "csv"]), default="yaml", show_default=True)
def export(folder: Path, tenants: tuple[str, ...], kinds: tuple[str, ...], form: str) -> None:
    """Write the catalogue into FOLDER: a YAML file for each tenant, or a CSV file for each list.

    Recipients of reports are among it, so the files are readable by their owner alone.
    """
    chosen = kinds or tuple(KINDS)
    with runtime.open_warehouse(load_settings()) as warehouse:
        files = list(export_files(warehouse, tenants, chosen, form))
    private_folder(folder, tighten=False)
    for name, text in files:
        write_private(folder / name, text)
        console.out.print(str(folder / name))
    if not files:
        console.out.print("There is nothing to write yet.")


def export_files(
    warehouse: Warehouse, tenants: Sequence[str], kinds: Sequence[str], form: str
) -> Iterator[tuple[str, str]]:
    """The name and the text of each file. Raises PermanentError for a tenant that is not there."""
    ids = {row["slug"]: row["tenant_id"] for row in warehouse.rows("read_tenants")}
    chosen = warehouse.slugs(tenants) if tenants else sorted(ids)
    with warehouse.transaction() as connection:
        states = [read_state(connection, slug, UUID(str(ids[slug]))) for slug in chosen]
        shared = read_state(connection, "", None)
    own = [KINDS[name] for name in kinds if KINDS[name].of_tenant]
    common = [KINDS[name] for name in kinds if not KINDS[name].of_tenant]
    if form == "yaml":
        lists = [(state.slug, {kind.name: items_of(state, kind) for kind in own}) for state in states]
        yield from ((f"{slug}.yaml", yaml_text(each, slug)) for slug, each in lists if any(each.values()))
        rates = {kind.name: items_of(shared, kind) for kind in common}
        if any(rates.values()):
            yield "rates.yaml", yaml_text(rates)
        return
    for kind in own:
        named = [{} if kind.name == "tenants" else {"tenant": state.slug} for state in states]
        items = [{**who, **item} for state, who in zip(states, named, strict=True) for item in items_of(state, kind)]
        if items:
            yield f"{kind.name}.csv", csv_text(kind.name, items)
    for kind in common:
        if items := items_of(shared, kind):
            yield f"{kind.name}.csv", csv_text(kind.name, items)
