"""Shops: the packaged mappings load, and a file is known by its columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.orders.shops import MEANINGS, SHOPS, choose_shop, load_shop
from sql.values import PermanentError

SHOPIFY = ["Name", "Email", "Financial Status", "Paid at", "Currency", "Total", "Discount Code", "Created at"]


def test_the_packaged_mappings_read_a_time_and_nothing_that_is_unknown() -> None:
    assert set(SHOPS) == {"plain", "shopify", "woocommerce"}
    for shop in SHOPS.values():
        assert "occurred_at" in shop.columns
        assert set(shop.columns) <= set(MEANINGS)


@pytest.mark.parametrize(
    ("names", "shop"),
    [
        (SHOPIFY, "shopify"),
        (["number", "date_created_gmt", "total", "currency", "coupon_lines", "status"], "woocommerce"),
        (["order_id", "occurred_at", "value", "currency"], "plain"),
    ],
)
def test_a_file_is_known_by_its_columns(names: list[str], shop: str) -> None:
    assert choose_shop(names, "orders.csv").name == shop


def test_a_file_without_a_time_is_refused_with_its_columns() -> None:
    with pytest.raises(PermanentError, match=r"is no export of orders.*its columns are a, order_id"):
        choose_shop(["order_id", "a"], "orders.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("columns: {occurred_at: t, colour: c}", "says 'colour'"),
        ("columns: {order_id: o}", "does not say which column is occurred_at"),
        ("a: [", "cannot be read"),
        ("- a", "has no columns"),
        ("columns: {occurred_at: t, occurred_at: u}", "'occurred_at' is there twice"),
        ("columns: {occurred_at: {from: t}}", "columns.occurred_at is a name, or a list of names"),
        ("columns: {occurred_at: }", "columns.occurred_at is a name, or a list of names"),
        ("columns: {occurred_at: t}\nonly_if: paid", "only_if names a column and the values of it"),
        ("columns: {occurred_at: t}\nonly_if: {values: [paid]}", "only_if names a column and the values of it"),
        ("columns: {occurred_at: t}\nonly_if: {column: s, values: {a: b}}", "only_if.values is a name"),
        ("columns: {occurred_at: t}\nfirst_row_has: [a, b]", "first_row_has is one text"),
        ("columns: {occurred_at: t}\nrefunded: {a: b}", "refunded is a name"),
        ("columns: " + "[" * 5000, "nested more than 50 deep"),
    ],
)
def test_a_mapping_that_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(PermanentError, match=said) as raised:
        load_shop(file)
    assert "mine.yaml" in str(raised.value)
