"""Running: days of the small network through Dagster, and looking at what is in the tables afterwards.

Here: a backfill as the command does it, in a home of its own, the job that freezes reports, and plain SQL.
Not here: the network's rows (small_network.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance

from pipelines.backfill.computing import BackfillPlan, backfill, run_job
from sql.tables import TIME_COLUMNS
from sql.warehouse import Warehouse
from tests.pipelines.history import passing_history
from tests.pipelines.small_network import FIRST, MONDAY, SUNDAY

# What of the environment would lead a run elsewhere.
ELSEWHERE = ("DATABASE_URL", "EARSHOT_KEYRING", "EARSHOT_MAIL_TRANSPORT", "EARSHOT_OUTBOX", "EARSHOT_RULES")


@contextmanager
def home_of_its_own(folder: Path) -> Iterator[Path]:
    """Runs read their settings from the environment: it names the folder meanwhile, and nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ELSEWHERE:
            patch.delenv(name, raising=False)
        patch.setenv("EARSHOT_HOME", str(folder))
        yield folder


def compute(
    warehouse: Warehouse,
    first: date = FIRST,
    last: date = SUNDAY,
    tenants: Sequence[str] = (),
    instance: DagsterInstance | None = None,
) -> None:
    """A backfill of these days, as `earshot backfill` does it."""
    with instance or passing_history() as history:
        backfill(BackfillPlan(first, last, tuple(tenants)), warehouse, history)


def rows(warehouse: Warehouse, query: str, *params: object) -> list[tuple[Any, ...]]:
    with warehouse.transaction() as connection:
        return connection.execute(query, params).fetchall()


def freeze_reports(warehouse: Warehouse) -> None:
    """The job that freezes the week's reports."""
    with passing_history() as history:
        run_job(warehouse, history, "weekly_reports", partition_key=MONDAY.isoformat())


def states(warehouse: Warehouse) -> dict[str, str]:
    """The state of each tenant's report."""
    return dict(rows(warehouse, "SELECT slug, state FROM reports INNER JOIN tenants USING (tenant_id)"))


def content(warehouse: Warehouse) -> dict[str, list[tuple[str]]]:
    """Every row of every rollup as text, but for the run that wrote it."""
    row = "SELECT (to_jsonb(t) - 'run_id' - 'checked_at')::text FROM {} AS t ORDER BY 1"
    return {table: rows(warehouse, row.format(table)) for table in (*TIME_COLUMNS, "check_results")}


def written(warehouse: Warehouse, since: object) -> dict[str, set[date]]:
    """The days of each asset that were written after that moment."""
    found = rows(warehouse, "SELECT asset, day FROM rollup_ledger WHERE finished_at > %s", since)
    return {asset: {day for name, day in found if name == asset} for asset, _ in found}
