"""A new version of the keys comes into force, and nobody becomes a stranger by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets.computing import bind
from assets.erasure.erasing import erase
from assets.listening import RecentKeys, compute_audience_day
from assets.listening.identity.addresses import load_ranges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.key_files import add_version
from assets.listening.identity.keys import Keyring
from assets.privacy.expiry import expire_addresses
from assets.privacy.rotation import rotate_keys
from assets.resources import Measurement
from assets.steps import ATTRIBUTION, LISTENING, DayStep
from sql.values import PermanentError, Scope, Window
from sql.warehouse import LedgerLine, Warehouse, Write
from tests.assets.listening.test_day import DAY, EIGHT, dimensions, load, name, request
from tests.assets.privacy.test_expiry import QUAY, change, keep_for
from tests.assets.privacy.test_signal_expiry import FIRST, NOW, ROTATED, purchase, signal

Tables = dict[str, pl.DataFrame]

NEXT = Window.of_day(DAY.day + timedelta(days=1))
KEYS = ["consumer_key", "household_key", "listener_key", "key_version"]
HOME = "10.1.2.3"


@pytest.fixture
def network(warehouse: Warehouse) -> Warehouse:
    """Two days of a home, of homes behind a platform's keys, and of ads and orders from there."""
    shown = {"placement_id": name("quay pre")}
    supplied = {"client_ip": None, "household_key": 77}
    later = {"occurred_at": EIGHT + timedelta(hours=25)}
    rows = [
        request("quay", "home"),
        request("quay", "home later", **later),
        request("quay", "six", client_ip="fd00:12:7::51", **later),
        request("quay", "hashed", **supplied, key_version=1),
        request("quay", "hashed later", **supplied, key_version=1, **later),
        signal("shown", "impression", 0.5, **shown),
        signal("shown by a platform", "impression", 0.5, **shown, **supplied),
        signal("shown to a listener", "impression", 0.5, **shown, client_ip=None, listener_key=5),
        purchase("one", 26),
        purchase("two", 26, **supplied),
        purchase("three", 26, client_ip=None, listener_key=5),
    ]
    load(warehouse, [*dimensions("quay"), *rows])
    return warehouse


def write(warehouse: Warehouse, window: Window, tables: Tables, asset: str, began: datetime | None = None) -> Tables:
    stamps = {"is_final": pl.lit(True), "run_id": pl.lit(QUAY.bytes)}
    line = LedgerLine(asset, window.day, QUAY, QUAY, 1, None, "final", began or datetime.now(UTC))
    writes = [Write(table, frame.with_columns(**stamps)) for table, frame in tables.items()]
    warehouse.replace(writes, window, [QUAY], [line])
    return tables


def day_of(step: DayStep, warehouse: Warehouse, window: Window, keyring: Keyring) -> Tables:
    return bind(step, warehouse.read, Measurement(load_rules(), load_ranges(), keyring))(window, [QUAY])


def compute(warehouse: Warehouse, window: Window, keyring: Keyring, recent: RecentKeys | None = None) -> Tables:
    """Listening, audiences and attribution of a day, written."""
    listening = write(warehouse, window, day_of(LISTENING, warehouse, window, keyring), "downloads")
    audience = compute_audience_day(warehouse.read, window, [QUAY], recent)
    write(warehouse, window, audience, "audience_periods")
    attribution = write(warehouse, window, day_of(ATTRIBUTION, warehouse, window, keyring), "conversions")
    return listening | audience | attribution


def rotate(warehouse: Warehouse, keyring: Keyring = ROTATED) -> list[tuple[int, int]]:
    return [(each.before, each.version) for each in rotate_keys(warehouse, Scope(), keyring, "Ada")]


def without_keys(tables: Tables) -> Tables:
    return {
        table: frame.drop(KEYS, strict=False).select(pl.all().sort_by(pl.all()))
        for table, frame in tables.items()
        if frame.width > len(KEYS)
    }


def assert_same(found: Tables, expected: Tables) -> None:
    assert list(found) == list(expected)
    for table, frame in expected.items():
        assert_frame_equal(found[table], frame, check_row_order=False)


def stored(warehouse: Warehouse, query: str) -> list[tuple[object, ...]]:
    with warehouse.transaction("earshot_owner") as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.mark.parametrize("is_expired", [False, True])
def test_listeners_of_periods_and_look_backs_are_not_split(network: Warehouse, is_expired: bool) -> None:
    compute(network, DAY, FIRST)
    expected = compute(network, NEXT, FIRST)
    keys = stored(network, "SELECT consumer_key, household_key FROM downloads ORDER BY download_id")
    recent = RecentKeys(network.read)
    compute_audience_day(network.read, NEXT, [QUAY], recent)
    if is_expired:
        keep_for(network, 90)
        list(expire_addresses(network, Scope(), load_ranges(), FIRST, NOW))

    assert rotate(network) == [(1, 2)]

    # Every stored key is another one, and a day that is computed again has the same ones.
    renewed = stored(network, "SELECT consumer_key, household_key FROM downloads ORDER BY download_id")
    assert len(set(renewed)) == len(set(keys)) == 3
    assert not {key for both in renewed for key in both} & {key for both in keys for key in both}
    after = compute(network, NEXT, ROTATED, recent)
    assert stored(network, "SELECT consumer_key, household_key FROM downloads ORDER BY download_id") == renewed
    assert_same(without_keys(after), without_keys(expected))
    periods = after["audience_periods"].filter(period_kind="rolling_7", level="tenant")
    assert periods.select("listeners", "new_listeners").rows() == [(3, 3)]
    today = after["audience_periods"].filter(period_kind="day", level="tenant")
    assert today.select("listeners", "new_listeners").rows() == [(3, 1)]
    assert sorted(after["conversions"]["matched_by"]) == ["listener"] * 3


def test_a_version_in_the_ring_changes_nothing_until_it_is_in_force(network: Warehouse) -> None:
    before = compute(network, DAY, FIRST)
    assert_same(compute(network, DAY, ROTATED), before)
    assert rotate(network) == [(1, 2)]
    assert rotate(network) == []
    with pytest.raises(PermanentError, match="lacks version 2 of the key"):
        compute(network, DAY, FIRST)
    assert stored(network, "SELECT version, rotated_by FROM key_rotations") == [(2, "Ada")]


def test_what_was_computed_of_the_keys_of_before_is_not_written(network: Warehouse) -> None:
    began = datetime.now(UTC)
    tables = day_of(LISTENING, network, DAY, ROTATED)
    rotate(network)

    with pytest.raises(PermanentError, match="rotated to version 2"):
        write(network, DAY, tables, "downloads", began)

    assert stored(network, "SELECT count(*) FROM downloads") == [(0,)]


def test_a_household_is_erased_by_its_address_after_a_rotation(network: Warehouse) -> None:
    compute(network, DAY, FIRST)
    keep_for(network, 90)
    list(expire_addresses(network, Scope(), load_ranges(), FIRST, NOW))
    rotate(network)

    done = erase(network, QUAY, ROTATED, "Ada", address=HOME)

    found = {table: done.before[table] for table in ("listener_events", "event_keys", "downloads", "conversions")}
    assert found == {"listener_events": 2, "event_keys": 2, "downloads": 1, "conversions": 0}


def test_keys_that_come_back_from_before_a_rotation_are_brought_up(network: Warehouse) -> None:
    """As archived days do: their retained keys are of the version of then."""
    compute(network, DAY, FIRST)
    keep_for(network, 90)
    list(expire_addresses(network, Scope(), load_ranges(), FIRST, NOW))
    change(network, "CREATE TABLE archived AS SELECT * FROM event_keys")
    rotate(network)
    renewed = stored(network, "SELECT consumer_key FROM downloads ORDER BY download_id")
    change(network, "DELETE FROM event_keys")
    change(network, "INSERT INTO event_keys SELECT * FROM archived")

    compute(network, DAY, ROTATED)

    assert stored(network, "SELECT consumer_key FROM downloads ORDER BY download_id") == renewed
    assert erase(network, QUAY, ROTATED, "Ada", address=HOME).before["listener_events"] == 2


def test_a_tenant_gets_a_version_of_its_own_and_the_others_keep_theirs(network: Warehouse, tmp_path: Path) -> None:
    load(network, dimensions("else"))
    path = tmp_path / "keyring.json"
    Keyring.create(path)

    ring = add_version(path, frozenset([QUAY]))

    assert (ring.versions_of(QUAY), ring.versions_of(name("else"))) == ((1, 2), (1,))
    assert rotate(network, ring) == [(1, 2)]
    in_force = ring.in_force(network.read, [QUAY, name("else")])
    assert (in_force.key_of(QUAY).version, in_force.key_of(name("else")).version) == (2, 1)
    everybody = add_version(path)
    assert (everybody.versions_of(QUAY), everybody.versions_of(name("else"))) == ((1, 2, 3), (1, 2))
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(rotate(network, everybody)) == [(1, 2), (2, 3)]
