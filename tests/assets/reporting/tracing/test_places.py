"""Places of numbers in reports: parts of sentences, in the language of the report and in English."""

from __future__ import annotations

from typing import Any

import pytest

from assets.reporting.tracing.places import EARLIER, InSection, InTile, InToDate, ratio_in
from reports.content.response import MEASURED
from reports.content.tables import placements as tables
from tests.reports import messages

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


@pytest.mark.parametrize(
    ("locale", "label", "old"),
    [
        ("fr_FR", "Return on ad spend (ROAS), to date", "Retour publicitaire (ROAS), à ce jour"),
        ("es_ES", "Return on ad spend (ROAS), to date", "Retorno publicitario (ROAS), hasta la fecha"),
        ("pt_BR", "Return on ad spend (ROAS), to date", "Retorno publicitário (ROAS), até o momento"),
        ("pt_BR", "Return on ad spend (ROAS), to date", "Retorno sobre o investimento em anúncios (ROAS), até a data"),
        ("pt_BR", "Cost per conversion (CPA), to date", "Custo por conversão (CPA), até a data"),
    ],
)
def test_a_frozen_report_is_read_by_the_labels_that_it_was_made_with(locale: str, label: str, old: str) -> None:
    frozen = {"locale": locale, "tiles": [{"label": "Anuncios", "value": "7"}, {"label": old, "value": "2,50×"}]}
    assert InTile(label).find(frozen) == "2,50×"


def test_a_frozen_sentence_is_read_as_it_was_worded() -> None:
    text = "1.200 de 3.000 contratados desde el inicio (40,0 %), 96 % de los 1.250 previstos a esta fecha"
    frozen = {"locale": "es_ES", "delivery": {"pairs": [{"term": "Booked against delivered", "text": text}]}}
    place = InSection("delivery", "Booked against delivered", "share", BOOKED)
    assert place.find(frozen) == "40,0 %"


def test_a_ratio_is_the_same_whatever_sign_stands_for_times() -> None:
    japanese = {"locale": "ja_JP"}
    assert ratio_in("2.50×", japanese) == ratio_in("2.50倍", japanese) == "2.50"
    assert ratio_in("–", japanese) == "–"


def test_earlier_words_are_of_messages_that_there_are_and_differ_from_those_of_today() -> None:
    for (language, text), earlier in EARLIER.items():
        current = messages.read(language).get(text)
        assert current is not None, text
        assert current.string not in earlier
