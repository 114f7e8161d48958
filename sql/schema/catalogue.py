"""The catalogue: what every relation and every column means, in one file of words.

Here: reading catalogue.toml, writing it into a database as comments, and reading relations with their comments back.
Not here: the words (catalogue.toml), the schema (migrations), how a list of relations is printed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import cast

import psycopg
from psycopg import sql

from sql.statements import statement

# Under this name a table of catalogue.toml holds the words of the relation itself.
ABOUT = "about"

_VIEWS = """
    SELECT nspname || '.' || relname FROM pg_class INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'v' AND nspname IN ('public', 'bi')
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation: its type as PostgreSQL writes it, and its comment in the database."""

    name: str
    type: str
    comment: str | None


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view of ours; its columns in their order."""

    schema: str
    name: str
    comment: str | None
    columns: tuple[Column, ...]


@cache
def words() -> tuple[Mapping[str, str], Mapping[str, Mapping[str, str]]]:
    """What a column's name means everywhere, and what relations and their columns mean of their own."""
    texts = tomllib.loads((resources.files("sql") / "catalogue.toml").read_text("utf-8"))
    return texts["columns"], texts["relations"]


def comment_of(relation: str, column: str | None = None) -> str | None:
    """What the relation, or a column of it, means; None where the catalogue has nothing."""
    everywhere, relations = words()
    own = relations.get(relation, {})
    return own.get(ABOUT) if column is None else own.get(column, everywhere.get(column))


def relations(connection: psycopg.Connection[tuple[object, ...]]) -> list[Relation]:
    """Our tables and views, by schema and name, without partitions and chunks."""
    found: dict[tuple[str, str], Relation] = {}
    for row in connection.execute(statement("read_catalogue").text.encode()).fetchall():
        schema, name, about, column, kind, comment = cast("tuple[str, str, str | None, str, str, str | None]", row)
        relation = found.get((schema, name), Relation(schema, name, about, ()))
        columns = (*relation.columns, Column(column, kind, comment))
        found[schema, name] = Relation(schema, name, about, columns)
    return list(found.values())


def write_comments(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    """Make the comments in the database those of the catalogue, as the owner; returns how many were others before."""
    changes = []
    views = {str(name) for (name,) in connection.execute(_VIEWS).fetchall()}
    for relation in relations(connection):
        qualified = sql.Identifier(relation.schema, relation.name)
        kind = sql.SQL("VIEW" if f"{relation.schema}.{relation.name}" in views else "TABLE")
        if relation.comment != (about := comment_of(relation.name)):
            changes.append(sql.SQL("COMMENT ON {} {} IS {}").format(kind, qualified, about))
        for column in relation.columns:
            if column.comment != (meaning := comment_of(relation.name, column.name)):
                place = sql.Identifier(relation.schema, relation.name, column.name)
                changes.append(sql.SQL("COMMENT ON COLUMN {} IS {}").format(place, meaning))
    if changes:
        connection.execute(sql.SQL("; ").join(changes))
    return len(changes)
