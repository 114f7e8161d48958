"""Exports of a shop in a source are imported for the sponsor that it names, each once, and a bad one is set aside."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import polars as pl

from assets.importing.sources.configured import add_source, read_object_states
from assets.importing.sources.objects import importer
from assets.importing.sources.reading import read_source
from sql.warehouse import Warehouse
from tests.pipelines.commands.importing.network import TENANT, fill_network, source_at

ACME = UUID(int=9)
HEADER = "Name,Financial Status,Created at,Total,Currency,Discount Code\n"


def lay(folder: Path, name: str, text: str) -> None:
    """A file that nobody has written for long."""
    file = folder / name
    file.write_text(text)
    os.utime(file, (1_700_000_000, 1_700_000_000))


def test_orders_of_a_source_are_stored_once_and_a_file_that_is_no_export_is_set_aside(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    fill_network(warehouse)
    warehouse.insert(
        "sponsors", pl.DataFrame({"tenant_id": [TENANT.bytes], "sponsor_id": [ACME.bytes], "name": ["Acme"]})
    )
    lay(tmp_path, "1.csv", f"{HEADER}#1001,paid,2026-10-14 08:12:00,19.90,EUR,TIDES\n")
    lay(tmp_path, "2.csv", "no,orders\n1,2\n")
    lay(
        tmp_path, "3.csv", f"{HEADER}#1001,paid,2026-10-14 08:12:00,19.90,EUR,\n#1002,paid,2026-10-14 09:00:00,5,EUR,\n"
    )
    source = source_at(
        tmp_path,
        name="shop",
        kind="orders",
        format_name="shopify",
        reading={"sponsor": str(ACME), "map": "shopify", "time_zone": "Europe/Berlin"},
    )
    add_source(warehouse, source)

    read = read_source(warehouse, source, importer(warehouse, "a test"))

    assert (read.imported, read.stored, read.present) == (2, 2, 1)
    assert {Path(name).name for name in read.quarantined} == {"2.csv"}
    with warehouse.transaction() as connection:
        found = connection.execute(
            "SELECT order_id, sponsor_id, to_char(occurred_at AT TIME ZONE 'UTC', 'HH24:MI'), source.source"
            " FROM attribution_events INNER JOIN imports AS source USING (tenant_id, import_id) ORDER BY order_id"
        ).fetchall()
    # Berlin's summer time.
    assert found == [("#1001", ACME, "06:12", "shop"), ("#1002", ACME, "07:00", "shop")]
    assert {each.state for each in read_object_states(warehouse, source).values()} == {"imported", "quarantined"}
    assert read_source(warehouse, source, importer(warehouse, "a test")).imported == 0
