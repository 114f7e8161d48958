"""earshot alerts: alerts to owners when a person is needed, who they are, and whether alerts reach them.

Here: the commands, their messages and tables.
Not here: what alerts say and how they are sent (reports/delivery/alerts).
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import click
from psycopg.rows import dict_row

from pipelines import console, runtime
from pipelines.settings import load_settings
from reports.delivery.addresses import clean_address
from reports.delivery.alerts import Alert, channels_of, send_once
from sql.statements import statement
from sql.values import EarshotError, PermanentError


@click.group()
def alerts() -> None:
    """What owners are told when a person is needed: by mail, and by a webhook where one is set."""


@alerts.command("list")
@click.option("--tenant", default="", metavar="SLUG", help="Only this tenant.")
@click.option("--limit", "most", type=click.IntRange(min=1), default=50, show_default=True)
def list_command(tenant: str, most: int) -> None:
    """Alerts, the latest change first."""
    with (
        runtime.open_warehouse(load_settings()) as warehouse,
        warehouse.transaction() as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        rows = cursor.execute(statement("list_alerts").text, {"tenant": tenant, "most": most}).fetchall()
    table = console.text_table("state", "changed", "tenant", "by", "to", "about", "tries", "detail")
    for row in rows:
        table.add_row(
            row["state"],
            f"{row['updated_at']:%Y-%m-%d %H:%M}",
            row["tenant"],
            row["channel"],
            row["recipient"] or ("nobody: set an owner" if row["channel"] == "mail" else ""),
            row["subject"],
            str(row["attempts"]),
            row["detail"] or "",
        )
    console.out.print(table if rows else "There is no alert.")


@alerts.command("look")
def look_command() -> None:
    """Look for problems now, tell what is new or solved, and list what is open. A sensor does it every five minutes."""
    from pipelines.problems.watching import watch

    settings = load_settings()
    with runtime.open_warehouse(settings) as warehouse:
        watched = watch(settings, warehouse, datetime.now(UTC))
        rows = warehouse.rows("read_open_problems")
    for alert in watched.alerts:
        console.out.print(f"New: {alert.subject}")
    if watched.alerts:
        console.out.print(f"Alerts: {watched.sent}.")
    for note in watched.notes:
        console.out.print(f"Note: {note}.")
    table = console.text_table("since", "kind", "tenant", "problem")
    for row in rows:
        table.add_row(f"{row['began_at']:%Y-%m-%d %H:%M}", row["kind"], row["tenant"] or "–", row["headline"])
    console.out.print(table if rows else "Nothing is wrong.")


@alerts.command("owner")
@click.argument("tenant", metavar="TENANT_SLUG")
@click.argument("address", required=False)
@click.option("--subscription", type=click.UUID, help="Only for the alerts of this subscription.")
@click.option(
    "--nobody", is_flag=True, help="Take the address out; alerts then go to the tenant's, else to its reply_to."
)
def owner_command(tenant: str, address: str | None, subscription: UUID | None, nobody: bool) -> None:
    """Set ADDRESS as the one that alerts go to."""
    if (address is None) is not nobody:
        raise PermanentError("give either an address or --nobody")
    values = {"subscription": subscription, "address": clean_address(address) if address else None}
    with runtime.open_warehouse(load_settings()) as warehouse:
        values["tenant"] = warehouse.tenant_id(tenant)
        with warehouse.transaction() as connection:
            changed = connection.execute(statement("set_owner").text, values).fetchone()
    if not changed or not changed[0]:
        raise PermanentError(f"{tenant} has no subscription {subscription}; nothing was changed")
    whose = f"subscription {subscription} of {tenant}" if subscription else tenant
    console.out.print(f"Alerts of {whose} go to {values['address'] or 'no address of its own any more'}.")


@alerts.command("test")
@click.argument("tenant", metavar="TENANT_SLUG")
def test_command(tenant: str) -> None:
    """Tell the tenant's owner that alerts arrive, by every way that is set."""
    settings = load_settings()
    channels = channels_of(settings.mail)
    with runtime.open_warehouse(settings) as warehouse:
        text = (
            f"This is a trial of the alerts of {tenant}. Nothing is wrong.\nThey arrive here when a person is needed."
        )
        alert = Alert(warehouse.tenant_id(tenant), f"trial/{uuid4()}", f"Trial: alerts of {tenant} arrive", text)
        alerts = send_once(warehouse, channels, alert, datetime.now(UTC))
    for note in alerts.notes:
        console.out.print(f"Note: {note}.")
    if not alerts.results["sent"]:
        raise EarshotError(
            "The trial alert reached nobody. Set an owner (`earshot alerts owner`) or EARSHOT_ALERT_WEBHOOK, and look "
            "at `earshot alerts list`."
        )
    console.out.print(f"Alerts: {alerts}.")
