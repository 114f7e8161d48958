"""A day whose raw rows are gone is refused by name."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from assets.listening.downloads.missing_rows import refuse_missing_rows, refuse_replaced_rows
from sql.values import RawRowsGoneError, Window

DAY = date(2026, 11, 2)
TENANT = UUID(int=1)


def counts(rows: int) -> pl.DataFrame:
    return pl.DataFrame({"tenant_id": [TENANT.bytes], "day": [DAY], "rows": [rows]})


JUDGED = pl.DataFrame({"tenant_id": [TENANT.bytes], "day": [DAY], "requests": [10]})


def test_a_day_with_fewer_rows_than_it_was_computed_from_is_refused() -> None:
    with pytest.raises(RawRowsGoneError, match="2026-11-02 with 9 of 10"):
        refuse_missing_rows(counts(9), JUDGED)


def test_a_day_without_any_rows_is_refused() -> None:
    with pytest.raises(RawRowsGoneError, match="2026-11-02 with 0 of 10"):
        refuse_missing_rows(counts(9).clear(), JUDGED)


@pytest.mark.parametrize("rows", [10, 11])
def test_as_many_rows_or_more_are_no_loss(rows: int) -> None:
    refuse_missing_rows(counts(rows), JUDGED)


def test_a_day_that_was_never_computed_is_never_refused() -> None:
    refuse_missing_rows(counts(0), JUDGED.clear())


@pytest.mark.parametrize("is_missing", [True, False])
def test_rows_that_came_in_the_place_of_others_do_not_count(is_missing: bool) -> None:
    missing = pl.DataFrame({"tenant_id": [TENANT.bytes], "requests": [10], "there": [9]})

    def read(statement: str, /, **params: Any) -> pl.DataFrame:
        assert (statement, params["day"], params["tenants"]) == ("read_missing_rows", DAY, [TENANT])
        return missing if is_missing else missing.clear()

    if not is_missing:
        refuse_replaced_rows(read, Window.of_day(DAY), [TENANT])
        return
    with pytest.raises(RawRowsGoneError, match="2026-11-02 has 9 raw rows and was computed from 10"):
        refuse_replaced_rows(read, Window.of_day(DAY), [TENANT])
