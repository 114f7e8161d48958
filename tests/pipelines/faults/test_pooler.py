"""Through a pooler in transaction mode: the schema, a day, a report and Dagster's history, on three shared sessions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import dagster as dg
import psycopg
import pytest

from pipelines.homes import dagster_home
from pipelines.runtime import orchestrator_instance
from pipelines.settings import load_settings
from reports.archive import Provenance, ReportKey, hold, state_of
from sql.connections.limits import Limits, bounded_history
from sql.embedded import Server
from sql.reading.connections import ColumnReader
from sql.schema.migrate import migrate, status
from sql.warehouse import Warehouse
from tests.pipelines.running import compute, home_of_its_own, rows
from tests.pipelines.small_network import FIRST, build_network, named
from tests.sql.connections.pooler import pooled


def test_a_pooler_in_transaction_mode_needs_no_setting_of_its_own(
    empty_database_url: str, temporary_home: Callable[[], Path], home_folder: Path
) -> None:
    with pooled(empty_database_url, temporary_home()) as url:
        migrate(url)
        assert status(url).pending == ()
        warehouse = Warehouse(url)
        build_network(warehouse)
        with home_of_its_own(home_folder):
            compute(warehouse, FIRST, FIRST)
        assert rows(warehouse, "SELECT count(DISTINCT asset) > 10, count(DISTINCT tenant_id) FROM rollup_ledger") == [
            (True, 2)
        ]
        tenant = named("harbor")
        with warehouse.as_tenant(tenant) as read:
            assert read("read_tenants")["slug"].to_list() == ["harbor"]
        subscription, sponsor = rows(warehouse, "SELECT subscription_id, sponsor_id FROM report_subscriptions LIMIT 1")[
            0
        ]
        key = ReportKey(tenant, subscription, sponsor, None, "weekly", FIRST, FIRST, "UTC")
        hold(warehouse, key, "waits for data", Provenance(uuid4(), "1", datetime.now(UTC)))
        assert state_of(warehouse, key) == "held"
        warehouse.close()


def test_what_a_transaction_sets_is_gone_with_it(database_url: str, temporary_home: Callable[[], Path]) -> None:
    """Many at once on three sessions: nobody reads in another's role, and nothing stays behind in a session."""
    with pooled(database_url, temporary_home()) as url:
        found: list[str] = []

        def read(role: str) -> None:
            reader = ColumnReader(url, role, limits=Limits(), name=role)
            for _ in range(9):
                found.extend(
                    reader.fetch("SELECT current_user::text || current_setting('TimeZone') AS who", role)["who"]
                )
            reader.close()

        roles = ("earshot_etl", "earshot_report", "earshot_readonly", "earshot_etl", "earshot_report")
        threads = [threading.Thread(target=read, args=(role,)) for role in roles]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == sorted(f"{role}UTC" for role in roles for _ in range(9))
        with psycopg.connect(url, prepare_threshold=None) as bare:
            for _ in range(9):
                assert bare.execute("SELECT current_user, current_setting('statement_timeout')").fetchone() == (
                    "earshot",
                    "0",
                )
                bare.commit()


@dg.op
def count_to_one() -> int:
    return 1


@dg.job
def counting() -> None:
    count_to_one()


def test_dagsters_history_can_be_reached_through_the_pooler_too(
    server: Server, temporary_home: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = str(dagster_home(load_settings({"EARSHOT_HOME": str(tmp_path)})))
    with pooled(server.dagster_url, temporary_home()) as url:
        monkeypatch.setenv("DAGSTER_HOME", home)
        monkeypatch.setenv("EARSHOT_DAGSTER_FOLDER", home)
        monkeypatch.setenv("DAGSTER_POSTGRES_URL", bounded_history(url, Limits()))
        with orchestrator_instance() as instance:
            run = counting.execute_in_process(instance=instance)
            assert run.success
            assert instance.get_run_stats(run.run_id).steps_succeeded == 1
