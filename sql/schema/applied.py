"""What is applied: reading the table schema_migrations, comparing it with this version's files, and locking it.

Here: migrations by name, functions and views by key, with their checksums and times. Not here: applying anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import psycopg
from psycopg import sql

from sql.schema.files import Migration, Repeatable
from sql.schema.foreign import ForeignTablesError, foreign_message
from sql.values import PermanentError

Connection = psycopg.Connection[tuple[object, ...]]

# The first 8 bytes of the SHA-256 of "earshot migrations", as a signed number: of an empty database. Where the schema
# is, its own table is locked: anybody may take a lock by number.
LOCK = int.from_bytes(hashlib.sha256(b"earshot migrations").digest()[:8], "big", signed=True)


class EditedMigrationError(PermanentError):
    """A file was changed after it had been applied."""


class UnknownMigrationError(PermanentError):
    """The database or the caller names a migration that this version does not have."""


@dataclass(frozen=True, slots=True)
class Applied:
    """Name to checksum and time of the migrations, and key to checksum of the functions and views."""

    migrations: dict[str, tuple[str, datetime]]
    repeatables: dict[str, str]


def read_applied(connection: Connection, role: str = "earshot_owner") -> Applied:
    """What the database records of its schema, read as this role.

    Raises ForeignTablesError if the table is another program's.
    """
    columns = connection.execute(
        "SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute "
        "WHERE attrelid = to_regclass('public.schema_migrations') AND attnum > 0 AND NOT attisdropped"
    ).fetchone()
    found = columns[0] if columns else None
    if found is None:
        return Applied({}, {})
    if found != ["name", "checksum", "applied_at"]:
        raise ForeignTablesError(foreign_message(["the table schema_migrations"]))
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
    rows = connection.execute("SELECT name, checksum, applied_at FROM public.schema_migrations").fetchall()
    connection.execute("RESET ROLE")
    lines = cast("list[tuple[str, str, datetime]]", rows)
    return Applied(
        {name: (checksum, applied_at) for name, checksum, applied_at in lines if "/" not in name},
        {name: checksum for name, checksum, _ in lines if "/" in name},
    )


def check_files(applied: Applied, migrations: Sequence[Migration]) -> None:
    """Raises EditedMigrationError or UnknownMigrationError where these files are not those that were applied."""
    checksums = {migration.name: migration.checksum for migration in migrations}
    for name, (checksum, applied_at) in sorted(applied.migrations.items()):
        if name not in checksums:
            raise UnknownMigrationError(
                f"The database has migration {name}, which this version of Earshot does not know: "
                "it was migrated by a newer version. Install that version, or roll back with it first."
            )
        if checksum != checksums[name]:
            raise EditedMigrationError(
                f"sql/migrations/{name}.sql was edited after it was applied on {applied_at:%Y-%m-%d}. "
                "Restore the file as it was, and put the change into a new migration."
            )


def until(migrations: Sequence[Migration], to: str | None) -> tuple[Migration, ...]:
    """Those up to the one of this name; all for None. Raises UnknownMigrationError, naming those that there are."""
    if to is None:
        return tuple(migrations)
    names = [migration.name for migration in migrations]
    if to not in names:
        raise UnknownMigrationError(f"There is no migration {to!r}; there are {', '.join(names)}")
    return tuple(migrations[: names.index(to) + 1])


def record_repeatables(connection: Connection, made: Sequence[Repeatable], gone: Sequence[str]) -> None:
    """Note as the owner what was made, and forget what was dropped."""
    for each in made:
        connection.execute(
            "INSERT INTO public.schema_migrations (name, checksum) VALUES (%s, %s) "
            "ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = excluded.applied_at",
            [each.key, each.checksum],
        )
    connection.execute("DELETE FROM public.schema_migrations WHERE name = ANY(%s)", [list(gone)])


def take_turns(connection: Connection) -> None:
    """One migration at a time, in a way that only those can take who may change the schema."""
    if not has_table(connection):
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if not has_table(connection):
            return
    connection.execute("SET LOCAL ROLE earshot_owner")
    connection.execute("LOCK TABLE public.schema_migrations IN SHARE ROW EXCLUSIVE MODE")
    connection.execute("RESET ROLE")


def has_table(connection: Connection) -> bool:
    """Whether schema_migrations is there, and ours."""
    found = connection.execute(
        "SELECT count(*) FROM pg_class WHERE oid = to_regclass('public.schema_migrations') "
        "AND relowner = to_regrole('earshot_owner')"
    ).fetchone()
    return found != (0,)
