"""Columns: what a frame must hold before it is computed on, and what stands in for what it may leave out.

Here: the error that names missing columns, and defaults for frames that were made by hand.
Not here: what the columns mean; each function says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from sql.values import PermanentError


class MissingColumnsError(PermanentError):
    """A frame lacks columns; the message names them."""


def require(frame: pl.DataFrame, what: str, columns: Iterable[str]) -> None:
    """Raises MissingColumnsError with the names of the columns that the frame lacks."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise MissingColumnsError(
            f"{what} need the columns {', '.join(missing)}, and the frame has {', '.join(frame.columns) or 'none'}: "
            "add them, or rename what they are called there"
        )


def complete(frame: pl.DataFrame, what: str, required: Iterable[str], defaults: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """The frame with a default for each column that it may leave out; those that it must have are required."""
    require(frame, what, required)
    return frame.with_columns(default.alias(name) for name, default in defaults.items() if name not in frame.columns)
