"""Places: where a report prints a number, and how it is found there again in the report's own language.

Here: the kinds of places, the parts of sentences that are numbers, and the words of catalogues that reports were frozen
with and that are worded otherwise now.
Not here: which number stands where (numbers.py), the sentences (reports/content).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports.content.response import MEASURED, TOO_FEW
from reports.wording.catalogues import SOURCE_LOCALE, parse_locale, translations
from reports.wording.formats import TIMES

Content = Mapping[str, Any]

# By language and message: what its catalogue said before. A frozen report keeps the words that it was made with.
EARLIER: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("fr", "Return on ad spend (ROAS), to date"): ("Retour publicitaire (ROAS), à ce jour",),
    ("es", "Return on ad spend (ROAS), to date"): ("Retorno publicitario (ROAS), hasta la fecha",),
    ("pt", "Return on ad spend (ROAS), to date"): (
        "Retorno publicitário (ROAS), até o momento",
        "Retorno sobre o investimento em anúncios (ROAS), até a data",
    ),
    ("pt", "Cost per conversion (CPA), to date"): ("Custo por conversão (CPA), até a data",),
    ("es", "{delivered} of {booked} booked since the start ({share})"): (
        "{delivered} de {booked} contratados desde el inicio ({share})",
    ),
    ("es", "{delivered} of {booked} booked since the start ({share}), {pace} of the {expected} due by now"): (
        "{delivered} de {booked} contratados desde el inicio ({share}), {pace} de los {expected} previstos a esta "
        "fecha",
    ),
    ("es", "{number} counted, with {share} of the ads at addresses of one household"): (
        "{number} contadas, con {share} de los anuncios en direcciones de un solo hogar",
    ),
}


@dataclass(frozen=True, slots=True)
class InTile:
    """The value of the tile with this label."""

    label: str

    def find(self, content: Content) -> str | None:
        labels = _spellings(self.label, content)
        return next((tile["value"] for tile in content["tiles"] if tile["label"] in labels), None)


@dataclass(frozen=True, slots=True)
class InSection:
    """What a section has under a term, or the named part of it: of the first of the sentences that it begins with."""

    section: str
    term: str
    part: str = ""
    sentences: tuple[str, ...] = ()

    def find(self, content: Content) -> str | None:
        text = _under(self.term, content[self.section], content)
        return _part(text, self.part, self.sentences, content) if text and self.part else text


@dataclass(frozen=True, slots=True)
class InToDate:
    """What the campaign to date has under a term, up to its interval or the remark on its confidence."""

    term: str

    def find(self, content: Content) -> str | None:
        sections = content["to_date"]
        text = _under(self.term, sections[0], content) if len(sections) == 1 else None
        return _part(text, "value", MEASURED, content) if text else None


@dataclass(frozen=True, slots=True)
class InRecords:
    """A column of the report's records, for all of it and for rows of its tables."""

    column: str


def ratio_in(text: str, content: Content) -> str:
    """The number of a ratio without the sign for "times", which languages have of their own; other text as it is."""
    found = _match(TIMES, text, content)
    return found["number"] if found else text


def _under(term: str, section: Content | None, content: Content) -> str | None:
    terms = _spellings(term, content)
    return next((pair["text"] for pair in section["pairs"] if pair["term"] in terms), None) if section else None


def _part(text: str, part: str, sentences: tuple[str, ...], content: Content) -> str | None:
    """A part of the text. What is measured may stand by itself; nothing is measured where there were too few."""
    for sentence in sentences:
        if found := _match(sentence, text, content):
            return found[part]
    is_bare = sentences == MEASURED and not _match(TOO_FEW, text, content)
    return text if is_bare else None


def _match(sentence: str, text: str, content: Content) -> re.Match[str] | None:
    for spelling in _spellings(sentence, content):
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(spelling))
        if found := re.fullmatch(pattern, text) or re.match(pattern, text):
            return found
    return None


def _spellings(text: str, content: Content) -> tuple[str, ...]:
    """A message in the language of the report, as it is worded now and as it was, and in English: reports from before
    catalogues are in English."""
    locale = parse_locale(content.get("locale", SOURCE_LOCALE))
    return translations(locale).gettext(text), *EARLIER.get((locale.language, text), ()), text
