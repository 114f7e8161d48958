"""What is written is read as the same value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.catalogue.files.forms import parse, write
from assets.catalogue.kinds import Form


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        ("seconds", "1:30", 90.0),
        ("seconds", "01:00:00.5", 3600.5),
        ("seconds", "90.5", 90.5),
        ("moment", "2026-03-31", datetime(2026, 3, 31, tzinfo=UTC)),
        ("moment", "2026-03-31 09:00 +02:00", datetime(2026, 3, 31, 7, tzinfo=UTC)),
        ("date", "2026-03-31", date(2026, 3, 31)),
        ("flag", "Yes", True),
        ("network", "192.0.2.1", "192.0.2.1/32"),
        ("address", "Ann <ANN@kettle.example>", "ann@kettle.example"),
        ("money", "1500.00", Decimal("1500.00")),
    ],
)
def test_people_write_values_in_these_ways(form: Form, text: str, value: Any) -> None:
    assert parse(form, text) == value


@pytest.mark.parametrize(
    ("form", "text"),
    [
        *[("whole", text) for text in ("1.5", "1e3", "")],
        *[("decimal", text) for text in ("1,5", "NaN", "x")],
        *[("seconds", text) for text in ("soon", "1:2:3:4")],
        *[("date", text) for text in ("2026-02-31", "31.03.2026")],
        *[("moment", text) for text in ("yesterday", "2026-03-31T25:00")],
        *[("network", "192.0.2.1/24"), ("address", "nobody"), ("flag", "perhaps")],
    ],
)
def test_what_is_no_value_is_refused_in_words(form: Form, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(form, text)


@settings(deadline=None)
@given(st.decimals(-(10**9), 10**9, places=6), st.floats(0, 1e12), st.integers(0, 10**9), st.booleans())
def test_a_written_value_is_read_as_itself(number: Decimal, seconds: float, moment: int, flag: bool) -> None:
    assert parse("decimal", write(number)) == number
    assert parse("seconds", write(seconds)) == seconds
    at = datetime.fromtimestamp(moment / 7, UTC)
    assert parse("moment", write(at)) == at
    assert parse("flag", write(flag)) is flag
