"""earshot reports subscriptions, brand, target: who gets which report, how a network appears on it, what was agreed.

Here: the commands and their tables. Not here: what may be entered (reports/subscribing.py, and the database's bounds).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines import console, runtime
from pipelines.commands.reports.common import by_option, tenant_ids, tenant_option
from pipelines.settings import load_settings
from reports.drawing.colours import visible_on_white
from reports.subscribing import (
    CADENCES,
    EMPTY_POLICIES,
    add_subscription,
    brand_of,
    change_brand,
    change_logo,
    change_subscription,
    find_subscription,
    list_subscriptions,
)
from reports.targets import change_target
from reports.wording.catalogues import languages
from sql.values import PermanentError

_APPROVAL = click.option(
    "--approval/--no-approval",
    "needs_approval",
    default=None,
    help="Each report waits for approval, or not.",
)
_WORDED = f"Reports are worded in {', '.join(languages())}; in English where a language is none of these."
_LOCALE = click.option(
    "--locale", metavar="CODE", help=f"Language and country, such as de_DE; '' for the tenant's. {_WORDED}"
)
_OWNER = click.option("--owner", "owner_address", metavar="ADDRESS", help="Who is reminded; '' for the tenant's.")
_EMPTY = click.option(
    "--empty",
    "empty_policy",
    type=click.Choice(EMPTY_POLICIES),
    help="Where nothing happened: send it, skip it, or hold it and notify the owner.",
)


@click.group("subscriptions")
def subscriptions() -> None:
    """Who gets which report how often: list, add, change, stop."""


@subscriptions.command("list")
@tenant_option
def list_command(tenants: tuple[str, ...]) -> None:
    """Every subscription, with the id that the other commands take."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        rows = list_subscriptions(warehouse, tenant_ids(warehouse, tenants))
    table = console.text_table(
        "subscription",
        "tenant",
        "sponsor",
        "campaign",
        "cadence",
        "leaves",
        "if empty",
        "locale",
        "owner",
        "recipients",
    )
    for row in rows:
        leaves = "not any more" if not row["active"] else "once approved" if row["needs_approval"] else "by itself"
        table.add_row(
            row["subscription_id"].hex[:8],
            row["tenant"],
            row["sponsor"],
            row["campaign"],
            row["cadence"],
            leaves,
            row["empty_policy"],
            row["locale"] or "",
            row["owner_address"] or "",
            ", ".join(row["recipients"]) or "nobody",
        )
    console.out.print(table if rows else "There is no subscription yet; `earshot reports subscriptions add` makes one.")


@subscriptions.command("add")
@click.argument("tenant", metavar="TENANT_SLUG")
@click.argument("sponsor")
@click.argument("recipients", metavar="[ADDRESS]...", nargs=-1)
@click.option("--campaign", metavar="NAME", help="One campaign; without it all of the sponsor's, as a portfolio.")
@click.option("--cadence", type=click.Choice(CADENCES), default="weekly", show_default=True)
@_APPROVAL
@_EMPTY
@_LOCALE
@_OWNER
@by_option
def add_command(
    tenant: str,
    sponsor: str,
    recipients: tuple[str, ...],
    campaign: str | None,
    cadence: str,
    person: str,
    **values: Any,
) -> None:
    """Subscribe SPONSOR to reports, sent to each ADDRESS."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        chosen = {**_given(values), "recipients": recipients}
        added = add_subscription(warehouse, warehouse.tenant_id(tenant), sponsor, campaign, cadence, chosen, person)
    console.out.print(
        f"Subscription {added.hex[:8]}: {cadence} reports for {sponsor} to {len(recipients)} address(es)."
    )


@subscriptions.command("change")
@click.argument("name", metavar="SUBSCRIPTION")
@_APPROVAL
@_EMPTY
@_LOCALE
@_OWNER
@by_option
def change_command(name: str, person: str, **values: Any) -> None:
    """Change how a subscription's reports are made and leave, from the next one on."""
    chosen = _given(values)
    if not chosen:
        raise PermanentError("Nothing to change: give an option. Recipients: `earshot reports recipients add`")
    with runtime.open_warehouse(load_settings()) as warehouse:
        change_subscription(warehouse, find_subscription(warehouse, name), chosen, person)
    console.out.print(f"Changed: {', '.join(chosen)}.")


@subscriptions.command("remove")
@click.argument("name", metavar="SUBSCRIPTION")
@by_option
def remove_command(name: str, person: str) -> None:
    """Make no more reports for a subscription. Those that there are stay."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        change_subscription(warehouse, find_subscription(warehouse, name), {"active": False}, person)
    console.out.print("No more reports are made for it.")


@subscriptions.command("resume")
@click.argument("name", metavar="SUBSCRIPTION")
@by_option
def resume_command(name: str, person: str) -> None:
    """Make reports again for a subscription that was removed."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        change_subscription(warehouse, find_subscription(warehouse, name), {"active": True}, person)
    console.out.print("Reports are made for it again.")


@click.command("brand")
@click.argument("tenant", metavar="TENANT_SLUG")
@click.option("--name", "brand_name", metavar="TEXT", help="The name that stands on reports and mails.")
@click.option("--color", "brand_color", metavar="#RRGGBB", help="The colour of its reports.")
@click.option("--sender-name", metavar="TEXT", help="The name that mails are sent under; '' for that of the brand.")
@click.option(
    "--subject",
    "subject_template",
    metavar="TEXT",
    help="The mails' subject with the fields {title}, {period}, {brand}, {sponsor}, {kind}; '' for the standard one.",
)
@click.option("--reply-to", metavar="ADDRESS", help="Where answers go.")
@click.option("--owner", "owner_address", metavar="ADDRESS", help="Who is told when a person is needed.")
@click.option(
    "--locale", metavar="CODE", help=f"Language and country where a subscription has none, such as de_DE. {_WORDED}"
)
@click.option("--domain", "domains", multiple=True, metavar="DOMAIN", help="Reports may go to these domains alone.")
@click.option("--any-domain", is_flag=True, help="Reports may go to any domain.")
@by_option
def brand(tenant: str, domains: tuple[str, ...], any_domain: bool, person: str, **values: Any) -> None:
    """How a network appears on its reports and mails. Without options it is shown, with them it is changed.

    What has been made stays as it is.
    """
    chosen = _given(values)
    if domains or any_domain:
        chosen["recipient_domains"] = [each.lower().removeprefix("@") for each in domains]
    if "brand_color" in chosen:
        chosen["brand_color"] = str(chosen["brand_color"]).lower()
    with runtime.open_warehouse(load_settings()) as warehouse:
        tenant_id = warehouse.tenant_id(tenant)
        if chosen:
            change_brand(warehouse, tenant_id, chosen, person)
        row = brand_of(warehouse, tenant_id)
    for name, value in row.items():
        shown = ", ".join(value) or "any" if isinstance(value, list) else value or "-"
        console.out.print(f"{name.replace('_', ' ')}: {shown}")
    printed = visible_on_white(row["brand_color"])
    if printed != row["brand_color"]:
        console.out.print(f"{row['brand_color']} is too light to be seen on white: reports print {printed}.")


@click.command("logo")
@click.argument("tenant", metavar="TENANT_SLUG")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--sponsor", metavar="NAME", help="Whose logo it is, where it is not the network's own.")
@click.option("--remove", is_flag=True, help="Take the logo away.")
@by_option
def logo(tenant: str, file: Path | None, sponsor: str | None, remove: bool, person: str) -> None:
    """Put a logo, a PNG or SVG of at most 1 MB, at the head of reports. It is checked and drawn anew, on white."""
    if (file is None) != remove:
        raise click.UsageError("Give a file, or --remove.")
    with runtime.open_warehouse(load_settings()) as warehouse:
        body = None if file is None else file.read_bytes()
        size = change_logo(warehouse, warehouse.tenant_id(tenant), sponsor, body, person)
    console.out.print("The logo is taken away." if remove else f"The logo is kept: {size} bytes.")


@click.command("target")
@click.argument("tenant", metavar="TENANT_SLUG")
@click.argument("campaign", metavar="CAMPAIGN")
@click.option("--cpa", metavar="AMOUNT", help="The agreed cost per conversion in the campaign's currency; '' for none.")
@click.option("--roas", metavar="RATIO", help="The agreed return on ad spend, such as 3.5; '' for none.")
@by_option
def target(tenant: str, campaign: str, cpa: str | None, roas: str | None, person: str) -> None:
    """What was agreed for a campaign: its reports hold cost and return against it. Without options it is shown."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        row = change_target(warehouse, warehouse.tenant_id(tenant), campaign, {"cpa": cpa, "roas": roas}, person)
    console.out.print(f"{row['name']}: cost per conversion {row['cpa']}, return on ad spend {row['roas']}")


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """The options that were given; an empty text stands for nothing."""
    return {
        name: value or None if isinstance(value, str) else value for name, value in values.items() if value is not None
    }
