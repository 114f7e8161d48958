"""Exact: arithmetic that gives a row the same bits whoever else is in the frame.

Here: ratios of two columns.
Not here: sums of floats, which are the same only in the same order.
"""

from __future__ import annotations

import polars as pl


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """part / whole, correctly rounded.

    Polars (2.1) keeps a column that it knows to be constant as one value, and divides by it as by a number: it
    multiplies by the rounded inverse, and 5/11 comes out a digit off. Whether it knows depends on the other rows: a
    join with a single row makes such a column, with two rows it does not. A zero of the part's own rows undoes that.
    """
    return part / (whole + 0 * part)
