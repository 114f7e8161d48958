"""Amounts in the spellings of the world: what is unambiguous is read, the rest says why not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from assets.orders.amounts import SIGNS, BadAmountError, known_currencies, read_amount


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        *((text, "EUR", "1234.50") for text in ("1234.50", "1234,50", "1,234.50", "1.234,50", "1 234,50", "1'234.50")),
        *((text, "CHF", "1234.50") for text in ("1\u2019234.50", "1'234,50", "Fr. 1'234.50", "CHF 1\u2019234.50")),
        *(
            (text, "EUR", "1234.5")
            for text in ("1\u00a0234,5", "1\u202f234,5\u00a0\u20ac", "\u20ac1.234,5", "\u200e1234,5")
        ),
        *(
            (text, "CHF", "12")
            for text in ("CHF 12.\u2013", "12,-", "12.-", "12,--", "Fr. 12.\u2014", "12:-", "12.", "012")
        ),
        *(
            (text, "EGP", "1234.5")
            for text in ("\u0661\u0662\u0663\u0664\u066b\u0665", "\uff11\uff12\uff13\uff14\uff0e\uff15")
        ),
        ("\u0661\u066c\u0662\u0663\u0664\u066b\u0665", "EGP", "1234.5"),
        *(
            (text, "EUR", "-12.5")
            for text in ("-12.5", "12.5-", "\u221212,5", "(12.50)", "\u20ac(12.50)", "- \u20ac 12,5", "-12,5 EUR")
        ),
        *((text, "EUR", "1234567") for text in ("1,234,567", "1.234.567", "1 234 567", "1.234.567,00")),
        ("1,23,456.50", "INR", "123456.5"),
        ("1,234", "EUR", "1234"),
        ("0,500", "EUR", "0.5"),
        ("0.500", "EUR", "0.5"),
        ("1234,567", "EUR", "1234.567"),
        ("1.234", "KWD", "1.234"),
        ("1.234,500", "TND", "1234.5"),
        ("\uffe51,234", "JPY", "1234"),
        ("US$5", "USD", "5"),
        ("R$ 5", "BRL", "5"),
        ("12 kr.", "SEK", "12"),
        ("eur 5", "EUR", "5"),
    ],
)
def test_amounts_are_read_as_people_and_programs_write_them(text: str, currency: str, amount: str) -> None:
    assert read_amount(text, currency) == (Decimal(amount), currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [("1.234", "EUR"), ("\u20ac1.234", "EUR"), ("1.234", "JPY"), ("1,234", "TND"), ("1.234.-", "CHF")],
)
def test_what_may_be_a_thousand_times_another_is_refused(text: str, currency: str) -> None:
    with pytest.raises(BadAmountError, match="may be a thousand times another"):
        read_amount(text, currency)


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "a lot", "NaN", "1e3", "1_000", "12..5", "1,234,56", "1.234,56,7", "12 34", "1''234", "1 234'567"),
        *(
            "1'234.567",
            "1 234,567",
            "12-13",
            "--5",
            "5--",
            "(5",
            "5)",
            "(-5)",
            "+-5",
            "5 incl. VAT",
            "5%",
            "5 5",
            "\u00bd",
            "5\u00b2",
        ),
    ],
)
def test_what_is_no_amount_or_may_be_two_is_refused(text: str) -> None:
    with pytest.raises(BadAmountError, match="is no amount"):
        read_amount(text, "EUR")


@pytest.mark.parametrize("text", ["\u00a35", "$5", "5 USD", "\u20ac5 USD", "kr 5"])
def test_a_sign_of_another_currency_is_refused(text: str) -> None:
    with pytest.raises(BadAmountError, match="in another currency than EUR"):
        read_amount(text, "EUR")


def test_the_amount_says_the_currency_only_where_its_sign_has_one() -> None:
    assert [read_amount(text, "")[1] for text in ("5 \u20ac", "CHF 5", "A$5")] == ["EUR", "CHF", "AUD"]
    for text in ("5", "$5", "5 kr", "all 5"):
        with pytest.raises(BadAmountError):
            read_amount(text, "")


def test_signs_are_of_currencies_that_can_be_stored() -> None:
    assert {code for codes in SIGNS.values() for code in codes.split()} <= known_currencies()
