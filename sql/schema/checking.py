"""Checking: what a database has otherwise than the migrations make it, and what mends it. Changes nothing.

Here: comparing objects (objects.py) with those that are expected (expected.py), files with those that were applied,
rights on chunks and partitions, and the roles; each difference with what mends it.
Not here: what mends an object (mending.py), doing it (a person does), whether rows are right (assets/upkeep).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import psycopg

from sql.connections.connecting import connect, statement_error
from sql.connections.limits import Limits
from sql.schema.applied import Applied, Connection, read_applied
from sql.schema.catalogue import comment_of, relations
from sql.schema.community import COUNTS
from sql.schema.expected import load_expected
from sql.schema.files import Migration, Repeatable, load_migrations, load_repeatables
from sql.schema.mending import MIGRATE, mend
from sql.schema.objects import Key, as_made_here, read_objects
from sql.tables import RAW


@dataclass(frozen=True, slots=True)
class Finding:
    """What is otherwise (a sentence that says where), and what mends it: SQL of earshot_owner, or a command."""

    what: str
    mend: str


def check_schema(url: str, limits: Limits = Limits()) -> list[Finding]:  # noqa: B008  (an immutable value)
    """What this database has otherwise than this version makes it; empty if nothing.

    For any login that may become earshot_etl. Raises as migrate() does where the database cannot be reached or read.
    """
    with connect(url, limits) as connection:
        try:
            connection.begin("status", "earshot db check")
            applied = read_applied(connection, "earshot_etl")
            findings = list(_compare_files(applied, load_migrations(), load_repeatables()))
            if not applied.migrations:
                return findings
            connection.execute("SET LOCAL ROLE earshot_etl")
            comments = list(_compare_comments(connection))
            # What waits for a migration is said once, and not of every object that it would make.
            if not any(finding.mend == MIGRATE for finding in findings):
                found, expected = read_objects(connection), load_expected()
                if connection.execute("SELECT public.earshot_keeps_counts()").fetchone() == (True,):
                    found, expected = _with_community(found, expected)
                findings += compare(found, expected, lambda key, text: as_made_here(connection, key, text))
                findings += comments
            return [*findings, *_check_parts(connection), *_check_roles(connection)]
        except psycopg.Error as error:
            raise statement_error(error, "Checking the schema") from error


def compare(
    found: Mapping[Key, str], expected: Mapping[Key, str], rewritten: Callable[[Key, str], str] = lambda _, text: text
) -> list[Finding]:
    """The differences, by what they belong to. rewritten: a definition as this server would write it."""
    found = _without_foreign(found, expected)
    findings = []
    for key in sorted({*found, *expected}, key=lambda key: (key.place, key)):
        here, wanted = found.get(key), expected.get(key)
        if here == wanted or _is_part_of_another(key, found, expected):
            continue
        if here is not None and wanted is not None and _is_same(key, here, rewritten(key, wanted)):
            continue
        findings.append(Finding(_what(key, here, wanted), mend(key, here, wanted, expected)))
    return findings


def _with_community(found: Mapping[Key, str], expected: Mapping[Key, str]) -> tuple[dict[Key, str], dict[Key, str]]:
    """Both as far as they are the same where what Community has is switched on (community.py)."""
    counts = {Key("view", f"public.{view}") for view in COUNTS}
    raw = {Key("row-level security", f"public.{table}"): "" for table in RAW}
    return (
        {key: definition for key, definition in found.items() if key not in counts},
        {key: definition for key, definition in {**expected, **raw}.items() if key not in counts},
    )


def _is_same(key: Key, here: str, wanted: str) -> bool:
    """Whether two definitions mean the same: the view of one table has its columns in the order of the table's."""
    if key.kind != "view" or " JOIN " in wanted or "UNION" in wanted:
        return here == wanted
    return _by_column(here) == _by_column(wanted)


def _by_column(query: str) -> list[str]:
    lines = query.replace(" AS SELECT ", "\n").splitlines()
    return sorted(line.strip(" ,") for line in lines)


def _without_foreign(found: Mapping[Key, str], expected: Mapping[Key, str]) -> dict[Key, str]:
    """Without the tables and functions of other programs in public, and without indexes that only make reading faster.

    In bi, and owned by earshot_owner, nothing is foreign.
    """
    foreign = {
        key.place
        for key, owner in found.items()
        if key.kind == "owner" and owner != "earshot_owner" and key.place.startswith("public.") and key not in expected
    }
    return {
        key: definition
        for key, definition in found.items()
        if _relation(key) not in foreign
        and not (key.kind == "index" and key not in expected and definition.startswith("CREATE INDEX"))
    }


_GRANTED = re.compile(r"(?:FUNCTION |SEQUENCE |\(.*\) )")


def _relation(key: Key) -> str:
    """The table, view or function that an object is or belongs to."""
    return _GRANTED.sub("", key.place, count=1) if key.kind == "grant" else key.place


def _is_part_of_another(key: Key, found: Mapping[Key, str], expected: Mapping[Key, str]) -> bool:
    """Whether the relation or function as a whole is missing or is one too many: then that is said once."""
    if key.kind in ("table", "view", "materialized view", "function"):
        return False
    wholes = [Key(kind, _relation(key)) for kind in ("table", "view", "materialized view", "function")]
    return any((whole in found) != (whole in expected) for whole in wholes)


def _what(key: Key, here: str | None, wanted: str | None) -> str:
    subject = f"{key.kind} {key.name} of {key.place}" if key.name else f"{key.kind} {key.place}"
    if key.kind == "grant":
        subject = f"grant {key.name} on {key.place}"
    if key.kind in ("row-level security", "owner"):
        subject = f"{key.kind} of {key.place}"
    if here is None:
        return f"{subject} is missing"
    if wanted is None:
        return f"{subject} is there and no migration makes it"
    if key.kind in ("view", "function", "trigger"):
        return f"{subject} has another definition"
    return f"{subject} is {here or 'off'} and should be {wanted or 'off'}"


def _compare_files(
    applied: Applied, migrations: Sequence[Migration], repeatables: Sequence[Repeatable]
) -> Iterator[Finding]:
    """Files that were edited after they were applied, that wait, and that this version does not have."""
    names = {each.name for each in migrations}
    for each in migrations:
        if each.name not in applied.migrations:
            yield Finding(f"migration {each.name} is not applied", MIGRATE)
        elif applied.migrations[each.name][0] != each.checksum:
            yield Finding(
                f"sql/migrations/{each.name}.sql was edited after it was applied on "
                f"{applied.migrations[each.name][1]:%Y-%m-%d}",
                "restore the file as it was, and put the change into a new migration",
            )
    for name in sorted(set(applied.migrations) - names):
        yield Finding(
            f"migration {name} is applied and this version does not have it",
            "install the newer version of Earshot that made it, or roll back with that one first",
        )
    for repeatable in repeatables if len(applied.migrations) >= len(migrations) else ():
        if applied.repeatables.get(repeatable.key) != repeatable.checksum:
            yield Finding(f"sql/{repeatable.key}.sql is not applied as it is now", MIGRATE)


def _compare_comments(connection: Connection) -> Iterator[Finding]:
    """Relations with words that are not those of the catalogue."""
    for relation in relations(connection):
        pairs = [(relation.name, relation.comment, comment_of(relation.name))] + [
            (f"{relation.name}.{column.name}", column.comment, comment_of(relation.name, column.name))
            for column in relation.columns
        ]
        if others := [name for name, here, wanted in pairs if here != wanted]:
            yield Finding(
                f"the comments of {', '.join(f'{relation.schema}.{name}' for name in others)} are others", MIGRATE
            )


# Chunks and partitions have no policies: who reads one reads every tenant. They may grant what their table grants, and
# nothing else. What TimescaleDB has besides (rows in columns, counts that are kept) may grant what any series does.
_PARTS = """
    WITH granted AS (
        SELECT series.oid AS series, item.grantee, item.privilege_type
        FROM public.earshot_series
        INNER JOIN pg_class AS series ON series.oid = to_regclass('public.' || quote_ident(table_name))
        CROSS JOIN LATERAL aclexplode(series.relacl) AS item
    )

    SELECT
        parts.oid::regclass::text,
        item.privilege_type,
        CASE WHEN item.grantee = 0 THEN 'public' ELSE item.grantee::regrole::text END
    FROM pg_class AS parts
    LEFT JOIN pg_inherits ON inhrelid = parts.oid
    CROSS JOIN LATERAL aclexplode(parts.relacl) AS item
    WHERE parts.relowner = 'earshot_owner'::regrole AND parts.relkind IN ('r', 'f')
        AND (parts.relispartition OR parts.relnamespace = to_regnamespace('_timescaledb_internal'))
        AND item.grantee <> parts.relowner
        AND NOT EXISTS (
            SELECT FROM granted
            WHERE granted.grantee = item.grantee AND granted.privilege_type = item.privilege_type
                AND (granted.series = inhparent OR coalesce(inhparent, 0) NOT IN (SELECT series FROM granted))
        )
    ORDER BY 1, 2, 3
"""

# A chunk that has grants of its own is one of thousands; so many are named one by one.
_NAMED_PARTS = 20


def _check_parts(connection: Connection) -> Iterator[Finding]:
    rows = cast("list[tuple[str, str, str]]", connection.execute(_PARTS).fetchall())
    for part, privilege, role in rows[:_NAMED_PARTS]:
        yield Finding(
            f"grant {privilege} TO {role} on {part}, a part of a table that does not grant it: "
            "parts have no policies, so it shows every tenant",
            f"REVOKE {privilege} ON {part} FROM {role};",
        )
    if len(rows) > _NAMED_PARTS:
        yield Finding(f"{len(rows) - _NAMED_PARTS} more grants on chunks or partitions", "the same for them")


_ROLES = """
    SELECT rolname::text, concat_ws(' ',
        CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
        CASE WHEN rolcanlogin THEN 'LOGIN' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
        CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolreplication THEN 'REPLICATION' END),
        ARRAY(
            SELECT roleid::regrole::text FROM pg_auth_members
            WHERE member = pg_roles.oid AND roleid::regrole::text NOT IN ('pg_read_all_stats', 'pg_signal_backend')
        )
    FROM pg_roles WHERE rolname IN ('earshot_owner', 'earshot_etl', 'earshot_report', 'earshot_readonly')
    ORDER BY rolname
"""


def _check_roles(connection: Connection) -> Iterator[Finding]:
    """Of our four roles nobody logs in as one, none passes row-level security, and none is a member of another."""
    is_used = connection.execute("SELECT public.earshot_keeps_counts()").fetchone() == (True,)
    for role, options, groups in cast("list[tuple[str, str, list[str]]]", connection.execute(_ROLES).fetchall()):
        # TimescaleDB's jobs run as the owner; without a password it still logs in nowhere.
        if options and not (is_used and (role, options) == ("earshot_owner", "LOGIN")):
            yield Finding(
                f"role {role} has {options}",
                f"as a superuser: ALTER ROLE {role} {' '.join(f'NO{each}' for each in options.split())};",
            )
        for group in groups:
            yield Finding(f"role {role} is a member of {group}", f"as a superuser: REVOKE {group} FROM {role};")
