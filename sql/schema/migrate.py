"""Migrations: the one way to make and change the schema.

Here: applying the files of sql/migrations in order and what follows from them (functions, views, comments), and taking
them back.
Not here: the files (files.py), what a database records of its schema (applied.py, status.py), how functions and views
are made anew (repeatable.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import psycopg
from psycopg import sql

from sql.connections.connecting import InsufficientPrivilegeError, LockedError, connect, statement_error
from sql.connections.limits import Limits
from sql.connections.watching import WatchedConnection
from sql.schema.applied import (
    LOCK,
    EditedMigrationError,
    UnknownMigrationError,
    check_files,
    has_table,
    read_applied,
    take_turns,
    until,
)
from sql.schema.catalogue import write_comments
from sql.schema.files import Kind, Migration, Repeatable, load_migrations, load_repeatables
from sql.schema.foreign import ForeignTablesError, names_in, refuse_taken
from sql.schema.repeatable import refresh
from sql.schema.status import EDITIONS, Status, edition, status
from sql.values import EarshotError, PermanentError

__all__ = [
    "LOCK",
    "EditedMigrationError",
    "ForeignTablesError",
    "Migration",
    "MissingExtensionError",
    "Repeatable",
    "Status",
    "UnknownMigrationError",
    "load_migrations",
    "load_repeatables",
    "migrate",
    "rollback",
    "status",
]

Connection = psycopg.Connection[tuple[object, ...]]
Progress = Callable[[str], None]
Step = Callable[[WatchedConnection], str | None]

# While a migration waits for a table, everybody else who wants that table waits behind it: so it waits briefly, lets
# them through, and tries again.
_TRY_S = 5
_PAUSE_S = 2

# So many functions and views are named when they are made.
_FEW = 5


class MissingExtensionError(PermanentError):
    """The server lacks an extension that the schema needs."""


def migrate(
    url: str,
    progress: Progress | None = None,
    *,
    to: str | None = None,
    migrations: Sequence[Migration] | None = None,
    repeatables: Sequence[Repeatable] | None = None,
    limits: Limits = Limits(),  # noqa: B008  (an immutable value)
) -> list[str]:
    """Bring the database up to date, or up to the migration named by to; returns the names of the migrations applied.

    Each migration is one transaction, in which functions whose files have changed are made first: tables and policies
    stand on them. Once all migrations are applied, one more transaction makes the views and all that follows.
    Two migrate() at the same time take turns, and each file is applied once.
    A lock that somebody else holds is waited for briefly and tried again until limits.lock_s have passed.
    Raises EditedMigrationError, UnknownMigrationError, ForeignTablesError, MissingExtensionError, StatementError,
    InsufficientPrivilegeError, WrongDatabaseUrlError or DatabaseUnavailableError; what was applied before stays.
    """
    every = tuple(load_migrations() if migrations is None else migrations)
    migration_files = until(every, to)
    wanted = tuple(load_repeatables() if repeatables is None else repeatables)
    report = progress or (lambda _: None)
    warn = partial(_pass_on, report)
    applied: list[str] = []

    def step(connection: WatchedConnection) -> str | None:
        pending = _pending(connection, migration_files)
        if not applied:
            _refuse_foreign(connection, pending, migration_files, wanted)
        if not pending:
            changed = _finish(connection, wanted, migration_files == every, report)
            if (applied or changed) and (found := edition(connection)):
                report(f"The schema is up to date ({EDITIONS[found]})")
            return None
        if has_table(connection):
            _refresh(connection, wanted, report, only="functions")
        report(f"Applying {pending[0].name}")
        connection.add_notice_handler(warn)
        try:
            _apply(connection, pending[0])
        finally:
            connection.remove_notice_handler(warn)
        _publish(connection)
        return pending[0].name

    for name in _steps(url, step, limits, report):
        applied.append(name)
    return applied


def _pass_on(report: Progress, notice: psycopg.errors.Diagnostic) -> None:
    """What a migration warns of is for the person who migrates; what it notes on the way is not."""
    if notice.severity_nonlocalized == "WARNING":
        report(f"Warning: {notice.message_primary}")


def rollback(
    url: str,
    to: str | None,
    progress: Progress | None = None,
    *,
    migrations: Sequence[Migration] | None = None,
    limits: Limits = Limits(),  # noqa: B008  (an immutable value)
) -> list[str]:
    """Take back every migration after the one named by to (None: all of them), last first; returns their names.

    Rows in the tables that go are lost. Raises as migrate() does.
    """
    migration_files = tuple(load_migrations() if migrations is None else migrations)
    keep = 0 if to is None else len(until(migration_files, to))
    report = progress or (lambda _: None)

    def step(connection: WatchedConnection) -> str | None:
        applied = read_applied(connection)
        check_files(applied, migration_files)
        for migration in reversed(migration_files[keep:]):
            if migration.name in applied.migrations:
                report(f"Taking back {migration.name}")
                _take_back(connection, migration)
                return migration.name
        return None

    return list(_steps(url, step, limits, report))


def _steps(url: str, step: Step, limits: Limits, report: Progress) -> Iterator[str]:
    """What step() returns, transaction after transaction, each under the lock of migrations, until it is None."""
    with connect(url, replace(limits, lock_s=min(limits.lock_s, _TRY_S))) as connection:
        give_up_at = time.monotonic() + limits.lock_s
        while True:
            try:
                done = _one_step(connection, step)
            except LockedError as error:
                if time.monotonic() > give_up_at:
                    raise
                report(f"{error}. Trying again")
                time.sleep(_PAUSE_S)
                continue
            if done is None:
                return
            give_up_at = time.monotonic() + limits.lock_s
            yield done


def _one_step(connection: WatchedConnection, step: Step) -> str | None:
    """One transaction. Raises LockedError where somebody else keeps what it needs."""
    try:
        with connection.transaction():
            connection.begin("migrating", "earshot db migrate")
            take_turns(connection)
            return step(connection)
    except psycopg.Error as error:
        raise statement_error(error, "Migrating") from error


def _pending(connection: Connection, migration_files: Sequence[Migration]) -> list[Migration]:
    applied = read_applied(connection)
    # An older target must not make the newer applied files unknown.
    names = {each.name for each in migration_files}
    check_files(applied, (*migration_files, *(each for each in load_migrations() if each.name not in names)))
    return [migration for migration in migration_files if migration.name not in applied.migrations]


def _refuse_foreign(
    connection: Connection,
    pending: Sequence[Migration],
    migration_files: Sequence[Migration],
    wanted: Sequence[Repeatable],
) -> None:
    """Before anything is changed: what is to be made by name is not there. What was applied before is ours."""
    applied = read_applied(connection).repeatables
    ours = [each.apply for each in migration_files if each not in pending] + [
        each.text for each in wanted if each.key in applied
    ]
    new = [each.apply for each in pending] + [each.text for each in wanted if each.key not in applied]
    refuse_taken(connection, names_in(new).without(names_in(ours)))


def _apply(connection: Connection, migration: Migration) -> None:
    try:
        _run_file(connection, migration.apply)
        connection.execute("SET LOCAL ROLE earshot_owner")
        connection.execute(
            "INSERT INTO public.schema_migrations (name, checksum) VALUES (%s, %s)",
            [migration.name, migration.checksum],
        )
    except psycopg.Error as error:
        raise _explained(error, migration) from error


def _take_back(connection: Connection, migration: Migration) -> None:
    try:
        # The views for people stand on what a file takes back.
        _if_made(connection, "earshot_hide")
        connection.execute("SET LOCAL ROLE earshot_owner")
        connection.execute("DELETE FROM public.schema_migrations WHERE name = %s", [migration.name])
        connection.execute("RESET ROLE")
        _run_file(connection, migration.rollback)
        _publish(connection)
    except psycopg.Error as error:
        raise statement_error(error, f"Taking back {migration.name}") from error


def _refresh(connection: Connection, wanted: Sequence[Repeatable], report: Progress, only: Kind | None = None) -> bool:
    """Make the functions and views whose files have changed, report them, and return whether there were any."""
    made, gone = refresh(connection, wanted, read_applied(connection).repeatables, only)
    for doing, keys in (("Making", [each.key for each in made]), ("Dropping", gone)):
        if keys:
            report(f"{doing} {_counted(keys)}")
    return bool(made or gone)


def _counted(keys: Sequence[str]) -> str:
    """A few by name, many by number."""
    if len(keys) <= _FEW:
        return ", ".join(keys)
    kinds = [key.split("/")[0] for key in keys]
    return " and ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))


def _finish(connection: Connection, wanted: Sequence[Repeatable], is_whole: bool, report: Progress) -> bool:
    """Apply what follows from the migrations; returns whether a function or view was made or dropped.

    is_whole: all of them are applied. Before that, what a view reads may not be there yet.
    """
    if not has_table(connection):
        return False
    changed = _refresh(connection, wanted, report, only=None if is_whole else "functions")
    _publish(connection)
    connection.execute("SET LOCAL ROLE earshot_owner")
    write_comments(connection)
    connection.execute("RESET ROLE")
    return changed


def _publish(connection: Connection) -> None:
    """Every table that people may read gets its view in bi, and everybody who reads bi what is granted there."""
    _if_made(connection, "earshot_publish")


def _if_made(connection: Connection, function: str) -> None:
    """Call the owner's function without arguments, where it is there."""
    connection.execute("RESET ROLE")
    found = connection.execute("SELECT to_regproc(%s) IS NOT NULL", [f"public.{function}"]).fetchone()
    if found and found[0]:
        connection.execute("SET LOCAL ROLE earshot_owner")
        connection.execute(sql.SQL("SELECT public.{}()").format(sql.Identifier(function)))
        connection.execute("RESET ROLE")


def _run_file(connection: Connection, text: str) -> None:
    connection.execute("SET LOCAL search_path = public")
    # The text is a packaged file; nothing from outside is put into it.
    connection.execute(text.encode())


def _explained(error: psycopg.Error, migration: Migration) -> EarshotError:
    doing = f"Applying {migration.name}"
    message = str(error).splitlines()[0]
    if isinstance(error, psycopg.errors.UndefinedFile | psycopg.errors.FeatureNotSupported) and "extension" in message:
        return MissingExtensionError(
            f"{doing} failed: {message}. Install the server's contrib package (postgresql-contrib on Debian), "
            "then migrate again."
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return InsufficientPrivilegeError(
            f"{doing} failed: {message}. The login that migrates owns the database and has CREATEROLE; or a superuser "
            "runs once: GRANT earshot_owner, earshot_etl, earshot_report, earshot_readonly TO it WITH ADMIN OPTION."
        )
    return statement_error(error, doing)
