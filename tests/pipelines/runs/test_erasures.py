"""Requests of erasure, left by the command and carried out by the upkeep: no table and no history says whom."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult

from assets.erasure.erasing import erase, keys_of_address
from pipelines.backfill.computing import BackfillError, BackfillPlan, backfill, heal, run_job
from pipelines.cli import main
from pipelines.definitions import defs
from pipelines.runtime import keyring
from pipelines.settings import load_settings
from sql.embedded import Server
from sql.values import Window
from sql.warehouse import LedgerLine, Warehouse, Write
from tests.assets.erasure.test_requesting import holding
from tests.conftest import admin_address
from tests.pipelines.history import passing_history
from tests.pipelines.small_network import MONDAY, add, build_network, download, named

# Of one tenant alone, so that no other row has it.
HOUSEHOLD = "10.77.0.9"
HARBOR, KREUZ = named("harbor"), named("kreuz")


@pytest.fixture
def week(warehouse: Warehouse, database_url: str, tmp_path: Path) -> Iterator[Warehouse]:
    """The small network with one household more, computed on its Monday; the environment names it and its home."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("EARSHOT_KEYRING", "EARSHOT_RULES"):
            patch.delenv(name, raising=False)
        patch.setenv("DATABASE_URL", database_url)
        patch.setenv("EARSHOT_HOME", str(tmp_path / "home"))
        build_network(warehouse)
        add(warehouse, "listener_events", download("harbor", MONDAY, HOUSEHOLD))
        with passing_history() as history:
            backfill(BackfillPlan(MONDAY, MONDAY, ()), warehouse, history)
        yield warehouse
        warehouse.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "history"
    made.mkdir()
    return made


def say(*words: str) -> str:
    result = CliRunner().invoke(main, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def rows(warehouse: Warehouse, query: str, *params: object) -> list[tuple[Any, ...]]:
    with warehouse.transaction() as connection:
        return connection.execute(query.encode(), params).fetchall()


def press(history: DagsterInstance) -> ExecuteInProcessResult:
    """The button Materialize of the asset's page."""
    job = defs.resolve_implicit_global_asset_job_def().get_subset(asset_selection={AssetKey("erased_listeners")})
    return job.execute_in_process(instance=history, raise_on_error=False)


def kept(folder: Path, text: str) -> list[str]:
    """The files of a history, its SQLite tables and the output of its runs, that have this text."""
    return [str(file) for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


def test_a_household_that_was_left_by_the_command_is_nowhere_after_it_was_pressed_and_healed(
    week: Warehouse, server: Server, database_url: str, folder: Path
) -> None:
    ring = keyring(load_settings())
    [key] = keys_of_address(HOUSEHOLD, HARBOR, ring)
    admin = admin_address(server, database_url)
    leave = ("privacy", "erase", "harbor", "--address", HOUSEHOLD, "--later", "--by", "Ada")
    assert "is left for the nightly upkeep" in say(*leave)
    assert "waits already" in say(*leave)
    waiting = say("privacy", "requests")
    assert "harbor" in waiting
    assert HOUSEHOLD not in waiting
    assert "public.downloads" in holding(admin, str(key))
    assert "public.erasure_requests" in holding(admin, HOUSEHOLD)

    with DagsterInstance.local_temp(str(folder)) as history:
        result = press(history)
        heal(week, history)

    assert result.success
    said = result.asset_materializations_for_node("erased_listeners")[0].metadata
    values = {name: said[name].value for name in ("requests", "rows_after", "days", "archived_days", "archived_rows")}
    assert values == {"requests": 1, "rows_after": 0, "days": 1, "archived_days": 0, "archived_rows": 0}
    before = rows(week, "SELECT counts FROM erasures")[0][0]
    assert said["rows_before"].value == sum(count["before"] for count in before.values()) > 1
    assert "No request waits." in say("privacy", "requests")
    assert "done" in say("privacy", "requests", "--all")
    assert kept(folder, "erased_listeners")
    for text in (HOUSEHOLD, str(key)):
        assert holding(admin, text) == []
        assert kept(folder, text) == []
    assert rows(week, "SELECT count(*) FROM downloads WHERE tenant_id = %s AND day = %s", HARBOR, MONDAY) == [(3,)]
    # Nothing is stale any more.
    with passing_history() as history:
        assert not heal(week, history)


def test_in_the_nightly_run_one_tenant_s_request_fails_and_the_other_s_is_done(
    week: Warehouse, server: Server, database_url: str, folder: Path
) -> None:
    rows(
        week,
        "INSERT INTO erasure_requests (tenant_id, requested_by, kind, address) "
        "VALUES (%s, 'Ada', 'address', 'nobody-7') RETURNING 1",
        KREUZ,
    )
    say("privacy", "erase", "harbor", "--address", HOUSEHOLD, "--later", "--by", "Ada")

    with (
        DagsterInstance.local_temp(str(folder)) as history,
        pytest.raises(BackfillError, match="Requests of erasure could not be carried out, and wait"),
    ):
        run_job(week, history, "nightly_upkeep")

    assert rows(week, "SELECT tenant_id, state FROM erasure_requests ORDER BY requested_at") == [
        (KREUZ, "waiting"),
        (HARBOR, "done"),
    ]
    assert holding(admin_address(server, database_url), HOUSEHOLD) == []
    assert kept(folder, "still wait")
    assert kept(folder, HOUSEHOLD) + kept(folder, "nobody-7") == []
    assert "is no address" in say("privacy", "requests")
    assert "erased_listeners" in say("status")


def test_a_process_that_is_killed_while_it_erases_leaves_the_request_and_the_next_one_does_it(
    week: Warehouse, server: Server, database_url: str, folder: Path
) -> None:
    say("privacy", "erase", "harbor", "--address", HOUSEHOLD, "--later", "--by", "Ada")
    there = "SELECT count(*) FROM listener_events WHERE tenant_id = %s"
    before = rows(week, there, HARBOR)
    words = ("asset", "materialize", "--select", "erased_listeners", "-m", "pipelines.definitions")
    command = [str(Path(sys.executable).with_name("dagster")), *words]
    environment = {**os.environ, "DAGSTER_HOME": str(folder)}
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    admin = admin_address(server, database_url)
    with psycopg.connect(admin) as holder, psycopg.connect(admin, autocommit=True) as watcher:
        # It deletes raw rows first and downloads later, where it comes to stand.
        holder.execute("LOCK TABLE downloads IN SHARE ROW EXCLUSIVE MODE")
        process = subprocess.Popen(command, env=environment, start_new_session=True)
        try:
            while process.poll() is None and watcher.execute(waits).fetchone() == (0,):
                time.sleep(0.05)
            assert process.poll() is None, "it ended before it deleted anything"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert rows(week, there, HARBOR) == before
    assert rows(week, "SELECT state, address FROM erasure_requests") == [("waiting", HOUSEHOLD)]

    subprocess.run(command, env=environment, check=True)

    assert rows(week, "SELECT state, address FROM erasure_requests") == [("done", None)]
    assert rows(week, "SELECT count(*) FROM erasures") == [(1,)]
    assert holding(admin, HOUSEHOLD) == []
    assert kept(folder, "erased_listeners")
    assert kept(folder, HOUSEHOLD) == []


def test_a_run_that_has_read_somebody_who_is_erased_meanwhile_writes_nothing_of_it_and_heal_computes_the_day(
    week: Warehouse, database_url: str
) -> None:
    ring = keyring(load_settings())
    [key] = keys_of_address(HOUSEHOLD, HARBOR, ring)

    class Overtaken(Warehouse):
        """Somebody is erased when the day's requests were read, and what was computed of them is not written yet."""

        def replace(
            self, writes: Sequence[Write], window: Window, tenants: Sequence[UUID], ledger: Sequence[LedgerLine] = ()
        ) -> dict[str, int]:
            if not rows(week, "SELECT FROM erasures"):
                erase(week, HARBOR, ring, "Ada", address=HOUSEHOLD)
            return super().replace(writes, window, tenants, ledger)

    with (
        closing(Overtaken(database_url)) as overtaken,
        passing_history() as history,
        pytest.raises(BackfillError, match="was erased while it was computed"),
    ):
        backfill(BackfillPlan(MONDAY, MONDAY, ("harbor",)), overtaken, history)
    theirs = "SELECT count(*) FROM downloads WHERE tenant_id = %s AND household_key = %s"
    assert rows(week, theirs, HARBOR, key) == [(0,)]

    with passing_history() as history:
        heal(week, history)

    assert rows(week, theirs, HARBOR, key) == [(0,)]
    assert rows(week, "SELECT count(*) FROM downloads WHERE tenant_id = %s AND day = %s", HARBOR, MONDAY) == [(3,)]
