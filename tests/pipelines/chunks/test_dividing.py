"""Dividing the tenants: each is in one group, and the groups have about the same to compute."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.chunks.dividing import divide


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 1000)), st.integers(1, 5))
def test_each_tenant_is_in_one_group_and_no_group_is_larger_than_the_rest_by_more_than_one_tenant(
    rows_of: dict[str, int], groups: int
) -> None:
    divided = divide(rows_of, groups)
    assert sorted(slug for group in divided for slug in group) == sorted(rows_of)
    assert len(divided) == min(groups, len(rows_of))
    assert all(divided)
    sizes = [sum(rows_of[slug] for slug in group) for group in divided]
    assert sizes == sorted(sizes, reverse=True)
    if divided:
        assert sizes[0] - sizes[-1] <= max(rows_of.values())
