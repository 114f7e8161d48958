"""Views: a platform's tables under the names and columns of ours, in the schema adopted.

Here: the views, made in one transaction, and what of a mapping does not fit.
Not here: the mapping's own mistakes (mapping.py), bringing rows over (rows.py).

The views belong to the login that makes them, which must be able to read the platform's tables; the pipeline reads them
through it and needs no right on those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg
from psycopg import sql

from sql.adopting.mapping import MappedTable
from sql.values import PermanentError
from sql.writing import TableColumn, shape_of

SCHEMA = "adopted"

Connection = psycopg.Connection[tuple[object, ...]]

# A uuid stays itself. Any other id becomes the same uuid each time, another one for each kind of thing.
_ID_FUNCTION = """
    CREATE OR REPLACE FUNCTION adopted.id(kind text, value text) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN CASE
        WHEN value ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' THEN value::uuid
        ELSE md5(kind || ':' || value)::uuid
    END
"""

# What an id is one of, where its column is named after something else.
_KINDS = {"part_of": "asset"}


def make_views(connection: Connection, tables: Sequence[MappedTable]) -> None:
    """Make the views of these tables; those of others go. The caller owns the transaction.

    Raises PermanentError for what does not fit, with its place in the mapping.
    """
    connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(SCHEMA)))
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
    connection.execute(_ID_FUNCTION)
    problems = [problem for table in tables for problem in _misfits(connection, table)]
    if problems:
        raise PermanentError("The mapping does not fit our tables; nothing was changed. " + "; ".join(problems))
    for table in tables:
        _make_view(connection, table)
    for grant in ("USAGE ON SCHEMA {schema}", "SELECT ON ALL TABLES IN SCHEMA {schema}"):
        connection.execute(sql.SQL("GRANT " + grant + " TO earshot_etl").format(schema=sql.Identifier(SCHEMA)))


def _misfits(connection: Connection, table: MappedTable) -> Iterator[str]:
    shape = {column.name: column for column in shape_of(connection, table.name).columns}
    for name in table.columns:
        if name not in shape:
            yield f"tables.{table.name}.columns.{name}: {table.name} has no such column; it has {', '.join(shape)}"
    for column in shape.values():
        if column.name not in table.columns and not column.nullable and not column.defaulted:
            yield f"tables.{table.name}.columns.{column.name}: it cannot be left out"


def _make_view(connection: Connection, table: MappedTable) -> None:
    shape = {column.name: column for column in shape_of(connection, table.name).columns}
    parts = [_part(shape[name], expression) for name, expression in table.columns.items()]
    if table.arrived_at is not None:
        parts.append(f"({table.arrived_at})::timestamptz AS arrived_at")
    query = f"CREATE VIEW {SCHEMA}.{table.name} AS SELECT {', '.join(parts)} FROM {table.source}"  # noqa: S608
    query += f" WHERE {table.where}" if table.where else ""
    try:
        # By the extended protocol, which takes one statement only, whatever an expression holds.
        connection.execute(query.encode(), binary=True)
    except psycopg.errors.InsufficientPrivilege as error:
        raise PermanentError(
            f"tables.{table.name}: the login that migrates may not read the platform's tables "
            f"({error.diag.message_primary}). Their owner allows it: GRANT USAGE ON SCHEMA ... TO LOGIN; GRANT SELECT "
            "ON ALL TABLES IN SCHEMA ... TO LOGIN. Nothing was changed"
        ) from None
    except psycopg.Error as error:
        hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
        raise PermanentError(
            f"tables.{table.name}: the database does not take it: {error.diag.message_primary or error}{hint}. Nothing "
            "was changed"
        ) from None


def _part(column: TableColumn, expression: str) -> str:
    if column.type == "uuid":
        kind = _KINDS.get(column.name, column.name.removesuffix("_id"))
        return f"{SCHEMA}.id('{kind}', ({expression})::text) AS {column.name}"
    # Without its length, character is one letter; our table has the length.
    kind = "text" if column.type == "character" else column.type
    return f"({expression})::{kind} AS {column.name}"
