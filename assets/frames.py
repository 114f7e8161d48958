"""Frames: what every computing function needs of a frame: columns, times in UTC, look-ups, and exact arithmetic.

Here: the error for columns that are missing, defaults for those that may be left out, empty frames, times brought to
UTC, columns from a small table, and sums and ratios that give a row the same bits whoever else is in the frame.
Not here: which columns a function needs (stated in each), sums of floats, which are the same only in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from sql.values import PermanentError

UTC_TIME = pl.Datetime("us", "UTC")
SECONDS_PER_DAY = 86_400
MICROSECONDS_PER_DAY = SECONDS_PER_DAY * 1_000_000


class MissingColumnsError(PermanentError):
    """A frame lacks columns that the function needs; the message names them."""


def need_columns(frame: pl.DataFrame, what: str, names: Iterable[str], advice: str = "") -> None:
    """Raises MissingColumnsError, naming what the frame lacks.

    what: the rows, in the plural. advice: a sentence that says where the columns come from.
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise MissingColumnsError(
            f"{what} need the columns {', '.join(missing)}, and the frame has {', '.join(frame.columns) or 'none'}. "
            + (advice or "Add them, or rename what they are called there.")
        )


def add_absent(frame: pl.DataFrame, defaults: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """The frame with the default of each column that it does not have."""
    return frame.with_columns(default.alias(name) for name, default in defaults.items() if name not in frame.columns)


def complete(frame: pl.DataFrame, what: str, needed: Iterable[str], defaults: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """The frame with a default for each column that it may leave out. Raises MissingColumnsError for those needed."""
    need_columns(frame, what, needed)
    return add_absent(frame, defaults)


def bring_to_utc(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The frame with the time in UTC, to the microsecond: a day is a UTC day. A time without a zone is taken as UTC."""
    dtype = frame.schema[name]
    if dtype == UTC_TIME:
        return frame
    if not isinstance(dtype, pl.Datetime):
        raise PermanentError(f"{name} is {dtype} and no time: give it as a datetime, in UTC or with its time zone")
    time = pl.col(name)
    aware = time.dt.replace_time_zone("UTC") if dtype.time_zone is None else time.dt.convert_time_zone("UTC")
    return frame.with_columns(aware.dt.cast_time_unit("us"))


def empty_frame(schema: Mapping[str, pl.DataType | None], ids: pl.DataType) -> pl.DataFrame:
    """No rows, in these columns. None: a column of ids, which are of the type that the caller's have."""
    return pl.DataFrame(schema={name: ids if dtype is None else dtype for name, dtype in schema.items()})


def add_columns(rows: pl.DataFrame, table: pl.DataFrame, on: Sequence[str]) -> pl.DataFrame:
    """The rows in their order with the other columns of the table; null where it has none. Null keys match null keys.

    table: at most one row per key. A plain join would copy every column of the rows, which made up a third of the
    memory of a day of two million requests.
    """
    place = "_place"
    found = (
        rows.lazy()
        .select(on)
        .join(
            table.lazy().select(on).with_row_index(place),
            on=list(on),
            how="left",
            validate="m:1",
            nulls_equal=True,
            maintain_order="left",
        )
        .select(place)
        .collect()
        .to_series()
    )
    return rows.with_columns(column.gather(found) for column in table.drop(on).get_columns())


def fill_steps(rows: pl.DataFrame, by: Sequence[str], step: str) -> pl.DataFrame:
    """The rows with one for each whole number from 0 to the largest of their group; in new ones other columns are null.

    step: the column of whole numbers; at most one row for each of a group.
    """
    every_step = (
        rows.group_by(by)
        .agg(pl.int_range(0, pl.col(step).max().cast(pl.Int64) + 1).alias(step))
        .explode(step)
        .with_columns(pl.col(step).cast(rows.schema[step]))
    )
    return every_step.join(rows, on=[*by, step], how="left", validate="1:1")


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """part / whole, correctly rounded; a number is given as pl.lit(number).

    Polars (2.1) divides a column of many rows by a number through its rounded inverse, and a single row not: 5/11 comes
    out a digit off. A column that it knows to be constant it keeps as one value, and divides by it as by a number.
    Whether it knows depends on the other rows: a join with a single row makes such a column, with two rows it does not.
    A zero of the part's own rows undoes that.
    """
    return part / (whole + 0 * part)


def whole_sum(amounts: pl.Expr) -> pl.Expr:
    """The sum of whole numbers as Int64. Raises polars' InvalidOperationError where it does not fit.

    A sum in 64 bits wraps around in silence: two amounts of 5 * 10^18 would make a negative one. Entries are bounded so
    that no sum comes near; what came past the bounds must not come out as a number.
    """
    return amounts.cast(pl.Int128).sum().cast(pl.Int64)
