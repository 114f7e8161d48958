"""Migrations: the one way to make and change the schema.

Here: applying the files of sql/migrations in order, taking them back, and saying where a database stands.
Not here: the schema itself (the files), starting servers, data.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from importlib import resources
from typing import cast

import psycopg
from psycopg import sql

from sql.connecting import InsufficientPrivilegeError, LockedError, connect, statement_error
from sql.limits import Limits
from sql.schema.catalogue import write_comments
from sql.schema.foreign import names_in, taken
from sql.values import EarshotError, PermanentError
from sql.watching import WatchedConnection

Connection = psycopg.Connection[tuple[object, ...]]
Progress = Callable[[str], None]
Step = Callable[[WatchedConnection], str | None]

# The first 8 bytes of the SHA-256 of "earshot migrations", as a signed number: of an empty database. Where the schema
# is, its own table is locked: anybody may take a lock by number.
LOCK = int.from_bytes(hashlib.sha256(b"earshot migrations").digest()[:8], "big", signed=True)

# While a migration waits for a table, everybody else who wants that table waits behind it: so it waits briefly, lets
# them through, and tries again.
_TRY_S = 5
_PAUSE_S = 2


class EditedMigrationError(PermanentError):
    """A file was changed after it had been applied."""


class UnknownMigrationError(PermanentError):
    """The database or the caller names a migration that this version does not have."""


class ForeignTablesError(PermanentError):
    """The database has tables, views, functions or other things of our names that somebody else made."""


class MissingExtensionError(PermanentError):
    """The server lacks an extension that the schema needs."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema and its way back."""

    name: str
    apply: str
    rollback: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.apply.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Status:
    """Where a database stands: every migration in order with the time it was applied, and what the server can do."""

    edition: str | None
    migrations: tuple[tuple[str, datetime | None], ...]

    @property
    def pending(self) -> tuple[str, ...]:
        return tuple(name for name, applied_at in self.migrations if applied_at is None)


def load_migrations() -> tuple[Migration, ...]:
    """The packaged migrations, in order. Raises PermanentError when one lacks its rollback."""
    folder = resources.files("sql") / "migrations"
    texts = {entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".sql")}
    names = sorted(name.removesuffix(".sql") for name in texts if not name.endswith(".rollback.sql"))
    lonely = [name for name in names if f"{name}.rollback.sql" not in texts]
    if lonely:
        raise PermanentError(f"Migration {', '.join(lonely)} has no .rollback.sql beside it; write one")
    return tuple(Migration(name, texts[f"{name}.sql"], texts[f"{name}.rollback.sql"]) for name in names)


def migrate(
    url: str,
    progress: Progress | None = None,
    *,
    to: str | None = None,
    migrations: Sequence[Migration] | None = None,
    limits: Limits = Limits(),  # noqa: B008  (an immutable value)
) -> list[str]:
    """Bring the database up to date, or up to the migration named by to; returns the names applied.

    Each file is one transaction; two migrate() at the same time take turns, and each file is applied once.
    A lock that somebody else holds is waited for briefly and tried again until limits.lock_s have passed.
    Raises EditedMigrationError, UnknownMigrationError, ForeignTablesError, MissingExtensionError,
    InsufficientPrivilegeError, WrongDatabaseUrlError or DatabaseUnavailableError; what was applied before stays.
    """
    known = _until(load_migrations() if migrations is None else migrations, to)
    say = progress or (lambda _: None)
    warn = partial(_pass_on, say)
    applied: list[str] = []

    def step(connection: WatchedConnection) -> str | None:
        pending = _pending(connection, known)
        if not applied:
            _refuse_foreign_objects(connection, pending, known)
        if not pending:
            _publish(connection)
            if applied and (edition := _edition(connection)):
                say(f"The schema is up to date ({_EDITIONS[edition]})")
            return None
        say(f"Applying {pending[0].name}")
        connection.add_notice_handler(warn)
        try:
            _apply(connection, pending[0])
        finally:
            connection.remove_notice_handler(warn)
        return pending[0].name

    for name in _steps(url, step, limits, say):
        applied.append(name)
    return applied


def _pass_on(say: Progress, notice: psycopg.errors.Diagnostic) -> None:
    """What a migration warns of is for the person who migrates; what it notes on the way is not."""
    if notice.severity_nonlocalized == "WARNING":
        say(f"Warning: {notice.message_primary}")


_EDITIONS = {
    "community": "TimescaleDB, Community edition",
    "apache": "TimescaleDB, Apache edition",
    "plain": "PostgreSQL without TimescaleDB: partitioned tables",
}


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
    known = tuple(load_migrations() if migrations is None else migrations)
    keep = 0 if to is None else len(_until(known, to))
    say = progress or (lambda _: None)

    def step(connection: WatchedConnection) -> str | None:
        applied = _applied(connection)
        _check(applied, known)
        for migration in reversed(known[keep:]):
            if migration.name in applied:
                say(f"Taking back {migration.name}")
                _take_back(connection, migration)
                return migration.name
        return None

    return list(_steps(url, step, limits, say))


def status(url: str, limits: Limits = Limits()) -> Status:  # noqa: B008  (an immutable value)
    """Where the database stands, without changing it. Raises for edited or unknown migrations, as migrate() does."""
    known = load_migrations()
    with connect(url, limits) as connection, _explaining("Reading the state of the schema"):
        connection.begin("status", "earshot db status")
        applied = _applied(connection)
        _check(applied, known)
        times = {name: applied_at for name, (_, applied_at) in applied.items()}
        return Status(_edition(connection), tuple((each.name, times.get(each.name)) for each in known))


@contextmanager
def _explaining(doing: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise statement_error(error, doing) from error


def _steps(url: str, step: Step, limits: Limits, say: Progress) -> Iterator[str]:
    """What step() returns, transaction after transaction, each under the lock of migrations, until it is None."""
    with connect(url, replace(limits, lock_s=min(limits.lock_s, _TRY_S))) as connection:
        until = time.monotonic() + limits.lock_s
        while True:
            try:
                with _explaining("Migrating"), connection.transaction():
                    connection.begin("migrating", "earshot db migrate")
                    _lock(connection)
                    done = step(connection)
            except LockedError as error:
                if time.monotonic() > until:
                    raise
                say(f"{error}. Trying again")
                time.sleep(_PAUSE_S)
                continue
            if done is None:
                return
            until = time.monotonic() + limits.lock_s
            yield done


def _lock(connection: Connection) -> None:
    """One migration at a time, in a way that only those can take who may change the schema."""
    if not _has_ledger(connection):
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if not _has_ledger(connection):
            return
    connection.execute("SET LOCAL ROLE earshot_owner")
    connection.execute("LOCK TABLE public.schema_migrations IN SHARE ROW EXCLUSIVE MODE")
    connection.execute("RESET ROLE")


def _has_ledger(connection: Connection) -> bool:
    """Whether schema_migrations is there, and ours."""
    found = connection.execute(
        "SELECT count(*) FROM pg_class WHERE oid = to_regclass('public.schema_migrations') "
        "AND relowner = to_regrole('earshot_owner')"
    ).fetchone()
    return found != (0,)


def _until(migrations: Sequence[Migration], to: str | None) -> tuple[Migration, ...]:
    if to is None:
        return tuple(migrations)
    names = [migration.name for migration in migrations]
    if to not in names:
        raise UnknownMigrationError(f"There is no migration {to!r}; there are {', '.join(names)}")
    return tuple(migrations[: names.index(to) + 1])


def _applied(connection: Connection) -> dict[str, tuple[str, datetime]]:
    """Name to checksum and time. Raises ForeignTablesError when schema_migrations is another program's."""
    columns = connection.execute(
        "SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute "
        "WHERE attrelid = to_regclass('public.schema_migrations') AND attnum > 0 AND NOT attisdropped"
    ).fetchone()
    found = columns[0] if columns else None
    if found is None:
        return {}
    if found != ["name", "checksum", "applied_at"]:
        raise ForeignTablesError(_foreign_message(["the table schema_migrations"]))
    connection.execute("SET LOCAL ROLE earshot_owner")
    rows = connection.execute("SELECT name, checksum, applied_at FROM public.schema_migrations").fetchall()
    connection.execute("RESET ROLE")
    return {str(name): (str(checksum), cast("datetime", applied_at)) for name, checksum, applied_at in rows}


def _check(applied: dict[str, tuple[str, datetime]], known: Sequence[Migration]) -> None:
    checksums = {migration.name: migration.checksum for migration in known}
    for name, (checksum, applied_at) in sorted(applied.items()):
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


def _pending(connection: Connection, known: Sequence[Migration]) -> list[Migration]:
    applied = _applied(connection)
    # An older target must not make the newer applied files unknown.
    _check(applied, (*known, *(each for each in load_migrations() if each.name not in {one.name for one in known})))
    return [migration for migration in known if migration.name not in applied]


def _refuse_foreign_objects(connection: Connection, pending: Sequence[Migration], known: Sequence[Migration]) -> None:
    """Before anything is changed: what is to be made by name is not there. What migrations before made is ours."""
    ours = names_in(each.apply for each in known if each not in pending)
    if found := taken(connection, names_in(each.apply for each in pending).without(ours)):
        raise ForeignTablesError(_foreign_message(found))


def _foreign_message(names: list[str]) -> str:
    return (
        f"This database already has {', '.join(names)}, made by another program; nothing was changed. "
        "Give Earshot a database of its own, or rename what is there."
    )


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


def _publish(connection: Connection) -> None:
    """What people read is made to follow the schema: the views of bi, and the comment on every relation and column."""
    if _if_made(connection, "earshot_publish"):
        connection.execute("SET LOCAL ROLE earshot_owner")
        write_comments(connection)
        connection.execute("RESET ROLE")


def _if_made(connection: Connection, function: str) -> bool:
    """Calls the owner's function without arguments, where a migration has made it; says whether it is there."""
    connection.execute("RESET ROLE")
    found = connection.execute("SELECT to_regproc(%s) IS NOT NULL", [f"public.{function}"]).fetchone()
    if not (found and found[0]):
        return False
    connection.execute("SET LOCAL ROLE earshot_owner")
    connection.execute(sql.SQL("SELECT public.{}()").format(sql.Identifier(function)))
    connection.execute("RESET ROLE")
    return True


def _run_file(connection: Connection, text: str) -> None:
    connection.execute("SET LOCAL search_path = public")
    # The text is a packaged file; nothing from outside is put into it.
    connection.execute(text.encode())


def _edition(connection: Connection) -> str | None:
    found = connection.execute("SELECT to_regproc('public.earshot_edition') IS NOT NULL").fetchone()
    if not (found and found[0]):
        return None
    edition = connection.execute("SELECT public.earshot_edition()").fetchone()
    return str(edition[0]) if edition else None


def _explained(error: psycopg.Error, migration: Migration) -> EarshotError:
    doing = f"Applying {migration.name}"
    said = str(error).splitlines()[0]
    if isinstance(error, psycopg.errors.UndefinedFile | psycopg.errors.FeatureNotSupported) and "extension" in said:
        return MissingExtensionError(
            f"{doing} failed: {said}. Install the server's contrib package (postgresql-contrib on Debian), "
            "then migrate again."
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return InsufficientPrivilegeError(
            f"{doing} failed: {said}. The login that migrates owns the database and has CREATEROLE; or a superuser "
            "runs once: GRANT earshot_owner, earshot_etl, earshot_report, earshot_readonly TO it WITH ADMIN OPTION."
        )
    return statement_error(error, doing)
