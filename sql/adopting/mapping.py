"""The mapping of a platform's tables: which of them stands for which of ours, column by column.

Here: reading the YAML file, and every mistake in it that can be seen without the platform's tables.
Not here: views (views.py).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sql.safety.yaml_files import read_yaml_file
from sql.tables import RAW
from sql.values import PermanentError

# In the order of their foreign keys. Raw rows are added once; the others follow the platform's.
ADOPTABLE = (
    *("tenants", "podcasts", "episodes", "media_assets", "sponsors", "campaigns", "campaign_holdouts"),
    *("attribution_configs", "insertion_orders", "placements", "placement_episodes", "asset_segments"),
    *("promo_codes", "report_subscriptions", "ip_inclusions", "fx_rates"),
    *RAW,
)

_KEYS = ("from", "where", "columns", "arrived_at")


@dataclass(frozen=True, slots=True)
class MappedTable:
    """One of our tables and where its rows are.

    source: what stands behind FROM; where: a condition, or None; columns: the SQL expression of each of our columns
    arrived_at: of raw rows, the expression of when the platform stored them
    """

    name: str
    source: str
    columns: Mapping[str, str]
    where: str | None = None
    arrived_at: str | None = None


def read_mapping(path: Path) -> list[MappedTable]:
    """The tables of a mapping file, in the order of their foreign keys.

    Raises PermanentError naming every mistake and its place in the file.
    """
    try:
        content = read_yaml_file(path)
    except (OSError, UnicodeError) as error:
        raise PermanentError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from None
    except yaml.YAMLError as error:
        raise PermanentError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    problems = list(_problems(content))
    if problems:
        raise PermanentError(f"{path} cannot be used; nothing was changed. " + "; ".join(problems))
    tables = content["tables"]
    return [_table(name, tables[name]) for name in ADOPTABLE if name in tables]


def _table(name: str, said: Mapping[str, Any]) -> MappedTable:
    columns = {column: str(expression) for column, expression in said["columns"].items()}
    arrived_at = said.get("arrived_at")
    return MappedTable(name, said["from"], columns, said.get("where"), None if arrived_at is None else str(arrived_at))


def _problems(content: object) -> Iterator[str]:
    if not isinstance(content, dict) or not isinstance(content.get("tables"), dict) or not content["tables"]:
        yield "it needs `tables`, with one of ours each: from, columns"
        return
    for name, said in content["tables"].items():
        if name not in ADOPTABLE:
            near = difflib.get_close_matches(str(name), ADOPTABLE, n=2) or ADOPTABLE
            yield f"tables.{name}: no such table can be adopted; there is {' or '.join(near)}"
        elif not isinstance(said, dict):
            yield f"tables.{name}: it needs from and columns"
        else:
            yield from _problems_of(str(name), said)


def _problems_of(name: str, said: Mapping[Any, Any]) -> Iterator[str]:
    yield from (f"tables.{name}.{key}: only {', '.join(_KEYS)} can stand here" for key in said if key not in _KEYS)
    if not isinstance(said.get("from"), str) or not said["from"].strip():
        yield f"tables.{name}.from: name the platform's table, with its schema"
    if "where" in said and (not isinstance(said["where"], str) or not said["where"].strip()):
        yield f"tables.{name}.where: give the condition as SQL"
    columns = said.get("columns")
    if not isinstance(columns, dict) or not columns:
        yield f"tables.{name}.columns: give the SQL of each column, such as `slug: name`"
        columns = {}
    for column, expression in columns.items():
        if not isinstance(expression, str | int | float) or not str(expression).strip():
            yield f"tables.{name}.columns.{column}: give its SQL; a text is written \"'text'\""
    if name in RAW and "received_at" in columns:
        yield f"tables.{name}.columns.received_at: it is when Earshot has a row; give the platform's time as arrived_at"
    if name in RAW and not said.get("arrived_at"):
        yield f"tables.{name}.arrived_at: name the column that says when the platform stored a row"
    if name not in RAW and "arrived_at" in said:
        yield f"tables.{name}.arrived_at: only {' and '.join(RAW)} have it; all rows of the others are looked at"
