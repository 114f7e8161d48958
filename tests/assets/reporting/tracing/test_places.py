"""Places of numbers in reports: parts of sentences, in the language of the report and in English."""

from __future__ import annotations

from typing import Any

import pytest

from assets.reporting.tracing.places import InSection, InTile, InToDate
from reports.content.response import MEASURED
from reports.content.tables import placements as tables

CONTENT: dict[str, Any] = {
    "response": {
        "pairs": [
            {"term": "Cost per lead", "text": "$4.20 (95% interval $3 to $5)"},
            {"term": "Cost per visit", "text": "$0.10, low confidence"},
            {"term": "Rate", "text": "1.42% (7 of 493; 95% interval 0.69% to 2.90%), low confidence"},
            {"term": "Plain", "text": "2.50×"},
            {"term": "Average order value", "text": "too few to tell: shown from 5"},
        ]
    },
}
GERMAN: dict[str, Any] = {
    "locale": "de_DE",
    "tiles": [{"label": "Umsatz je Werbeausgabe (ROAS), bisher", "value": "2,50×"}],
    "delivery": {
        "pairs": [{"term": "Gebucht und ausgeliefert", "text": "1.200 von 3.000 gebuchten seit dem Start (40,0 %)"}]
    },
    "to_date": [{"pairs": [{"term": "Kosten pro Besuch (CPV)", "text": "0,20 $ (95-%-Intervall 0,10 $ bis 0,30 $)"}]}],
}
BOOKED = (tables.BOOKED_WITH_PACE, tables.BOOKED)


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ("Cost per lead", "$4.20"),
        ("Cost per visit", "$0.10"),
        ("Rate", "1.42%"),
        ("Plain", "2.50×"),
        ("Average order value", None),
        ("Not there", None),
    ],
)
def test_intervals_and_remarks_are_no_part_of_a_number(term: str, value: str | None) -> None:
    assert InSection("response", term, "value", MEASURED).find(CONTENT) == value


def test_a_number_is_found_by_the_words_of_the_reports_language() -> None:
    assert InTile("Return on ad spend (ROAS), to date").find(GERMAN) == "2,50×"
    assert InSection("delivery", "Booked against delivered", "booked", BOOKED).find(GERMAN) == "3.000"
    assert InToDate("Cost per visit (CPV)").find(GERMAN) == "0,20 $"


def test_a_report_from_before_there_were_catalogues_has_english_words_around_its_own_numbers() -> None:
    text = "1.200 of 3.000 booked since the start (40,0 %), 96 % of the 1.250 due by now"
    old = {"locale": "de_DE", "delivery": {"pairs": [{"term": "Booked against delivered", "text": text}]}}
    assert InSection("delivery", "Booked against delivered", "delivered", BOOKED).find(old) == "1.200"
    assert InSection("delivery", "Booked against delivered", "share", BOOKED).find(old) == "40,0 %"
    assert InSection("delivery", "Frequency").find(old) is None
