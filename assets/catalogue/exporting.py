"""Exporting: the rows of a tenant as files that plan finds no difference to.

Here: rows as entries, entries as YAML and as CSV.
Not here: reading rows (statements.py) and writing files (pipelines/commands/catalogue).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import yaml

from assets.catalogue.files.csv_files import NOTHING
from assets.catalogue.files.forms import write
from assets.catalogue.kinds import KINDS, Field, Kind
from assets.catalogue.state import Row, State
from reports.wording.formats import minor_digits

Item = dict[str, Any]


def items_of(state: State, kind: Kind) -> list[Item]:
    """The rows of a kind as items of a file, by their keys; what is not known is left out."""
    items = [_item(state, kind, row) for row in state.rows[kind.name].values()]
    return sorted(items, key=lambda item: [str(item.get(name, "")) for name in kind.key])


def shown(state: State, kind: Kind, field: Field, row: Row) -> Any:
    """A value as files and people have it: ids as names, minor units as amounts."""
    if kind.own_slug and field.name == "id":
        return state.names[kind.name].by_id.get(row[kind.row_id], "")
    value = row.get(field.stored)
    if value is None:
        return None
    if field.form == "reference":
        return state.names[field.refers_to].by_id.get(value, str(value))
    if field.form == "money":
        campaign = state.row("campaigns", row["campaign_id"]) or {}
        return Decimal(value).scaleb(-minor_digits(str(campaign.get("currency", ""))))
    return value


def _item(state: State, kind: Kind, row: Row) -> Item:
    values = {field.name: shown(state, kind, field, row) for field in kind.fields}
    return {name: value for name, value in values.items() if value is not None}


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # (its package has no types)
    """Numbers and moments as they are written, without quotes."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _plain(dumper: _Dumper, value: Any) -> yaml.ScalarNode:
    text = write(value)
    return dumper.represent_scalar(dumper.resolve(yaml.ScalarNode, text, (True, False)), text)


for _written_plain in (Decimal, float, date, datetime):
    _Dumper.add_representer(_written_plain, _plain)


def yaml_text(lists: Mapping[str, Sequence[Item]], tenant: str | None = None) -> str:
    """A YAML file with these lists; empty ones are left out."""
    content: dict[str, Any] = {"tenant": tenant} if tenant else {}
    content |= {name: list(items) for name, items in lists.items() if items}
    return str(yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000))


def csv_text(kind: str, items: Iterable[Item]) -> str:
    """A CSV file of one kind, with a column for each field, and one for the tenant where items name it."""
    rows = list(items)
    of_tenant = any("tenant" in row for row in rows)
    heading = [*(["tenant"] if of_tenant else []), *(field.name for field in KINDS[kind].fields)]
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows([_cell(row, name) for name in heading] for row in rows)
    return file.getvalue()


def _cell(row: Item, name: str) -> str:
    value = row.get(name)
    if value is None:
        return NOTHING if name in row else ""
    return " ".join(value) if isinstance(value, list) else write(value)
