"""On which day somebody was first counted in a show, and in any show of the tenant."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from assets.frames import MissingColumnsError
from assets.listening.audience.first_listens import find_first_listens

MONDAY, TUESDAY = date(2026, 11, 2), date(2026, 11, 3)


def downloads(*rows: tuple[str, int, date]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["podcast_id", "consumer_key", "day"], orient="row")
    return frame.with_columns(tenant_id=pl.lit("quayside"))


def first_listens(found: pl.DataFrame) -> list[tuple[str, int, date, bool]]:
    return found.select("podcast_id", "consumer_key", "day", "is_first_of_tenant").rows()


def test_the_first_day_of_a_key_in_each_show_is_kept_and_whether_it_was_new_to_the_tenant() -> None:
    exposed = downloads(("harbour", 1, TUESDAY), ("harbour", 1, MONDAY), ("tides", 1, TUESDAY), ("tides", 2, TUESDAY))
    assert first_listens(find_first_listens(exposed)) == [
        ("harbour", 1, MONDAY, True),
        ("tides", 1, TUESDAY, False),
        ("tides", 2, TUESDAY, True),
    ]


def test_who_was_counted_before_is_new_neither_to_the_show_nor_to_the_tenant() -> None:
    known = downloads(("harbour", 1, MONDAY)).drop("day")
    exposed = downloads(("harbour", 1, TUESDAY), ("tides", 1, TUESDAY))
    assert first_listens(find_first_listens(exposed, known)) == [("tides", 1, TUESDAY, False)]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(MissingColumnsError, match="consumer_key"):
        find_first_listens(downloads(("harbour", 1, MONDAY)).drop("consumer_key"))
