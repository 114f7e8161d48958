"""One spelling for order ids and codes, in frames and in the database alike, and ids that stand for no order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.attribution.conversions import adjust_conversions, merge_conversions
from assets.attribution.spellings import (
    SHARED_FROM,
    clean_code,
    clean_order_id,
    clean_text,
    shared_orders,
    without_orders,
)
from sql.warehouse import Warehouse
from tests.assets.attribution.test_conversions import event, frame

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

# Spellings of one order, and what shops send where they have none.
SAME = [
    "A-1042",
    " A-1042",
    "A-1042\u00a0",
    "A-1042\u200b",
    "\ufeffA-1042",
    "\uff21-\uff11042",
    "A\u00ad-1042\t",
    "A-1042\r\n",
]
NONE = [
    *("", " ", "\u00a0", "\u200b", "undefined", "Undefined ", "NULL", "none", "NaN", "n/a", "0", "000", "-", "--", "#"),
    *("[object Object]", "{{order_id}}", "${order.id}", "%ORDER_ID%", "%%ORDER%%", "<order>", "(not set)", "order_id"),
    *("Order ID", "transaction-id", "false", "unknown", "\uff10"),
]
KEPT = ["1", "00010", "A 1", "null-7", "undefined42", "n", "0x1", "#1001", "R-0", "zero", "\u6ce8\u6587-1"]


def order_id_of(text: str) -> str | None:
    value: str | None = pl.DataFrame({"t": [text]}).select(clean_order_id(pl.col("t"))).item()
    return value


def test_spellings_that_people_take_for_the_same_are_one_order() -> None:
    assert {order_id_of(text) for text in SAME} == {"A-1042"}


@pytest.mark.parametrize("text", NONE, ids=repr)
def test_what_a_script_sends_without_a_number_is_no_order(text: str) -> None:
    assert order_id_of(text) is None


@pytest.mark.parametrize("text", KEPT, ids=repr)
def test_an_odd_number_stays_an_order(text: str) -> None:
    assert order_id_of(text) == text


def test_the_case_of_an_order_stays_and_that_of_a_code_goes() -> None:
    both = pl.DataFrame({"t": ["Ab1"]}).select(order=clean_order_id(pl.col("t")), code=clean_code(pl.col("t")))
    assert both.row(0) == ("Ab1", "ab1")


def test_the_database_spells_as_frames_do(warehouse: Warehouse) -> None:
    odd = [chr(code) for code in (*range(1, 0x3000), 0x3164, *range(0xFE00, 0x10000), 0xE0001)]
    texts = [*SAME, *NONE, *KEPT, *(f"a{sign}b {sign}" for sign in odd if not 0xD800 <= ord(sign) <= 0xDFFF)]
    values = pl.DataFrame({"t": texts}).select(
        text=clean_text(pl.col("t")), code=clean_code(pl.col("t")), order=clean_order_id(pl.col("t"))
    )
    with warehouse.transaction() as connection:
        found = connection.execute(
            "SELECT clean_text(t), clean_code(t), clean_order_id(t) FROM unnest(%s::text[]) WITH ORDINALITY AS u (t, n)"
            " ORDER BY n",
            [texts],
        ).fetchall()
    # Marks of other scripts change their case with the locale of the server; codes are compared in frames.
    assert [row[0] for row in found] == values["text"].to_list()
    assert [row[2] for row in found] == values["order"].to_list()
    plain = [place for place, text in enumerate(texts) if text.isascii()]
    assert [found[place][1] for place in plain] == [values["code"][place] for place in plain]


@settings(deadline=None)
@given(st.text(max_size=12))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = pl.DataFrame({"t": [text]}).select(t=clean_text(pl.col("t")))
    assert once.select(clean_text(pl.col("t"))).item() == once.item()


def buyer(number: int, order_id: str, **fields: object) -> dict[str, object]:
    return event(
        f"e{number}", "pixel", number, order_id=order_id, household_key=number, address_class="household", **fields
    )


@pytest.mark.parametrize("order_id", ["undefined", "\u00a0", "0", "CONSTANT"])
def test_three_buyers_under_one_id_stay_three(order_id: str) -> None:
    merged = merge_conversions(frame(*(buyer(number, order_id, value_minor=100) for number in range(3))))
    assert merged.height == 3
    assert merged["value_minor"].to_list() == [100, 100, 100]
    assert merged["order_id"].null_count() == 3


def test_an_order_that_is_seen_from_two_households_stays_one() -> None:
    assert merge_conversions(frame(*(buyer(number, "A-1") for number in range(SHARED_FROM - 1)))).height == 1


def test_spellings_of_one_order_are_one_conversion_and_take_its_refund() -> None:
    signals = [event(f"e{place}", order_id=text, value_minor=900) for place, text in enumerate(SAME)]
    events = frame(*signals, event("back", hours=30, kind="refund", order_id="A-1042\u00a0", value_minor=300))
    merged = merge_conversions(events)
    assert merged["order_id"].to_list() == ["A-1042"]
    assert adjust_conversions(events, merged)["value_minor"].to_list() == [300]


def test_a_refund_under_a_shared_id_takes_nothing_from_strangers() -> None:
    events = frame(
        *(buyer(number, "CONSTANT", value_minor=100) for number in range(3)),
        event("back", hours=30, kind="refund", order_id="CONSTANT", value_minor=100),
    )
    assert adjust_conversions(events, merge_conversions(events)).is_empty()


def test_shared_ids_are_those_of_enough_households_of_one_sponsor() -> None:
    events = frame(
        *(buyer(number, "CONSTANT") for number in range(3)),
        *({**buyer(number, "A-1"), "sponsor_id": f"s{number}"} for number in range(3)),
        *({**buyer(number, "B-1"), "address_class": "cellular"} for number in range(3)),
    )
    shared = shared_orders(events, "household")
    assert shared["order_id"].to_list() == ["CONSTANT"]
    left = without_orders(events, shared)
    assert left["event_id"].to_list() == events["event_id"].to_list()
    assert left["order_id"].null_count() == 3


def test_codes_are_merged_by_what_is_read() -> None:
    spelt = ["\uff33\uff21\uff36\uff2510", "save10\u200b", " SAVE10 ", "SAVE10"]
    events = frame(*(event(f"e{n}", "promo_code", order_id="A-1", promo_code=text) for n, text in enumerate(spelt)))
    merged = merge_conversions(events)
    assert merged["promo_codes"].to_list() == [["save10"]]
    assert NOON + timedelta(0) == merged["converted_at"][0]
