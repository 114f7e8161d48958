"""Each tenant: work that is done tenant by tenant, where the failure of one must not stop the others.

Here: the order, and where failures and successes are recorded.
Not here: the work, days and chunks of tenants (run_scope.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar
from uuid import UUID

from sql.failures import FailureLog, is_isolatable
from sql.values import Scope
from sql.warehouse import Warehouse

Result = TypeVar("Result")


def for_each_tenant(
    warehouse: Warehouse,
    scope: Scope,
    failures: FailureLog | None,
    subject: str,
    work: Callable[[UUID, str], Iterable[Result]],
) -> Iterator[Result]:
    """What the work gives for each tenant of the scope.

    work:     called with the tenant's id and slug
    failures: takes the tenants for which it fails, and forgets earlier failures of the others; without one it raises
    subject:  what was worked on, in tenant_failures
    """
    done: list[UUID] = []
    for tenant_id, slug in warehouse.tenants(scope).select("tenant_id", "slug").iter_rows():
        tenant = UUID(bytes=tenant_id)
        try:
            yield from work(tenant, slug)
        except BaseException as error:
            if failures is None or not is_isolatable(error):
                raise
            failures.add(tenant, error, [subject])
        else:
            done.append(tenant)
    if failures is not None:
        failures.clear(done, [subject])
