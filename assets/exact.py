"""Exact: arithmetic that gives a row the same bits whoever else is in the frame.

Here: ratios of two columns, or of a column and a number, and sums of whole numbers.
Not here: sums of floats, which are the same only in the same order.
"""

from __future__ import annotations

import polars as pl


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

    A sum in 64 bits wraps around without a word: two amounts of 5 * 10^18 would make a negative one. Entries are
    bounded so that no sum comes near; what came past the bounds must not come out as a number.
    """
    return amounts.cast(pl.Int128).sum().cast(pl.Int64)
