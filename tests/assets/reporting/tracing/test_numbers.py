"""Each number of a report: its rows, its place in the report, and how it is printed there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from assets.reporting.tracing.numbers import (
    NUMBERS,
    OF_A_CAMPAIGN,
    OF_A_DAY,
    OF_A_MODEL,
    OF_A_PLACEMENT,
    InRecords,
    InSection,
    InTile,
    InToDate,
)
from reports.content.tables.records import COLUMNS
from reports.wording.formats import Formatter
from sql.statements import statement

ENGLISH = Formatter("en_US", "UTC")
BOOKED = "1,200 of 3,000 booked since the start (40.0%)"
CONTENT: dict[str, Any] = {
    "tiles": [{"label": "Reach", "value": "9"}, {"label": "Return on ad spend (ROAS), to date", "value": "2.50×"}],
    "delivery": {"pairs": [{"term": "Booked against delivered", "text": BOOKED}]},
    "to_date": [{"pairs": [{"term": "Cost per visit (CPV)", "text": "$0.20 (95% interval $0.10 to $0.30)"}]}],
    "response": {
        "pairs": [
            {"term": "Cost per lead", "text": "$4.20 (95% interval $3 to $5)"},
            {"term": "Cost per visit", "text": "$0.10, low confidence"},
            {"term": "Average order value", "text": "too few to tell: shown from 5"},
        ]
    },
}


def test_every_number_has_rows_a_place_and_a_meaning_of_its_own() -> None:
    for number in NUMBERS.values():
        assert number.rows
        for rows in number.rows:
            assert statement(f"explain_{rows}").text
        assert not isinstance(number.place, InRecords) or number.place.column in COLUMNS
    assert len({number.meaning for number in NUMBERS.values()}) == len(NUMBERS)
    assert len({number.place for number in NUMBERS.values()}) == len(NUMBERS)


@pytest.mark.parametrize("names", [OF_A_MODEL, OF_A_CAMPAIGN, OF_A_DAY, OF_A_PLACEMENT])
def test_what_rows_of_tables_print_stands_in_the_records(names: tuple[str, ...]) -> None:
    assert all(isinstance(NUMBERS[name].place, InRecords) for name in names)


@pytest.mark.parametrize(
    ("name", "printed"),
    [("delivered_so_far", "1,200"), ("booked", "3,000"), ("delivery_rate", "40.0%"), ("roas", "2.50×")],
)
def test_a_number_is_found_where_the_report_prints_it(name: str, printed: str) -> None:
    place = NUMBERS[name].place

    assert isinstance(place, InTile | InSection)
    assert place.find(CONTENT) == printed
    assert place.find({"tiles": [], "delivery": None}) is None


def test_a_number_to_date_stands_in_the_campaign_to_date_of_one_currency() -> None:
    place = NUMBERS["cpv"].place

    assert isinstance(place, InToDate)
    assert place.find(CONTENT) == "$0.20"
    assert place.find({"to_date": CONTENT["to_date"] * 2}) is None
    assert {name for name, number in NUMBERS.items() if number.is_to_date} == {"roas", "cpa", "cpv", "cpl", "roi"}


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("delivered", "1200", "1200"),
        ("conversions", "3.0000000001", "3"),
        ("revenue", "123456", "1234.56"),
        ("ecpm", "2550", "$25.50"),
        ("roas", "2.5", "2.50×"),
        ("frequency", "1.25", "1.25"),
        ("delivery_rate", "0.4", "40.0%"),
        ("booked", "3000", "3,000"),
        ("roas", None, "–"),
    ],
)
def test_a_value_is_shown_as_the_report_prints_it(name: str, value: str | None, shown: str) -> None:
    assert NUMBERS[name].shown(None if value is None else Decimal(value), ENGLISH, "USD") == shown


def test_money_without_a_currency_is_not_shown() -> None:
    assert NUMBERS["revenue"].shown(Decimal(100), ENGLISH, None) == "–"
