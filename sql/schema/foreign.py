"""Foreign objects: what somebody else has made in the database under a name of ours.

Here: which names migrations, functions and views will make, read from their text, and refusing those that are taken.
Not here: applying them (migrate.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from sql.values import PermanentError

_COMMENT = re.compile(r"--.*$", re.MULTILINE)
_CREATE = re.compile(
    r"\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+)?"
    r"(?P<kind>TABLE|VIEW|MATERIALIZED\s+VIEW|FUNCTION|PROCEDURE|TYPE|DOMAIN|SEQUENCE|INDEX|SCHEMA|ROLE)\s+"
    r"(?:IF\s+NOT\s+EXISTS\s+)?(?:\w+\.)?(?P<name>\w+)(?![\w.%])"
)
_SERIES = re.compile(r"earshot_create_series\('(\w+)'")
_ROLES = re.compile(r"'(earshot_(?:owner|etl|report|readonly))'")

_TAKEN = """
    SELECT
        CASE relkind
            WHEN 'v' THEN 'the view '
            WHEN 'm' THEN 'the materialized view '
            WHEN 'S' THEN 'the sequence '
            WHEN 'i' THEN 'the index '
            WHEN 'f' THEN 'the foreign table '
            WHEN 'c' THEN 'the type '
            ELSE 'the table '
        END || relname
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
        AND (relname = ANY(%(relations)s) OR relname ~ ('^(' || %(series)s || ')_p[0-9]{8}$'))
    UNION ALL
    SELECT 'the type ' || typname FROM pg_type
    WHERE typnamespace = 'public'::regnamespace AND typname = ANY(%(relations)s) AND typrelid = 0
    UNION ALL
    SELECT DISTINCT 'the function ' || proname FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proname = ANY(%(functions)s)
    UNION ALL
    SELECT 'the schema ' || nspname FROM pg_namespace WHERE nspname = ANY(%(schemas)s)
    UNION ALL
    SELECT 'the role ' || rolname || ', which is more than a role of ours' FROM pg_roles
    WHERE rolname = ANY(%(roles)s) AND (rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)
    ORDER BY 1
"""


class ForeignTablesError(PermanentError):
    """The database has tables, views, functions or other things of our names that somebody else made."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names that some files make. relations: tables, views, indexes, sequences, types, which share names."""

    relations: frozenset[str] = frozenset()
    series: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    schemas: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

    def without(self, others: Names) -> Names:
        return Names(*(getattr(self, name) - getattr(others, name) for name in self.__slots__))


def names_in(texts: Iterable[str]) -> Names:
    """What these files make by name, with what a series brings along: its DEFAULT partition."""
    text = _COMMENT.sub("", "\n".join(texts))
    made = [(each["kind"], each["name"]) for each in _CREATE.finditer(text) if each["name"] != "ON"]
    series = frozenset(_SERIES.findall(text))
    apart = ("FUNCTION", "PROCEDURE", "SCHEMA", "ROLE")
    return Names(
        relations=frozenset(name for kind, name in made if kind not in apart)
        | series
        | {f"{name}_default" for name in series},
        series=series,
        functions=frozenset(name for kind, name in made if kind in ("FUNCTION", "PROCEDURE")),
        schemas=frozenset(name for kind, name in made if kind == "SCHEMA"),
        roles=frozenset(_ROLES.findall(text)),
    )


def refuse_taken(connection: psycopg.Connection[tuple[object, ...]], names: Names) -> None:
    """Raises ForeignTablesError if anything is there under these names; a role only if it can do more than ours."""
    found = connection.execute(
        _TAKEN,
        {
            "relations": list(names.relations),
            "series": "|".join(sorted(names.series)) or "-",
            "functions": list(names.functions),
            "schemas": list(names.schemas),
            "roles": list(names.roles),
        },
    ).fetchall()
    if found:
        raise ForeignTablesError(foreign_message([str(name) for (name,) in found]))


def foreign_message(names: list[str]) -> str:
    """A description of each of these."""
    return (
        f"This database already has {', '.join(names)}, made by another program; nothing was changed. "
        "Give Earshot a database of its own, or rename what is there."
    )
