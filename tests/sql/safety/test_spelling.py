"""Single values are spelt as frames and the database spell them."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.attribution import spellings
from sql.safety.spelling import clean_code, clean_text


@settings(deadline=None)
@given(st.lists(st.text(max_size=8), min_size=1, max_size=50))
def test_a_value_is_spelt_as_in_a_frame(texts: list[str]) -> None:
    frame = pl.DataFrame({"t": texts}).select(text=spellings.clean_text(pl.col("t")))
    assert frame["text"].to_list() == [clean_text(text) for text in texts]


def test_a_code_is_in_lower_case() -> None:
    assert [clean_code(text) for text in (" SAVE10\u200b", "\u00a0")] == ["save10", None]
