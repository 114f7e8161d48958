"""earshot audit: who changed which setting when, and from when on other rules were measured by.

Here: the list, and what changed in each row.
Not here: recording changes; triggers of the database do that for every login, and so do runs that use other rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click

from pipelines import console, runtime
from pipelines.settings import load_settings

TABLES = (
    "tenants",
    "attribution_configs",
    "ip_inclusions",
    "promo_codes",
    "placements",
    "campaigns",
    "feeds",
    "episodes",
    "media_assets",
    "asset_segments",
    "report_subscriptions",
    # Their pictures stay out of the trail; it has their size and hash.
    "logos",
    "import_sources",
    # Of whom it is not recorded.
    "erasures",
    "key_rotations",
    # Files of the catalogue that were entered, as a whole.
    "catalogue_revisions",
    # What a person decided about a report, and mails that were sent again or to somebody else as well.
    "reports",
    "report_deliveries",
)
# The rules on agents and addresses are files, the same for every tenant.
RULES = "rules"

# Before any change of a setting.
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@click.command()
@click.option("--tenant", "tenants", multiple=True, metavar="SLUG", help="Only this tenant.")
@click.option("--table", "tables", multiple=True, type=click.Choice([*TABLES, RULES]), help="Only this table.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Only changes from this UTC day on.")
@click.option("--most", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most so many changes.")
def audit(tenants: tuple[str, ...], tables: tuple[str, ...], since: datetime | None, most: int) -> None:
    """Every change of a setting, and every decision about a report, newest first: when, by whom, old and new values."""
    start = since.replace(tzinfo=UTC) if since else ALWAYS
    with runtime.open_warehouse(load_settings()) as warehouse:
        everyone = [UUID(bytes=each) for each in warehouse.tenants()["tenant_id"]]
        changes = warehouse.read(
            "read_config_changes",
            tenants=[warehouse.tenant_id(name) for name in tenants] or everyone,
            tables=[name for name in tables or TABLES if name != RULES],
            since=start,
            most=most,
        )
        rules = warehouse.read("read_rule_changes", since=start, most=most)
    entries = [(change["changed_at"], list(_cells(change))) for change in changes.iter_rows(named=True)]
    if not tables or RULES in tables:
        entries += [(change["changed_at"], list(_rule_cells(change))) for change in rules.iter_rows(named=True)]
    if not entries:
        console.out.print("No such change is on record.")
        return
    table = console.text_table("when (UTC)", "tenant", "by", "table", "row", "what changed")
    for _, cells in sorted(entries, key=lambda each: each[0], reverse=True)[:most]:
        table.add_row(*cells)
    console.out.print(table)


def _cells(change: dict[str, Any]) -> Iterator[str]:
    yield f"{change['changed_at']:%Y-%m-%d %H:%M:%S}"
    yield change["slug"] or "-"
    yield f"{change['person']} ({change['changed_by']})" if change["person"] else change["changed_by"]
    yield change["table_name"]
    yield ", ".join(f"{name} {value}" for name, value in json.loads(change["row_key"]).items())
    yield describe_change(change["operation"], change["old_row"], change["new_row"])


def _rule_cells(change: dict[str, Any]) -> Iterator[str]:
    yield f"{change['changed_at']:%Y-%m-%d %H:%M:%S}"
    yield from ("all", change["changed_by"], RULES, "-")
    versions = [(name, change[f"{name}_before"], change[f"{name}_version"]) for name in ("rules", "addresses")]
    yield "; ".join(f"{name}: {_shown(before)} -> {after}" for name, before, after in versions if before != after)


def describe_change(operation: str, old: str | None, new: str | None) -> str:
    """The columns that changed, old and new; a new or deleted row in a word."""
    if operation == "insert" and new is not None and "revision_id" in (row := json.loads(new)):
        counts = ", ".join(f"{row[name]} {name}" for name in ("added", "changed", "removed"))
        return f"{counts}, from {', '.join(row['files'])}"
    if operation != "update" or old is None or new is None:
        return {"insert": "added", "delete": "deleted"}.get(operation, operation)
    before, after = json.loads(old), json.loads(new)
    changed = [name for name in after if before.get(name) != after[name]]
    return "; ".join(f"{name}: {_shown(before.get(name))} -> {_shown(after[name])}" for name in changed)


def _shown(value: object) -> str:
    return "nothing" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
