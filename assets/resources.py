"""Resources: what a run is handed: the warehouse, its scope, the rules and keys in force, the way mail leaves.

Here: thin holders that assets take by name. What they hold is made in pipelines/, from the settings.
Not here: the environment, computing, SQL.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from dagster import Field, InitResourceContext, resource

from assets.web.public_addresses import Network
from reports.mail_settings import EventSettings
from sql.values import PermanentError, Scope
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from assets.listening.identity.addresses import AddressRanges
    from assets.listening.identity.agent_rules import Rules
    from assets.listening.identity.keys import Keyring
    from assets.runs import Committed
    from reports.delivery.view_links import ViewLinks
    from reports.mail_settings import TransportSettings


@resource(
    config_schema={
        "tenants": Field([str], default_value=[], description="Slugs or ids of tenants; empty means every tenant."),
        "campaigns": Field(
            [str], default_value=[], description="Ids of campaigns, for reports alone; empty means every campaign."
        ),
        "stale_only": Field(
            bool, default_value=False, description="Only tables of days that are older than what they are made of."
        ),
        "skip_computed_since": Field(
            str,
            default_value="",
            description="A moment (ISO 8601, with time zone): without tables of days that a run has made since then.",
        ),
    },
    required_resource_keys={"warehouse"},
    description="Which tenants, campaigns and days a run is about.",
)
def scope(context: InitResourceContext) -> Scope:
    """The scope of a run, looked up before anything runs; the run's tags state it. Raises PermanentError, naming near
    ones, for a tenant or campaign that does not exist."""
    config = context.resource_config
    chosen = replace(
        find_scope(context.resources.warehouse, config["tenants"], config["campaigns"], config["stale_only"]),
        skip_computed_since=_moment(config["skip_computed_since"]),
    )
    if context.run is not None and context.instance is not None:
        tags = scope_tags(config["tenants"] and _slugs(context.resources.warehouse, chosen), config["campaigns"])
        context.instance.add_run_tags(context.run.run_id, {**day_tags(context.run.tags), **tags})
    return chosen


def _moment(text: str) -> datetime | None:
    """The moment of scope.skip_computed_since; None where it is empty. Raises PermanentError for what is no moment."""
    if not text:
        return None
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    raise PermanentError(
        f"scope.skip_computed_since is {text!r}. Write a moment with its time zone, such as 2026-03-01T08:00:00+00:00, "
        "or leave it empty."
    )


def find_scope(
    warehouse: Warehouse, tenants: Sequence[str] = (), campaigns: Sequence[str] = (), stale_only: bool = False
) -> Scope:
    """These tenants, by slug or id, and campaigns, by id. Raises PermanentError, naming near ones, for others."""
    chosen = tuple(warehouse.tenant_id(name) for name in tenants)
    return Scope(chosen, _find_campaigns(warehouse, chosen, campaigns), stale_only)


def scope_tags(tenants: Sequence[str], campaigns: Sequence[str] = ()) -> dict[str, str]:
    """Tags by which a run is found in the UI: earshot/tenant and earshot/campaign; none where it is about all."""
    return {
        name: ", ".join(values)
        for name, values in (("earshot/tenant", tenants), ("earshot/campaign", campaigns))
        if values
    }


def day_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """earshot/day: the partition or the range of partitions that the orchestrator's own tags name, if any."""
    first = tags.get("dagster/asset_partition_range_start") or tags.get("dagster/partition")
    last = tags.get("dagster/asset_partition_range_end") or first
    return {"earshot/day": first if first == last else f"{first} to {last}"} if first else {}


def _slugs(warehouse: Warehouse, chosen: Scope) -> list[str]:
    return warehouse.tenants(chosen)["slug"].to_list()


def _find_campaigns(warehouse: Warehouse, tenants: Sequence[UUID], names: Sequence[str]) -> tuple[UUID, ...]:
    if not names:
        return ()
    owners = list(tenants) or [UUID(bytes=each) for each in warehouse.tenants()["tenant_id"]]
    found = warehouse.read("read_campaign_names", tenants=owners)
    there = {
        str(UUID(bytes=row["campaign_id"])): f"{row['name']} of {row['slug']}" for row in found.iter_rows(named=True)
    }
    for name in names:
        if name.strip().lower() not in there:
            by_name = {words: each for each, words in there.items()}
            near = difflib.get_close_matches(name, [*there, *by_name], n=3) or list(there)[:5]
            ids = [by_name.get(each, each) for each in near]
            advice = ", ".join(f"{each} ({there[each]})" for each in ids) or "no campaign yet"
            raise PermanentError(f"There is no campaign {name!r} in this scope; campaigns are named by id: {advice}")
    return tuple(UUID(name.strip()) for name in names)


@dataclass(frozen=True, slots=True)
class Progress:
    """Who watches a run: called with the assets, the day and the tenants after each commit."""

    committed: Committed = lambda _assets, _day, _tenants: None


@dataclass(frozen=True, slots=True)
class Web:
    """What may be reached of the web: all of it that is public, and networks of one's own."""

    private_networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Archive:
    """Where raw rows go that are older than a tenant keeps them: a folder or address; None: nowhere, so none goes."""

    location: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """How the orchestrator's history is pruned: called with the clock, it returns how many runs and events went.

    days: for how long a run is kept after its end; 0: for ever.
    """

    days: int
    prune: Callable[[datetime], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What listening is measured with: agent rules, address ranges, and the keys that make people anonymous."""

    rules: Rules
    ranges: AddressRanges
    keyring: Keyring


@dataclass(frozen=True, slots=True)
class Mailing:
    """How reports leave: the transport's settings, the version of this code, where a platform shows reports, fonts, and
    where what the provider reports of mails is kept."""

    transport: TransportSettings
    code_version: str
    view_links: ViewLinks | None = None
    fonts_path: Path | None = None
    events: EventSettings = field(default_factory=EventSettings)
