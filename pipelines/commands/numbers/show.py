"""earshot show: the rows of a table, of one tenant, on the screen or in a file.

Here: the command, its listing of tables, and the formats.
Not here: the statement that is read (sql/schema/browsing.py), what tables mean (sql/catalogue.toml).
"""

from __future__ import annotations

import io
import sys
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
import polars as pl
from rich.table import Table
from rich.text import Text

from pipelines import console, runtime
from pipelines.settings import load_settings
from reports.rendering.csv import harmless
from sql.schema.browsing import Choice, count_of, find_relation, parse_condition, rows_of
from sql.schema.catalogue import Relation
from sql.values import PermanentError
from sql.warehouse import Warehouse

DAY_TYPE = click.DateTime(["%Y-%m-%d"])

# As many rows as a person looks through; a file gets all of them.
ON_A_SCREEN = 50

# The same in every row of a screen, or of no use to the eye.
NOT_ON_A_SCREEN = ("tenant_id", "run_id")

MOMENT = "%Y-%m-%dT%H:%M:%S%.fZ"

FORMATS = ("table", "csv", "json", "parquet")


@click.command()
@click.argument("table", required=False)
@click.option("--tenant", metavar="SLUG", help="Whose rows; needed where there are several tenants.")
@click.option("--from", "first", type=DAY_TYPE, metavar="DAY", help="First UTC day; rows come in order of time then.")
@click.option("--to", "last", type=DAY_TYPE, metavar="DAY", help="Last UTC day, included.")
@click.option("--columns", metavar="A,B", help="Only these columns, in this order.")
@click.option("--where", "conditions", multiple=True, metavar="COLUMN=VALUE", help="Also >, >=, <, <=, !=; repeatable.")
@click.option("--limit", type=click.IntRange(min=0), help=f"Rows at most; 0: all. {ON_A_SCREEN} on a screen.")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="A file instead of the screen.")
@click.option("--describe", is_flag=True, help="What the table and each of its columns mean, instead of its rows.")
@click.option("--markdown", is_flag=True, help="The same of every table, as a page.")
def show(
    table: str | None,
    tenant: str | None,
    first: datetime | None,
    last: datetime | None,
    columns: str | None,
    conditions: tuple[str, ...],
    limit: int | None,
    kind: str,
    output: Path | None,
    describe: bool,
    markdown: bool,
) -> None:
    """The rows of TABLE, newest first; without TABLE, which tables there are and what they hold.

    What is shown is the view of this name in the schema bi: rows of one tenant, ids as text with names beside them.
    """
    with runtime.open_warehouse(load_settings()) as warehouse:
        relations = warehouse.relations()
        if markdown:
            write_rows(tables_page(relations).encode(), output)
            return
        if table is None:
            console.out.print(_listing(relations))
            return
        relation = find_relation(table, relations)
        if describe:
            _describe(relation)
            return
        column_names = tuple(each.strip() for each in columns.split(",")) if columns else ()
        choice = Choice(
            first.date() if first else None,
            last.date() if last else None,
            column_names,
            tuple(parse_condition(each) for each in conditions),
        )
        tenant_id = the_tenant(warehouse, tenant)
        is_screen = kind == "table"
        row_limit = limit if limit is not None else ON_A_SCREEN if is_screen else 0
        doing = f"Reading {relation.name}"
        # Reading one more than is shown shows whether there are more; only then are they counted.
        rows = warehouse.look(tenant_id, rows_of(relation, choice, row_limit + 1 if row_limit else None), doing)
        more = 0
        if row_limit and rows.height > row_limit:
            more = warehouse.look(tenant_id, count_of(relation, choice), doing)["rows"].item() - row_limit
            rows = rows.head(row_limit)
    if is_screen and output is None:
        hidden = () if column_names else NOT_ON_A_SCREEN
        console.out.print(screen_table(rows.drop(*hidden, strict=False)) if rows.height else "No rows.")
    else:
        write_rows(file_of(rows, "csv" if is_screen else kind), output)
    if more:
        remark = f"{more:,} more rows; --limit 0 shows all, --from, --to and --where fewer"
        console.err.print(Text(remark))


def the_tenant(warehouse: Warehouse, name: str | None) -> UUID:
    """The tenant of this name, or the only one. Raises PermanentError where there are several to choose from."""
    if name is not None:
        return warehouse.tenant_id(name)
    tenants = warehouse.tenants()
    if tenants.height != 1:
        slugs = ", ".join(tenants["slug"].head(10)) or "none yet"
        raise PermanentError(f"Say whose rows: --tenant SLUG; there are {slugs}")
    return UUID(bytes=tenants["tenant_id"].item())


def screen_table(rows: pl.DataFrame) -> Table:
    """A table for the eye: numbers to the right, moments in UTC."""
    table = Table(box=None, pad_edge=False)
    for name, kind in rows.schema.items():
        table.add_column(name, justify="right" if kind.is_numeric() else "left", no_wrap=True)
    for row in rows.iter_rows():
        table.add_row(*map(_cell, row))
    return table


def _cell(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.4f}".rstrip("0").rstrip(".")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case _:
            return str(value)


def file_of(rows: pl.DataFrame, kind: str) -> bytes:
    """The rows as CSV, JSON or Parquet. Moments are written in UTC."""
    written = io.BytesIO()
    match kind:
        case "csv":
            _in_cells(rows).write_csv(written, datetime_format=MOMENT)
        case "json":
            moments = [name for name, dtype in rows.schema.items() if isinstance(dtype, pl.Datetime)]
            rows.with_columns(pl.col(moments).dt.to_string(MOMENT)).write_json(written)
            written.write(b"\n")
        case _:
            rows.write_parquet(written)
    return written.getvalue()


def _in_cells(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with every text as a spreadsheet may open it."""
    texts = [name for name, kind in rows.schema.items() if kind == pl.String]
    cells = {name: [None if each is None else harmless(each) for each in rows[name]] for name in texts}
    return rows.with_columns(pl.Series(name, values, dtype=pl.String) for name, values in cells.items())


def write_rows(body: bytes, output: Path | None) -> None:
    """To the file, which only its owner may read because rows may hold personal data, or to the standard output."""
    if output is None and sys.stdout.isatty():
        console.page(body.decode("utf-8", "replace"))
        return
    if output is None:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
        return
    console.write_output(output, body)
    console.err.print(f"Written to {output}")


def _listing(relations: list[Relation]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("table", "what it holds"):
        table.add_column(heading, no_wrap=heading == "table")
    for relation in relations:
        if relation.schema == "bi":
            table.add_row(Text(relation.name), Text(relation.comment or ""))
    return table


def _describe(relation: Relation) -> None:
    console.out.print(Text(f"{relation.name}: {relation.comment or ''}"))
    table = Table(box=None, pad_edge=False)
    for heading in ("column", "type", "meaning"):
        table.add_column(heading, no_wrap=heading != "meaning")
    for column in relation.columns:
        table.add_row(Text(column.name), Text(column.type), Text(column.comment or ""))
    console.out.print(table)


def tables_page(relations: list[Relation]) -> str:
    """docs/tables.md: every relation of the schema bi with its columns."""
    parts = [
        "# Every table and column",
        "Made by `earshot show --markdown -o docs/tables.md` from the comments in the database, whose words are in "
        "`sql/catalogue.toml`. All are in the schema `bi`; [analysts](analysts.md#logging-in) says how to read them.",
    ]
    for relation in relations:
        if relation.schema == "bi":
            lines = [
                f"| `{each.name}` | {each.type} | {(each.comment or '').replace('|', '/')} |"
                for each in relation.columns
            ]
            head = f"## {relation.name}\n\n{relation.comment}\n\n| column | type | meaning |\n|---|---|---|\n"
            parts.append(head + "\n".join(lines))
    return "\n\n".join(parts) + "\n"
