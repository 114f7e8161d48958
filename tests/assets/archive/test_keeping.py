"""Raw rows of a tenant leave the tables for files, and nothing goes that was not kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assets.archive.files import read_day, read_manifest
from assets.archive.keeping import ArchivedDay, Archiving, archive_rows
from assets.archive.restoring import restore_days
from assets.importing.sources.places import Place
from assets.listening.identity.addresses import load_ranges
from assets.listening.identity.keys import Key, Keyring
from sql.failures import FailureLog
from sql.raw.archiving import TABLES, RowsChangedError, columns_of, drop_day, fingerprints
from sql.values import PermanentError, Scope, Window
from sql.warehouse import LedgerLine, Warehouse
from tests.assets.listening.test_day import dimensions, load, name, request

DAY = Window.of_day(date(2026, 3, 2))
AT = DAY.start + timedelta(hours=8)
NOW = datetime(2026, 11, 2, tzinfo=UTC)
QUAY, ELSE = name("quay"), name("else")
OF_RAW = (
    *("request_dispositions", "downloads", "ad_exposures", "listener_metrics", "listener_dimension_metrics"),
    *("retention_curves", "conversions", "attribution_credits"),
)
KEYS = Keyring(default=(Key(1, b"a secret for tests, 32 bytes long"),))


def signal(event: str, **change: Any) -> tuple[str, dict[str, Any]]:
    row = {
        "tenant_id": QUAY,
        "event_id": name(event),
        "occurred_at": AT,
        "sponsor_id": name("quay sponsor"),
        "kind": "visit",
        "signal": "pixel",
        "client_ip": "10.7.7.7",
        "utm": '{"source": "a"}',
        **change,
    }
    return "attribution_events", row


def finish(warehouse: Warehouse, *tenants: Any) -> None:
    """A final line of the ledger for everything that is made of raw rows."""
    began = datetime.now(UTC) + timedelta(hours=1)
    lines = [
        LedgerLine(each, DAY.day, tenant, tenant, 1, None, "final", began) for each in OF_RAW for tenant in tenants
    ]
    warehouse.replace([], DAY, list(tenants), lines)


@pytest.fixture
def network(warehouse: Warehouse) -> Iterator[Warehouse]:
    """Two tenants with requests of one day; one has signals besides, of which one names an order."""
    load(
        warehouse,
        [
            *dimensions("quay"),
            *dimensions("else"),
            request("quay", "one", occurred_at=AT, event_data='{"b": 1, "a": [1, 2]}'),
            request("quay", "six", occurred_at=AT, client_ip="fd00:12:7::51", position_seconds=0.1),
            request("else", "one", occurred_at=AT),
            signal("visit"),
            signal("bought", kind="purchase", order_id="A-1", value_minor=100, currency="USD"),
        ],
    )
    keep_for(warehouse, 63)
    finish(warehouse, QUAY, ELSE)
    yield warehouse
    warehouse.close()


def keep_for(warehouse: Warehouse, days: int | None, tenant: Any = QUAY) -> None:
    with warehouse.transaction() as connection:
        connection.execute("UPDATE tenants SET raw_days = %s WHERE tenant_id = %s", [days, tenant])


def tools(root: Path | None) -> Archiving:
    return Archiving(Place(str(root)) if root else None, load_ranges(), KEYS)


def archive(warehouse: Warehouse, root: Path | None, **options: Any) -> list[ArchivedDay]:
    return list(archive_rows(warehouse, Scope(), tools(root), NOW, **options))


def counts(warehouse: Warehouse, tenant: Any = QUAY) -> list[int]:
    return [count for count, _ in fingerprints(warehouse, tenant, DAY).values()]


def test_a_day_leaves_for_files_and_comes_back_to_the_bit(network: Warehouse, tmp_path: Path) -> None:
    before = fingerprints(network, QUAY, DAY)

    [done] = archive(network, tmp_path)

    assert (done.slug, done.day, done.rows, done.dropped) == ("quay", DAY.day, 4, 3)
    # The signal that names an order stays.
    assert counts(network) == [0, 1, 0, 0]
    assert counts(network, ELSE) == [1, 0, 0, 0]
    assert archive(network, tmp_path) == []
    [back] = restore_days(network, QUAY, DAY.day, DAY.day)
    assert (back.rows, back.added) == (4, 3)
    assert fingerprints(network, QUAY, DAY) == before
    assert list(restore_days(network, QUAY, DAY.day, DAY.day)) == []


def test_rows_that_come_late_join_those_in_the_archive(network: Warehouse, tmp_path: Path) -> None:
    archive(network, tmp_path)
    load(network, [request("quay", "late", occurred_at=AT)])
    finish(network, QUAY)

    [done] = archive(network, tmp_path)

    assert (done.rows, done.dropped) == (5, 1)
    archived = network.rows("read_archived_days", tenants=[QUAY], first=DAY.day, last=DAY.day)[0]
    place = Place(archived["place"])
    frames = read_day(place, read_manifest(place, archived["manifest_sha256"]))
    assert {table: frame.height for table, frame in frames.items()} == {"listener_events": 3, "attribution_events": 2}
    assert len(list(Path(archived["place"]).iterdir())) == 3


def test_a_row_that_comes_while_the_day_is_archived_drops_nothing(network: Warehouse) -> None:
    before = fingerprints(network, QUAY, DAY)
    load(network, [request("quay", "late", occurred_at=AT)])

    with pytest.raises(RowsChangedError, match="listener_events of 2026-03-02"):
        drop_day(network, QUAY, DAY, before)

    assert counts(network) == [3, 2, 0, 0]


def test_a_row_that_is_changed_meanwhile_drops_nothing(network: Warehouse) -> None:
    before = fingerprints(network, QUAY, DAY)
    with network.transaction() as connection:
        connection.execute("UPDATE listener_events SET platform = 'x' WHERE event_id = %s", [name("quay six")])

    with pytest.raises(RowsChangedError):
        drop_day(network, QUAY, DAY, before)


def test_a_store_that_keeps_something_else_drops_nothing(network: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the archive's folder would be")
    said: list[str] = []
    failures = FailureLog(network, "privacy", said.append)

    assert archive(network, tmp_path / "taken", failures=failures) == []

    assert counts(network) == [2, 2, 0, 0]
    assert len(said) == 1
    assert said[0].startswith("quay: not computed. ")


def test_without_an_archive_nothing_is_dropped(network: Warehouse) -> None:
    with pytest.raises(PermanentError, match="Set EARSHOT_ARCHIVE"):
        archive(network, None)
    assert counts(network) == [2, 2, 0, 0]


def test_a_day_that_is_not_final_or_is_stale_waits(network: Warehouse, tmp_path: Path) -> None:
    keep_for(network, 63, ELSE)
    with network.transaction() as connection:
        connection.execute("UPDATE rollup_ledger SET status = 'provisional' WHERE tenant_id = %s", [ELSE])
        connection.execute(
            "INSERT INTO ingest_watermarks VALUES (%s, 'requests', %s, 9, now(), now() + interval '2 hours')",
            [QUAY, DAY.day],
        )

    found = {each.slug: each for each in archive(network, tmp_path)}

    assert "earshot heal" in str(found["quay"].waits)
    assert "earshot backfill --tenant else" in str(found["else"].waits)
    assert counts(network) == [2, 2, 0, 0]


def test_a_tenant_whose_addresses_go_has_none_in_the_archive(network: Warehouse, tmp_path: Path) -> None:
    with network.transaction() as connection:
        connection.execute("UPDATE tenants SET address_days = 3000 WHERE tenant_id = %s", [QUAY])

    [done] = archive(network, tmp_path)

    archived = network.rows("read_archived_days", tenants=[QUAY], first=DAY.day, last=DAY.day)[0]
    frames = read_day(Place(done.place), read_manifest(Place(done.place), archived["manifest_sha256"]))
    assert frames["listener_events"]["client_ip"].null_count() == 2
    assert frames["attribution_events"]["client_ip"].null_count() == 2
    assert frames["event_keys"].height == 2
    # The keys of what stays, stay.
    assert counts(network) == [0, 1, 0, 1]


def test_a_day_that_is_needed_still_cannot_be_named(network: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="Name 2026-08-31 or an earlier day"):
        archive(network, tmp_path, before=date(2026, 9, 1))


def test_a_dry_run_changes_nothing(network: Warehouse, tmp_path: Path) -> None:
    [due, other] = sorted(
        archive(network, tmp_path, before=date(2026, 8, 1), dry_run=True), key=lambda each: each.slug, reverse=True
    )

    assert (due.rows, due.dropped, other.slug) == (3, 0, "else")
    assert counts(network) == [2, 2, 0, 0]
    assert list(tmp_path.iterdir()) == []


def test_a_part_goes_when_everybody_s_rows_of_it_are_in_the_archive(network: Warehouse, tmp_path: Path) -> None:
    def parts() -> int:
        with network.transaction("earshot_owner") as connection:
            found = connection.execute(
                "SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'listener_events'"
            ).fetchone()
        return int(str(found[0])) if found else 0

    before = parts()
    archive(network, tmp_path)
    assert parts() == before
    keep_for(network, 63, ELSE)
    archive(network, tmp_path)
    assert parts() == before - 1


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_archived(warehouse: Warehouse, table: str) -> None:
    frame = warehouse.read(f"read_archive_{table}", start=DAY.start, end=DAY.end, tenants=[QUAY])
    assert frame.columns == columns_of(warehouse, table)


def test_what_fails_for_one_tenant_stops_no_other(network: Warehouse, tmp_path: Path) -> None:
    keep_for(network, 63, ELSE)
    (tmp_path / f"tenant_id={ELSE}").write_text("a file in the place of the folder")
    complaints: list[str] = []
    done = archive(network, tmp_path, failures=FailureLog(network, "privacy", complaints.append))
    assert [each.slug for each in done if each.dropped] == ["quay"]
    assert counts(network, ELSE) == [1, 0, 0, 0], "nothing of it was dropped"
    assert len(complaints) == 1
    assert "else" in complaints[0]
