"""Names in every script: printed with their own letters, in their own order, and never a reason to hold a report."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from reports.compose import compose
from reports.content.tables.data_tables import data_tables
from reports.drawing.fonts import font_registry
from reports.drawing.noto import fetch_fonts
from reports.facts.report_facts import ReportFacts
from reports.rendering.csv import csv_file
from reports.rendering.render import ReportFile, glyph_note, render
from reports.wording.isolation import FIRST_STRONG, POP, isolated, printed
from tests.reports.conftest import shows_of

BUNDLED = {
    "emoji": "Night Shift 🎙️🔥 👩🏽‍💻 🇩🇪 1️⃣ ☕",
    "arabic": "بودكاست القهوة",
    "hebrew": "פודקאסט בוקר",
    "cyrillic": "Русский подкаст",
    "greek": "Ελληνικά νέα",
    "hindi": "हिन्दी पॉडकास्ट क्षत्रिय",
}
FETCHED = {"japanese": "日本語のラジオ", "chinese": "中文播客", "korean": "한국어 팟캐스트"}
MIXED = "שלום ABC: פרק 3"


def named(facts: ReportFacts, name: str) -> ReportFacts:
    """The report with the name wherever a name can stand."""
    rows = tuple(replace(row, show=name, episode=name, placement=name, campaign=name) for row in facts.placements)
    brand = replace(facts.brand, name=name)
    return replace(facts, brand=brand, sponsor=name, campaign=name, placements=rows, shows=shows_of(rows))


def body(files: list[ReportFile], name: str) -> bytes:
    return next(file.body for file in files if file.name == name)


@pytest.mark.parametrize("script", BUNDLED)
def test_the_bundled_fonts_have_every_letter_of(script: str, facts: ReportFacts) -> None:
    content = compose(named(facts, BUNDLED[script]))
    assert glyph_note(content) == ""
    files = render(content)
    fonts = {
        str(font.get_object().get("/BaseFont", "emoji"))
        for page in PdfReader(io.BytesIO(body(files, "report.pdf"))).pages
        for font in page["/Resources"].get_object()["/Font"].values()  # type: ignore[index]
    }
    assert len([font for font in fonts if "Inter" not in font]) >= (script not in ("cyrillic", "greek"))
    assert BUNDLED[script] in body(files, "report.txt").decode()
    assert BUNDLED[script] in body(files, "report.html").decode()


@pytest.mark.parametrize("script", FETCHED)
def test_without_fetched_fonts_the_mail_is_whole_and_the_operator_is_told(script: str, facts: ReportFacts) -> None:
    content = compose(named(facts, FETCHED[script]))
    assert FETCHED[script] in body(render(content), "report.html").decode()
    assert f"U+{ord(min(FETCHED[script].replace(' ', ''))):04X}" in glyph_note(content)


@pytest.fixture(scope="module")
def fetched() -> Path:
    return fetch_fonts(print)


@pytest.mark.parametrize("script", FETCHED)
def test_the_fetched_fonts_have_every_letter_of(script: str, facts: ReportFacts, fetched: Path) -> None:
    fonts = font_registry(fetched)
    content = compose(named(facts, FETCHED[script]))
    assert glyph_note(content, fonts) == ""
    pages = PdfReader(io.BytesIO(body(render(content, fonts), "report.pdf"))).pages
    assert FETCHED[script].replace(" ", "") in "".join(page.extract_text() for page in pages).replace(" ", "")


def test_each_east_asian_language_has_its_own_forms(fetched: Path) -> None:
    fonts = font_registry(fetched)
    assert fonts.families("日本語のラジオ", "en")[-1] == "Noto Sans CJK JP"
    assert fonts.families("中文播客", "en")[-1] == "Noto Sans CJK SC"
    assert fonts.families("中文播客", "ko")[-1] == "Noto Sans CJK KR"
    assert fonts.lacking("ไทย বাংলা தமிழ்") == []
    assert "Noto Sans CJK SC" not in font_registry().families("中文播客", "en")


def test_fetching_again_fetches_nothing(fetched: Path) -> None:
    said: list[str] = []
    assert fetch_fonts(said.append) == fetched
    assert said == []


@given(st.text(max_size=12))
def test_any_text_is_printable_once_marked(text: str) -> None:
    fonts = font_registry()
    assert fonts.lacking(fonts.printable(printed(text))) == []


def test_a_name_from_right_to_left_is_isolated_wherever_it_stands(facts: ReportFacts) -> None:
    files = render(compose(named(facts, MIXED)))
    html = body(files, "report.html").decode()
    alone = html.replace(f"<bdi>{MIXED}</bdi>", "")
    # An attribute has no elements inside, and keeps the isolates themselves; the subject is plain text.
    assert alone.count(MIXED) - alone.count(f"{FIRST_STRONG}{MIXED}{POP}") == 2
    assert html.count(f"<bdi>{MIXED}</bdi>") > 20
    assert f"{FIRST_STRONG}{MIXED}{POP}" in body(files, "report.txt").decode()
    tables = data_tables(compose(named(facts, MIXED)).records, "id", 1)
    assert not [table for table in tables.values() if FIRST_STRONG in csv_file(table).decode("utf-8-sig")]


def test_names_from_left_to_right_are_left_alone(facts: ReportFacts) -> None:
    assert isolated(facts) == facts


def test_marks_of_a_name_itself_never_steer_the_page(facts: ReportFacts) -> None:
    content = compose(named(facts, f"A{POP}{FIRST_STRONG}<b>\u202eשל{POP}\u202e"))
    html = body(render(content), "report.html").decode()
    assert "<bdi>A&lt;b&gt;של</bdi>" in html
    assert html.count("<bdi>") == html.count("</bdi>")
    assert "\u202e" not in html


def test_isolates_that_do_not_belong_together_are_taken_out() -> None:
    assert printed(f"a {FIRST_STRONG}b") == "a b"
    assert printed(f"a {FIRST_STRONG}b{POP} c{POP}") == f"a {FIRST_STRONG}b{POP} c"
    assert printed(f"a {FIRST_STRONG}b{POP}", "<", ">") == "a <b>"
