"""Reading: rendered SQL in, frame out, at the speed of a binary COPY.

Here: ADBC connections in the pipeline's role, and the one mapping from PostgreSQL's types to Polars'.
Not here: statements and their parameters (statements.py), writing.
"""

from __future__ import annotations

import re
import threading
import weakref
from typing import Any
from uuid import UUID

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import polars as pl
import pyarrow as pa

from sql.connecting import (
    DatabaseUnavailableError,
    StatementError,
    check_url,
    connect_error,
    failed_statement,
    first_line,
)
from sql.limits import Limits, Work, beginning, bounded
from sql.values import EarshotError
from sql.watching import LockLook, SilentServerError, within

# numeric has no fixed scale; shares, rates and days need no more than 12 decimals, and 26 digits stay before the point.
NUMERIC = pl.Decimal(38, 12)

# Infinity, and years outside the calendar, would become numbers that Python has no date for and on which libraries
# panic: they are refused here, by name. In microseconds and days since 1970: the years 1 to 9999.
_CALENDAR = {
    pl.Datetime: (-62_135_596_800_000_000, 253_402_300_799_999_999),
    pl.Date: (-719_162, 2_932_896),
}

# Types that arrive as opaque bytes, and what to select instead.
_INSTEAD = {"inet": "host({0})", "cidr": "{0}::text", "interval": "extract(epoch FROM {0})::float8"}


class ColumnReader:
    """Runs SQL text in one role; keeps one idle connection, because opening one costs more than most reads.

    Readers that see one tenant at a time are given that tenant.
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
    ) -> None:
        check_url(url)
        self._url = url
        self._role = role
        self._limits = limits
        self._answer_s = limits.answer_s(work)
        # For one tenant, names of tables mean the views of the schema bi, which show no other one's rows.
        self._begin = beginning(limits, work, name, role, tenant, "bi, public" if tenant else None)
        self._idle: list[Any] = []
        self._lock = threading.Lock()
        # Closes what is idle when the reader goes away without close().
        self._finalizer = weakref.finalize(self, _close_all, self._idle)

    def fetch(self, sql: str, doing: str, *, by_hash: bool = False) -> pl.DataFrame:
        """The rows of one statement; doing names it in errors. by_hash: its joins are not made by nested loops."""
        connection, table = self._run(sql, doing, by_hash)
        with self._lock:
            self._idle.append(connection)
            surplus = self._idle[1:]
            del self._idle[1:]
        _close_all(surplus)
        return frame_of(table, doing)

    def close(self) -> None:
        with self._lock:
            _close_all(self._idle)

    def _run(self, sql: str, doing: str, by_hash: bool) -> tuple[Any, pa.Table]:
        with self._lock:
            idle = self._idle.pop() if self._idle else None
        connection, pid = (idle, self._started(idle)) if idle is not None else (None, None)
        if connection is None or pid is None:
            connection, pid = self._open()
        look = LockLook(self._url, pid, self._limits)
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
            connection = adbc.connect(bounded(self._url, self._limits), autocommit=True)
        except adbc_driver_manager.Error as error:
            raise connect_error(error, self._url) from None
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


def frame_of(table: pa.Table, doing: str) -> pl.DataFrame:
    """The Arrow table in the types that all floors use; an empty one keeps them.

    uuid: Binary (16 bytes). timestamptz: Datetime("us", "UTC"). numeric: Decimal(38, 12). json: String.
    char(n): String without its padding. Raises StatementError for types that would arrive as opaque bytes.
    """
    columns = [_plain(table.column(number), field, doing) for number, field in enumerate(table.schema)]
    frame = pl.from_arrow(pa.table(columns, names=table.schema.names))
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("an Arrow table becomes a frame")
    _refuse_invalid_times(frame, doing)
    try:
        return frame.with_columns(*(_finish(field) for field in table.schema if _postgres_type(field) in _FINISHED))
    except pl.exceptions.InvalidOperationError as error:
        raise StatementError(
            f"{doing}: a numeric does not fit into {NUMERIC} ({first_line(error)}); cast it in the statement"
        ) from None


def _refuse_invalid_times(frame: pl.DataFrame, doing: str) -> None:
    for name, dtype in frame.schema.items():
        bounds = _CALENDAR.get(dtype.base_type())
        if bounds is None:
            continue
        invalid = frame.get_column(name).to_physical().is_between(*bounds).not_()
        if invalid.any():
            tenants = frame.filter(invalid).get_column("tenant_id") if "tenant_id" in frame.columns else None
            first = f", the first of tenant {UUID(bytes=tenants[0])}" if tenants is not None else ""
            raise StatementError(
                f"{doing}: {invalid.sum()} row(s) have {name} infinite or outside the years 1 to 9999{first}. "
                "Correct them: `earshot status` names the constraints that rows break"
            )


_FINISHED = ("numeric", "bpchar", "uuid", "_uuid")


def _postgres_type(field: pa.Field) -> str:
    return ((field.metadata or {}).get(b"POSTGRESQL:type") or b"").decode()


def _plain(column: pa.ChunkedArray, field: pa.Field, doing: str) -> pa.ChunkedArray:
    """The column in its storage type, where ADBC marks it as an extension type."""
    kind = _postgres_type(field)
    opaque = isinstance(field.type, pa.OpaqueType) and kind != "numeric"
    if opaque or pa.types.is_interval(field.type):
        instead = _INSTEAD.get(kind, "{0}::text").format(field.name)
        raise StatementError(
            f"{doing}: column {field.name} is of type {kind}, which has no frame type; select {instead}"
        )
    if isinstance(field.type, pa.BaseExtensionType):
        return pa.chunked_array([chunk.storage for chunk in column.chunks], type=field.type.storage_type)
    if kind == "_uuid":
        return column.cast(pa.list_(pa.binary(16)))
    return column


def _finish(field: pa.Field) -> pl.Expr:
    column = pl.col(field.name)
    match _postgres_type(field):
        case "numeric":
            return column.cast(NUMERIC)
        case "bpchar":
            return column.str.strip_chars_end(" ")
        case "_uuid":
            return column.cast(pl.List(pl.Binary))
        case _:
            return column.cast(pl.Binary)


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
