"""A listener or a household leaves every table and the archive, and the proof does not name them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from assets.archive import keeping, restoring
from assets.archive.files import Manifest, read_day, read_manifest
from assets.archive.restoring import restore_days
from assets.erasure.erasing import erase, keys_of_address
from assets.importing.sources.places import Place
from assets.listening import RecentKeys, compute_audience_day, compute_listening_day
from assets.listening.identity.addresses import load_ranges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.keys import Key, Keyring
from assets.privacy.expiry import expire_day
from assets.privacy.rotation import rotate_keys
from sql.raw.archiving import RowsChangedError
from sql.values import PermanentError, Scope
from sql.warehouse import LedgerLine, Warehouse, Write
from tests.assets.archive.test_keeping import AT, DAY, ELSE, KEYS, QUAY, archive, finish, network, signal
from tests.assets.listening.test_day import load, name, request

__all__ = ["network"]

HOME = "10.1.2.3"


def rows(warehouse: Warehouse, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with warehouse.transaction() as connection:
        return connection.execute(query.encode(), values).fetchall()


def compute(warehouse: Warehouse, *tenants: Any) -> None:
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute("UPDATE episodes SET published_at = '2026-03-01'")
        connection.execute("UPDATE placements SET flight_start = '2026-03-01'")
    tables = compute_listening_day(warehouse.read, DAY, list(tenants), load_rules(), load_ranges(), KEYS)
    stamps = {"is_final": pl.lit(True), "run_id": pl.lit(QUAY.bytes)}
    writes = [Write(name, frame.with_columns(**stamps)) for name, frame in tables.items()]
    warehouse.replace(writes, DAY, list(tenants))


def test_a_household_leaves_the_tables_and_another_tenant_s_stays(network: Warehouse) -> None:
    load(network, [signal("theirs", client_ip=HOME), request("quay", "again", occurred_at=AT + timedelta(hours=3))])
    compute(network, QUAY, ELSE)
    there = "SELECT count(*) FROM downloads WHERE tenant_id = %s"
    assert (rows(network, there, QUAY), rows(network, there, ELSE)) == ([(2,)], [(1,)])

    done = erase(network, QUAY, KEYS, "Ada", address=HOME)

    assert {name: count for name, count in done.before.items() if count} == {
        "listener_events": 2,
        "attribution_events": 1,
        "downloads": 1,
        "ad_exposures": 2,
    }
    assert not any(done.after.values())
    assert done.days == (DAY.day,)
    assert (rows(network, there, QUAY), rows(network, there, ELSE)) == ([(1,)], [(1,)])
    # The day is computed from what is left, and is stale until then.
    compute(network, QUAY)
    assert rows(network, there, QUAY) == [(1,)]
    assert network.ledger("downloads", DAY).height == 2


def test_a_listener_leaves_and_another_of_the_household_stays(network: Warehouse) -> None:
    load(network, [request("quay", "other app", occurred_at=AT, user_agent="AppleCoreMedia/1.0.0")])
    compute(network, QUAY)
    [household] = keys_of_address(HOME, QUAY, KEYS)
    keys = rows(network, "SELECT consumer_key FROM downloads WHERE household_key = %s ORDER BY app", household)
    assert len(keys) == 2

    done = erase(network, QUAY, KEYS, "Ada", listener=keys[0][0])

    assert (done.before["listener_events"], done.before["downloads"]) == (1, 1)
    left = rows(network, "SELECT consumer_key FROM downloads WHERE household_key = %s", household)
    assert left == [keys[1]]


def test_rows_of_the_archive_go_and_its_manifest_is_renewed(network: Warehouse, tmp_path: Path) -> None:
    archive(network, tmp_path)
    [archived] = network.rows("read_archived_days", tenants=[QUAY], first=DAY.day, last=DAY.day)

    done = erase(network, QUAY, KEYS, "Ada", address=HOME)

    assert (done.archived_days, done.archived_rows) == (1, 1)
    [renewed] = network.rows("read_archived_days", tenants=[QUAY], first=DAY.day, last=DAY.day)
    assert renewed["manifest_sha256"] != archived["manifest_sha256"]
    frames = read_day(Place(renewed["place"]), read_manifest(Place(renewed["place"]), renewed["manifest_sha256"]))
    assert frames["listener_events"]["client_ip"].to_list() == ["fd00:12:7::51/128"]
    assert len(list(Path(renewed["place"]).iterdir())) == 3


def test_an_address_that_is_gone_is_found_by_its_kept_key_under_an_older_version(network: Warehouse) -> None:
    expire_day(network, QUAY, DAY, load_ranges(), KEYS)
    ring = Keyring(default=(*KEYS.default, Key(2, b"another secret for tests, 32 bytes")))

    done = erase(network, QUAY, ring, "Ada", address=HOME)

    assert (done.before["listener_events"], done.before["event_keys"]) == (1, 1)


def test_a_sketch_that_may_hold_the_hash_goes_with_the_exposure(network: Warehouse) -> None:
    compute(network, QUAY)
    with network.transaction() as connection:
        for day in (DAY.day, DAY.day + timedelta(days=1)):
            connection.execute(
                "INSERT INTO reach_sketches (tenant_id, day, campaign_id, placement_id, unit, keys, sketch, is_final, "
                "run_id) VALUES (%s, %s, %s, %s, 'household', 1, '\\x00', true, %s)",
                [QUAY, day, name("quay campaign"), name("quay pre"), QUAY],
            )

    done = erase(network, QUAY, KEYS, "Ada", address=HOME)

    assert (done.before["reach_sketches"], done.after["reach_sketches"]) == (1, 0)
    assert rows(network, "SELECT day FROM reach_sketches") == [(DAY.day + timedelta(days=1),)]


def test_the_proof_has_counts_and_the_person_and_not_the_identity(network: Warehouse) -> None:
    compute(network, QUAY)
    [household] = keys_of_address(HOME, QUAY, KEYS)
    erase(network, QUAY, KEYS, "Ada", address=HOME)

    [(by, kind, counts)] = rows(network, "SELECT erased_by, kind, counts FROM erasures")
    assert (by, kind, counts["downloads"]) == ("Ada", "address", {"before": 1, "after": 0})
    with network.transaction("earshot_owner") as connection:
        trail = connection.execute("SELECT new_row::text FROM config_changes WHERE table_name = 'erasures'").fetchall()
    assert len(trail) == 1
    assert HOME not in str(trail) + json.dumps(counts)
    assert str(household) not in str(trail)
    # The page that says what a day can be computed from says it, of this tenant alone.
    erased = {
        tenant: network.read("read_method_settings", tenants=[tenant])["erased"].item() for tenant in (QUAY, ELSE)
    }
    assert erased == {QUAY: 1, ELSE: 0}


def test_a_dry_run_changes_nothing(network: Warehouse) -> None:
    done = erase(network, QUAY, KEYS, "Ada", address=HOME, dry_run=True)

    assert done.before["listener_events"] == 1
    assert rows(network, "SELECT count(*) FROM listener_events WHERE tenant_id = %s", QUAY) == [(2,)]
    assert rows(network, "SELECT count(*) FROM erasures") == [(0,)]


def test_what_is_no_address_is_refused(network: Warehouse) -> None:
    with pytest.raises(PermanentError, match="is no address"):
        erase(network, QUAY, KEYS, "Ada", address="home")


def test_what_was_computed_of_rows_from_before_it_is_not_written(network: Warehouse) -> None:
    began = network.clock()
    erase(network, QUAY, KEYS, "Ada", address=HOME)
    line = LedgerLine("downloads", DAY.day, QUAY, QUAY, 0, None, "final", began)

    network.replace([], DAY, [ELSE], [replace(line, tenant_id=ELSE)])
    # A run of many days that has read this one since.
    network.replace([], DAY, [QUAY], [replace(line, read_at=network.clock())])
    with pytest.raises(PermanentError, match="was erased while it was computed"):
        network.replace([], DAY, [QUAY], [line])


def test_keys_of_rows_that_were_read_before_it_are_not_kept(
    network: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = network.clock()
    erase(network, QUAY, KEYS, "Ada", address=HOME)
    monkeypatch.setattr(network, "clock", lambda: began)

    with pytest.raises(PermanentError, match="was erased while it was computed"):
        expire_day(network, QUAY, DAY, load_ranges(), KEYS)

    assert rows(network, "SELECT count(*) FROM event_keys WHERE tenant_id = %s", QUAY) == [(0,)]


def test_nobody_is_erased_by_keys_from_before_a_rotation(network: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Keyring(default=(*KEYS.default, Key(2, b"another secret for tests, 32 bytes")))
    began = network.clock()
    list(rotate_keys(network, Scope(), ring, "Ada"))
    monkeypatch.setattr(network, "clock", lambda: began)

    with pytest.raises(PermanentError, match="rotated to version 2"):
        erase(network, QUAY, ring, "Ada", address=HOME)

    assert rows(network, "SELECT count(*) FROM listener_events WHERE tenant_id = %s", QUAY) == [(2,)]


def test_a_run_of_many_days_does_not_count_them_from_what_it_has_read_before(network: Warehouse) -> None:
    compute(network, QUAY)
    recent = RecentKeys(network.read)

    def listeners() -> list[int]:
        periods = compute_audience_day(network.read, DAY, [QUAY], recent)["audience_periods"]
        return periods.filter(level="tenant", period_kind="rolling_7")["listeners"].to_list()

    before = listeners()
    erase(network, QUAY, KEYS, "Ada", address=HOME)

    assert (before, listeners()) == ([2], [1])


class Interrupted(Warehouse):
    """Something happens once, after a statement was read for the first time."""

    after = ""
    then: Callable[[], object] | None = None

    def read(self, name: str, /, **params: object) -> pl.DataFrame:
        found = super().read(name, **params)
        self._happen(name)
        return found

    def rows(self, name: str, /, **params: object) -> list[dict[str, Any]]:
        found = super().rows(name, **params)
        self._happen(name)
        return found

    def _happen(self, name: str) -> None:
        if self.then is not None and name == self.after:
            then, self.then = self.then, None
            then()


@pytest.fixture
def interrupted(network: Warehouse, database_url: str) -> Iterator[Interrupted]:
    with closing(Interrupted(database_url)) as warehouse:
        yield warehouse


def addresses(warehouse: Warehouse) -> set[str]:
    """Those of all requests of the tenant, in the tables and in the archive."""
    there = rows(warehouse, "SELECT client_ip::text FROM listener_events WHERE tenant_id = %s", QUAY)
    found = {address for (address,) in there}
    for each in warehouse.rows("read_archived_days", tenants=[QUAY], first=DAY.day, last=DAY.day):
        place = Place(each["place"])
        found |= set(read_day(place, read_manifest(place, each["manifest_sha256"]))["listener_events"]["client_ip"])
    return found


# After which statement of an erasure it happens; by then it has read the tables, the archive, or both.
DURING_AN_ERASURE = ("read_archived_days", "read_archive_listener_events", "read_archive_attribution_event_keys")


@pytest.mark.parametrize("after", DURING_AN_ERASURE)
def test_nobody_stays_in_the_archive_by_a_day_that_is_archived_during_the_erasure(
    interrupted: Interrupted, network: Warehouse, tmp_path: Path, after: str
) -> None:
    interrupted.after, interrupted.then = after, lambda: archive(network, tmp_path)
    with pytest.raises(RowsChangedError, match="archived or restored while it was erased"):
        erase(interrupted, QUAY, KEYS, "Ada", address=HOME)
    assert rows(network, "SELECT count(*) FROM erasures") == [(0,)]

    erase(interrupted, QUAY, KEYS, "Ada", address=HOME)

    assert f"{HOME}/32" not in addresses(network)


@pytest.mark.parametrize("after", ["read_archived_days", "read_key_versions"])
def test_nobody_stays_in_the_tables_by_a_day_that_is_restored_during_the_erasure(
    interrupted: Interrupted, network: Warehouse, tmp_path: Path, after: str
) -> None:
    archive(network, tmp_path)
    interrupted.after, interrupted.then = after, lambda: list(restore_days(network, QUAY, DAY.day, DAY.day))
    if after == "read_archived_days":
        with pytest.raises(RowsChangedError, match="archived or restored while it was erased"):
            erase(interrupted, QUAY, KEYS, "Ada", address=HOME)

    erase(interrupted, QUAY, KEYS, "Ada", address=HOME)

    assert f"{HOME}/32" not in addresses(network)


def late_row(network: Warehouse, root: Path) -> None:
    """A day that is archived gets a row, which joins the others the next night."""
    archive(network, root)
    load(network, [request("quay", "late", occurred_at=AT, client_ip="10.9.9.9")])
    finish(network, QUAY)


def erasing(network: Warehouse) -> Callable[[Place, Manifest], dict[str, pl.DataFrame]]:
    """Reads the files of a day before somebody of them is erased."""

    def read(place: Place, manifest: Manifest) -> dict[str, pl.DataFrame]:
        frames = read_day(place, manifest)
        erase(network, QUAY, KEYS, "Ada", address=HOME)
        return frames

    return read


def assert_gone(network: Warehouse, root: Path) -> None:
    assert f"{HOME}/32" not in addresses(network)
    [done] = archive(network, root)
    assert done.dropped == 1
    assert f"{HOME}/32" not in addresses(network)
    assert len(list(Path(done.place).iterdir())) == 3


def test_nobody_comes_back_by_rows_that_were_read_for_the_archive_before_the_erasure(
    interrupted: Interrupted, network: Warehouse, tmp_path: Path
) -> None:
    late_row(network, tmp_path)
    interrupted.after = "read_archive_listener_events"
    interrupted.then = lambda: erase(network, QUAY, KEYS, "Ada", address=HOME)
    with pytest.raises(RowsChangedError, match="Somebody was erased while 2026-03-02 was archived"):
        archive(interrupted, tmp_path)
    assert_gone(network, tmp_path)


def test_nobody_comes_back_by_files_that_were_read_for_the_archive_before_the_erasure(
    network: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late_row(network, tmp_path)
    monkeypatch.setattr(keeping, "read_day", erasing(network))
    with pytest.raises(RowsChangedError, match="were replaced while they were read"):
        archive(network, tmp_path)
    monkeypatch.undo()
    assert_gone(network, tmp_path)


def test_nobody_comes_back_by_files_that_were_read_to_be_restored_before_the_erasure(
    network: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(network, tmp_path)
    monkeypatch.setattr(restoring, "read_day", erasing(network))
    with pytest.raises(RowsChangedError, match="were replaced while they were read"):
        list(restore_days(network, QUAY, DAY.day, DAY.day))
    assert f"{HOME}/32" not in addresses(network)
