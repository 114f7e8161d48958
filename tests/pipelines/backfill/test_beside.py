"""Backfills in a process of their own: how tenants are divided, progress, errors, and stopping."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import runtime
from pipelines.backfill.beside import beside
from pipelines.backfill.computing import BackfillError, BackfillPlan
from pipelines.backfill.dividing import divide
from pipelines.settings import load_settings
from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.running import rows
from tests.pipelines.small_network import MONDAY, named

KREUZ = BackfillPlan(MONDAY, MONDAY, ("kreuz",), "look_back_rollups")


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 1000)), st.integers(1, 5))
def test_each_tenant_is_in_one_group_and_no_group_is_larger_than_the_rest_by_more_than_one_tenant(
    rows_of: dict[str, int], groups: int
) -> None:
    divided = divide(rows_of, groups)
    assert sorted(slug for group in divided for slug in group) == sorted(rows_of)
    assert len(divided) == min(groups, len(rows_of))
    assert all(divided)
    sizes = [sum(rows_of[slug] for slug in group) for group in divided]
    assert sizes == sorted(sizes, reverse=True)
    if divided:
        assert sizes[0] - sizes[-1] <= max(rows_of.values())


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
    with beside([KREUZ], lambda _item, amount: steps.append(amount)):
        pass
    assert runs_of(warehouse, "kreuz").isdisjoint(before)
    assert sum(steps) == pytest.approx(1), "one tenant-day"
    assert {slug: runs_of(warehouse, slug) for slug in others} == others


def test_what_fails_in_the_process_is_raised_with_its_words(warehouse: Warehouse) -> None:
    nobody = BackfillPlan(MONDAY, MONDAY, ("kruez",))
    with (
        pytest.raises(BackfillError, match=r"There is no tenant 'kruez'; did you mean kreuz\?"),
        beside([nobody], lambda _item, _amount: None),
    ):
        pass


def test_an_error_of_the_body_stops_the_process(warehouse: Warehouse) -> None:
    before = runs_of(warehouse, "kreuz")
    with pytest.raises(KeyError), beside([KREUZ], lambda _item, _amount: None):
        raise KeyError
    assert runs_of(warehouse, "kreuz") == before
