"""Backfills in a process of their own: progress, errors, and stopping."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import runtime
from pipelines.backfill.beside import BackfillProcess, beside
from pipelines.backfill.computing import BackfillError, BackfillPlan
from pipelines.settings import load_settings
from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.running import rows
from tests.pipelines.small_network import MONDAY, named

KREUZ = BackfillPlan(MONDAY, MONDAY, ("kreuz",), "look_back_rollups")


@pytest.fixture
def warehouse(server: Server, computed: str, home_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """A copy of the computed week, which processes that are started from here find in their environment."""
    with cloned_database(server, computed) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("DAGSTER_POSTGRES_URL", server.dagster_url)
        monkeypatch.setenv("EARSHOT_HOME", str(home_folder))
        for name in ("DAGSTER_HOME", "EARSHOT_DAGSTER_FOLDER"):
            monkeypatch.delenv(name, raising=False)
        runtime.prepare_orchestrator(load_settings(), server)
        warehouse = Warehouse(url)
        yield warehouse
        warehouse.close()


def runs_of(warehouse: Warehouse, slug: str) -> set[object]:
    query = "SELECT DISTINCT run_id FROM rollup_ledger WHERE asset = 'conversions' AND tenant_id = %s AND day = %s"
    return {run for (run,) in rows(warehouse, query, named(slug), MONDAY)}


def test_a_process_computes_its_tenants_and_says_how_far_it_is(warehouse: Warehouse) -> None:
    others = {slug: runs_of(warehouse, slug) for slug in warehouse.tenants()["slug"] if slug != "kreuz"}
    before = runs_of(warehouse, "kreuz")
    steps: list[float] = []
    with beside(lambda _item, amount: steps.append(amount)) as process:
        process.begin([KREUZ])
        process.wait()
    assert runs_of(warehouse, "kreuz").isdisjoint(before)
    assert sum(steps) == pytest.approx(len(KREUZ.assets)), "the tables of one tenant-day"
    assert {slug: runs_of(warehouse, slug) for slug in others} == others


def test_what_fails_in_the_process_is_raised_with_its_words(warehouse: Warehouse) -> None:
    nobody = BackfillPlan(MONDAY, MONDAY, ("kruez",))
    with beside(lambda _item, _amount: None) as process:
        process.begin([nobody])
        with pytest.raises(BackfillError, match=r"There is no tenant 'kruez'; did you mean kreuz\?"):
            process.wait()
        process.begin([KREUZ])
        with pytest.raises(BackfillError, match="There is no tenant 'kruez'"):
            process.wait()


def begun(process: BackfillProcess, error: type[Exception]) -> Exception:
    """The error, after the process was given its work."""
    process.begin([KREUZ])
    return error()


def test_an_error_of_the_body_stops_the_process(warehouse: Warehouse) -> None:
    before = runs_of(warehouse, "kreuz")
    with pytest.raises(KeyError), beside(lambda _item, _amount: None) as process:
        raise begun(process, KeyError)
    assert runs_of(warehouse, "kreuz") == before
