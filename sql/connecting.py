"""Connecting: the way to a PostgreSQL server, and what its failures mean to a person.

Here: opening connections, masking passwords, turning driver errors into typed ones.
Not here: statements, frames, schema.
"""

from __future__ import annotations

import re

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sql.values import EarshotError, PermanentError

# A server that does not answer in this time is down; the libpq default is to wait for ever.
CONNECT_TIMEOUT_S = 10

# Up to the last @, because a password may hold one that nobody encoded.
_SECRET_IN_URL = re.compile(r"(?<=://)([^:/@\s]*):(\S*)@")
_SECRET_IN_PAIRS = re.compile(r"(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)")


class DatabaseUnavailableError(EarshotError):
    """No server answered, or it went away; trying again may help."""


class WrongDatabaseUrlError(PermanentError):
    """The URL cannot be read, or it names a login, password or database that the server does not know."""


class InsufficientPrivilegeError(PermanentError):
    """The login may not do what it was asked to do."""


class StatementError(PermanentError):
    """The server refused a statement."""


def masked(text: str) -> str:
    """The text with every password in it replaced by ***."""
    return _SECRET_IN_PAIRS.sub(r"\1***", _SECRET_IN_URL.sub(r"\1:***@", text))


def connect(url: str, *, autocommit: bool = False) -> psycopg.Connection[tuple[object, ...]]:
    """A connection in UTC. Raises WrongDatabaseUrlError or DatabaseUnavailableError, with the password masked."""
    check_url(url)
    try:
        return psycopg.connect(with_timeout(url), autocommit=autocommit, options=_options(url), prepare_threshold=None)
    except psycopg.Error as error:
        raise connect_error(error, url) from None


def with_timeout(url: str) -> str:
    """The same place as key=value pairs, with a limit on how long connecting may take."""
    given = conninfo_to_dict(url)
    return url if "connect_timeout" in given else make_conninfo(url, connect_timeout=CONNECT_TIMEOUT_S)


def _options(url: str) -> str:
    given = conninfo_to_dict(url).get("options")
    return f"{given or ''} -c TimeZone=UTC".strip()


def check_url(url: str) -> None:
    """Raises WrongDatabaseUrlError unless libpq can read the URL and its scheme is PostgreSQL's."""
    scheme = url.partition("://")[0]
    advice = "Write it as postgresql://login:password@host:5432/database; special characters percent-encoded."
    if scheme not in ("postgresql", "postgres"):
        raise WrongDatabaseUrlError(f"The database URL {masked(url)!r} does not begin with postgresql://. {advice}")
    try:
        conninfo_to_dict(url)
    except psycopg.Error as error:
        raise WrongDatabaseUrlError(
            f"The database URL {masked(url)!r} cannot be read: {masked(first_line(error))}. {advice}"
        ) from None


def connect_error(error: Exception, url: str) -> EarshotError:
    """What a failed connection means."""
    said = first_line(error)
    where = f"{masked(url)}: {masked(said)}"
    if re.search(r"password authentication|no password supplied|does not exist|no pg_hba.conf entry", said):
        return WrongDatabaseUrlError(f"The server refused {where}. Check login, password and database in DATABASE_URL.")
    return DatabaseUnavailableError(
        f"No database answered at {where}. Check that the server runs and is reachable "
        "(`earshot db up` starts a private one when DATABASE_URL is not set)."
    )


def statement_error(error: psycopg.Error, doing: str) -> EarshotError:
    """What a failed statement means; doing says what was being done, as in 'reading read_episodes'."""
    said = masked(first_line(error))
    detail = error.diag.message_detail
    said = f"{said} ({detail})" if detail else said
    if isinstance(
        error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn | psycopg.errors.UndefinedFunction
    ):
        return StatementError(
            f"{doing} failed: {said}. Is the schema up to date? `earshot db migrate` brings it there."
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return InsufficientPrivilegeError(f"{doing} failed: {said}. Use the login that ran `earshot db migrate`.")
    operational = psycopg.OperationalError | psycopg.errors.TransactionRollback | psycopg.InterfaceError
    if isinstance(error, operational) and (error.sqlstate is None or is_transient(error.sqlstate)):
        return DatabaseUnavailableError(f"{doing} failed: {said}. Try again; if it stays, look at the server's log.")
    hint = f" {error.diag.message_hint}" if error.diag.message_hint else ""
    return StatementError(f"{doing} failed: {said}.{hint}")


def is_transient(sqlstate: str) -> bool:
    """Whether this says that the server or a lock was not to be had, which a retry heals: no statement is to blame.

    Connections (08), rollbacks and deadlocks (40), resources of the server (53), its shutdown (57P), its system (58), a
    lock that was not given in time (55P03). Not a statement that took too long (57014) or needs too much (54).
    """
    return sqlstate.startswith(("08", "40", "53", "57P", "58")) or sqlstate == "55P03"


def first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")
