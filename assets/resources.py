"""Resources: what a run is handed: the warehouse, its scope, the rules and keys in force, the way mail leaves.

Here: thin holders that assets ask for by name. What they hold is made in pipelines/, from the settings.
Not here: the environment, computing, SQL.
"""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from dagster import ConfigurableResource
from pydantic import Field

from assets.listening.addresses import AddressRanges
from assets.listening.keys import Keyring
from assets.listening.rules import Rules
from reports.delivery import TransportSettings
from sql.values import Scope
from sql.warehouse import Warehouse


class ScopeResource(ConfigurableResource["ScopeResource"]):
    """Which tenants a run is about. Leave both lists empty for all of them."""

    tenants: list[str] = Field(default_factory=list, description="Slugs or ids of tenants; empty means every tenant.")
    campaigns: list[str] = Field(default_factory=list, description="Ids of campaigns; empty means every campaign.")
    stale_only: bool = Field(
        default=False, description="Only tables of days that are older than what they are made of."
    )

    def resolve(self, warehouse: Warehouse) -> Scope:
        """The scope with its tenants looked up. Raises PermanentError for a tenant that does not exist."""
        tenants = tuple(warehouse.tenant_id(name) for name in self.tenants)
        return Scope(tenants, tuple(UUID(campaign) for campaign in self.campaigns), self.stale_only)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What listening is measured with: agent rules, address ranges, and the keys that make people anonymous."""

    rules: Rules
    ranges: AddressRanges
    keyring: Keyring


@dataclass(frozen=True, slots=True)
class Mailing:
    """How reports leave: the transport's settings, the version of this code, where a platform shows reports, fonts."""

    transport: TransportSettings
    code_version: str
    view_base_url: str | None = None
    fonts_path: Path | None = None
