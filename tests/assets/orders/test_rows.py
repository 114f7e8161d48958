"""Rows: an order keeps its id in every export; what is no order is rejected with the reason, without its buyer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from assets.importing.doubled import TWO_VALUES
from assets.importing.events import MadeBatch
from assets.orders.records import Record
from assets.orders.rows import OrderMaker
from assets.orders.shops import SHOPS

NOW = datetime(2026, 10, 20, tzinfo=UTC)
TENANT, SPONSOR = UUID(int=1), UUID(int=2)


def make(*values: dict[str, Any], shop: str = "plain", **options: Any) -> MadeBatch:
    maker = OrderMaker(TENANT, SPONSOR, SHOPS[shop], **options)
    return maker.make([Record(number, str(each), each) for number, each in enumerate(values, 2)], NOW)


def plain(**values: Any) -> dict[str, Any]:
    order = {"order_id": "1001", "occurred_at": "2026-10-14T08:12:00+02:00", "value": "19.90", "currency": "EUR"}
    return order | values


def test_an_order_is_a_purchase_with_its_exact_amount_and_time() -> None:
    row = make(plain(promo_code=" TIDES\u200b", client_ip="192.0.2.7", is_new_customer="yes")).events.row(0, named=True)
    assert (row["kind"], row["signal"], row["value_minor"], row["currency"]) == ("purchase", "server", 1990, "EUR")
    assert row["occurred_at"] == datetime(2026, 10, 14, 6, 12, tzinfo=UTC)
    assert (row["promo_code"], row["client_ip"], row["is_new_customer"]) == ("tides", "192.0.2.7", True)


def test_the_same_order_has_the_same_id_however_it_is_spelt() -> None:
    ids = [make(plain(order_id=name)).events["event_id"][0] for name in ("A-1", " A-1\u00a0", "Ａ-1", '="A-1"')]
    assert len(set(ids)) == 1
    assert make(plain(order_id="A-2")).events["event_id"][0] not in ids


def test_orders_without_a_number_stay_apart_and_keep_their_ids() -> None:
    first = make(plain(order_id="undefined"), plain(order_id="undefined"), plain(order_id="", value="5"))
    again = make(plain(order_id="undefined"), plain(order_id="undefined"), plain(order_id="", value="5"))
    assert first.events["order_id"].null_count() == 3
    assert first.events["event_id"].n_unique() == 3
    assert first.events["event_id"].to_list() == again.events["event_id"].to_list()


def test_a_refund_of_an_order_is_another_event() -> None:
    made = make(plain(), plain(kind="refund", value="5"), plain(kind="refund", value="5.00", occurred_at="2026-10-15"))
    assert made.events["event_id"].n_unique() == 3
    assert made.events["kind"].to_list() == ["purchase", "refund", "refund"]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"occurred_at": "yesterday"}, "its time 'yesterday' cannot be read"),
        ({"occurred_at": "1970-01-01"}, "its time '1970-01-01' is before 2000 or yet to come"),
        ({"occurred_at": "2099-01-01"}, "yet to come"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "its time"),
        ({"occurred_at": ""}, "it has no time"),
        ({"value": "a lot"}, "its value 'a lot' is no amount"),
        ({"value": "NaN"}, "is no amount"),
        ({"value": "1_000"}, "is no amount"),
        ({"value": "1.234"}, "may be a thousand times another"),
        # Of the CLDR's currencies, one that the database does not take: it would cost the whole batch.
        ({"currency": "CNH"}, "its currency 'CNH' is none"),
        ({"order_id": "1.00E+05"}, "was cut by a spreadsheet"),
        ({"order_id": "#REF!"}, "is the error #REF! of a spreadsheet"),
        ({"promo_code": "M\ufffdSLI"}, "its promo_code has characters that cannot be read"),
        ({"promo_code": "\ud800"}, "its promo_code has characters that cannot be read"),
        ({"order_id": "10\x0001"}, "its order_id has characters that cannot be read"),
        ({"promo_code": "TIDES,\nB0,2026"}, "a quote is not closed"),
        ({"value": "-1"}, "less than nothing"),
        ({"value": "(5.00)"}, "less than nothing"),
        ({"value": "9" * 30}, "more than is possible"),
        ({"value": "9" * 12}, "more than is possible"),
        ({"value": "1E+03"}, "is no amount"),
        ({"value": float("nan")}, "is no amount"),
        ({"value": True}, "is no amount"),
        ({"value": [5, 6]}, "its value is a list or an object: name the part of it in a mapping"),
        ({"promo_code": {"code": "TIDES"}}, "its promo_code is a list or an object"),
        ({"value": "£5.00"}, "its value '£5.00' is in another currency than EUR"),
        ({"value": "$5.00", "currency": ""}, "no currency: name it with --currency"),
        ({"currency": "EURO"}, "its currency 'EURO' is none"),
        ({"currency": ""}, "no currency: name it with --currency"),
        ({"kind": "gift"}, "its kind is 'gift'"),
        ({"is_new_customer": "2"}, "its is_new_customer is '2': write true or false"),
        ({"order_id": "9" * 1001}, "its order_id is longer than 1,000"),
    ],
)
def test_what_cannot_be_an_order_is_rejected_with_the_reason(values: dict[str, Any], reason: str) -> None:
    made = make(plain(**values), plain(order_id="good"))
    assert made.events.height == 1
    assert reason in made.rejects["reason"][0]


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        ("1,234.50", "USD", 123450),
        ("1.234,50", "EUR", 123450),
        ("19,9", "EUR", 1990),
        ("1.234", "KWD", 1234),
        ("500", "JPY", 500),
        ("0.005", "EUR", 1),
        (12, "EUR", 1200),
        (1.234, "EUR", 123),
        (1e-07, "EUR", 0),
        ([5], "EUR", 500),
        ('="5.00"', "EUR", 500),
        ("'5.00", "EUR", 500),
        ("€ 1 234,50", "EUR", 123450),
    ],
)
def test_amounts_are_exact_in_the_digits_of_their_currency(value: Any, currency: str, minor: int) -> None:
    assert make(plain(value=value, currency=currency)).events["value_minor"].to_list() == [minor]


def test_a_customer_is_new_or_not_or_nobody_knows() -> None:
    said = [
        make(plain(is_new_customer=each)).events["is_new_customer"][0]
        for each in ("Yes", True, "t", 1.0, "WAHR", "0", False, "f", "0.0", "returning", "N/A", "")
    ]
    assert said == [True] * 5 + [False] * 5 + [None] * 2


def test_texts_of_spreadsheets_and_lists_of_one_are_what_is_in_them() -> None:
    row = make(plain(promo_code='="TIDES"', currency=["EUR"], client_ip=[], listener_id={})).events.row(0, named=True)
    assert (row["promo_code"], row["currency"], row["client_ip"], row["listener_id"]) == ("tides", "EUR", None, None)


def test_times_without_a_zone_are_of_the_shop() -> None:
    made = make(plain(occurred_at="2026-10-14 08:12:00"), timezone="Europe/Berlin")
    assert made.events["occurred_at"][0] == datetime(2026, 10, 14, 6, 12, tzinfo=UTC)


def test_a_time_that_the_clocks_of_the_zone_skipped_is_no_time() -> None:
    made = make(plain(occurred_at="2026-03-29 02:30"), plain(occurred_at="2026-03-29 03:30"), timezone="Europe/Berlin")
    assert made.events["occurred_at"].to_list() == [datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]
    assert "was skipped by the clocks of Europe/Berlin" in made.rejects["reason"][0]


@pytest.mark.parametrize("written", ["1791958361", "1791958361000", 1791958361.0])
def test_seconds_and_milliseconds_since_1970_are_told_apart(written: Any) -> None:
    assert make(plain(occurred_at=written)).events["occurred_at"][0] == datetime(2026, 10, 14, 6, 12, 41, tzinfo=UTC)


@pytest.mark.parametrize("written", ["1001", 1001, 1001.0, "1001.0", '="1001"', "'1001", "\uff11001"])
def test_a_number_is_the_same_order_however_a_program_writes_it(written: Any) -> None:
    assert make(plain(order_id=written)).events["order_id"].to_list() == ["1001"]


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("203.0.113.9:443", "203.0.113.9"),
        ("[2001:db8::1]:5", "2001:db8::1"),
        ("203.0.113.5, 10.0.0.1", "203.0.113.5"),
        ("0.0.0.0", None),
        ("203.0.113.xxx", None),
    ],
)
def test_addresses_are_read_as_those_of_logs(written: str, address: str | None) -> None:
    assert make(plain(client_ip=written)).events["client_ip"].to_list() == [address]


def test_a_column_that_is_there_twice_is_refused_where_it_is_read_and_differs() -> None:
    maker = OrderMaker(TENANT, SPONSOR, SHOPS["plain"])
    good = Record(2, "", plain(), twice=frozenset({"note"}))
    bad = Record(3, "", plain(order_id="1002"), twice=frozenset({"value"}))
    made = maker.make([good, bad], NOW)
    assert made.events["order_id"].to_list() == ["1001"]
    assert made.rejects["reason"].to_list() == ["the column value is there twice, with two values for its value"]


@pytest.mark.parametrize(
    ("shop", "values"),
    [
        ("plain", {"value": TWO_VALUES}),
        ("woocommerce", {"coupon_lines": [{"code": TWO_VALUES}]}),
        ("woocommerce", {"coupon_lines": TWO_VALUES}),
        ("woocommerce", {"status": TWO_VALUES}),
        ("shopify", {"Total": TWO_VALUES}),
        ("shopify", {"Refunded Amount": TWO_VALUES}),
    ],
)
def test_json_that_says_two_things_under_one_key_is_refused_where_it_is_read(shop: str, values: dict[str, Any]) -> None:
    made = make(values, shop=shop)
    assert made.events.is_empty()
    assert "is there twice, with two values for its" in made.rejects["reason"][0]
    assert make(plain(note=TWO_VALUES)).rejects.is_empty()


def test_the_currency_is_that_of_the_amount_where_nothing_else_says_one() -> None:
    assert make(plain(value="12,- €", currency="")).events.select("value_minor", "currency").row(0) == (1200, "EUR")


def test_a_number_that_comes_again_with_another_value_is_counted() -> None:
    maker = OrderMaker(TENANT, SPONSOR, SHOPS["plain"])
    rows = [plain(), plain(), plain(value="29.90")]
    made = maker.make([Record(number, "", each) for number, each in enumerate(rows, 2)], NOW)
    assert (made.events["value_minor"].to_list(), maker.repeated) == ([1990], 1)


def test_of_shopify_an_order_is_one_row_and_unpaid_ones_are_rejected_without_the_buyer() -> None:
    order = {
        "Name": "#1001",
        "Email": "ann@acme.example",
        "Financial Status": "paid",
        "Created at": "2026-10-14 08:12:00 +0200",
        "Total": "19.90",
        "Currency": "EUR",
        "Discount Code": "TIDES",
        "Refunded Amount": "0.00",
    }
    item = dict.fromkeys(order, "") | {"Name": "#1001"}
    made = make(order, item, order | {"Name": "#1002", "Financial Status": "pending"}, shop="shopify")
    assert made.events["order_id"].to_list() == ["#1001"]
    assert made.rejects["reason"].to_list() == ["its Financial Status is pending: it is no order that was paid"]
    shown = json.loads(made.rejects["line"][0])
    assert shown["order_id"] == "#1002"
    assert "ann@acme.example" not in made.rejects["line"][0]


def test_of_woocommerce_codes_and_addresses_are_read_from_inside() -> None:
    order = {
        "id": 7,
        "number": "7",
        "status": "completed",
        "date_created_gmt": "2026-10-14T06:12:00",
        "total": "19.90",
        "currency": "EUR",
        "coupon_lines": [{"code": "tides"}],
        "customer_ip_address": "192.0.2.7",
    }
    row = make(order, shop="woocommerce").events.row(0, named=True)
    assert (row["order_id"], row["promo_code"], row["client_ip"]) == ("7", "tides", "192.0.2.7")


@pytest.mark.parametrize(
    ("shop", "values", "code"),
    [
        ("plain", plain(promo_code="FREE, Tides10"), "tides10"),
        ("plain", plain(promo_code="FREE; SHIP"), "free; ship"),
        ("plain", plain(promo_code="TWO, WORDS"), "two, words"),
        ("woocommerce", {"coupon_lines": [{"code": "free"}, {"code": "tides10"}]}, "tides10"),
        ("woocommerce", {"coupon_lines": [{"code": "free"}, {"code": "ship"}, 7, {"code": ["tides10"]}]}, "free"),
        ("woocommerce", {"coupon_lines": []}, None),
    ],
)
def test_of_several_codes_one_of_the_sponsors_is_taken(shop: str, values: dict[str, Any], code: str | None) -> None:
    order = {"number": "1", "date_created_gmt": "2026-10-14T08:12:00", "total": "5", "currency": "EUR"} | values
    made = make(order, shop=shop, codes=frozenset({"tides10", "words", "two, words"}))

    assert made.events["promo_code"].to_list() == [code]
