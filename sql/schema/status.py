"""Status: where a database stands, without changing it.

Here: which migrations, functions and views are applied and which are not, and what the server can do (its edition).
Not here: applying them (migrate.py), what runs in the database (the commands' own status).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg

from sql.connections.connecting import connect, statement_error
from sql.connections.limits import Limits
from sql.schema.applied import Connection, check_files, read_applied
from sql.schema.files import load_migrations, load_repeatables
from sql.schema.repeatable import outdated

EDITIONS = {
    "community": "TimescaleDB, Community edition",
    "apache": "TimescaleDB, Apache edition",
    "plain": "PostgreSQL without TimescaleDB: partitioned tables",
}


@dataclass(frozen=True, slots=True)
class Status:
    """Where a database stands, and what the server can do.

    migrations: every one in order, with the time it was applied. outdated: functions and views that the next migrate()
    makes or drops, as functions/NAME and views/NAME.
    """

    edition: str | None
    migrations: tuple[tuple[str, datetime | None], ...]
    outdated: tuple[str, ...] = ()

    @property
    def pending(self) -> tuple[str, ...]:
        return tuple(name for name, applied_at in self.migrations if applied_at is None)


def status(url: str, limits: Limits = Limits()) -> Status:  # noqa: B008  (an immutable value)
    """Where the database stands, without changing it. Raises for edited or unknown migrations, as migrate() does."""
    of_code = load_migrations()
    with connect(url, limits) as connection:
        try:
            connection.begin("status", "earshot db status")
            # What runs may read it too, and never becomes the owner.
            applied = read_applied(connection, "earshot_etl")
            check_files(applied, of_code)
            make, gone = outdated(connection, load_repeatables(), applied.repeatables)
            found = edition(connection)
        except psycopg.Error as error:
            raise statement_error(error, "Reading the state of the schema") from error
    times = {name: applied_at for name, (_, applied_at) in applied.migrations.items()}
    return Status(
        found,
        tuple((each.name, times.get(each.name)) for each in of_code),
        (*(each.key for each in make), *gone),
    )


def edition(connection: Connection) -> str | None:
    """community, apache or plain; None where the schema is not there."""
    found = connection.execute("SELECT to_regproc('public.earshot_edition') IS NOT NULL").fetchone()
    if not (found and found[0]):
        return None
    row = connection.execute("SELECT public.earshot_edition()").fetchone()
    return str(row[0]) if row else None
