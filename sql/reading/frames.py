"""Frames: the one mapping from PostgreSQL's types, as ADBC hands them over, to Polars'.

Here: an Arrow table as a frame, and the values and types that have none.
Not here: reading the table (connections.py).
"""

from __future__ import annotations

from uuid import UUID

import polars as pl
import pyarrow as pa

from sql.connections.connecting import StatementError, first_line

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
