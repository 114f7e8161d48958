"""Wording: the sentences of reports in the languages that have a message catalogue.

Here: catalogues (locale/<language>/LC_MESSAGES/reports.po) as they are read, which locale has one, the marks by which
messages are found in the sources. A message's id is its English text; a new folder is a new language.
Not here: numbers and dates (formats.py), which sentence is said (the other modules of this room).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from sql.values import PermanentError

CATALOGUES = Path(__file__).parents[1] / "locale"
FILE = Path("LC_MESSAGES", "reports.po")

# The language of the message ids, and the locale of readers whose own language has no catalogue.
SOURCE = "en"
SOURCE_LOCALE = "en_US"


class LocaleError(PermanentError):
    """A locale that CLDR does not have."""


def message(text: str) -> str:
    """Marks a text that `Formatter.say` is given elsewhere."""
    return text


def counted(one: str, many: str) -> tuple[str, str]:
    """Marks a text for exactly one, and for any other number, that `Formatter.say_counted` is given elsewhere."""
    return one, many


def parse_locale(name: str) -> Locale:
    """The locale of this name. Raises LocaleError where CLDR has none."""
    try:
        return Locale.parse(name)
    except (UnknownLocaleError, ValueError) as error:
        raise LocaleError(f"locale {name!r} is not known: use one like en_US or de_DE") from error


def languages() -> tuple[str, ...]:
    """The languages that reports are worded in, English first."""
    return (SOURCE, *_in_folder(CATALOGUES))


def spoken(name: str) -> str:
    """The locale itself where its language has wording; English else, so that words and numbers are of one language.

    Raises LocaleError for an unknown one.
    """
    return name if _language(parse_locale(name)) else SOURCE_LOCALE


def translations(locale: Locale) -> NullTranslations:
    """The catalogue of the locale's language; English where it has none."""
    language = _language(locale)
    return NullTranslations() if language in (None, SOURCE) else _read(CATALOGUES / str(language) / FILE, str(language))


def sayer(locale: str) -> Callable[..., str]:
    """What says a sentence, given in English, in the language of the locale, with its named parts."""
    wording = translations(parse_locale(locale))
    return lambda sentence, **values: wording.gettext(sentence).format(**values)


def _language(locale: Locale) -> str | None:
    """The nearest language that has wording: that of the country or the script before the general one."""
    wanted = (str(locale), f"{locale.language}_{locale.script}", locale.language)
    had = languages()
    return next((name for name in wanted if name in had), None)


@cache
def _in_folder(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.parents[1].name for path in folder.glob(f"*/{FILE}")))


@cache
def _read(path: Path, language: str) -> NullTranslations:
    """A catalogue, compiled in memory. What is not translated, or marked as fuzzy, stays English."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
