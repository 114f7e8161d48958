"""Raw addresses go, their keys stay, and a day computed again is the same to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets.listening import compute_listening_day
from assets.listening.downloads.method import name_method
from assets.listening.identity.addresses import AddressRanges, load_ranges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.keys import Key, Keyring
from assets.privacy.expiry import expire_addresses, expire_day
from sql.values import RawRowsGoneError, Scope, Window
from sql.warehouse import LedgerLine, Warehouse, Write
from tests.assets.listening.test_day import DAY, EIGHT, dimensions, load, name, request

SECRET = b"a secret for tests, 32 bytes long"
QUAY = name("quay")
NOW = DAY.start + timedelta(days=120)


@dataclass(frozen=True)
class Tools:
    """What a day is measured with."""

    ranges: AddressRanges = field(default_factory=load_ranges)
    keyring: Keyring = field(default_factory=lambda: Keyring(default=(Key(1, SECRET),)))


@pytest.fixture
def network(warehouse: Warehouse) -> Warehouse:
    """A tenant whose requests come from homes, an office, a data centre, a shared network, a platform and nowhere."""
    requests = [
        request("quay", "home"),
        request("quay", "home again", occurred_at=EIGHT + timedelta(hours=1)),
        request("quay", "six", client_ip="fd00:12:7::51"),
        request("quay", "office", client_ip="192.0.2.8", user_agent=None),
        request("quay", "centre", client_ip="198.18.0.9"),
        request("quay", "shared", client_ip="198.18.7.1", occurred_at=EIGHT + timedelta(hours=2)),
        request("quay", "both", client_ip="10.7.7.7", household_key=77, key_version=5),
        request("quay", "hashed", client_ip=None, household_key=99, key_version=0),
        request("quay", "nowhere", client_ip=None),
        request("quay", "player", event_type="listen_start", source="client", session_id="s", position_seconds=0),
        request("quay", "yesterday", occurred_at=EIGHT - timedelta(days=1)),
    ]
    inclusion = {"network": "198.18.7.0/24", "reason": "student residence", "validated_at": EIGHT}
    load(warehouse, [*dimensions("quay"), ("ip_inclusions", {"tenant_id": QUAY, **inclusion}), *requests])
    return warehouse


def compute(warehouse: Warehouse, tools: Tools | None = None, window: Window = DAY) -> dict[str, pl.DataFrame]:
    used = tools or Tools()
    return compute_listening_day(warehouse.read, window, [QUAY], load_rules(), used.ranges, used.keyring)


def assert_same(before: dict[str, pl.DataFrame], after: dict[str, pl.DataFrame]) -> None:
    assert list(before) == list(after)
    for table, frame in before.items():
        plain = {column: pl.String for column, dtype in frame.schema.items() if isinstance(dtype, pl.Enum)}
        assert_frame_equal(frame.cast(plain), after[table].cast(plain))  # type: ignore[arg-type]


def keep_for(warehouse: Warehouse, days: int | None) -> None:
    with warehouse.transaction() as connection:
        connection.execute("UPDATE tenants SET address_days = %s WHERE tenant_id = %s", [days, QUAY])


def change(warehouse: Warehouse, statement: str, *values: Any) -> None:
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute(statement.encode(), values)


def addresses(warehouse: Warehouse) -> int:
    with warehouse.transaction() as connection:
        row = connection.execute("SELECT count(client_ip) FROM listener_events").fetchone()
    return int(str(row[0])) if row else 0


def expire(warehouse: Warehouse, now: datetime = NOW, tools: Tools | None = None) -> list[tuple[str, int]]:
    used = tools or Tools()
    gone = expire_addresses(warehouse, Scope(), used.ranges, used.keyring, now)
    return [(each.day.isoformat(), each.addresses) for each in gone]


@pytest.mark.parametrize("window", ["calendar_day", "first_touch", "last_touch"])
def test_a_day_without_its_addresses_gives_the_same_five_tables(network: Warehouse, window: str) -> None:
    change(network, "UPDATE tenants SET download_window = %s", window)
    keep_for(network, 90)
    before = compute(network)
    assert before["downloads"].height >= 4

    assert expire(network) == [("2026-11-01", 1), ("2026-11-02", 8)]

    assert addresses(network) == 0
    assert_same(before, compute(network))


def test_kept_keys_do_not_follow_new_networks_or_a_lapsed_inclusion(network: Warehouse) -> None:
    keep_for(network, 90)
    before = compute(network)
    expire(network)
    change(network, "DELETE FROM ip_inclusions")

    after = compute(network, Tools(AddressRanges.of({"data_centre": ["10.0.0.0/8"]})))

    assert_same(before, after)


def test_rows_judged_by_two_versions_of_the_networks_name_both(network: Warehouse) -> None:
    keep_for(network, 90)
    expire(network)
    load(network, [request("quay", "late", client_ip="10.44.4.4", occurred_at=EIGHT + timedelta(hours=5))])
    newer = AddressRanges.of({"data_centre": ["198.18.0.0/15"]})

    after = compute(network, replace(Tools(), ranges=newer))

    [version] = after["downloads"]["rules_version"].unique()
    both = "+".join(sorted([load_ranges().version, newer.version]))
    assert version == f"{load_rules().version}-{both}-{name_method('calendar_day', 500, 0)}"


def test_a_row_that_comes_late_goes_the_next_night(network: Warehouse) -> None:
    keep_for(network, 90)
    expire(network)
    load(network, [request("quay", "late", client_ip="10.44.4.4")])
    before = compute(network)

    assert expire(network) == [("2026-11-02", 1)]
    assert_same(before, compute(network))


def test_addresses_stay_where_nobody_decided(network: Warehouse) -> None:
    assert expire(network) == []
    assert addresses(network) == 9


def test_only_whole_days_older_than_the_setting_go(network: Warehouse) -> None:
    keep_for(network, 90)

    assert expire(network, DAY.start + timedelta(days=90, hours=23)) == [("2026-11-01", 1)]
    assert addresses(network) == 8


def test_keys_are_kept_once_however_often_a_day_expires(network: Warehouse) -> None:
    for _ in range(2):
        expire_day(network, QUAY, DAY, load_ranges(), Tools().keyring)

    with network.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM event_keys").fetchone() == (8,)


def write_day(warehouse: Warehouse, ledger: Sequence[LedgerLine] = ()) -> None:
    stamps = {"is_final": pl.lit(True), "run_id": pl.lit(QUAY.bytes)}
    tables = {table: frame.with_columns(**stamps) for table, frame in compute(warehouse).items()}
    warehouse.replace([Write(table, frame) for table, frame in tables.items()], DAY, [QUAY], ledger)


def test_late_rows_do_not_stand_for_those_that_were_dropped(network: Warehouse) -> None:
    write_day(network, [LedgerLine("request_dispositions", DAY.day, QUAY, QUAY, 1, None, "final")])
    compute(network)
    change(network, "DELETE FROM listener_events WHERE event_id = %s", name("quay six"))
    load(network, [request("quay", "late", client_ip="10.44.4.4")])

    with pytest.raises(RawRowsGoneError, match="2026-11-02 has 9 raw rows and was computed from 10"):
        compute(network)


def test_a_day_whose_raw_rows_were_partly_dropped_refuses_to_be_computed(network: Warehouse) -> None:
    write_day(network)
    change(network, "DELETE FROM listener_events WHERE event_id = %s", name("quay six"))

    with pytest.raises(RawRowsGoneError, match="2026-11-02 with 9 of 10"):
        compute(network)


def test_a_rolling_window_refuses_when_the_rows_before_it_are_gone(network: Warehouse) -> None:
    write_day(network)
    change(network, "UPDATE tenants SET download_window = 'last_touch'")
    change(network, "DELETE FROM listener_events WHERE occurred_at < %s", DAY.end)
    tomorrow = Window(DAY.start + timedelta(days=1), DAY.end + timedelta(days=1))

    with pytest.raises(RawRowsGoneError, match="2026-11-02 with 0 of 10"):
        compute(network, window=tomorrow)


def test_more_rows_than_before_are_no_loss(network: Warehouse) -> None:
    write_day(network)
    load(network, [request("quay", "late", client_ip="10.44.4.4")])

    assert compute(network)["request_dispositions"]["requests"].sum() == 11


def add_somebody_else(warehouse: Warehouse) -> None:
    insert = "INSERT INTO tenants (tenant_id, slug, name, brand_name) VALUES (%s, 'else', 'Else', 'Else')"
    change(warehouse, insert, name("somebody else"))


def test_expired_keys_are_no_one_elses(network: Warehouse) -> None:
    keep_for(network, 90)
    expire(network)
    add_somebody_else(network)

    with network.as_tenant(name("somebody else")) as read:
        assert read("read_event_keys", start=DAY.start, end=DAY.end, tenants=[QUAY]).is_empty()


def test_a_setting_below_three_days_is_refused(network: Warehouse) -> None:
    with pytest.raises(Exception, match="address_days"):
        keep_for(network, 2)


def test_rows_that_no_number_counts_go_with_the_addresses_that_they_hold(network: Warehouse) -> None:
    before = compute(network)
    for table in ("listener_events", "attribution_events"):
        change(network, f"ALTER TABLE {table} DROP CONSTRAINT {table}_received_at_in_bounds")
        change(network, f"ALTER TABLE {table} DROP CONSTRAINT {table}_occurred_at_in_bounds")
    strange = {"never": ("infinity", EIGHT), "nowhen": (EIGHT, "0001-01-01"), "later": (EIGHT, "9999-12-31")}
    for received_at, occurred_at in strange.values():
        change(
            network,
            "INSERT INTO listener_events (tenant_id, event_id, source, event_type, client_ip, received_at, "
            "occurred_at) VALUES (%s, gen_random_uuid(), 'server_log', 'download', '10.7.7.9', %s, %s)",
            QUAY,
            received_at,
            occurred_at,
        )
        change(
            network,
            "INSERT INTO attribution_events (tenant_id, event_id, sponsor_id, kind, signal, client_ip, received_at, "
            "occurred_at) VALUES (%s, gen_random_uuid(), %s, 'visit', 'pixel', '10.7.7.9', %s, %s)",
            QUAY,
            QUAY,
            received_at,
            occurred_at,
        )
    keep_for(network, 30)
    expire(network)
    assert addresses(network) == 0
    with network.transaction() as connection:
        left = connection.execute("SELECT count(*) FROM attribution_events").fetchone()
    assert left == (0,)
    assert_same(before, compute(network))
