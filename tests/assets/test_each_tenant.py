"""Work tenant by tenant: the failure of one is recorded and closed again, and stops nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from assets.each_tenant import for_each_tenant
from sql.failures import FailureLog
from sql.values import PermanentError, Scope
from sql.warehouse import Warehouse
from tests.sql.rows import HARBOR, KREUZBERG, add_tenants


class Work:
    """Gives two results for each tenant, but fails for Harbor after the first."""

    def __init__(self, error: BaseException | None) -> None:
        self._error = error

    def __call__(self, tenant: UUID, slug: str) -> Iterator[str]:
        yield f"{slug} 1"
        if self._error is not None and tenant == HARBOR:
            raise self._error
        yield f"{slug} 2"


def open_failures(warehouse: Warehouse) -> list[tuple[str, str, str]]:
    found = warehouse.read("read_tenant_failures", tenants=[HARBOR, KREUZBERG])
    return found.select("tenant", "subject", "cause").rows()


def test_a_tenant_that_fails_is_recorded_until_it_succeeds(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    logged: list[str] = []

    def run(error: BaseException | None) -> list[str]:
        failures = FailureLog(warehouse, "computing", logged.append)
        return list(for_each_tenant(warehouse, Scope(), failures, "pages", Work(error)))

    assert run(PermanentError("no page")) == ["harbor-audio 1", "kreuzberg-radio 1", "kreuzberg-radio 2"]
    assert open_failures(warehouse) == [("harbor-audio", "pages", "no page")]
    assert logged == ["harbor-audio: not computed. no page"]
    assert run(None)[:2] == ["harbor-audio 1", "harbor-audio 2"]
    assert open_failures(warehouse) == []


def test_a_request_to_stop_and_a_failure_that_nobody_records_stop_the_work(warehouse: Warehouse) -> None:
    add_tenants(warehouse)

    for error, failures in (
        (KeyboardInterrupt(), FailureLog(warehouse, "computing", str)),
        (PermanentError("no page"), None),
    ):
        with pytest.raises(type(error)):
            list(for_each_tenant(warehouse, Scope(), failures, "pages", Work(error)))
    assert open_failures(warehouse) == []
