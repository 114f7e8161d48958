"""Addresses of attribution events go, their keys stay, and what they matched they match again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from assets.attribution.day import compute_attribution_day
from assets.listening import compute_listening_day
from assets.listening.identity.addresses import AddressRanges, load_ranges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.keys import Key, Keyring
from assets.listening.identity.retained_keys import SIGNALS
from assets.privacy.expiry import expire_addresses, expire_day
from sql.values import Scope
from sql.warehouse import Warehouse, Write
from tests.assets.listening.test_day import DAY, EIGHT, OVERCAST, dimensions, load, name, request
from tests.assets.privacy.test_expiry import QUAY, SECRET, add_somebody_else, assert_same, change, keep_for

Tables = dict[str, pl.DataFrame]

NOW = DAY.start + timedelta(days=120)
FIRST = Keyring(default=(Key(1, SECRET),))
ROTATED = Keyring(default=(Key(1, SECRET), Key(2, SECRET[::-1])))
NOWHERE = AddressRanges.of({"data_centre": ["10.0.0.0/8"]})


def signal(event: str, kind: str, hours: float, **change: Any) -> tuple[str, dict[str, Any]]:
    """The home that downloads in test_day does something else that morning."""
    row = {
        "tenant_id": QUAY,
        "event_id": name(f"quay {event}"),
        "occurred_at": EIGHT + timedelta(hours=hours),
        "sponsor_id": name("quay sponsor"),
        "kind": kind,
        "signal": "pixel",
        "client_ip": "10.1.2.3",
        "user_agent": OVERCAST,
        **change,
    }
    return "attribution_events", row


def purchase(event: str, hours: float, **change: Any) -> tuple[str, dict[str, Any]]:
    return signal(event, "purchase", hours, **{"order_id": event, "value_minor": 2_000, "currency": "USD", **change})


@pytest.fixture
def network(warehouse: Warehouse) -> Warehouse:
    """Ads heard, shown and clicked at a home, an office and behind a platform's keys, and orders from there."""
    shown = {"placement_id": name("quay pre")}
    rows = [
        request("quay", "home"),
        signal("click", "click", 0.5, **shown),
        signal("shown", "impression", 0.5, **shown, client_ip="fd00:12:7::51"),
        signal("shown at work", "impression", 0.5, **shown, client_ip="192.0.2.8"),
        signal("shown by a platform", "impression", 0.6, **shown, client_ip=None, household_key=77),
        signal("shown with both", "impression", 0.6, **shown, client_ip="10.7.7.7", household_key=78),
        purchase("one", 2),
        purchase("two", 3, client_ip="fd00:12:7:0:9::1"),
        purchase("three", 4, client_ip=None, household_key=77),
        purchase("four", 5, client_ip="10.7.7.7", household_key=78, listener_key=5),
        purchase("five", 6, client_ip="198.18.0.9"),
        purchase("six", 7, client_ip="192.0.2.8", order_id=None),
        purchase("one", 30, event_id=name("quay one again"), signal="server", client_ip="10.1.2.3"),
        signal("refund of one", "refund", 40, order_id="one", value_minor=500, currency="USD", client_ip=None),
    ]
    load(warehouse, [*dimensions("quay"), *rows])
    keep_for(warehouse, 90)
    return warehouse


def listen(warehouse: Warehouse, ranges: AddressRanges | None = None) -> Tables:
    tables = compute_listening_day(warehouse.read, DAY, [QUAY], load_rules(), ranges or load_ranges(), FIRST)
    return {"ad_exposures": tables["ad_exposures"]}


def attribute(warehouse: Warehouse, ranges: AddressRanges | None = None) -> Tables:
    return compute_attribution_day(warehouse.read, DAY, [QUAY], FIRST, ranges or load_ranges())


def write_exposures(warehouse: Warehouse) -> None:
    stamps = {"is_final": pl.lit(True), "run_id": pl.lit(QUAY.bytes)}
    tables = [Write(table, frame.with_columns(**stamps)) for table, frame in listen(warehouse).items()]
    warehouse.replace(tables, DAY, [QUAY])


def expire(warehouse: Warehouse, keyring: Keyring = FIRST, now: datetime = NOW) -> list[tuple[str, int, int]]:
    gone = expire_addresses(warehouse, Scope(), load_ranges(), keyring, now)
    return [(each.day.isoformat(), each.addresses, each.signals) for each in gone]


def count(warehouse: Warehouse, what: str, table: str) -> int:
    with warehouse.transaction("earshot_owner") as connection:
        row = connection.execute(f"SELECT count({what}) FROM {table}".encode()).fetchone()
    return int(str(row[0])) if row else 0


def test_ads_shown_and_clicked_are_those_of_the_same_homes_without_addresses(network: Warehouse) -> None:
    before = listen(network)
    assert before["ad_exposures"]["address_class"].value_counts(sort=True)["address_class"][0] == "household"
    assert before["ad_exposures"].height == 7

    assert expire(network) == [("2026-11-02", 1, 9), ("2026-11-03", 0, 1)]

    assert count(network, "client_ip", "attribution_events") == 0
    assert_same(before, listen(network, NOWHERE))


def test_orders_are_matched_to_the_same_ads_without_addresses(network: Warehouse) -> None:
    write_exposures(network)
    before = attribute(network)
    assert before["conversions"]["household_key"].null_count() == 0
    assert before["attribution_touches"]["conversion_id"].n_unique() == 4

    expire(network)

    assert_same(before, attribute(network, NOWHERE))


def test_keys_are_kept_once_however_often_a_day_expires(network: Warehouse) -> None:
    expired = [expire_day(network, QUAY, DAY, load_ranges(), ROTATED, SIGNALS) for _ in range(2)]

    assert expired == [9, 0]
    assert count(network, "*", "attribution_event_keys") == 9


def test_an_event_that_comes_late_goes_the_next_night(network: Warehouse) -> None:
    expire(network)
    load(network, [purchase("late", 9)])
    before = attribute(network)

    assert expire(network) == [("2026-11-02", 0, 1)]
    assert_same(before, attribute(network))


def test_addresses_of_events_stay_where_nobody_decided(network: Warehouse) -> None:
    keep_for(network, None)

    assert expire(network) == []


def test_lines_that_could_not_be_stored_go_with_the_addresses_in_them(network: Warehouse) -> None:
    line = "INSERT INTO ingest_rejects (tenant_id, reject_id, source, line_number, line, reason, received_at)"
    for moment, number in ((DAY.start, 1), (NOW - timedelta(days=90), 2)):
        change(
            network,
            f"{line} VALUES (%s, %s, 'combined', %s, '10.1.2.3 - -', 'no time', %s)",
            QUAY,
            name(f"reject {number}"),
            number,
            moment,
        )

    expire(network)

    assert count(network, "*", "ingest_rejects") == count(network, "*", "ingest_rejects WHERE line_number = 2") == 1


def test_kept_keys_of_events_are_no_one_elses(network: Warehouse) -> None:
    expire(network)
    add_somebody_else(network)

    with network.as_tenant(name("somebody else")) as read:
        result = read(
            "read_attribution_event_keys",
            start=DAY.start,
            end=DAY.end,
            days=[DAY.day],
            tenants=[QUAY],
            exposures=True,
        )
    assert result.is_empty()
