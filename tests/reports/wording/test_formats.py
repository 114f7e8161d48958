"""Formats: numbers, money and dates in the recipient's locale, rounded half up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.compose import compose
from reports.facts.report_facts import ReportFacts
from reports.wording.formats import LocaleError, exact, major_units, rounded
from tests.reports.conftest import tile


def test_shared_credit_prints_one_digit_and_what_is_whole_prints_whole(portfolio: ReportFacts) -> None:
    content = compose(portfolio)
    assert tile(content, "Conversions").value == "350"
    assert [row.cells[3] for row in content.placements.rows[:3]] == ["135.8", "53.8", "44"]


def test_the_locale_of_the_recipient_formats_numbers_money_and_dates(facts: ReportFacts) -> None:
    content = compose(facts, "de_DE")
    assert tile(content, "Ausgelieferte Spots").value == "323.412"
    assert tile(content, "Kosten pro Conversion").value == "24,02\xa0$"
    assert content.header.period.startswith("1. Juli")
    assert tile(content, "Ausgelieferte Spots").change == "13,6\xa0%"


def test_yen_have_no_decimals(facts: ReportFacts) -> None:
    rows = tuple(replace(row, currency="JPY") for row in facts.placements)
    content = compose(
        replace(facts, currency="JPY", placements=rows, to_date=(replace(facts.to_date[0], currency="JPY"),))
    )
    assert "¥840,871 of spend" in content.finding
    assert tile(content, "Cost").value == "¥2,402"


def test_an_unknown_locale_is_a_typed_error(facts: ReportFacts) -> None:
    with pytest.raises(LocaleError, match="xx_NOWHERE"):
        compose(facts, "xx_NOWHERE")


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_halves_are_rounded_away_from_zero(value: Decimal) -> None:
    shown = rounded(value, 2)
    assert abs(shown - value) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("value", "shown"), [("0.125", "0.13"), ("-0.125", "-0.13"), ("2.675", "2.68"), ("1.005", "1.01")]
)
def test_half_up_is_decimal_half_up(value: str, shown: str) -> None:
    assert rounded(float(value), 2) == Decimal(shown)


@pytest.mark.parametrize(
    ("currency", "amount"), [("USD", "8408.71"), ("JPY", "840871"), ("KWD", "840.871"), ("ALL", "8408.71")]
)
def test_minor_units_are_worth_what_iso_4217_says(currency: str, amount: str) -> None:
    assert major_units(840_871, currency) == exact(Decimal(amount))
