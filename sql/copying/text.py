"""Text: a frame as the CSV that COPY reads, exact for every type that tables have.

Here: ids as hex, bytes, arrays, moments; NULL is nothing, an empty text is "".
Not here: the binary form, and what ADBC's ingest and psycopg's writer measure beside both (binary.py), connections,
which columns a table has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from sql.values import PermanentError

# Rows encoded at once: few enough that the server reads one slice while the next is encoded.
_ROWS = 10_000


def csv_parts(table: str, frame: pl.DataFrame, types: Mapping[str, str]) -> Iterator[bytes]:
    """The rows as CSV without a header, slice by slice; types are PostgreSQL's, by column.

    NaN and the infinities keep their names, which PostgreSQL reads. Naive datetimes count as UTC.
    Raises PermanentError for a column whose frame type has no text that its table type reads.
    """
    encoded = [_encoded(table, name, dtype, types[name]).alias(name) for name, dtype in frame.schema.items()]
    for part in frame.iter_slices(_ROWS):
        text = part.select(encoded).write_csv(
            include_header=False, quote_style="necessary", datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ"
        )
        yield text.encode()


def _encoded(table: str, name: str, dtype: pl.DataType, kind: str) -> pl.Expr:
    column = pl.col(name)
    match dtype:
        case pl.Binary():
            return _binary(table, name, column, kind)
        case pl.Datetime():
            zoned = column if dtype.time_zone is None else column.dt.convert_time_zone("UTC")
            return zoned.dt.replace_time_zone(None).dt.cast_time_unit("us")
        case pl.List() | pl.Array():
            return _array(table, name, column.cast(pl.List(dtype.inner)), dtype, kind)
        case pl.Struct() | pl.Object() | pl.Duration():
            raise PermanentError(f"Column {name} for {table} is {dtype}, which cannot be written as {kind}")
        case _:
            return column


def _binary(table: str, name: str, column: pl.Expr, kind: str) -> pl.Expr:
    match kind.removesuffix("[]"):
        case "uuid":
            return column.bin.encode("hex")
        case "bytea":
            return pl.lit("\\x") + column.bin.encode("hex")
        case _:
            raise PermanentError(f"Column {name} for {table} is Binary, which cannot be written as {kind}")


def _array(table: str, name: str, column: pl.Expr, dtype: pl.List | pl.Array, kind: str) -> pl.Expr:
    item = pl.element()
    text = _binary(table, name, item, kind) if dtype.inner == pl.Binary else item.cast(pl.String)
    quoted = text.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    items = column.list.eval((pl.lit('"') + quoted + pl.lit('"')).fill_null("NULL")).list.join(",")
    return pl.lit("{") + items + pl.lit("}")
