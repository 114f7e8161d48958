"""Exact: a ratio is correctly rounded, whoever else is in the frame."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from assets.exact import ratio

PARTS = st.lists(st.integers(1, 500), min_size=2, max_size=6)


@given(PARTS, st.integers(1, 500))
def test_a_ratio_does_not_depend_on_whether_its_column_is_known_to_be_constant(parts: list[int], whole: int) -> None:
    mine = pl.DataFrame({"scope": 1, "part": parts})
    # A join with a single row makes a column that polars knows to be constant.
    alone = mine.join(pl.DataFrame({"scope": [1], "whole": [whole]}), on="scope")
    beside = mine.join(pl.DataFrame({"scope": [1, 2], "whole": [whole, 7]}), on="scope")
    exact = [part / whole for part in parts]
    for frame in (alone, beside):
        told = frame.select(ratio(pl.col("part"), pl.col("whole"))).to_series()
        assert told.to_list() == exact
