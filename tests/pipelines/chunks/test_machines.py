"""Machines that fail: a day in chunks on real workers, while one is killed and the broker loses what it was given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from assets.steps import DAILY_ASSETS, VERDICT
from pipelines.cli import main
from pipelines.settings import load_settings
from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import admin_address, cloned_database
from tests.pipelines.chunks.machines import HOMES_OF_LARGEST, ROWS_PER_SHARD, Machines, fill, ledger
from tests.pipelines.running import compute
from tests.pipelines.small_network import MONDAY
from tests.waiting import wait_for

TENANTS = 50
CHUNKS = 8
SHARDS = HOMES_OF_LARGEST // ROWS_PER_SHARD


@pytest.fixture
def machines(server: Server, template: str, tmp_path: Path) -> Iterator[tuple[Machines, Machines]]:
    """Two installations with the same raw rows: one to compute on many machines, and one to compare it with."""
    with ExitStack() as stack:
        made = []
        for name in ("many", "one"):
            database = stack.enter_context(cloned_database(server, template))
            history = stack.enter_context(cloned_database(server, "template0"))
            fill(database, TENANTS)
            (tmp_path / name).mkdir()
            admin = admin_address(server, database)
            made.append(Machines(tmp_path / name, database, admin, history))
            stack.callback(made[-1].end)
        yield made[0], made[1]


def kill_one(machines: Machines, kind: str) -> str:
    """A step of that kind, after the worker was killed that was at it."""
    step, pid = next((step, pid) for step, pid in machines.at_work().items() if step.startswith(kind))
    machines.kill(pid)
    return step


def test_a_day_on_machines_that_fail_is_the_day_of_one_machine(
    machines: tuple[Machines, Machines], monkeypatch: pytest.MonkeyPatch
) -> None:
    many, one = machines
    many.start_broker()
    many.start_worker()
    many.start_worker()
    run = many.start_run(chunks=CHUNKS)
    killed = []
    with many.nothing_written("day_shards"):
        with many.nothing_written("rollup_ledger"):
            wait_for(lambda: len(many.at_work()) == 2, "the work of two workers")
            killed.append(kill_one(many, "compute_chunk"))
            many.restart_broker()
        many.start_worker()
        wait_for(lambda: any(step.startswith("measure_shard") for step in many.at_work()), "a shard")
        killed.append(kill_one(many, "measure_shard"))
        many.start_worker()
    assert run.wait(300) == 0, (many.folder / "run.log").read_text()[-3000:]
    assert ledger(many) == [(asset, TENANTS) for asset in sorted((*DAILY_ASSETS, VERDICT))]
    begun = [step for step, _words in many.events("STEP_START")]
    assert [begun.count(step) for step in killed] == [2, 2]
    assert len({step for step in begun if step.startswith("measure_shard")}) == SHARDS
    for step in killed:
        why = f"{step} is handed to another worker, because the process that worked at it is gone."
        assert (step, why) in many.events("ENGINE_EVENT")
    assert "measured as a whole" not in (many.folder / "run.log").read_text()

    for name, value in one.environment("home").items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    warehouse = Warehouse(one.database)
    compute(warehouse, MONDAY, MONDAY)
    warehouse.close()
    assert many.fingerprint() == one.fingerprint()
    assert int(many.fingerprint()["downloads"].split()[0]) > 3 * TENANTS


def test_a_worker_says_what_it_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EARSHOT_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    result = CliRunner().invoke(main, ["worker"])
    assert result.exit_code == 1
    assert "No database is configured" in result.output
    assert load_settings({}).broker_url == "redis://127.0.0.1:6379/0"
