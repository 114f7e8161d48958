"""Columns: what a frame must bring along, told at the door in plain words.

Here: the error for columns that are missing, columns that may be left out, and times brought to UTC.
Not here: which columns a function needs (each says so).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import polars as pl

from sql.values import PermanentError

if TYPE_CHECKING:
    from polars._typing import PolarsDataType

UTC_TIME = pl.Datetime("us", "UTC")


class MissingColumnsError(PermanentError):
    """A frame lacks columns that the function needs."""


def need_columns(frame: pl.DataFrame, what: str, names: Iterable[str], advice: str = "") -> None:
    """Raises MissingColumnsError, naming what the frame lacks; advice says where it comes from."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        hint = f" {advice}" if advice else ""
        raise MissingColumnsError(
            f"the frame of {what} lacks {', '.join(missing)}; it has {', '.join(frame.columns) or 'no columns'}.{hint}"
        )


def add_absent(frame: pl.DataFrame, optional: Mapping[str, PolarsDataType]) -> pl.DataFrame:
    """The frame with a column of nulls for each that may be left out and was."""
    absent = {name: dtype for name, dtype in optional.items() if name not in frame.columns}
    return frame.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in absent.items())


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
