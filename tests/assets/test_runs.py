"""A step's day: written for each tenant with its line in the ledger, and for nobody for whom it fails."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest

from assets.runs import NobodyComputedError, StepRun, cached_reader, finality, rules_versions_of
from sql.events import collect_events
from sql.failures import FailureLog
from sql.values import Window
from sql.warehouse import Warehouse
from tests.sql.rows import DAY, HARBOR, KREUZBERG, RUN, add_tenants, dispositions

WINDOW = Window.of_day(DAY)
BOTH = [HARBOR, KREUZBERG]
TABLES = {"request_dispositions": ("request_dispositions",)}


@dataclass
class Compute:
    """Five requests for each tenant; fails for some. Keeps what it was called with, and what was committed."""

    failing: set[UUID] = field(default_factory=set)
    chunks: list[list[UUID]] = field(default_factory=list)
    committed: list[tuple[list[str], date, list[UUID]]] = field(default_factory=list)

    def __call__(self, window: Window, tenants: Sequence[UUID]) -> dict[str, pl.DataFrame]:
        self.chunks.append(list(tenants))
        if self.failing & set(tenants):
            raise ZeroDivisionError("a share of nothing")
        rows = dispositions([(tenant, "counted", 5) for tenant in tenants], window.day)
        return {"request_dispositions": rows.drop("is_final", "run_id")}


@pytest.fixture
def networks(warehouse: Warehouse) -> Warehouse:
    add_tenants(warehouse)
    return warehouse


def step_run(warehouse: Warehouse, compute: Compute) -> StepRun:
    return StepRun(
        run_id=RUN,
        warehouse=warehouse,
        tenants=warehouse.tenants(),
        is_partial=False,
        tables_of=TABLES,
        compute=compute,
        failures=FailureLog(warehouse, "computing", str, RUN),
        watermarks_at=None,
        committed=lambda assets, day, tenants: compute.committed.append((list(assets), day, list(tenants))),
    )


def ledger(warehouse: Warehouse) -> list[tuple[bytes, date, int, str]]:
    lines = warehouse.ledger("request_dispositions", Window.of_days(DAY, DAY + timedelta(days=1)))
    return lines.select("tenant_id", "day", "rows", "status").sort("tenant_id", "day").rows()


def test_a_tenant_that_fails_loses_its_line_and_the_other_is_written_and_final(networks: Warehouse) -> None:
    step_run(networks, Compute()).replace_day(WINDOW, [BOTH])
    compute = Compute({KREUZBERG})

    outcome = step_run(networks, compute).replace_day(WINDOW, [BOTH])

    assert (outcome.rows, outcome.tenants) == ({"request_dispositions": 1}, 1)
    assert [failure.tenant_id for failure in outcome.failures] == [KREUZBERG]
    assert compute.committed == [(["request_dispositions"], DAY, [HARBOR])]
    assert ledger(networks) == [(HARBOR.bytes, DAY, 1, "final")]


def test_a_day_that_was_read_before_is_as_final_and_as_new_as_it_was_then(networks: Warehouse) -> None:
    compute, read_from = Compute(), {DAY: WINDOW.end, DAY + timedelta(days=1): WINDOW.end + timedelta(days=90)}
    run = replace(step_run(networks, compute), read_from=read_from)
    for day in read_from:
        run.replace_day(Window.of_day(day), [[HARBOR]])
    # A day that was measured anew is not among them any more.
    run = replace(run, read_from={})
    run.replace_day(Window.of_day(DAY - timedelta(days=1)), [[HARBOR]])
    with networks.transaction() as connection:
        found = connection.execute("SELECT day, status, began_at FROM rollup_ledger ORDER BY day").fetchall()
        [(clock,)] = connection.execute("SELECT clock_timestamp()").fetchall()
    (anew, *read) = found
    assert read == [
        (day, status, read_from[day]) for day, status in zip(read_from, ("provisional", "final"), strict=True)
    ]
    assert anew[1] == "final"
    assert clock - anew[2] < timedelta(minutes=5)  # type: ignore[operator]


def test_who_failed_once_is_tried_alone_on_the_days_after(networks: Warehouse) -> None:
    compute = Compute({KREUZBERG})
    run = step_run(networks, compute)
    run.replace_day(WINDOW, [BOTH])
    compute.failing.clear()
    compute.chunks.clear()

    run.replace_day(Window.of_day(DAY + timedelta(days=1)), [BOTH])
    run.replace_day(WINDOW, [BOTH])

    assert compute.chunks == [[HARBOR], [KREUZBERG], BOTH]


def test_a_run_that_computes_nobody_stops_with_the_cause(networks: Warehouse) -> None:
    run = step_run(networks, Compute(set(BOTH)))

    with pytest.raises(NobodyComputedError, match=r"a share of nothing.*harbor-audio, 2026-03-14; kreuzberg-radio"):
        run.replace_day(WINDOW, [BOTH])
    with pytest.raises(NobodyComputedError):
        run.finish()


def test_a_day_is_final_once_its_tenant_waits_for_nothing_more() -> None:
    tenants = pl.DataFrame({"tenant_id": ["soon", "late"], "lateness_hours": [24, 72]})

    def final_at(clock: datetime) -> list[bool]:
        return finality(tenants, WINDOW, clock)["is_final"].to_list()

    assert final_at(WINDOW.end + timedelta(hours=24, seconds=-1)) == [False, False]
    assert final_at(WINDOW.end + timedelta(hours=24)) == [True, False]
    assert final_at(WINDOW.end + timedelta(hours=72)) == [True, True]


def test_a_tenant_s_day_names_every_version_that_its_tables_name() -> None:
    def versions(*rows: tuple[str, str]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema=["tenant_id", "rules_version"], orient="row")

    content = {
        "downloads": versions(("harbor", "not looked at")),
        "request_dispositions": versions(("harbor", "b"), ("harbor", "a, c"), ("kreuz", "b")),
        "ad_exposures": versions(("harbor", "c")),
        "episode_pacing": pl.DataFrame({"tenant_id": ["harbor"]}),
    }
    assert rules_versions_of(content) == {"harbor": "a, b, c", "kreuz": "b"}  # type: ignore[comparison-overlap]
    assert rules_versions_of({}) == {}


def test_a_run_reads_dimensions_once_and_days_anew() -> None:
    statements: list[str] = []

    def read(statement: str, /, **params: object) -> pl.DataFrame:
        statements.append(f"{statement} {params}")
        return pl.DataFrame({"number": [len(statements)]})

    cached = cached_reader(read)
    assert cached("read_episodes", tenants=[1]).equals(cached("read_episodes", tenants=[1]))
    assert not cached("read_episodes", tenants=[2]).equals(cached("read_episodes", tenants=[1]))
    assert not cached("read_events", day=DAY).equals(cached("read_events", day=DAY))
    assert not cached("read_events", start=WINDOW.start).equals(cached("read_events", start=WINDOW.start))
    assert len(statements) == 6


def test_each_written_day_of_a_tenant_is_an_event(networks: Warehouse, tmp_path: Path) -> None:
    collect_events(str(tmp_path / "events.jsonl"))
    step_run(networks, Compute(failing={KREUZBERG})).replace_day(WINDOW, [BOTH])
    collect_events(None)
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert sorted((each["event"], each["run"], each["tenant"], each["day"]) for each in events) == [
        ("day_written", str(RUN), str(HARBOR), DAY.isoformat()),
        ("work_failed", str(RUN), str(KREUZBERG), DAY.isoformat()),
    ]
