"""The machine that the promises are held against: the product's own days, ledger and healing, without a scheduler.

Here: going over the steps of a day as the orchestrator's assets do, and what the tables then hold.
Not here: which days are computed again: that is the ledger's word (assets/lineage.py, pipelines/health/freshness.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from assets.computing import bind
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.keys import Key, Keyring
from assets.resources import Measurement
from assets.run_scope import RunScope
from assets.runs import StepRun
from assets.steps import STEPS, DayStep
from pipelines.health.freshness import compare_counts, find_stale, record_arrivals
from sql.failures import FailureLog
from sql.tables import TIME_COLUMNS
from sql.values import Scope, Window
from sql.warehouse import Warehouse

KEYRING = Keyring((Key(1, b"a key that only these tests know"),))
MEASUREMENT = Measurement(load_rules(), AddressRanges.load(), KEYRING)

Content = dict[str, list[str]]


@dataclass(slots=True)
class Machine:
    """One database. healed: the asset, tenant and day of everything that was computed because it was stale."""

    warehouse: Warehouse
    database: str = ""
    # The steps of these assets are left out.
    skip: frozenset[str] = frozenset()
    complaints: list[str] = field(default_factory=list)
    healed: list[tuple[str, UUID, date]] = field(default_factory=list)

    def steps(self) -> list[DayStep]:
        """The steps of a day in their order, but for those that are left out."""
        return [step for step in STEPS if not self.skip & set(step.names)]

    def compute(self, days: Iterable[date], scope: Scope = Scope()) -> None:  # noqa: B008  (an immutable value)
        """Each step over all of the days, as a run of the daily job does it."""
        windows = [Window.of_day(day) for day in days]
        for step in self.steps():
            run_scope = RunScope(self.warehouse, scope, step.names, [window.day for window in windows])
            run = StepRun(
                run_id=uuid4(),
                warehouse=self.warehouse,
                tenants=self.warehouse.tenants(scope),
                is_partial=scope.stale_only,
                tables_of=step.tables_of,
                compute=bind(step, self.warehouse.read, MEASUREMENT),
                failures=FailureLog(self.warehouse, "computing", self.complaints.append),
                watermarks_at=run_scope.record_watermarks(),
            )
            for window in windows:
                if chunks := run_scope.chunks(window.day):
                    run.replace_day(window, chunks)
                    if scope.stale_only:
                        computed = [(asset, tenant) for asset in step.names for chunk in chunks for tenant in chunk]
                        self.healed += [(asset, tenant, window.day) for asset, tenant in computed]

    def heal(self, received_since: datetime | None = None) -> int:
        """What the sensor does until the ledger shows nothing stale; returns in how many runs.

        received_since: as at an ordinary tick, only rows received from then on are looked at; None: as once a day.
        """
        if received_since is None:
            compare_counts(self.warehouse)
        else:
            record_arrivals(self.warehouse, received_since)
        runs = 0
        while (stale := find_stale(self.warehouse)) is not None:
            assert runs < 5, f"stale again and again: {stale}"
            self.compute(Window.of_days(stale.first, stale.last).days(), Scope(stale.tenants, stale_only=True))
            runs += 1
        return runs

    def content(self, tenant: UUID | None = None) -> Content:
        """Every row of every table that runs write, as text, but for the run that wrote it and when it was judged."""
        statement = (
            "SELECT (to_jsonb(t) - 'run_id' - 'checked_at')::text FROM {} AS t "
            "WHERE %s::uuid IS NULL OR tenant_id = %s ORDER BY 1"
        )
        found: Content = {}
        raw = {"listener_events", "attribution_events", "event_keys"}
        with self.warehouse.transaction() as connection:
            for table in sorted({*TIME_COLUMNS, "rollup_ledger"} - raw):
                query = statement.format(table)
                if table == "rollup_ledger":
                    columns = "tenant_id, asset, day, rows, status, content_hash"
                    query = query.replace("rollup_ledger", f"(SELECT {columns} FROM rollup_ledger)")
                rows: list[Any] = connection.execute(query.encode(), (tenant, tenant)).fetchall()
                found[table] = [row for (row,) in rows]
        return found


def assert_same(found: Content, expected: Content) -> None:
    """Says which rows of which tables differ, instead of all of them."""
    differing = {
        table: {
            "instead of": sorted(set(rows) - set(found[table]))[:3],
            "found": sorted(set(found[table]) - set(rows))[:3],
        }
        for table, rows in expected.items()
        if found[table] != rows
    }
    assert not differing, differing
