"""Browsing: the statement that reads some rows of one relation of the schema bi, for a person to look at.

Here: choosing columns, days, conditions and order; ids as text with names beside them; types that files can hold.
Not here: running it (warehouse.py), what relations mean (catalogue.py), how rows are printed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from psycopg import sql

from sql.schema.catalogue import Column, Relation
from sql.tables import TIME_COLUMNS
from sql.values import PermanentError

# The ids that have a name for people: whose it is, and in which column. Another show's id names a show too.
NAMES: Mapping[str, tuple[str, str, str]] = {
    "podcast_id": ("podcasts", "podcast_id", "title"),
    "other_podcast_id": ("podcasts", "podcast_id", "title"),
    "episode_id": ("episodes", "episode_id", "title"),
    "sponsor_id": ("sponsors", "sponsor_id", "name"),
    "campaign_id": ("campaigns", "campaign_id", "name"),
    "placement_id": ("placements", "placement_id", "name"),
}

# A scope is an episode, a show, a placement or a campaign; a tenant's own has no name beside its id.
SCOPES = ("episode_id", "podcast_id", "placement_id", "campaign_id")

# Time columns, best first, where a relation is not one that runs replace by window.
MOMENTS = ("day", "period_start", "changed_at", "failed_at", "received_at", "occurred_at", "created_at", "started_at")

# What files and screens cannot hold as it is, and how it is read instead.
_READ_AS = {
    "uuid": "{}::text",
    "inet": "host({})",
    "cidr": "{}::text",
    "jsonb": "{}::text",
    "tstzrange": "{}::text",
    "name": "{}::text",
    "interval": "{}::text",
    "numeric": "{}::float8",
    "text[]": "array_to_string({}, ', ')",
    "bytea": "octet_length({}) || ' bytes'",
}

_CONDITION = re.compile(r"\s*(\w+)\s*(>=|<=|!=|=|>|<)\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows and columns: UTC days from first to last (both included), conditions as (column, operator, value)."""

    first: date | None = None
    last: date | None = None
    columns: tuple[str, ...] = ()
    conditions: tuple[tuple[str, str, str], ...] = field(default=())


def find_relation(name: str, relations: Iterable[Relation]) -> Relation:
    """The relation of the schema bi that is meant. Raises PermanentError, naming near ones, for others."""
    by_name = {relation.name: relation for relation in relations if relation.schema == "bi"}
    wanted = name.strip().lower().removeprefix("bi.").removeprefix("public.")
    if wanted in by_name:
        return by_name[wanted]
    near = [each for each in by_name if wanted and wanted in each][:3]
    near = list(dict.fromkeys([*difflib.get_close_matches(wanted, by_name, n=3), *near]))
    advice = f"did you mean {' or '.join(near)}?" if near else "`earshot show` lists those that there are."
    raise PermanentError(f"There is no table {name!r}; {advice}")


def parse_condition(text: str) -> tuple[str, str, str]:
    """Column, operator and value of "app=Overcast" or "downloads>=10". Raises PermanentError for anything else."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise PermanentError(f"{text!r} is no condition; write COLUMN=VALUE, or with >, >=, <, <= or !=")
    return found[1], found[2], found[3]


def rows_of(relation: Relation, choice: Choice, most: int | None = None) -> sql.Composed:
    """The rows of the choice, at most so many: in order of time if it has a first day, else newest first."""
    shown = _shown(relation, choice.columns)
    names = [column.name for column in shown]
    page = sql.SQL("SELECT * FROM {} WHERE {} ORDER BY {} LIMIT {}").format(
        _place(relation), _conditions(relation, choice), _order(relation, choice), sql.Literal(most)
    )
    outputs: list[sql.Composable] = []
    joins: list[sql.Composable] = []
    for column in shown:
        outputs.append(_read(column))
        if choice.columns:
            continue
        word = column.name.removesuffix("_id")
        if column.name == "scope_id":
            joins += [_join(each, "scope_id", f"scope_{each}") for each in SCOPES]
            found = [sql.Identifier(f"scope_{each}", NAMES[each][2]) for each in SCOPES]
            outputs.append(sql.SQL("coalesce({}) AS {}").format(sql.SQL(", ").join(found), sql.Identifier(word)))
        elif column.name in NAMES and NAMES[column.name][0] != relation.name and word not in names:
            joins.append(_join(column.name, column.name, f"of_{word}"))
            named = sql.Identifier(f"of_{word}", NAMES[column.name][2])
            outputs.append(sql.SQL("{} AS {}").format(named, sql.Identifier(word)))
    return sql.SQL("SELECT {} FROM ({}) AS page{} ORDER BY {}").format(
        sql.SQL(", ").join(outputs), page, sql.SQL("").join(joins), _order(relation, choice, "page")
    )


def count_of(relation: Relation, choice: Choice) -> sql.Composed:
    """How many rows the choice has: one row, rows."""
    return sql.SQL("SELECT count(*) AS rows FROM {} WHERE {}").format(_place(relation), _conditions(relation, choice))


def time_column(relation: Relation) -> Column | None:
    """The column with the day that a row belongs to; None where a relation has none."""
    by_name = {column.name: column for column in relation.columns}
    first = TIME_COLUMNS.get(relation.name)
    return next((by_name[name] for name in (first, *MOMENTS) if name in by_name), None)


def _place(relation: Relation) -> sql.Identifier:
    return sql.Identifier("bi", relation.name)


def _shown(relation: Relation, wanted: Sequence[str]) -> list[Column]:
    return [_column(relation, name) for name in wanted] or list(relation.columns)


def _column(relation: Relation, name: str) -> Column:
    by_name = {column.name: column for column in relation.columns}
    if name not in by_name:
        near = difflib.get_close_matches(name, by_name, n=3)
        advice = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(by_name)}."
        raise PermanentError(f"{relation.name} has no column {name!r}; {advice}")
    return by_name[name]


def _read(column: Column) -> sql.Composable:
    """The column of the page in a type that every output can hold, under its own name."""
    kind = "text" if column.type.startswith("character") else column.type
    wrapped = sql.SQL(_READ_AS.get(kind, "{}")).format(sql.Identifier("page", column.name))
    return sql.SQL("{} AS {}").format(wrapped, sql.Identifier(column.name))


def _join(id_column: str, key: str, alias: str) -> sql.Composed:
    table, identity, _name = NAMES[id_column]
    return sql.SQL(" LEFT JOIN {} AS {} ON {} = {}").format(
        sql.Identifier("bi", table),
        sql.Identifier(alias),
        sql.Identifier("page", key),
        sql.Identifier(alias, identity),
    )


def _conditions(relation: Relation, choice: Choice) -> sql.Composable:
    parts: list[sql.Composable] = []
    for name, operator, value in choice.conditions:
        column = _column(relation, name)
        parts.append(sql.SQL(f"{{}} {operator} {{}}").format(sql.Identifier(column.name), sql.Literal(value)))
    if choice.first is not None or choice.last is not None:
        column_of_time = time_column(relation)
        if column_of_time is None:
            raise PermanentError(f"{relation.name} has no days; leave out --from and --to")
        is_day = column_of_time.type == "date"
        moment = sql.SQL("{}" if is_day else "{}::timestamp AT TIME ZONE 'UTC'")
        place = sql.Identifier(column_of_time.name)
        if choice.first is not None:
            parts.append(sql.SQL("{} >= {}").format(place, moment.format(sql.Literal(choice.first))))
        if choice.last is not None:
            after = choice.last + timedelta(days=1)
            parts.append(sql.SQL("{} < {}").format(place, moment.format(sql.Literal(after))))
    return sql.SQL(" AND ").join(parts) if parts else sql.SQL("true")


def _order(relation: Relation, choice: Choice, alias: str | None = None) -> sql.Composed:
    """Time first, then what names a row: everything that is no measure."""
    when = time_column(relation)
    named = [column for column in relation.columns if column.type in ("uuid", "text", "date", "integer", "smallint")]
    ordered = [*([when] if when else []), *(column for column in named if column != when)]
    way = sql.SQL("ASC" if choice.first is not None or when is None else "DESC")
    parts: list[sql.Composable] = []
    for column in ordered[:8]:
        place = sql.Identifier(alias, column.name) if alias else sql.Identifier(column.name)
        parts.append(sql.SQL("{} {}").format(place, way) if column is when else place)
    return sql.SQL(", ").join(parts or [sql.SQL("1")])
