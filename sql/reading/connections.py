"""Connections of ADBC in the pipeline's role: rendered SQL in, frame out.

Here: opening, beginning a transaction, one statement in it with its limits and errors, the connections that are kept.
Not here: what opening takes (databases.py), the types of a frame (frames.py), statements (sql/statements.py), writing.
"""

from __future__ import annotations

import re
import threading
import weakref
from typing import Any
from uuid import UUID

import adbc_driver_manager
import polars as pl
import pyarrow as pa

from sql.connections.connecting import (
    DatabaseUnavailableError,
    check_url,
    connect_error,
    failed_statement,
    first_line,
)
from sql.connections.limits import Limits, Work, beginning, bounded
from sql.connections.watching import LockLook, SilentServerError, within
from sql.reading.databases import connect
from sql.reading.frames import frame_of
from sql.values import EarshotError


class IdleConnections:
    """Connections to one address that no reader uses now, because opening one costs more than most reads.

    most: how many are kept. They are in no transaction, and so in no role: any reader of the address can take one.
    """

    def __init__(self, most: int = 1) -> None:
        self._most = most
        self._connections: list[Any] = []
        self._lock = threading.Lock()
        # Closes them when this goes away without close().
        self._finalizer = weakref.finalize(self, _close_all, self._connections)

    def take(self) -> Any | None:
        """One that is kept, if there is one."""
        with self._lock:
            return self._connections.pop() if self._connections else None

    def keep(self, connection: Any) -> None:
        """For the next reader; what is too much is closed."""
        with self._lock:
            self._connections.append(connection)
            surplus = self._connections[self._most :]
            del self._connections[self._most :]
        _close_all(surplus)

    def close(self) -> None:
        """Close what is kept now."""
        with self._lock:
            _close_all(self._connections)


class ColumnReader:
    """Runs SQL text in one role. Readers that see one tenant at a time are given that tenant.

    idle: connections to the address that several readers share; None: it keeps one of its own.
    """

    def __init__(
        self,
        url: str,
        role: str = "earshot_etl",
        tenant: UUID | None = None,
        *,
        limits: Limits = Limits(),  # noqa: B008  (an immutable value)
        work: Work = "reading",
        name: str = "earshot",
        idle: IdleConnections | None = None,
    ) -> None:
        check_url(url)
        self.url = url
        self._role = role
        self._limits = limits
        self._answer_s = limits.answer_s(work)
        # For one tenant, names of tables mean the views of the schema bi, which show no other one's rows.
        self._begin = beginning(limits, work, name, role, tenant, "bi, public" if tenant else None)
        self._idle = idle or IdleConnections()

    def fetch(self, sql: str, doing: str, *, by_hash: bool = False) -> pl.DataFrame:
        """The rows of one statement; doing names it in errors. by_hash: its joins are not made by nested loops."""
        connection, table = self._run(sql, doing, by_hash)
        self._idle.keep(connection)
        return frame_of(table, doing)

    def close(self) -> None:
        self._idle.close()

    def _run(self, sql: str, doing: str, by_hash: bool) -> tuple[Any, pa.Table]:
        idle = self._idle.take()
        connection, pid = (idle, self._started(idle)) if idle is not None else (None, None)
        if connection is None or pid is None:
            connection, pid = self._open()
        look = LockLook(self.url, pid, self._limits)
        try:
            table = within(self._answer_s, lambda: _read(connection, sql, by_hash), connection.close, look)
        except adbc_driver_manager.Error as error:
            connection.close()
            raise _failed(error, doing, look.found) from None
        except SilentServerError as error:
            raise DatabaseUnavailableError(f"{doing} failed: {error}. Try again.") from None
        return connection, table

    def _started(self, idle: Any) -> int | None:
        """The server's process of the transaction that began; None if the server closed the connection meanwhile."""
        try:
            return within(self._limits.silence_s, lambda: _start(idle, self._begin), idle.close)
        except adbc_driver_manager.Error:
            # A restart, an idle limit.
            idle.close()
        except SilentServerError:
            pass
        return None

    def _open(self) -> tuple[Any, int]:
        try:
            # Outside of a transaction while it is idle: one that is open would keep a pooler's session to itself.
            connection = connect(bounded(self.url, self._limits))
        except adbc_driver_manager.Error as error:
            raise connect_error(error, self.url) from None
        try:
            started = within(self._limits.silence_s, lambda: _start(connection, self._begin), connection.close)
            return connection, started
        except adbc_driver_manager.Error as error:
            connection.close()
            raise _failed(error, f"Becoming {self._role}") from None
        except SilentServerError as error:
            raise DatabaseUnavailableError(f"Becoming {self._role} failed: {error}. Try again.") from None


def _close_all(connections: list[Any]) -> None:
    while connections:
        connections.pop().close()


def _start(connection: Any, begin: str) -> int:
    connection.adbc_connection.set_autocommit(False)
    return int(_execute(connection, begin).columns[-1][0].as_py())


def _read(connection: Any, sql: str, by_hash: bool) -> pa.Table:
    if by_hash:
        _execute(connection, "SELECT set_config('enable_nestloop', 'off', true)")
    table = _execute(connection, sql)
    connection.adbc_connection.set_autocommit(True)
    return table


def _execute(connection: Any, sql: str) -> pa.Table:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetch_arrow_table()


def _failed(error: adbc_driver_manager.Error, doing: str, lock_holders: str = "") -> EarshotError:
    """What a statement that failed in ADBC means."""
    # The driver puts its own state before the server's message.
    message = re.sub(r"^.*?\bERROR:\s+", "", first_line(error))
    return failed_statement(
        doing,
        message,
        error.sqlstate,
        is_connection_lost=_is_connection_lost(error),
        lock_holders=[lock_holders],
    )


def _is_connection_lost(error: adbc_driver_manager.Error) -> bool:
    """Without a state it was the driver that failed: at the connection, or at a value that Arrow cannot hold."""
    return error.status_code not in (
        adbc_driver_manager.AdbcStatusCode.INVALID_DATA,
        adbc_driver_manager.AdbcStatusCode.INVALID_ARGUMENT,
        adbc_driver_manager.AdbcStatusCode.NOT_IMPLEMENTED,
    )
