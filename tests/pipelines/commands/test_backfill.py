"""earshot backfill, as an operator runs it: what it says beforehand and on the way, and how it stops and goes on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid5

import pytest
from click.testing import CliRunner
from dagster import DagsterInstance
from rich.console import Console

from pipelines import console
from pipelines.backfill import progress as progress_module
from pipelines.backfill.computing import BackfillPlan, backfill, prepare
from pipelines.backfill.progress import Tally, duration, progress_bar
from pipelines.cli import main
from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.running import home_of_its_own, rows
from tests.pipelines.small_network import FIRST, MONDAY, NAMES, add, named

DAYS = ("backfill", "--from", str(MONDAY), "--to", str(MONDAY + timedelta(days=2)))

# What the command leaves in the environment for the processes that it starts; put back after each call.
LEFT = dict.fromkeys(("DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE", "EARSHOT_DAGSTER_FOLDER"))


@pytest.fixture
def url(server: Server, computed: str) -> Iterator[str]:
    """The address of a copy of the computed week."""
    with cloned_database(server, computed) as address:
        yield address


def environment(url: str, server: Server, home: Path) -> dict[str, str]:
    return {"DATABASE_URL": url, "DAGSTER_POSTGRES_URL": server.dagster_url, "EARSHOT_HOME": str(home)}


def start(arguments: Sequence[str], settings: Mapping[str, str]) -> subprocess.Popen[str]:
    """`earshot backfill` of three days, as a process of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("EARSHOT_", "DAGSTER_"))}
    return subprocess.Popen(
        [sys.executable, "-c", "from pipelines.cli import main; main()", *DAYS, *arguments],
        env={**inherited, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(arguments: Sequence[str], settings: Mapping[str, str]) -> str:
    """What `earshot backfill` of three days says, run in this process."""
    result = CliRunner().invoke(main, [*DAYS, *arguments], env={**LEFT, **settings})
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def wait_for(warehouse: Warehouse, asset: str, run_before: object) -> None:
    """Until another run than before has written some day of the asset."""
    query = "SELECT count(*) FROM rollup_ledger WHERE asset = %s AND tenant_id = %s AND run_id <> %s"
    while not rows(warehouse, query, asset, named("kreuz"), run_before)[0][0]:
        time.sleep(0.05)


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_stopped_backfill_goes_on_where_it_was(
    url: str, server: Server, home_folder: Path, stop: signal.Signals, code: int
) -> None:
    settings = environment(url, server, home_folder)
    warehouse = Warehouse(url)
    run_of = "SELECT DISTINCT run_id FROM rollup_ledger WHERE asset = %s AND tenant_id = %s AND day = '2026-03-03'"
    ((before,),) = rows(warehouse, run_of, "downloads", named("kreuz"))
    process = start(["--tenant", "kreuz"], settings)
    wait_for(warehouse, "conversions", before)
    process.send_signal(stop)
    output, _ = process.communicate()
    assert process.returncode == code, output
    if stop is signal.SIGINT:
        assert "Stopped. What was finished is kept" in output
    assert "Traceback" not in output
    assert "pipeline mode" not in output
    ((stopped,),) = rows(warehouse, run_of, "downloads", named("kreuz"))
    assert stopped != before

    going_on = r"Going on with the backfill of .*: \d+ of 3 tenant-days are done"
    assert re.search(going_on, run(["--tenant", "kreuz", "--dry-run"], settings))
    assert "Going on" not in run(["--tenant", "kreuz", "--dry-run", "--restart"], settings)
    assert "Going on" not in run(["--dry-run"], settings), "another selection is another backfill"

    assert re.search(going_on, run(["--tenant", "kreuz"], settings))
    assert rows(warehouse, run_of, "downloads", named("kreuz")) == [(stopped,)], "what was finished stays as it is"
    assert before not in {run_id for (run_id,) in rows(warehouse, run_of, "campaign_roi", named("kreuz"))}
    message = run(["--tenant", "kreuz", "--dry-run"], settings)
    assert "Going on" not in message, "it has come to its end"
    assert "3 tenant-days of 18 tables, from 9 listener and 1 attribution events. It takes about" in message
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
            plan = BackfillPlan(FIRST, FIRST, job="look_back_rollups")
            work = prepare(plan, warehouse, history)
            backfill(plan, warehouse, history, work, lambda _words, days: steps.append(days))
        assert work.left == 70
        assert sum(steps) == pytest.approx(70)
        assert max(steps) < 70, "more than one chunk"
        warehouse.close()


def test_without_a_terminal_a_line_shows_the_state_every_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "LINE_EVERY_S", 0.01)
    printed = StringIO()
    monkeypatch.setattr(console, "out", Console(file=printed, width=200))
    with progress_bar("Computing", 4, "tenant-days") as advance:
        advance("2026-03-02 downloads", 1.5)
        while "1 of 4" not in printed.getvalue():
            time.sleep(0.01)
    lines = printed.getvalue().splitlines()
    assert lines[0] == "Computing ..."
    assert lines[-1].startswith("Computing: 1 of 4 tenant-days, 2026-03-02 downloads, 38%, ")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s"), (7384, "2 h 3 min")]
)
def test_lengths_of_time_have_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_rest_takes_as_long_as_the_pace_so_far_says() -> None:
    tally = Tally("Computing", 10, "days", began=100.0)
    assert tally.seconds_left(130.0) is None
    assert replace(tally, done=4.0).seconds_left(120.0) == 30.0


STUBBORN = """
import signal, sys, time
from pipelines.processes.stopping import stops_in_seconds
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
    message = process.stderr.readline()
    assert message == "Stopping ...\n"
    for again in signals[1:]:
        process.send_signal(again)
    rest = process.communicate()[1]
    assert process.returncode == 130
    assert "Stopped. What was finished is kept" in rest
