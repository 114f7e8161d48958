"""The machine that the promises are held against: the product's own days, ledger and healing, without a scheduler.

Here: the steps of a day as the assets put them together, walking over them, and what the tables then hold.
Not here: which days are computed again: that is the ledger's word (assets/lineage.py, pipelines/health/freshness.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from assets.attribution.assets import TABLES as ATTRIBUTION_TABLES
from assets.attribution.day import compute_attribution_day
from assets.campaigns.daily import compute_delivery, compute_reach, compute_roi
from assets.campaigns.weekly import compute_week
from assets.listening.assets import AUDIENCE_TABLES, PLAYBACK_TABLES
from assets.listening.assets import TABLES as LISTENING_TABLES
from assets.listening.audience.day import compute_audience_day
from assets.listening.day import compute_listening_day
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.keys import Key, Keyring
from assets.listening.playback.day import compute_playback_day
from assets.upkeep.assets import DAILY_ASSETS
from assets.upkeep.checks import run_checks
from assets.walking import ComputeDay, Due, Tables, Walk
from pipelines.health.freshness import compare_counts, find_stale, look_at_arrivals
from sql.failures import FailureLog
from sql.tables import TIME_COLUMNS
from sql.values import Scope, Window
from sql.warehouse import Warehouse

KEYRING = Keyring((Key(1, b"a key that only these tests know"),))
RULES, RANGES = load_rules(), AddressRanges.load()

WEEKLY_TABLES = {"lift_results": ["lift_results"], "campaign_benchmarks": ["campaign_benchmarks"]}

# What a day's step writes: its tables by asset, and how they are computed.
Step = tuple[Mapping[str, Sequence[str]], ComputeDay]
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

    def steps(self) -> list[Step]:
        """The steps of a day in their order, as the assets of assets/**/assets.py put them together."""
        read = self.warehouse.read

        def check(window: Window, tenants: Sequence[UUID]) -> Tables:
            return {"check_results": run_checks(read, window, tenants, DAILY_ASSETS)}

        listening = partial(compute_listening_day, read, rules=RULES, ranges=RANGES, keyring=KEYRING)
        attribution = partial(compute_attribution_day, read, keyring=KEYRING, ranges=RANGES)
        steps: list[Step] = [
            (LISTENING_TABLES, listening),
            (AUDIENCE_TABLES, partial(compute_audience_day, read)),
            (PLAYBACK_TABLES, partial(compute_playback_day, read)),
            (ATTRIBUTION_TABLES, attribution),
            ({"placement_delivery": ["placement_delivery"]}, partial(compute_delivery, read)),
            ({"campaign_reach": ["campaign_reach", "reach_sketches"]}, partial(compute_reach, read)),
            ({"campaign_roi": ["campaign_roi"], "model_totals": ["model_totals"]}, partial(compute_roi, read)),
            (WEEKLY_TABLES, partial(compute_week, read)),
            ({"tenant_checks": ["check_results"]}, check),
        ]
        return [step for step in steps if not self.skip & step[0].keys()]

    def compute(self, days: Iterable[date], scope: Scope = Scope()) -> None:  # noqa: B008  (an immutable value)
        """Each step over all of the days, as a run of the daily job does it."""
        windows = [Window.of_day(day) for day in days]
        for tables_of, compute in self.steps():
            due = Due(self.warehouse, scope, list(tables_of), [window.day for window in windows])
            walk = Walk(
                uuid4(),
                self.warehouse,
                self.warehouse.tenants(scope),
                scope.stale_only,
                tables_of,
                compute,
                FailureLog(self.warehouse, "computing", self.complaints.append),
                due.note_arrivals(),
            )
            for window in windows:
                if chunks := due.chunks(window.day):
                    walk.replace_day(window, chunks)
                    if scope.stale_only:
                        told = [(asset, tenant) for asset in tables_of for chunk in chunks for tenant in chunk]
                        self.healed += [(asset, tenant, window.day) for asset, tenant in told]

    def heal(self, received_since: datetime | None = None) -> int:
        """What the sensor does until the ledger shows nothing stale; returns in how many runs.

        received_since: as at an ordinary tick, only rows received from then on are looked at; None: as once a day.
        """
        if received_since is None:
            compare_counts(self.warehouse)
        else:
            look_at_arrivals(self.warehouse, received_since)
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
                    told = "tenant_id, asset, day, rows, status, content_hash"
                    query = query.replace("rollup_ledger", f"(SELECT {told} FROM rollup_ledger)")
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
