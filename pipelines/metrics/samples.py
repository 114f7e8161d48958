"""Samples: values of metrics, and the groups in which they are collected.

Here: the value, what a collector is handed, and working tenant by tenant.
Not here: any metric (registry.py), any query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pipelines.settings import Settings
from sql.connections.connecting import looking
from sql.connections.watching import WatchedConnection
from sql.failures import bisect_failures
from sql.values import EarshotError
from sql.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Sample:
    """One value. metric: its name in the registry; labels: in the order of the registry."""

    metric: str
    value: float
    labels: tuple[str, ...] = ()


@dataclass(slots=True)
class Scrape:
    """What one scrape works with. slugs: of the tenants, once read. failed: those (slugs) for whom a query failed."""

    settings: Settings
    warehouse: Callable[[], Warehouse]
    now: datetime
    slugs: Mapping[UUID, str] | None = None
    failed: dict[str, BaseException] = field(default_factory=dict)

    @property
    def tenants(self) -> Mapping[UUID, str]:
        """Slugs by id. Raises EarshotError where they could not be read."""
        if self.slugs is None:
            raise EarshotError("the tenants could not be read")
        return self.slugs

    def looking(self, url: str) -> AbstractContextManager[WatchedConnection]:
        """A connection as the login, for what the roles that it becomes do not see. Raises EarshotError."""
        return looking(url, self.settings.limits, "earshot metrics", "Collecting metrics")

    def by_tenant(self, work: Callable[[Sequence[UUID]], list[Sample]]) -> Iterator[Sample]:
        """What the work gives for all tenants but those that it fails for, which are kept in failed."""

        def fail(tenant: UUID, error: BaseException) -> None:
            self.failed[self.tenants[tenant]] = error

        for samples in bisect_failures(list(self.tenants), work, fail):
            yield from samples


Collect = Callable[[Scrape], Iterator[Sample]]
