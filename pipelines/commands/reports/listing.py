"""earshot reports list: every report that was looked at, and how far it is.

Here: the table. Not here: how reports look (previewing.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import click

from pipelines import console, runtime
from pipelines.commands.reports.common import tenant_ids, tenant_option
from pipelines.settings import load_settings
from reports.archive import STATES, describe_status

# As many letters of an id as are shown, if no two begin with them.
FEWEST_LETTERS = 8


@click.command("list")
@tenant_option
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these; all by default.")
@click.option("--sponsor", metavar="WORDS", default="", help="Only sponsors whose name contains this.")
@click.option("--limit", "most", type=click.IntRange(min=1), help="At most so many; all by default.")
def list_reports(tenants: tuple[str, ...], states: tuple[str, ...], sponsor: str, most: int | None) -> None:
    r"""Every report that was looked at, newest period first, with an id that the other commands take.

    \b
    pending   its data cannot be final yet; when they can be stands beside it
    held      something has to be healed or decided first; what, stands beside it
    waiting   it is made, and waits for approval
    frozen    it is made for good, and leaves by itself; its mails stand beside it
    skipped   there was nothing to say, and its subscription skips such periods
    """
    with runtime.open_warehouse(load_settings()) as warehouse:
        rows = warehouse.read(
            "read_reports", states=list(states or STATES), tenants=tenant_ids(warehouse, tenants)
        ).to_dicts()
    rows = [row for row in rows if sponsor.lower() in row["sponsor"].lower()][:most]
    letters = letters_needed(row["report_id"] for row in rows)
    table = console.text_table(
        "report", "period", "tenant", "sponsor", "campaign", "cadence", "rev", "state", "mails or reason"
    )
    for row in rows:
        table.add_row(
            UUID(bytes=row["report_id"]).hex[:letters],
            f"{row['period_start']} to {row['period_end']}",
            row["tenant"],
            row["sponsor"],
            row["campaign"],
            row["cadence"],
            str(row["revision"]),
            *describe(row),
        )
    console.out.print(table if rows else "No such report has been looked at yet.")


def describe(row: Mapping[str, Any]) -> tuple[str, str]:
    """How far a report (of read_reports) is, in a word, and what there is to say about that."""
    return describe_status(
        row["state"], row["held_reason"], row["stopped_by"], row["stopped_because"], row["mails"], row["restates"]
    )


def letters_needed(ids: Iterable[bytes]) -> int:
    """How many letters tell all of these ids apart, at least FEWEST_LETTERS."""
    shown = sorted(UUID(bytes=each).hex for each in set(ids))
    for letters in range(FEWEST_LETTERS, 32):
        if len({each[:letters] for each in shown}) == len(shown):
            return letters
    return 32
