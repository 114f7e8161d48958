"""Connecting: the way to a PostgreSQL server, and what its failures mean to a person.

Here: opening connections, turning driver errors into typed ones.
Not here: statements, frames, schema, what is masked (masking.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict

from sql.connections.limits import Limits, bounded
from sql.connections.watching import WatchedConnection
from sql.safety.masking import masked, register_secret, register_url
from sql.values import EarshotError, PermanentError

# A table, column or function that is not there.
_NOT_THERE = ("42P01", "42703", "42883")


class DatabaseUnavailableError(EarshotError):
    """No server answered, or it went away; trying again may help."""


class LockedError(DatabaseUnavailableError):
    """Another session held a lock for too long; the message names it."""


class WrongDatabaseUrlError(PermanentError):
    """The URL cannot be read, or it names a login, password or database that the server does not have."""


class InsufficientPrivilegeError(PermanentError):
    """The login has no right to run the statement."""


class StatementError(PermanentError):
    """The server refused a statement."""


def connect(url: str, limits: Limits = Limits()) -> WatchedConnection:  # noqa: B008  (an immutable value)
    """A connection whose transactions begin with begin(), which sets everything that they rely on.

    Raises WrongDatabaseUrlError or DatabaseUnavailableError, with the password masked.
    """
    check_url(url)
    try:
        connection = WatchedConnection.connect(bounded(url, limits), prepare_threshold=None)
    except psycopg.Error as error:
        raise connect_error(error, url) from None
    connection.url, connection.limits, connection.patience_s = url, limits, limits.silence_s
    return connection


@contextmanager
def looking(url: str, limits: Limits, name: str, doing: str) -> Iterator[WatchedConnection]:
    """A connection of its own for a look at how things stand, as the login, in a transaction of that kind of work.

    name: of the session; doing: as of statement_error, which errors of the body become. Raises as connect() does.
    """
    with closing(connect(url, limits)) as connection:
        try:
            connection.begin("status", name)
            yield connection
        except psycopg.Error as error:
            raise statement_error(error, doing) from error


def check_url(url: str) -> None:
    """Raises WrongDatabaseUrlError unless libpq can read the URL and its scheme is PostgreSQL's."""
    register_url(url)
    scheme = url.partition("://")[0]
    advice = "Write it as postgresql://login:password@host:5432/database; special characters percent-encoded."
    if scheme not in ("postgresql", "postgres"):
        raise WrongDatabaseUrlError(f"The database URL {masked(url)!r} does not begin with postgresql://. {advice}")
    try:
        options = conninfo_to_dict(url)
        # Whichever way libpq reads them: names of options may be escaped as well.
        register_secret(*(str(value) for name, value in options.items() if "password" in name))
    except psycopg.Error as error:
        raise WrongDatabaseUrlError(
            f"The database URL {masked(url)!r} cannot be read: {masked(first_line(error))}. {advice}"
        ) from None


def connect_error(error: Exception, url: str) -> EarshotError:
    """What a failed connection means."""
    message = first_line(error)
    where = f"{masked(url)}: {masked(message)}"
    if re.search(r"password authentication|no password supplied|does not exist|no pg_hba.conf entry", message):
        return WrongDatabaseUrlError(f"The server refused {where}. Check login, password and database in DATABASE_URL.")
    return DatabaseUnavailableError(
        f"No database answered at {where}. Check that the server runs and is reachable "
        "(`earshot db up` starts a private one when DATABASE_URL is not set)."
    )


def statement_error(error: psycopg.Error, doing: str) -> EarshotError:
    """What a statement that failed in psycopg means; doing names it, as in 'Reading read_episodes'."""
    detail = error.diag.message_detail
    message = f"{first_line(error)} ({detail})" if detail else first_line(error)
    return failed_statement(
        doing,
        message,
        error.sqlstate,
        is_connection_lost=isinstance(error, psycopg.OperationalError | psycopg.InterfaceError),
        lock_holders=getattr(error, "__notes__", ()),
        hint=error.diag.message_hint,
    )


def failed_statement(
    doing: str,
    message: str,
    sqlstate: str | None,
    *,
    is_connection_lost: bool,
    lock_holders: Iterable[str] = (),
    hint: str | None = None,
) -> EarshotError:
    """What a failed statement means, whichever driver ran it.

    message: the first line of the error. sqlstate: the server's; without one the driver failed, and is_connection_lost
    says whether that was at the connection. lock_holders: as blockers() describes them. hint: the server's.
    """
    failed = f"{doing} failed: {masked(message)}."
    if sqlstate in _NOT_THERE:
        return StatementError(f"{failed} Is the schema up to date? `earshot db migrate` brings it there.")
    if sqlstate == "42501":
        return InsufficientPrivilegeError(f"{failed} Use the login that ran `earshot db migrate`.")
    if sqlstate == "55P03":
        return LockedError(f"{doing} failed: {lock_message(lock_holders)}")
    if sqlstate == "57014" and "statement timeout" in message:
        return StatementError(f"{failed} {SLOW}")
    if is_transient(sqlstate) if sqlstate else is_connection_lost:
        return DatabaseUnavailableError(f"{failed} Try again; if it stays, look at the server's log.")
    return StatementError(f"{failed} {masked(hint)}" if hint else failed)


def is_transient(sqlstate: str) -> bool:
    """Whether the server or a lock was unavailable, which a retry heals; the statement itself is not at fault.

    Connections (08), rollbacks and deadlocks (40), resources of the server (53), its shutdown (57P), its system (58), a
    lock that was not given in time (55P03), a transaction that was idle for too long (25P03). Not a statement that took
    too long (57014) or needs too much (54).
    """
    return sqlstate.startswith(("08", "40", "53", "57P", "58")) or sqlstate in ("55P03", "25P03")


# What helps when the server ended a statement that took longer than its kind of work may.
SLOW = (
    "A statement of this kind may take longer if EARSHOT_DB_READING_S, _WRITING_S, _MIGRATING_S or _STATUS_S says so "
    "(docs/operators.md); look first at what else keeps the server busy."
)


def lock_message(holders: Iterable[str]) -> str:
    """The message when another session held a lock for too long; holders: as blockers() describes them."""
    named = " and ".join(each for each in holders if each)
    held = f"held by {named}" if named else "held by a session that could not be found any more"
    return (
        f"it waited for a lock that is {held}. Wait until that is done and try again; if its process is gone or stuck, "
        "end it with SELECT pg_terminate_backend(its process number). EARSHOT_DB_LOCK_S says how long to wait"
    )


def first_line(error: BaseException) -> str:
    """The first line of the error's message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")
