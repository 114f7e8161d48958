"""What a record says under the names of a mapping."""

from __future__ import annotations

from typing import Any

import pytest

from assets.importing.doubled import TWO_VALUES
from assets.orders.fields import said_of, text_of, value_at


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" a ", "a"),
        (12.0, "12"),
        (1.5, "1.5"),
        ('="1001"', "1001"),
        ("\ud800\0", "\ufffd\ufffd"),
        ([7], "7"),
        *((nothing, None) for nothing in ("", " ", '=""', None, [], {}, [1, 2], {"a": 1}, [[1]], TWO_VALUES)),
    ],
)
def test_a_value_is_a_text_and_what_holds_several_is_none(value: Any, text: str | None) -> None:
    assert text_of({"a": value}, ["a"]) == text


def test_the_first_name_that_says_something_is_taken() -> None:
    record = {"a": "", "b": {"c": [{"d": 5}]}, "b.e": "own", "f": [9]}

    assert text_of(record, ["a", "x", "b.c.0.d", "b.e"]) == "5"
    assert (value_at(record, "b.e"), value_at(record, "b.c.7.d"), value_at(record, "f.0.x")) == ("own", None, None)
    assert (said_of(record, ["a", "b.c.0.d"]), said_of(record, ["f"]), said_of(record, ["x"])) == (5, 9, None)


def test_two_values_on_the_way_show() -> None:
    assert value_at({"a": {"b": TWO_VALUES}}, "a.b.0") is TWO_VALUES
    assert value_at({"a": TWO_VALUES}, "a.b") is TWO_VALUES
