"""earshot backfill, as an operator runs it: what it says beforehand and on the way, and how it stops and goes on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid5

import pytest
from dagster import DagsterInstance

from pipelines import console
from pipelines import progress as progress_module
from pipelines.backfill import Plan, backfill, prepare
from pipelines.progress import Tally, duration, progress_bar
from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.running import home_of_its_own, rows
from tests.pipelines.small_network import FIRST, NAMES, SUNDAY, add

RUNS_OF_DAY = "SELECT DISTINCT run_id FROM rollup_ledger WHERE asset = 'downloads' AND day = %s"


@pytest.fixture
def url(server: Server, computed: str) -> Iterator[str]:
    """The address of a copy of the computed week."""
    with cloned_database(server, computed) as address:
        yield address


class Command:
    """`earshot backfill` of the week as a process of its own."""

    def __init__(self, url: str, server: Server, home: Path, *words: str) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("EARSHOT_", "DAGSTER_"))},
            "DATABASE_URL": url,
            "DAGSTER_POSTGRES_URL": server.dagster_url,
            "EARSHOT_HOME": str(home),
            "PYTHONUNBUFFERED": "1",
        }
        command = [sys.executable, "-c", "from pipelines.cli import main; main()", "backfill"]
        self.process = subprocess.Popen(
            [*command, "--from", str(FIRST), "--to", str(SUNDAY), *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait(self) -> tuple[int, str]:
        output, _ = self.process.communicate()
        return self.process.returncode, output


def wait_for_days(warehouse: Warehouse, run_before: object, asset: str) -> None:
    """Until another run than before has written some day of the asset."""
    query = "SELECT count(*) FROM rollup_ledger WHERE asset = %s AND run_id <> %s"
    while not rows(warehouse, query, asset, run_before)[0][0]:
        time.sleep(0.05)


def test_a_stopped_backfill_ends_with_130_and_the_same_command_goes_on_where_it_was(
    url: str, server: Server, home_folder: Path
) -> None:
    warehouse = Warehouse(url)
    before = rows(warehouse, RUNS_OF_DAY, FIRST)[0][0]
    command = Command(url, server, home_folder)
    wait_for_days(warehouse, before, "conversions")
    command.process.send_signal(signal.SIGINT)
    code, output = command.wait()
    assert code == 130, output
    assert "Stopped. What was finished is kept" in output
    assert "Traceback" not in output
    assert "pipeline mode" not in output
    stopped = rows(warehouse, RUNS_OF_DAY, FIRST)

    code, output = Command(url, server, home_folder, "--dry-run").wait()
    assert code == 0, output
    assert re.search(r"Going on with the backfill of .*: \d+ of 16 tenant-days are done", output)

    code, output = Command(url, server, home_folder).wait()
    assert code == 0, output
    assert "Going on with the backfill" in output
    assert rows(warehouse, RUNS_OF_DAY, FIRST) == stopped, "what was finished is not computed again"
    fresh = "SELECT count(*) FROM rollup_ledger WHERE run_id = %s"
    assert rows(warehouse, fresh, before) == [(0,)], "everything was computed by one of the two"

    code, output = Command(url, server, home_folder, "--dry-run").wait()
    assert "Going on" not in output, "it has come to its end"
    assert "16 tenant-days of 18 tables, from 48 listener and 4 attribution events" in " ".join(output.split())
    assert "It takes about" in output
    warehouse.close()


def test_a_killed_backfill_goes_on_too_and_restart_begins_anew(url: str, server: Server, home_folder: Path) -> None:
    warehouse = Warehouse(url)
    before = rows(warehouse, RUNS_OF_DAY, FIRST)[0][0]
    command = Command(url, server, home_folder, "--tenant", "kreuz")
    wait_for_days(warehouse, before, "conversions")
    command.process.kill()
    command.wait()

    def said(*words: str) -> str:
        return Command(url, server, home_folder, "--dry-run", *words).wait()[1]

    assert "Going on" in said("--tenant", "kreuz")
    assert "Going on" not in said("--tenant", "kreuz", "--restart")
    assert "Going on" not in said(), "another selection is another backfill"
    warehouse.close()


def test_tenant_days_add_up_however_many_tenants_a_chunk_holds(
    server: Server, template: str, home_folder: Path
) -> None:
    with cloned_database(server, template) as url, home_of_its_own(home_folder):
        warehouse = Warehouse(url)
        brand = {"timezone": "UTC", "currency": "USD"}
        for number in range(70):
            name = f"network-{number}"
            owner = {"tenant_id": uuid5(NAMES, name), "slug": name, "name": name, "brand_name": name}
            add(warehouse, "tenants", {**owner, **brand})
        steps: list[float] = []
        with DagsterInstance.ephemeral() as history:
            plan = Plan(FIRST, FIRST, job="look_back_rollups")
            work = prepare(plan, warehouse, history)
            backfill(plan, warehouse, history, work, lambda _words, days: steps.append(days))
        assert work.left == 70
        assert sum(steps) == pytest.approx(70)
        assert len(steps) > len(plan.assets), "more than one chunk"
        warehouse.close()


def test_without_a_terminal_a_line_tells_the_state_every_so_often(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress_module, "LINE_EVERY_S", 0.01)
    monkeypatch.setattr(console.out, "file", sys.stdout)
    printed = ""
    with progress_bar("Computing", 4, "tenant-days") as advance:
        advance("2026-03-02 downloads", 1.5)
        while "tenant-days" not in printed:
            printed += capsys.readouterr().out
    assert printed.startswith("Computing ...\nComputing: 1 of 4 tenant-days, 2026-03-02 downloads, 38%, ")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s"), (7384, "2 h 3 min")]
)
def test_lengths_of_time_are_told_in_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_rest_takes_as_long_as_the_pace_so_far_says() -> None:
    tally = Tally("Computing", 10, "days", began=100.0)
    assert tally.seconds_left(130.0) is None
    assert replace(tally, done=4.0).seconds_left(120.0) == 30.0


STUBBORN = """
import signal, sys, time
from pipelines.stopping import stops_in_seconds
signal.signal(signal.SIGINT, lambda *_: None)
with stops_in_seconds(patience=float(sys.argv[1])):
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize(("patience", "signals"), [("0.1", [signal.SIGINT]), ("500", [signal.SIGINT, signal.SIGINT])])
def test_work_that_does_not_listen_is_ended_all_the_same(patience: str, signals: Sequence[signal.Signals]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN, patience], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.send_signal(signals[0])
    said = process.stderr.readline()
    assert said == "Stopping ...\n"
    for again in signals[1:]:
        process.send_signal(again)
    rest = process.communicate()[1]
    assert process.returncode == 130
    assert "Stopped. What was finished is kept" in rest
