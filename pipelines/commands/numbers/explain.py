"""earshot explain: from a number of a report to its raw rows, and whether they still add up to it.

Here: the command and what it prints.
Not here: what numbers are and how they are recomputed (assets/reporting/tracing).
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
from rich.table import Table
from rich.text import Text

from assets.reporting.tracing.explaining import (
    Explained,
    Part,
    changes_since,
    explain,
    number_named,
    parts_of,
)
from assets.reporting.tracing.finding import Report, find_report
from pipelines import console, runtime
from pipelines.commands.numbers.show import DAY_TYPE, file_of, screen_table, write_rows
from pipelines.settings import load_settings
from sql.values import PermanentError
from sql.warehouse import Warehouse

# As many rows as a person looks through; csv gives all.
ON_A_SCREEN = 20

# For joining on, not for reading.
IDS = ("placement_id", "episode_id", "exposure_id", "conversion_id")


@click.command("explain")
@click.argument("report")
@click.argument("number", required=False)
@click.option("--model", metavar="NAME", help="Under another model of the report's table of models.")
@click.option("--campaign", metavar="NAME", help="Of one campaign of a report on several.")
@click.option("--placement", metavar="NAME", help="Of one placement.")
@click.option("--episode", metavar="TITLE", help="Of one episode.")
@click.option("--aired", metavar="DAY", help="Of the episode of this day, where several have one title.")
@click.option("--day", type=DAY_TYPE, metavar="DAY", help="Of one local day of the period: delivered or conversions.")
@click.option(
    "--rows", "rows_of", metavar="SET", help="Which rows: ads, earned or spend; by default the first that it has."
)
@click.option(
    "--limit", type=click.IntRange(min=0), default=ON_A_SCREEN, show_default=True, help="Rows at most; 0: all."
)
@click.option(
    "--format", "kind", type=click.Choice(["text", "sql", "csv", "json", "parquet"]), default="text", show_default=True
)
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="A file for csv, json or parquet."
)
def explain_command(
    report: str,
    number: str | None,
    model: str | None,
    campaign: str | None,
    placement: str | None,
    episode: str | None,
    aired: str | None,
    day: datetime | None,
    rows_of: str | None,
    limit: int,
    kind: str,
    output: Path | None,
) -> None:
    """Where NUMBER of REPORT comes from: what it is, its SQL, its raw rows, and whether they still add up to it.

    REPORT is the beginning of a report's id, or the reference at its foot. Without NUMBER, every number that the report
    prints is computed again and compared. The SQL runs as it stands for every login that may read the schema bi.
    Exit code 1: a number is another one today.
    """
    part = Part(model, campaign, placement, episode, aired, day.date() if day else None)
    with runtime.open_warehouse(load_settings()) as warehouse:
        found = find_report(warehouse, report)
        if number is None:
            compared = [
                (each, part) for part, names in parts_of(found) for each in explain(warehouse, found, names, part)
            ]
            _print_all(found, compared)
        else:
            (one,) = explain(warehouse, found, [number_named(number).name], part)
            compared = [(one, part)]
            chosen = _chosen_rows(one, rows_of)
            if kind == "text":
                _print_one(warehouse, found, one, chosen, limit)
            elif kind == "sql":
                console.page(f"{one.sql};\n")
            else:
                write_rows(file_of(warehouse.look(found.tenant, one.rows[chosen], f"Reading {chosen}"), kind), output)
        if not all(each.is_equal for each, _part in compared):
            _print_why(warehouse, found)
            sys.exit(1)


def _chosen_rows(one: Explained, wanted: str | None) -> str:
    sets = list(one.rows)
    if wanted is None:
        return sets[0]
    if wanted not in sets:
        raise PermanentError(f"{one.number.name} is made of the rows {' and '.join(sets)}, and of no {wanted!r}")
    return wanted


def _heading(report: Report) -> str:
    row = report.row
    what = report.content["header"]["title"]
    days = f"{row['period_start']} to {row['period_end']} ({row['timezone']})"
    made = f"revision {row['revision']}, under the model {report.parameters['model']}"
    return f"Report {UUID(bytes=row['report_id'])} of {row['tenant']} for {row['sponsor']}: {what}, {days}, {made}"


def _print_all(report: Report, compared: list[tuple[Explained, Part]]) -> None:
    console.out.print(Text(_heading(report)))
    table = Table(box=None, pad_edge=False)
    for place, heading in enumerate(("number", "of", "report", "rows today", "", "what it is")):
        table.add_column(heading, justify="right" if place in (2, 3) else "left", no_wrap=place < 5)
    for each, part in compared:
        of = " · ".join(word for word in (part.model, part.campaign, part.placement, part.episode) if word)
        words = (
            each.number.name,
            of,
            each.printed or "not printed",
            each.recomputed,
            _verdict(each),
            each.number.meaning,
        )
        table.add_row(*(Text(word) for word in words))
    console.out.print(table)


def _verdict(each: Explained) -> str:
    return "DIFFERS" if not each.is_equal else "" if each.printed is None else "equal"


def _print_one(warehouse: Warehouse, report: Report, one: Explained, chosen: str, limit: int) -> None:
    console.out.print(Text(_heading(report)))
    console.out.print(Text(f"{one.number.name}: {one.number.meaning}"))
    printed = "it is not printed in the report" if one.printed is None else f"the report says {one.printed}"
    verdict = {"equal": ": equal", "DIFFERS": ": IT DIFFERS", "": ""}[_verdict(one)]
    console.out.print(Text(f"{printed}; its rows add up to {one.recomputed} today{verdict}"))
    console.out.print(Text(f"\nThe number, for any login that may read the schema bi:\n\n{one.sql};\n"))
    for name, text in one.rows.items():
        if name != chosen and len(one.rows) > 1:
            console.out.print(Text(f"Its rows {name} as well: --rows {name}"))
            continue
        rows = warehouse.look(report.tenant, text, f"Reading {name}")
        shown = rows.head(limit) if limit else rows
        console.out.print(Text(f"Its rows, {name}: {shown.height:,} of {rows.height:,}"))
        console.out.print(screen_table(shown.drop(*IDS, strict=False)))


def _print_why(warehouse: Warehouse, report: Report) -> None:
    """What has changed since the report was made."""
    changes = changes_since(warehouse, report)
    if changes.is_empty():
        why = (
            "No table of its days has changed since: a price, a setting, an exchange rate or a name has "
            "(`earshot audit` lists changes of settings)."
        )
    else:
        listed = ", ".join(f"{asset} of {day}" for asset, day in changes.select("asset", "day").head(6).iter_rows())
        more = f" and {changes.height - 6} more" if changes.height > 6 else ""
        made = f"{report.row['created_at']:%Y-%m-%d %H:%M} UTC"
        why = (
            f"The data changed after the report was made ({made}), because rows came in or days were computed again: "
            f"{listed}{more}."
        )
    console.err.print(Text(f"The report no longer says what the rows say. {why} What was sent stays as it was."))
