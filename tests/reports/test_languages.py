"""Reports in every language that has a catalogue: complete, with the same numbers, and of one language throughout."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from string import Formatter as Fields
from typing import Any, TypeGuard

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from assets.reporting.tracing.numbers import NUMBERS, InRecords
from reports.compose import compose
from reports.content.report import ReportContent
from reports.facts.comparisons import Lift
from reports.facts.growing import Customers
from reports.facts.report_facts import CodeUse, Pacing, ReportFacts
from reports.facts.to_date import Correction, EarlierChanges, Figures
from reports.rendering.render import render, subject_line
from reports.wording import catalogues as wording
from reports.wording.catalogues import CATALOGUES, FILE, SOURCE, languages, spoken
from reports.wording.formats import Formatter
from tests.reports import messages
from tests.reports.conftest import make_facts, make_portfolio, make_quiet_facts

LANGUAGES = tuple(language for language in languages() if language != SOURCE)
LOCALES = {"de": "de_DE", "fr": "fr_FR", "es": "es_ES", "pt": "pt_BR", "ja": "ja_JP"}
CORRECTED = Correction(1, datetime(2026, 10, 2, tzinfo=UTC), Figures(323_412, 310.0, 310), Figures(323_412, 350.0, 350))
NEEDED = {"en", "de", "fr", "es", "pt", "ja"}


@pytest.fixture(scope="module")
def sources() -> Catalog:
    return messages.template()


@pytest.fixture(scope="module", params=LANGUAGES)
def catalogue(request: pytest.FixtureRequest) -> tuple[str, Catalog]:
    return request.param, messages.read(request.param)


def forms(string: Any) -> tuple[str, ...]:
    return tuple(string) if isinstance(string, list | tuple) else (string,)


def parts(text: str) -> set[str]:
    """The names of the placeholders of a message."""
    return {name for _, name, _, _ in Fields().parse(text) if name is not None}


def test_reports_are_worded_in_six_languages() -> None:
    assert set(languages()) >= NEEDED


def test_the_sources_have_messages_in_code_constants_and_templates(sources: Catalog) -> None:
    ids = {each.id for each in sources}
    assert {"This campaign", "First touch", "View online", ("{number} ad", "{number} ads")} <= ids


def test_no_message_is_passed_over_when_they_are_collected(sources: Catalog) -> None:
    """Babel reads tokens: what stands inside of an f-string is not seen."""
    ids = {each.id for each in sources}
    assert {text for path in messages.SOURCES.rglob("*.py") for text in written_in(path)} - ids == set()


def written_in(path: Path) -> Iterator[str | tuple[str, ...]]:
    """The messages of a module by its syntax tree."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in messages.KEYWORDS:
            places = messages.KEYWORDS[name] or (1,)
            texts = tuple(
                str(each.value) for place, each in enumerate(node.args, 1) if place in places and is_text(each)
            )
            if len(texts) == len(places):
                yield texts if len(places) > 1 else texts[0]


def is_text(node: ast.expr) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_a_catalogue_translates_every_message_and_no_other(catalogue: tuple[str, Catalog], sources: Catalog) -> None:
    language, found = catalogue
    wanted, had = {each.id for each in sources if each.id}, {each.id for each in found if each.id}
    assert wanted - had == set(), f"python -m tests.reports.messages brings them into {language}"
    assert had - wanted == set(), f"python -m tests.reports.messages takes them out of {language}"
    assert [each.id for each in found if each.id and not all(forms(each.string))] == []
    assert [each.id for each in found if each.id and each.fuzzy] == []


def test_a_translation_has_the_placeholders_of_its_message(catalogue: tuple[str, Catalog]) -> None:
    language, found = catalogue
    wrong = [(language, each.id, each.string) for each in found if each.id and list(differing(each))]
    assert wrong == []


def differing(each: Message) -> Iterator[str]:
    """Forms that name other parts than the message does; the form for exactly one may leave out the number."""
    ids = forms(each.id)
    for place, form in enumerate(forms(each.string)):
        least = parts(ids[0]) if place == 0 and len(forms(each.string)) > 1 else parts(ids[-1])
        if not least <= parts(form) <= parts(ids[-1]):
            yield form


def test_plural_forms_are_those_of_the_language(catalogue: tuple[str, Catalog]) -> None:
    language, found = catalogue
    assert {len(forms(each.string)) for each in found if each.pluralizable} == {found.num_plurals}
    assert found.plural_expr == Catalog(language).plural_expr or language == "pt"


def test_a_missing_a_fuzzy_and_a_crooked_message_are_seen() -> None:
    broken = Catalog("de")
    broken.add("{part} of {whole} booked", "{part} gebucht")
    broken.add(("{number} ad", "{number} ads"), ("ein Spot", "Spots"))
    assert [len(list(differing(each))) for each in broken if each.id] == [1, 2]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("make", [make_facts, make_portfolio])
def test_a_report_is_in_the_readers_language_and_in_no_other(make: Any, language: str) -> None:
    facts = make()
    content, english = compose(facts, LOCALES[language]), compose(facts, "en_US")
    assert content.locale == LOCALES[language]
    told, in_english = sentences(content), sentences(english)
    assert len(told) == len(in_english)
    names = {facts.brand.name, facts.sponsor, facts.campaign, *titles(facts)}
    same = {
        text for text in set(told) & set(in_english) if is_sentence(text) and not any(n and n in text for n in names)
    }
    assert same == set()


def titles(facts: ReportFacts) -> set[str]:
    """Names that stand by themselves, which nobody translates."""
    rows = facts.placements
    named = {row.episode for row in rows} | {row.show for row in rows} | {row.campaign for row in rows}
    return named | {row.name for row in facts.campaigns}


def sentences(content: ReportContent) -> list[str]:
    return list(content.strings())


def is_sentence(text: str) -> bool:
    """Whether a text has English words in it: two in a row, of letters alone."""
    return re.search(r"[A-Za-z]{3,} [a-z]{2,}", text) is not None


@pytest.mark.parametrize("locale", ["it_IT", "nl_NL", "pl_PL", "zh_Hans_CN"])
def test_words_and_numbers_are_english_where_the_language_has_no_catalogue(facts: ReportFacts, locale: str) -> None:
    assert compose(facts, locale).canonical_json() == compose(facts, "en_US").canonical_json()


def test_a_country_has_its_languages_words_and_its_own_numbers(facts: ReportFacts) -> None:
    swiss = compose(facts, "de_CH")
    assert (swiss.locale, swiss.tiles[0].label, swiss.tiles[0].value) == ("de_CH", "Ausgelieferte Spots", "323’412")
    assert spoken("en_GB") == "en_GB"


def test_numbers_of_one_are_singular_by_the_languages_own_rule() -> None:
    def said(locale: str, number: float) -> str:
        return Formatter(locale, "UTC", credit_digits=1).credits(number, "{number} conversion", "{number} conversions")

    assert [said("en_US", number) for number in (0, 1, 1.5, 2)] == [
        "0 conversions", "1 conversion", "1.5 conversions", "2 conversions",
    ]  # fmt: skip
    assert [said("fr_FR", number) for number in (0, 1, 1.5, 2)] == [
        "0 conversion", "1 conversion", "1,5 conversion", "2 conversions",
    ]  # fmt: skip
    assert [said("ja_JP", number) for number in (1, 2)] == ["コンバージョン1件", "コンバージョン2件"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_mail_text_and_pdf_say_their_language_and_keep_no_english(facts: ReportFacts, language: str) -> None:
    content = compose(facts, LOCALES[language])
    files = {file.name: file.body for file in render(content)}
    html, text = files["report.html"].decode(), files["report.txt"].decode()
    assert f'<html lang="{language}"' in html
    assert f"/Lang({language})".encode() in files["report.pdf"].replace(b" ", b"")
    for word in (
        "Incremental lift",
        "What these numbers cannot say",
        "View online",
        "PLEASE NOTE",
        "Stop these reports",
    ):
        assert word not in html
        assert word not in text
    assert "report by" not in subject_line(content)


ONE_OF_EACH = {
    "en": (
        "window of 1 day,",
        "final 1 hour after",
        "leaves that one out",
        "1 conversion where it is known",
        "after 1 week.",
    ),
    "de": ("von 1 Tag,", "1 Stunde nach", "zählen, kam ohne", "1 Conversion, bei der", "Nach 1 Woche liegen"),
    "fr": ("de 1 jour,", "définitifs 1 heure", "est arrivée sans", "conversion pour laquelle", "après 1 semaine."),
    "es": ("de 1 día,", "1 hora después", "llegó sin", "1 conversión en la que", "tras 1 semana."),
    "pt": ("de 1 dia,", "definitivos 1 hora", "chegou sem", "1 conversão em que", "após 1 semana."),
    "ja": ("1日間の", "1時間後", "うち1件は注文金額", "コンバージョン1件中1件", "1週間で"),
}


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_each_number_of_a_sentence_has_its_own_singular(facts: ReportFacts, language: str) -> None:
    """A sentence with two numbers bends by both of them."""
    one = Figures(1000, 6.0, 6, 60_000, 30_000)
    to_date = replace(
        facts.to_date[0], first=facts.period.first, through=facts.period.first + timedelta(days=6), figures=one,
        period=one, unvalued=1, customers=Customers(1, 1, 1, 1), conversions_interval=None, revenue_interval=None,
        roas_interval=None, cpa_interval=None, measures=(),
    )  # fmt: skip
    method = replace(facts.method, window_days=(Decimal(1),), is_final=False, lateness_hours=1)
    single = Figures(1000, 1.0, 1, 60_000, 30_000)
    earlier = EarlierChanges(facts.period.first, Figures(), Figures(), Figures())
    code = CodeUse("ship20", "code", "Ship mid", 0, 0, 1)
    added = compose(
        replace(facts, to_date=(replace(to_date, figures=single, period=single, earlier=earlier),), codes=(code,)),
        LOCALES.get(language, "en_US"),
    )
    wrong = r"\b1 (conversions|ads|Conversions|Spots|spots|conversiones|anuncios|conversões|anúncios)\b"
    assert re.findall(wrong, " ".join([*added.next_steps, *(pair.text for pair in added.to_date[0].pairs)])) == []
    content = compose(
        replace(facts, method=method, to_date=(to_date,), now=replace(facts.now, unvalued=1)),
        LOCALES.get(language, "en_US"),
    )
    told = " ".join(content.strings())
    assert [text for text in ONE_OF_EACH[language] if text not in told] == []


@pytest.mark.parametrize(
    ("language", "between", "many_times", "marked"),
    [("en", ": ", "3.46×", "[{}] "), ("fr", "\u00a0: ", "3,46×", "[{}] "), ("ja", "：", "3.46倍", "【{}】")],
)
def test_a_language_separates_a_term_from_its_value_its_own_way(
    facts: ReportFacts, language: str, between: str, many_times: str, marked: str
) -> None:
    content = compose(replace(facts, restates=CORRECTED, revision=2), LOCALES.get(language, "en_US"))
    text = {file.name: file.body.decode() for file in render(content) if file.name == "report.txt"}["report.txt"]
    assert f"{content.tiles[0].label}{between}{content.tiles[0].value}" in text
    assert content.tiles[2].value == many_times
    assert subject_line(content).startswith(marked.format(content.header.mark))
    # The colon between title and period is the only one.
    assert subject_line(content).count(between.strip()) == 1


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_a_number_is_found_again_in_a_report_of_any_language(facts: ReportFacts, language: str) -> None:
    content = json.loads(compose(facts, LOCALES.get(language, "en_US")).canonical_json())
    found = {
        name: number.place.find(content) for name, number in NUMBERS.items() if not isinstance(number.place, InRecords)
    }
    formatter = Formatter(content["locale"], "UTC")
    assert found["frequency"] == formatter.frequency(Decimal(facts.now.delivered) / (facts.now.reach or 1))
    assert found["booked"] == formatter.count(316_900)
    assert found["usable_share"] == formatter.percent(0.87, 0)
    assert found["modelled_conversions"] == formatter.count(401)
    assert found["cpv"] == formatter.money(562.1, "USD")
    assert found["conversion_rate"] == formatter.percent(0.00288, 2)
    assert found["aov"] == formatter.money(8320, "USD")
    assert found["cpl"] is None


def test_a_language_is_added_by_a_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue that marks every message: what is printed outside of the marks has not gone through it."""
    shutil.copytree(CATALOGUES, tmp_path / "locale")
    for module in (wording, messages):
        monkeypatch.setattr(module, "CATALOGUES", tmp_path / "locale")
    path = messages.write("it")
    with path.open("rb") as file:
        marked = read_po(file, locale="it")
    for each in marked:
        if each.id:
            each.string = tuple(f"«{form}»" for form in forms(each.id)) if each.pluralizable else f"«{each.id}»"
    messages.save(marked, path)

    assert "it" in languages()
    assert (tmp_path / "locale" / "it" / FILE).exists()
    assert compose(make_facts(), "it_IT").tiles[0].value == "323.412"
    corrected = make_facts(restates=CORRECTED, revision=2, pacing=Pacing(400_000, 323_412, 380_000, make_good=12))
    coarse = make_facts(lifts=(Lift("Spring", None, causal=True, households=90, base_households=80, smallest=0.8),))
    for facts in (corrected, coarse, make_portfolio(), make_quiet_facts()):
        content = compose(facts, "it_IT")
        assert content.locale == "it_IT"
        names = titles(facts) | {facts.sponsor, facts.brand.name, str(facts.campaign)}
        assert not_marked([*content.strings(), *printed_by(content)], names) == set()


def not_marked(texts: list[str], names: set[str]) -> set[str]:
    """Texts with English words that have not gone through the catalogue, and that are no names."""
    told = {text for text in texts if is_sentence(text) and "«" not in text}
    return {text for text in told if not any(name in text or text.strip() in name for name in names)}


def printed_by(content: ReportContent) -> list[str]:
    """The texts of the mail and of its plain twin."""
    files = {file.name: file.body.decode() for file in render(content) if file.name.endswith((".html", ".txt"))}
    html = re.sub(r"<style.*?</style>|<title.*?</title>", "", files["report.html"], flags=re.DOTALL)
    return [*map(unescape, re.findall(r">([^<>]+)<", html)), *files["report.txt"].splitlines()]
