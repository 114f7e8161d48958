"""A fingerprint names the tables whose rows differ, and no others; who wrote a row and when does not count."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from benchmarks.fingerprint import Fingerprint, compare, fingerprint, read, write
from sql.warehouse import Warehouse

TENANT = uuid4()
LINE = (
    "INSERT INTO rollup_ledger (asset, day, tenant_id, run_id, rows, status, content_hash, began_at)"
    " VALUES (%s, '2026-03-01', %s, %s, 3, %s, 'x', now())"
)
NETWORK = "INSERT INTO tenants (tenant_id, slug, name, brand_name) VALUES (%s, 'harbor', 'Harbor', 'Harbor')"


def taken(warehouse: Warehouse) -> Fingerprint:
    with warehouse.transaction("earshot_owner") as connection:
        return fingerprint(connection)


def test_the_same_rows_written_again_by_another_run_in_another_order_are_the_same(warehouse: Warehouse) -> None:
    found = []
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute(NETWORK, [TENANT])
    for assets in (("downloads", "conversions"), ("conversions", "downloads")):
        with warehouse.transaction("earshot_owner") as connection:
            connection.execute("DELETE FROM rollup_ledger")
            for asset in assets:
                connection.execute(LINE, [asset, TENANT, uuid4(), "final"])
        found.append(taken(warehouse))
    assert {"downloads", "rollup_ledger", "reports"} <= found[0].keys()
    assert "listener_events" not in found[0]
    assert compare(found[1], found[0]) == []


def test_a_table_whose_rows_differ_is_named_with_what_it_was_before(warehouse: Warehouse, tmp_path: Path) -> None:
    write(taken(warehouse), tmp_path / "before.txt")
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute(NETWORK, [TENANT])
        connection.execute(LINE, ["downloads", TENANT, uuid4(), "final"])
    before = read(tmp_path / "before.txt")
    (line,) = compare(taken(warehouse), before)
    assert line.startswith("rollup_ledger: 1 ")
    assert "instead of 0 " in line
    assert compare({}, {"gone": before["rollup_ledger"]})[0].startswith("gone: - (no such table)")


def test_a_partition_is_no_table_of_its_own(warehouse: Warehouse) -> None:
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute(
            "CREATE TABLE parts (run_id uuid, day date) PARTITION BY RANGE (day); "
            "CREATE TABLE parts_p20260301 PARTITION OF parts DEFAULT"
        )
    assert [table for table in taken(warehouse) if table.startswith("parts")] == ["parts"]
