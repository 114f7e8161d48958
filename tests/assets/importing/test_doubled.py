"""JSON objects that say two things under one key."""

from __future__ import annotations

import pytest

from assets.importing.doubled import TWO_VALUES, load_doubled


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1, "a": 2}', {"a": TWO_VALUES}),
        ('{"a": 1, "b": 3, "a": 2, "a": 1}', {"a": TWO_VALUES, "b": 3}),
        (r'{"a": 1, "\u0061": 2}', {"a": TWO_VALUES}),
        ('{"a": {"x": 1}, "a": {"x": 2}}', {"a": TWO_VALUES}),
        ('{"a": [{"x": 1, "x": 2}]}', {"a": [{"x": TWO_VALUES}]}),
        ('{"a": 1, "a": true}', {"a": TWO_VALUES}),
        ('{"a": "b", "a": "b"}', {"a": "b"}),
        ('{"a": {"x": 1}, "a": {"x": 1}}', {"a": {"x": 1}}),
    ],
)
def test_a_key_with_two_values_shows_and_one_with_the_same_twice_does_not(text: str, found: object) -> None:
    assert load_doubled(text) == found
