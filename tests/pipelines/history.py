"""A history that nobody looks at: the events of runs in a list, where Dagster would keep them in tables.

Here: the history of tests that look at what a run leaves in the database. On a small network, Dagster spends four times
as long on its tables as the run on its day.
Not here: the history of tests that look at it: Dagster's own, DagsterInstance.ephemeral().
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from dagster import DagsterInstance, EventLogEntry, EventLogRecord
from dagster._core.instance.types import InstanceType
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.run_coordinator import DefaultRunCoordinator
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.event_log.base import EventLogConnection
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import TemporaryLocalArtifactStorage
from dagster._core.storage.runs import InMemoryRunStorage


class ListedEvents(InMemoryEventLogStorage):
    """The events of each run in the order in which they came, and no asset ever seen before."""

    def __init__(self) -> None:
        super().__init__()
        self._events: dict[str, list[EventLogEntry]] = defaultdict(list)

    def store_event(self, event: EventLogEntry) -> None:
        self._events[event.run_id].append(event)

    def get_records_for_run(
        self, run_id: str, cursor: object = None, of_type: Any = None, limit: object = None, ascending: bool = True
    ) -> EventLogConnection:
        """All of the run's, whatever is wanted of them."""
        records = [EventLogRecord(number, event) for number, event in enumerate(self._events[run_id], 1)]
        return EventLogConnection(records, cursor=str(len(records)), has_more=False)

    def get_asset_records(self, asset_keys: Sequence[object] | None = None) -> Sequence[Any]:
        return []

    @property
    def asset_records_have_last_observation(self) -> bool:
        # Else it would be looked up for each asset that has none.
        return True


def passing_history() -> DagsterInstance:
    """As Dagster's ephemeral instance, but for where events go."""
    return DagsterInstance(
        instance_type=InstanceType.EPHEMERAL,
        local_artifact_storage=TemporaryLocalArtifactStorage(),  # type: ignore[no-untyped-call]
        run_storage=InMemoryRunStorage(),
        event_storage=ListedEvents(),
        compute_log_manager=NoOpComputeLogManager(),
        run_coordinator=DefaultRunCoordinator(),
        run_launcher=SyncInMemoryRunLauncher(),
    )
