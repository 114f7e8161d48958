"""Storing orders on a real database: once, counted, taken back whole, and refused where they look wrong."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import polars as pl
import pytest

from assets.importing.checks.doubts import DoubtfulError
from assets.orders.shops import SHOPS
from assets.orders.storing import OrderImport, find_sponsor, import_orders
from sql.raw.taking_back import take_back
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.pipelines.commands.importing.network import TENANT, fill_network

ACME, OTHER = UUID(int=11), UUID(int=12)
NOW = datetime(2026, 10, 20, tzinfo=UTC)
TASK = OrderImport(tenant=TENANT, sponsor=ACME, sponsor_name="Acme", object="orders.csv", started_by="ann")


@pytest.fixture
def network(warehouse: Warehouse) -> Warehouse:
    fill_network(warehouse)
    ids = [ACME.bytes, OTHER.bytes]
    warehouse.insert(
        "sponsors", pl.DataFrame({"tenant_id": [TENANT.bytes] * 2, "sponsor_id": ids, "name": ["Acme", "Other"]})
    )
    return warehouse


def csv(*rows: str) -> io.BytesIO:
    return io.BytesIO("\n".join(["order_id,occurred_at,value,currency,promo_code", *rows]).encode())


def row(number: int, day: int = 14) -> str:
    return f"A-{number},2026-10-{day}T08:12:00Z,19.90,EUR,"


def count(warehouse: Warehouse, table: str) -> int:
    with warehouse.transaction() as connection:
        found = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert found is not None
    return int(str(found[0]))


def test_an_export_of_which_many_orders_are_rejected_is_to_be_looked_at(network: Warehouse) -> None:
    orders = [row(number) for number in range(12)]

    some = import_orders(network, TASK, csv(*orders, *(f"B-{number},never,1,EUR," for number in range(2))), now=NOW)
    many = import_orders(network, TASK, csv(*orders, *(f"B-{number},never,1,EUR," for number in range(8))), now=NOW)

    assert (some.doubts, many.doubts) == ([], ["8 of 20 orders were rejected: look at their reasons"])


def test_orders_that_were_not_paid_are_no_reason_to_look(network: Warehouse) -> None:
    states = ["paid"] * 12 + ["pending"] * 8
    rows = [f"#{number},{state},2026-10-14 08:12:00 +0200,EUR,19.90" for number, state in enumerate(states)]
    export = "\n".join(["Name,Financial Status,Created at,Currency,Total", *rows]).encode()

    done = import_orders(network, replace(TASK, shop=SHOPS["shopify"]), io.BytesIO(export), now=NOW)

    assert (done.stored, done.rejected, done.doubts) == (12, 8, [])


def test_an_order_is_stored_once_whatever_export_it_is_in_and_taken_back_whole(network: Warehouse) -> None:
    first = import_orders(network, TASK, csv(row(1), row(2), "A-3,never,1,EUR,"), now=NOW)
    again = import_orders(network, TASK, csv(row(2), row(4, day=15)), now=NOW)

    assert (first.stored, first.rejected, again.stored) == (2, 1, 1)
    imports = network.rows("read_imports", tenants=[TENANT], numbers=None, since="2000-01-01", most=9)
    assert [(each["kind"], each["format"], each["stored"], each["present"]) for each in imports] == [
        ("orders", "plain", 1, 1),
        ("orders", "plain", 2, 0),
    ]
    assert first.number is not None
    taken = take_back(network, TENANT, first.number, "ann")
    assert (taken.rows, taken.rejects) == (2, 1)
    assert [(number, rows) for number, _, rows in taken.read_again] == [(again.number, 1)]
    # An order that comes again, at another time too, is new: nothing remembers that it was delivered.
    assert (count(network, "attribution_events"), count(network, "attribution_deliveries")) == (1, 1)
    assert import_orders(network, TASK, csv("A-2,2026-10-13T08:12:00Z,19.90,EUR,"), now=NOW).stored == 1


def test_rows_of_one_number_that_differ_are_a_doubt(network: Warehouse) -> None:
    done = import_orders(network, TASK, csv(row(1), row(1), row(1, day=15)), now=NOW)
    assert done.stored == 1
    assert "1 rows have the number of an order above them" in done.doubts[0]


def test_an_export_whose_orders_cannot_be_taken_stores_nothing_unless_somebody_insists(network: Warehouse) -> None:
    bad = [f"B-{number},2099-01-01,1,EUR," for number in range(3)]
    with pytest.raises(DoubtfulError, match=r"3 of the first 4 records of orders\.csv cannot be taken"):
        import_orders(network, TASK, csv(row(1), *bad), now=NOW)
    assert count(network, "imports") == 0
    assert import_orders(network, replace(TASK, is_forced=True), csv(row(1), *bad), now=NOW).stored == 1


def test_a_file_that_is_no_export_is_refused_with_its_columns(network: Warehouse) -> None:
    with pytest.raises(PermanentError, match=r"is no export of orders that can be read; its columns are a, b"):
        import_orders(network, TASK, io.BytesIO(b"a,b\n1,2\n"), now=NOW)


def test_a_sponsor_is_found_by_its_name(network: Warehouse) -> None:
    assert find_sponsor(network, TENANT, "acme") == (ACME, "Acme")
    with pytest.raises(PermanentError, match="there are: Acme, Other"):
        find_sponsor(network, TENANT, "Acne")
