"""Formats: numbers, money, dates, time and sentences as people of one locale read them.

Here: one Formatter per locale, on Babel. Every number is rounded half-up as a Decimal before Babel sees it, because
Babel itself rounds half to even.
Not here: the wording itself (wording.py), which number is shown where (compose.py), raw numbers for machines (csv.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property, lru_cache, reduce
from gettext import NullTranslations
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton, format_time, get_datetime_format
from babel.lists import format_list
from babel.numbers import (
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
)

from reports.facts.report_facts import Period
from reports.wording.catalogues import LocaleError as LocaleError
from reports.wording.catalogues import message, parse_locale, translations

# ISO 4217, list one: minor digits other than 2. CLDR prints fewer digits for some currencies than their minor unit has,
# so it has the number of digits to print but not what a minor unit is worth.
MINOR_DIGITS = (
    dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"), 0)
    | dict.fromkeys(("XAF", "XOF", "XPF"), 0)
    | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
    | dict.fromkeys(("CLF", "UYW"), 4)
)

NOTHING = "–"
# NOTE: How many times as much, as in "2.50×".
TIMES = message("{number}×")


def exact(value: float | int | Decimal) -> Decimal:
    """The shortest decimal that stands for the number; 0.1 is a tenth and not its binary neighbour."""
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def rounded(value: float | int | Decimal, digits: int) -> Decimal:
    """Rounded half-up: halves go away from zero."""
    return exact(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def minor_digits(currency: str) -> int:
    """How many digits of a currency stand after the point (ISO 4217)."""
    return MINOR_DIGITS.get(currency, 2)


def major_units(minor: float | int | Decimal, currency: str) -> Decimal:
    """Minor units as an exact amount of the currency: 840871 USD is 8408.71, 840871 JPY is 840871."""
    return exact(minor).scaleb(-minor_digits(currency))


def shared_digits(values: Iterable[float], digits: int = 1) -> int:
    """0 if every credit is whole, else 1: one report never mixes 54 and 43.0."""
    return 0 if all(rounded(value, 6) == rounded(value, 0) for value in values) else digits


@dataclass(frozen=True)
class Formatter:
    """Formats and wording for one locale and one time zone. credit_digits: digits of conversions in this report."""

    locale: str
    timezone: str
    credit_digits: int = 0

    @cached_property
    def babel(self) -> Locale:
        return parse_locale(self.locale)

    @cached_property
    def wording(self) -> NullTranslations:
        return translations(self.babel)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def say(self, sentence: str, /, **values: str) -> str:
        """A whole sentence or phrase, given in English, in the reader's language, with its named parts."""
        return self.wording.gettext(sentence).format(**values)

    def say_counted(self, number: float, one: str, many: str, /, **values: str) -> str:
        """The sentence for exactly one, or for any other number, by the plural forms of the reader's language."""
        return self.wording.ngettext(one, many, self._plural_number(number)).format(**values)

    def one_by_one(self, *sentences: str) -> str:
        """Whole sentences one after the other; empty ones are left out."""
        # NOTE: Two whole sentences; some languages have no blank between them.
        both = message("{first} {second}")
        present = [sentence for sentence in sentences if sentence]
        return reduce(lambda text, more: self.say(both, first=text, second=more), present) if present else ""

    def count(self, value: int | None) -> str:
        return NOTHING if value is None else _counted(value, self.babel)

    def credit(self, value: float) -> str:
        """A number of conversions: whole where it is whole, else with the digits of the report."""
        is_whole = rounded(value, 6) == rounded(value, 0)
        return self._decimal(value, 0 if is_whole else self.credit_digits)

    def credits(self, value: float, one: str, many: str) -> str:
        """A number of conversions with its noun: in the singular where it is printed as exactly one."""
        return self.say_counted(float(rounded(value, 6)), one, many, number=self.credit(value))

    def bound(self, value: float) -> str:
        """A bound of a number of conversions: an estimate, with the digits of the report also where it is whole."""
        return self._decimal(value, self.credit_digits)

    def credit_parts(self, whole: float, part: float) -> tuple[str, str]:
        """A part of a number of conversions and the rest, so that the printed ones add up to the printed whole."""
        shown = rounded(part, self.credit_digits)
        return self.credit(float(shown)), self.credit(float(rounded(whole, self.credit_digits) - shown))

    def ratio(self, value: Decimal | float | None) -> str:
        if value is None:
            return NOTHING
        return self.say(TIMES, number=self._decimal(value, 2))

    def frequency(self, value: Decimal | None) -> str:
        return NOTHING if value is None else self._decimal(value, 2)

    def percent(self, share: Decimal | float, digits: int = 1) -> str:
        """A share such as 0.136 as 13.6 %; rounded after the shift, so that half-up is half-up of what is printed."""
        places = "." + "0" * digits if digits else ""
        shown = rounded(exact(share).scaleb(2), digits).scaleb(-2)
        return _percentage(shown, shown.is_signed(), self._percent_pattern(places), self.babel)

    def money(self, minor: Decimal | float | None, currency: str) -> str:
        if minor is None:
            return NOTHING
        amount = rounded(major_units(minor, currency), get_currency_precision(currency))
        return _amount(amount, amount.is_signed(), currency, self.babel)

    def day(self, value: date | None) -> str:
        return NOTHING if value is None else _day(value, self.babel)

    def short_day(self, value: date) -> str:
        return str(format_skeleton("MMMd", value, locale=self.babel))

    def month(self, value: date) -> str:
        return str(format_skeleton("yMMM", value, locale=self.babel))

    def axis_count(self, value: int) -> str:
        return str(format_compact_decimal(value, locale=self.babel, fraction_digits=2))

    def period(self, period: Period) -> str:
        if period.first == period.last:
            return self.day(period.first)
        return str(format_interval(period.first, period.last, skeleton="yMMMd", locale=self.babel))

    def moment(self, value: datetime) -> str:
        """A UTC moment at the tenant's clock, with its time zone named."""
        return f"{self.local_time(value)} ({self.timezone})"

    def local_time(self, value: datetime) -> str:
        """A UTC moment at the tenant's clock; the page names the time zone elsewhere."""
        local = value.astimezone(self.zone)
        both = str(get_datetime_format("medium", locale=self.babel))
        return both.format(format_time(local.time(), "short", locale=self.babel), self.day(local.date()))

    def plain(self, value: Decimal) -> str:
        """A number with as many digits as it has: 7 or 3.5."""
        return str(format_decimal(value.normalize(), locale=self.babel, decimal_quantization=False))

    def either(self, items: Sequence[str]) -> str:
        """The items as alternatives: 14 or 30."""
        return str(format_list(list(items), style="or", locale=self.babel))

    def every(self, items: Sequence[str]) -> str:
        """The items together: 12 households, 3 offices and 1 mobile network."""
        return str(format_list(list(items), locale=self.babel))

    def _plural_number(self, number: float) -> int:
        """A whole number with the plural form of this one: 1.5 orders are many in English, and like one in French."""
        if number == int(number):
            return int(number)
        return 1 if self.babel.plural_form(exact(number)) == "one" else 2

    def _decimal(self, value: Decimal | float, digits: int) -> str:
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        shown = rounded(value, digits)
        return _decimal(shown, shown.is_signed(), pattern, self.babel)

    def _percent_pattern(self, places: str) -> str:
        own = str(self.babel.percent_formats[None].pattern)
        return own.replace("#,##0", f"#,##0{places}")


# Reports print most of their numbers several times, and all of them print small ones; Babel takes a tenth of a
# millisecond for each. Signed: 0.0 and -0.0 are one key, and two texts.
cached = lru_cache(maxsize=16_384)


@cached
def _counted(value: int, locale: Locale) -> str:
    return str(format_decimal(value, locale=locale))


@cached
def _decimal(value: Decimal, _signed: bool, pattern: str, locale: Locale) -> str:
    return str(format_decimal(value, format=pattern, locale=locale))


@cached
def _percentage(share: Decimal, _signed: bool, pattern: str, locale: Locale) -> str:
    return str(format_percent(share, format=pattern, locale=locale))


@cached
def _amount(amount: Decimal, _signed: bool, currency: str, locale: Locale) -> str:
    return str(format_currency(amount, currency, locale=locale))


@cached
def _day(value: date, locale: Locale) -> str:
    return str(format_date(value, "medium", locale=locale))
