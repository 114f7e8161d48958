"""Publishing: keeping each tenant's methodology whenever it changes, and the rules that all are measured by.

Here: making the pages of some tenants and adding those whose version is new; recording rules that are new.
Not here: what a page contains (methodology.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from assets.each_tenant import for_each_tenant
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.agent_rules import Rules
from assets.listening.identity.keys import Keyring
from assets.methods.methodology import Methodology, read_configuration, write_methodology
from sql.connections.locks import take_locks
from sql.failures import FailureLog
from sql.statements import statement
from sql.values import Scope
from sql.warehouse import Warehouse

# In tenant_failures: the asset that shows the pages.
SUBJECT = "methodologies"


@dataclass(frozen=True, slots=True)
class Published:
    """What a tenant's methodology is now, and whether that is new."""

    slug: str
    methodology: Methodology
    is_new: bool


def publish_methodologies(
    warehouse: Warehouse,
    scope: Scope,
    rules: Rules,
    ranges: AddressRanges,
    keyring: Keyring,
    failures: FailureLog | None = None,
    log: Callable[[str], object] | None = None,
) -> Iterator[Published]:
    """Each tenant's methodology as it is now, added to its history if it is another one than before.

    A tenant that it fails for goes to failures, and the others go on; without them it raises. log: called with a
    sentence about each methodology that is new.
    """
    record_rules(warehouse, rules, ranges)

    def publish(tenant: UUID, slug: str) -> Iterator[Published]:
        page = _publish(warehouse, tenant, slug, rules, ranges, keyring)
        if page.is_new and log is not None:
            log(f"{page.slug} measures by another methodology from now on: {page.methodology.version}")
        yield page

    yield from for_each_tenant(warehouse, scope, failures, SUBJECT, publish)


def _publish(
    warehouse: Warehouse, tenant: UUID, slug: str, rules: Rules, ranges: AddressRanges, keyring: Keyring
) -> Published:
    page = write_methodology(read_configuration(warehouse.read, tenant, rules, ranges, keyring))
    values = {"tenant": tenant, "version": page.version, "markdown": page.markdown, "html": page.html}
    with warehouse.transaction() as connection:
        # Two runs that find the same change wait for each other and add it once.
        take_locks(connection, [f"methodology {slug}"])
        added = connection.execute(statement("add_methodology").text, values).rowcount
    return Published(slug, page, added > 0)


def record_rules(warehouse: Warehouse, rules: Rules, ranges: AddressRanges) -> bool:
    """Record in the trail of changes which rules are measured by from now on; False: the same as before."""
    values = {"rules": rules.version, "addresses": ranges.version}
    with warehouse.transaction() as connection:
        # Two runs that find the same change wait for each other and record it once.
        take_locks(connection, ["rules"])
        return connection.execute(statement("add_rule_change").text, values).rowcount > 0
