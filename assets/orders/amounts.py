"""Amounts: the money of an order, in the spellings that people, shops and spreadsheets give it.

Here: signs and codes of currencies, separators of thousands and decimals, and what is refused because it may be two
amounts.
Not here: what an order may be worth (rows.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import resources

from babel.numbers import get_currency_precision

# What stands for which currencies, in lower case and without a full stop at its end.
SIGNS: Mapping[str, str] = {
    "$": "USD AUD BBD BMD BND BSD BZD CAD CLP COP CUP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD UYU "
    "ARS XCD",
    "us$": "USD",
    "au$": "AUD",
    "a$": "AUD",
    "ca$": "CAD",
    "c$": "CAD NIO",
    "nz$": "NZD",
    "hk$": "HKD",
    "s$": "SGD",
    "nt$": "TWD",
    "mx$": "MXN",
    "r$": "BRL",
    "€": "EUR",
    "£": "GBP EGP FKP GIP LBP SHP SSP SYP",
    "¥": "JPY CNY",
    "円": "JPY",
    "元": "CNY",
    "₩": "KRW KPW",
    "원": "KRW",
    "₹": "INR",
    "rs": "INR LKR MUR NPR PKR SCR",
    "₽": "RUB",
    "руб": "RUB BYN",
    "₴": "UAH",
    "₺": "TRY",
    "tl": "TRY",
    "₪": "ILS",
    "₫": "VND",
    "฿": "THB",
    "₱": "PHP",
    "₦": "NGN",
    "₸": "KZT",
    "₾": "GEL",
    "₼": "AZN",
    "zł": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "лв": "BGN",
    "lei": "RON MDL",
    "kr": "DKK ISK NOK SEK",
    "fr": "CHF",
    "sfr": "CHF",
    "rm": "MYR",
    "rp": "IDR",
    "r": "ZAR",
}

# Signs that are written in several ways: of negative numbers, of thousands in Switzerland, of Arabic numbers.
ONE_WAY = str.maketrans("\u2212\u2012\u2013\u2014\u2019\u2018\u02bc\u00b4\u2032`\u066b\u066c", "----''''''.,")

PARTS = re.compile(r"(?P<front>\D*?)(?P<number>[.,]?\d(?:[\d.,' ]*\d)?)(?P<back>\D*)")

# 12.- and 12,-- have no cents; 12- is less than nothing.
NO_CENTS = re.compile(r"^[.,:]-{1,2}|^[.,](?=$|\s)")

# 1.234 and 1,234, whose one sign may part thousands or decimals. No thousands begin with 0.
ONE_SIGN = re.compile(r"[1-9]\d{0,2}([.,])\d{3}")
DECIMALS = (re.compile(r"(\d*)(?:[.,](\d+))?"), "")

# The thousands by their sign, and decimals behind another one. In India, hundreds come before the last thousand.
THOUSANDS = (
    (re.compile(r"([1-9]\d{0,2}(?:,\d{3})+)(?:\.(\d+))?"), ","),
    (re.compile(r"([1-9]\d?(?:,\d{2})+,\d{3})(?:\.(\d+))?"), ","),
    (re.compile(r"([1-9]\d{0,2}(?:\.\d{3})+)(?:,(\d+))?"), "."),
    (re.compile(r"([1-9]\d{0,2}(?: \d{3})+)(?:[.,](\d+))?"), " "),
    (re.compile(r"([1-9]\d{0,2}(?:'\d{3})+)(?:[.,](\d+))?"), "'"),
)

NONE = "is no amount such as 1234.50"


class BadAmountError(ValueError):
    """Why a text is no amount, as a part of a sentence that begins with the text."""


def read_amount(value: object, currency: str) -> tuple[Decimal, str]:
    """The amount, and its currency: the one that is given, or where none is, what the text says.

    value: a number, or a text such as 1234.50, 1,234.50, 1.234,50, 1 234,50, 1'234.50, 12.-, €12, CHF 12.50, and
    (12.50) or 12.50- for less than nothing
    Raises BadAmountError for what is none, may be two amounts, or is in another currency.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        # Of JSON, where a point is one of decimals.
        amount = Decimal(str(value))
    else:
        number, is_less, names = _parts(str(value))
        for name in names:
            currency = _named(name, currency)
        amount = _number(number, get_currency_precision(currency or "EUR")) * (-1 if is_less else 1)
    if not amount.is_finite():
        raise BadAmountError(NONE)
    if not currency:
        raise BadAmountError("has no currency: name it with --currency")
    return amount, currency


@cache
def known_currencies() -> frozenset[str]:
    """Those that the database takes: another one would cost all orders that are stored with it."""
    text = (resources.files("sql") / "functions" / "is_known_currency.sql").read_text("utf-8")
    return frozenset(re.findall(r"[A-Z]{3}", text.partition("{")[2].partition("}")[0]))


def _parts(text: str) -> tuple[str, bool, list[str]]:
    """The number, whether it is less than nothing, and the names of a currency around it."""
    parts = PARTS.fullmatch(_plain(text))
    # No footnotes and fractions, which are digits elsewhere.
    if parts is None or any(unicodedata.category(sign) == "No" for sign in text):
        raise BadAmountError(NONE)
    around = [parts["front"], NO_CENTS.sub("", parts["back"])]
    signs = re.sub(r"[^-+()]", "", "".join(around))
    if signs not in ("", "-", "+", "()"):
        raise BadAmountError(NONE)
    names = [re.sub(r"[-+()]", "", each).strip() for each in around]
    return parts["number"], signs in ("-", "()"), [name for name in names if name]


def _plain(text: str) -> str:
    """The text in digits and signs of one kind, without what cannot be seen."""
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    digits = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in seen)
    # An apostrophe in front is how spreadsheets mark a text.
    return re.sub(r"\s", " ", digits.translate(ONE_WAY)).strip().removeprefix("'")


def _named(name: str, currency: str) -> str:
    """The currency of a sign or code beside an amount."""
    meant = SIGNS.get(name.lower().removesuffix("."), "").split()
    # In small letters, a word may be a code by chance.
    meant += [name.upper()] if name in known_currencies() or name.upper() == currency else []
    if not meant:
        raise BadAmountError(NONE)
    if currency and currency not in meant:
        raise BadAmountError(f"is in another currency than {currency}")
    return currency or (meant[0] if len(meant) == 1 else "")


def _number(number: str, digits: int) -> Decimal:
    """The number. digits: how many decimals its currency has."""
    alone = ONE_SIGN.fullmatch(number)
    if alone is not None and (alone[1] == "." if digits < 3 else alone[1] == ","):
        raise BadAmountError("may be a thousand times another: write 1234.50")
    for way, thousands in THOUSANDS if alone is not None and alone[1] == "," else (DECIMALS, *THOUSANDS):
        found = way.fullmatch(number)
        if found is not None:
            whole, decimals = found[1], found[2] or ""
            if thousands in (" ", "'") and len(decimals) == 3 != digits:
                break
            return Decimal(f"{whole.replace(thousands, '') if thousands else whole or 0}.{decimals or 0}")
    raise BadAmountError(NONE)
