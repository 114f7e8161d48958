"""Storing: the row of imports says what was stored, whatever happens; what looks wrong stores nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from assets.importing.checks.doubts import DoubtfulError
from assets.importing.files.batches import Batch
from assets.importing.storing import LogImport, import_batches
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.pipelines.commands.importing.network import TENANT, fill_network

SOUTH = UUID("6f1c1a34-0d5e-4a53-9a2e-5a6de1f6a002")
TASK = LogImport(
    tenant=TENANT, tenant_slug="north", object="a.log", format_name="combined", started_by="ann", source=None
)
EPISODE = "/harbour-hours/041-the-lock-keeper.mp3"


def line(second: int, path: str = EPISODE, day: int = 14, address: str = "192.0.2.7") -> str:
    moment = f"{day}/Oct/2026:08:12:{second:02} +0000"
    return f'{address} - - [{moment}] "GET {path} HTTP/1.1" 200 500 "-" "AntennaPod/3.4.0"'


def batch(*lines: str) -> Batch:
    numbered = pl.DataFrame({"line": list(lines)}).with_row_index("line_number", offset=1)
    return Batch(numbered.select(pl.col("line_number").cast(pl.Int64), "line"), 1)


def imports(warehouse: Warehouse) -> list[dict[str, Any]]:
    return warehouse.rows("read_imports", tenants=[TENANT], numbers=None, since="2000-01-01", most=9)


def count(warehouse: Warehouse) -> int:
    with warehouse.transaction() as connection:
        row = connection.execute("SELECT count(*) FROM listener_events").fetchone()
    assert row is not None
    return int(str(row[0]))


@pytest.fixture
def network(warehouse: Warehouse) -> Warehouse:
    fill_network(warehouse)
    return warehouse


def test_counts_and_days_of_an_import_are_kept_and_of_what_was_there_before(network: Warehouse) -> None:
    lines = [line(1), line(2, day=15), line(3, "/other.css"), line(4, address="-"), "broken"]
    first = import_batches(network, TASK, [batch(*lines[:2]), batch(*lines[2:])])
    import_batches(network, TASK, [batch(line(2, day=15), line(9, day=16))])

    again, done = imports(network)
    assert first.number == done["import_id"]
    counts = {name: done[name] for name in ("lines", "stored", "present", "rejected", "unmapped", "without_address")}
    assert counts == {"lines": 5, "stored": 4, "present": 0, "rejected": 1, "unmapped": 1, "without_address": 1}
    assert (str(done["first_day"]), str(done["last_day"]), done["state"]) == ("2026-10-14", "2026-10-15", "done")
    assert (again["stored"], again["present"], done["started_by"]) == (1, 1, "ann")
    days = network.rows("read_import_days", tenant=TENANT, number=first.number)
    assert [(str(row["day"]), row["rows"]) for row in days] == [("2026-10-14", 3), ("2026-10-15", 1)]


def test_what_was_stored_before_the_object_broke_stays_and_the_import_is_failed(network: Warehouse) -> None:
    def breaks() -> Iterator[Batch]:
        yield batch(line(1))
        raise PermanentError("a.log is damaged")

    with pytest.raises(PermanentError, match="damaged"):
        import_batches(network, TASK, breaks())

    (failed,) = imports(network)
    assert (failed["state"], failed["stored"], failed["detail"]) == ("failed", 1, "a.log is damaged")


def test_a_break_in_the_object_is_doubted_and_what_came_before_it_is_stored(network: Warehouse) -> None:
    broken = replace(batch(line(1)), problem="a.log.gz: breaks off")
    done = import_batches(network, TASK, [broken])
    assert (done.stored, done.doubts) == (1, ["not all of it could be read: a.log.gz: breaks off"])


def test_a_dry_run_leaves_no_row_of_imports(network: Warehouse) -> None:
    done = import_batches(network, replace(TASK, is_dry_run=True), [batch(line(1))])
    assert (done.events, done.stored, imports(network)) == (1, 0, [])


def test_another_tenants_log_is_refused_unless_somebody_insists(network: Warehouse) -> None:
    network.insert(
        "tenants",
        pl.DataFrame({"tenant_id": [SOUTH.bytes], "slug": ["south"], "name": ["South"], "brand_name": ["South"]}),
    )
    theirs = replace(TASK, tenant=SOUTH, tenant_slug="south")

    with pytest.raises(DoubtfulError, match="for files of the tenant north"):
        import_batches(network, theirs, [batch(line(1), line(2))])
    assert count(network) == 0

    assert import_batches(network, replace(theirs, is_forced=True), [batch(line(1), line(2))]).stored == 2


@pytest.mark.parametrize(("kinds", "stored", "rejected"), [(("download", *["play"] * 9), 1, 9), (("play",) * 5, 0, 5)])
def test_rows_that_are_no_requests_are_no_reason_to_doubt_the_log(
    network: Warehouse, kinds: tuple[str, ...], stored: int, rejected: int
) -> None:
    made = {"created_at": "2026-10-14T08:12:41Z", "episode_id": "no such", "ip": "192.0.2.7"}
    lines = [json.dumps(made | {"id": str(number), "delivery_type": kind}) for number, kind in enumerate(kinds)]

    done = import_batches(network, replace(TASK, format_name="megaphone-delivery"), [batch(*lines)])

    assert (done.stored, done.rejected) == (stored, rejected)
    assert not any("rejected" in doubt for doubt in done.doubts)
    with pytest.raises(PermanentError, match="it has no delivery_type"):
        import_batches(network, replace(TASK, format_name="megaphone-delivery"), [batch(json.dumps(made))])
