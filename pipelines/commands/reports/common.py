"""What the commands on reports share: who gives them, and the builder under the settings in force.

Here: options and helpers. Not here: any command.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import click

from pipelines import runtime
from pipelines.settings import Settings
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from assets.reporting.building import ReportBuilder

Command = Callable[..., Any]


def _account(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    if value and value.strip():
        return " ".join(value.split())
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


by_option = click.option(
    "--by",
    "person",
    metavar="NAME",
    callback=_account,
    help="Who decides this, for `earshot audit`; by default the account that runs the command.",
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
tenant_option = click.option("--tenant", "tenants", multiple=True, metavar="SLUG", help="Only this tenant.")


def tenant_ids(warehouse: Warehouse, names: Sequence[str]) -> list[UUID]:
    """The tenants of these slugs or ids; all of them without any."""
    if names:
        return [warehouse.tenant_id(name) for name in names]
    return [UUID(bytes=tenant) for tenant in warehouse.tenants()["tenant_id"]]


def make_builder(settings: Settings, warehouse: Warehouse, person: str = "", dry_run: bool = False) -> ReportBuilder:
    """A builder that makes reports in the person's name, by a run of its own."""
    from dataclasses import replace

    from assets.reporting.making import report_builder
    from reports.archive import Provenance

    mailing = runtime.mailing(settings)
    provenance = Provenance(uuid4(), mailing.code_version, warehouse.clock(), person)
    return replace(report_builder(warehouse, mailing, provenance), dry_run=dry_run)
