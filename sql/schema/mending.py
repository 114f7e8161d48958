"""Mending: the SQL or the command that makes one object of the schema as the migrations make it.

Here: a text for each kind of object (objects.py). SQL is for earshot_owner (SET ROLE earshot_owner).
Not here: finding the differences (checking.py), running anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sql.schema.files import load_repeatables
from sql.schema.objects import Key

MIGRATE = "earshot db migrate"


def mend(key: Key, here: str | None, wanted: str | None, expected: Mapping[Key, str]) -> str:
    """What makes an object that is here as it is wanted; None: it is not there, or should not be."""
    kind, place = key.kind, key.place
    if kind in ("view", "function"):
        return _mend_repeatable(key, here, wanted)
    if kind in ("table", "materialized view"):
        if wanted is None:
            return f"DROP {kind.upper()} {place}; (with its rows)"
        return f"restore it with its rows from a backup (pg_restore --table={place.partition('.')[2]})"
    if kind == "grant":
        return _mend_grant(key, wanted)
    if kind == "default grant":
        what, _, schema = place.partition(" IN SCHEMA ")
        privilege, _, role = key.name.rpartition(" TO ")
        where = f"IN SCHEMA {schema} " if schema else ""
        return f"ALTER DEFAULT PRIVILEGES {where}REVOKE {privilege} ON {what} FROM {role};"
    if kind == "owner":
        what = "FUNCTION" if "(" in place else "VIEW" if place.startswith("bi.") else "TABLE"
        return f"ALTER {what} {place} OWNER TO {wanted};"
    if kind == "row-level security":
        return " ".join(
            f"ALTER TABLE {place} {on if word in (wanted or '') else off} ROW LEVEL SECURITY;"
            for word, on, off in (("ENABLE", "ENABLE", "DISABLE"), ("FORCE", "FORCE", "NO FORCE"))
        )
    if kind == "series":
        return f"restore the row of {place.partition('.')[2]} in earshot_series: time column and step {wanted}"
    return _mend_part(key, here, wanted, is_series=Key("series", place) in expected)


def _mend_grant(key: Key, wanted: str | None) -> str:
    """Of one privilege; the place of a column's is "(column) table"."""
    _, place, name = key
    privilege, _, role = name.rpartition(" TO ")
    before, _, relation = place.rpartition(") ")
    columns = before.removeprefix("(")
    privilege, option = privilege.removesuffix(" WITH GRANT OPTION"), privilege.endswith(" WITH GRANT OPTION")
    listed = f"{privilege} ({columns})" if columns else privilege
    if wanted is None:
        return f"REVOKE {'GRANT OPTION FOR ' if option else ''}{listed} ON {relation} FROM {role};"
    if relation.startswith(("bi.", "FUNCTION bi.", "SCHEMA bi")):
        return MIGRATE
    return f"GRANT {listed} ON {relation} TO {role}{' WITH GRANT OPTION' if option else ''};"


def _mend_part(key: Key, here: str | None, wanted: str | None, *, is_series: bool) -> str:
    """Of what belongs to a table: columns, constraints, indexes, policies, triggers, rules."""
    kind, place, name = key
    if kind == "column":
        if wanted is None:
            return f"ALTER TABLE {place} DROP COLUMN {name} CASCADE; (with its values), then {MIGRATE}"
        if here is None:
            return (
                f"ALTER TABLE {place} ADD COLUMN {name} {wanted}; (what it held: from a backup; a NOT NULL without "
                f"default: add it without, fill it, then SET NOT NULL), then {MIGRATE}"
            )
        return f"ALTER TABLE {place} {_column_changes(name, here, wanted)};"
    dropped = {
        "constraint": f"ALTER TABLE {place} DROP CONSTRAINT {name};",
        "index": f"DROP INDEX {place.partition('.')[0]}.{name};",
    }.get(kind, f"DROP {kind.upper()} {name} ON {place};")
    made = {
        "constraint": f"ALTER TABLE {place} ADD CONSTRAINT {name} {wanted};",
        "policy": f"CREATE POLICY {name} ON {place} {wanted};",
        # A hypertable or partitioned table cannot have one made beside its readers.
        "index": f"{wanted};" if is_series else f"{wanted};".replace(" INDEX ", " INDEX CONCURRENTLY ", 1),
    }.get(kind, f"{wanted};")
    return " ".join([*([dropped] if here is not None else []), *([made] if wanted is not None else [])])


_COLUMN = re.compile(r"\A(.*?)( NOT NULL)?(?: DEFAULT (.*))?\Z", re.DOTALL)


def _column_changes(name: str, here: str, wanted: str) -> str:
    (before, after) = (_COLUMN.findall(each)[0] for each in (here, wanted))
    changes = []
    if before[0] != after[0]:
        changes.append(f"TYPE {after[0]}")
    if before[1] != after[1]:
        changes.append(f"{'SET' if after[1] else 'DROP'} NOT NULL")
    if before[2] != after[2]:
        changes.append(f"SET DEFAULT {after[2]}" if after[2] else "DROP DEFAULT")
    return ", ".join(f"ALTER COLUMN {name} {each}" for each in changes)


def _mend_repeatable(key: Key, here: str | None, wanted: str | None) -> str:
    """Functions and views are made anew by the next migrate, which looks at names and at the files' checksums."""
    if wanted is None:
        return f"DROP {key.kind.upper()} {key.place};"
    if here is None and key.kind == "view":
        return MIGRATE
    name = key.place.partition(".")[2].partition("(")[0]
    row = f"{key.kind}s/{name}"
    if key.kind == "view" and row not in {each.key for each in load_repeatables()}:
        return f"DROP VIEW {key.place} CASCADE; then {MIGRATE}"
    # The row stays: what has none would be another program's.
    return f"UPDATE schema_migrations SET checksum = '' WHERE name = '{row}'; then {MIGRATE}"  # noqa: S608 - a file of ours
