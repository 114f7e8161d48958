"""earshot deliver, deliveries, reconcile, send-test: the mails on their way to sponsors.

Here: the commands, their messages and tables.
Not here: sending and its rules (reports/delivery).
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import click

from pipelines import console, runtime
from pipelines.backfill.progress import progress_bar
from pipelines.settings import Settings, load_settings
from reports.delivery import DeliverySummary, Outbox, Transport, make_transport
from reports.delivery.alerts import alert_owners, channels_of
from reports.delivery.events import EventReader
from reports.delivery.history import STATES, check_resend, list_deliveries, resend, retry_failed, show_delivery
from reports.delivery.outbox import Planned
from reports.delivery.outcomes import Outcome, Verdict
from reports.delivery.reconcile import check_signature, event_text, read_events
from reports.delivery.reconcile import reconcile as reconcile_events
from reports.delivery.suppressions import Reason, suppress
from reports.delivery.trial import send_plain_trial, send_report_trial
from sql.values import EarshotError, PermanentError


@click.command()
@click.option("--dry-run", is_flag=True, help="Put every due mail together and check it; claim and send nothing.")
@click.option("--limit", type=click.IntRange(min=1), help="Send at most this many.")
def deliver(dry_run: bool, limit: int | None) -> None:
    """Send the mails that are due, each at most once. Safe to run at any time and in any number."""
    settings = load_settings()
    transport = _transport(settings)
    with runtime.open_warehouse(settings) as warehouse:
        outbox = Outbox(warehouse, settings.mail.at_once)
        if dry_run:
            _print_plan(outbox.plan(transport.sender, warehouse.clock(), limit or 1000))
            return
        with progress_bar(f"Sending by {transport.name}") as advance:
            summary = outbox.run(transport, warehouse.clock(), limit, advance)
        alerts = alert_owners(warehouse, channels_of(settings.mail), warehouse.clock())
    _print_summary(summary)
    if alerts.results:
        console.out.print(f"Alerts: {alerts}.")
    for note in alerts.notes:
        console.out.print(f"Note: {note}.")
    if summary.paused:
        raise EarshotError("The run stopped early; the mails that are left wait in the queue. Run it again later.")


def _print_plan(planned: Sequence[Planned]) -> None:
    table = console.text_table("would", "recipient", "delivery", "subject or reason")
    for each in planned:
        table.add_row(each.verdict, each.delivery.recipient, str(each.delivery.delivery_id), each.detail)
    console.out.print(table if planned else "Nothing is due.")


def _print_summary(summary: DeliverySummary) -> None:
    console.out.print(f"Mails: {summary}.")
    for note in summary.notes:
        console.out.print(f"Note: {note}.")


@click.group()
def deliveries() -> None:
    """The outbox: what was sent to whom, what waits, and what a person should look at."""


@deliveries.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these; all by default.")
@click.option("--tenant", default="", metavar="SLUG", help="Only this tenant.")
@click.option("--limit", "most", type=click.IntRange(min=1), default=50, show_default=True)
def list_command(states: tuple[str, ...], tenant: str, most: int) -> None:
    """Deliveries, the latest change first."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        rows = list_deliveries(warehouse, states, tenant, most)
    table = console.text_table("state", "changed", "tenant", "recipient", "subject", "tries", "delivery", "detail")
    for row in rows:
        table.add_row(
            row["state"],
            _moment(row["updated_at"]),
            row["tenant"],
            row["recipient"],
            row["subject"] or "",
            str(row["attempts"]),
            str(row["delivery_id"]),
            row["detail"] or "",
        )
    console.out.print(table if rows else "No delivery matches.")


@deliveries.command("show")
@click.argument("delivery", type=click.UUID)
def show_command(delivery: UUID) -> None:
    """One delivery: everything known about it, every attempt, every event of the provider."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        row, history = show_delivery(warehouse, delivery)
    facts = console.text_table("", "")
    facts.show_header = False
    for name, value in row.items():
        if value is not None:
            facts.add_row(name.replace("_", " "), _moment(value) if isinstance(value, datetime) else str(value))
    console.out.print(facts)
    table = console.text_table("when", "what", "result", "code", "detail")
    for line in history:
        code = "" if line["status_code"] is None else str(line["status_code"])
        table.add_row(_moment(line["happened_at"]), line["what"], line["result"], code, line["detail"] or "")
    console.out.print(table if history else "Nothing has been tried yet.")


@deliveries.command("retry")
@click.argument("delivery", type=click.UUID)
def retry_command(delivery: UUID) -> None:
    """Put a failed mail back into the queue, once its cause is removed."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        recipient = retry_failed(warehouse, delivery, warehouse.clock())
    console.out.print(f"The mail to {recipient} is in the queue again; `earshot deliver` sends it.")


@deliveries.command("resend")
@click.argument("delivery_ids", metavar="DELIVERY...", nargs=-1, required=True, type=click.UUID)
@click.option("--by", metavar="NAME", help="Who decides this; by default the account that runs the command.")
@click.option("--reason", metavar="TEXT", help="Why; it stands in the trail of changes (`earshot audit`).")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
def resend_command(delivery_ids: tuple[UUID, ...], by: str | None, reason: str | None, is_sure: bool) -> None:
    """Send mails in doubt (unknown) once more, because a person has found that they never left.

    Look for them at the provider first, and apply its events (`earshot reconcile`): a mail that left reaches its
    reader twice. Each is queued as a delivery of its own. The one in doubt stays for the record; if events prove that
    it has arrived before the new one is sent, the new one is cancelled.
    """
    with runtime.open_warehouse(load_settings()) as warehouse:
        rows = [show_delivery(warehouse, delivery_id)[0] for delivery_id in delivery_ids]
        for row in rows:
            check_resend(row)
            line = f"{row['recipient']}: {row['subject']} ({_moment(row['updated_at'])} UTC: {row['detail'] or '-'})"
            console.out.print(line)
        if not is_sure:
            click.confirm("Have you made sure that none of these has left? Send again", abort=True)
        who = by or pwd.getpwuid(os.getuid()).pw_name
        for row in rows:
            again = resend(warehouse, row["delivery_id"], warehouse.clock(), who, reason)
            line = f"The mail to {row['recipient']} is in the queue again as {again}; `earshot deliver` sends it."
            console.out.print(line)


@deliveries.command("suppress")
@click.argument("tenant", metavar="TENANT_SLUG")
@click.argument("address")
@click.option("--reason", type=click.Choice(get_args(Reason)), default="manual", show_default=True)
def suppress_command(tenant: str, address: str, reason: Reason) -> None:
    """Stop all further mail of a tenant to an address, for one who asked by mail."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        tenant_id = warehouse.tenant_id(tenant)
        with warehouse.transaction() as connection:
            new = suppress(connection, tenant_id, address, reason)
    console.out.print(f"{address} gets no more mail of {tenant}{'' if new else ', as before'}.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--public-key", help="The provider's verification key; with --signature and --timestamp.")
@click.option("--signature", help="X-Twilio-Email-Event-Webhook-Signature of the stored request.")
@click.option("--timestamp", help="X-Twilio-Email-Event-Webhook-Timestamp of the stored request.")
def reconcile(file: Path | None, public_key: str | None, signature: str | None, timestamp: str | None) -> None:
    """Apply the provider's events in FILE: SendGrid's event webhook bodies, as a list or one a line.

    Deliveries in doubt get their true state, bounces and complaints stop further mail. A file can be applied again.
    Without FILE: what EARSHOT_EVENTS has and was not read before, as the schedule does every ten minutes.
    """
    if file is None:
        _read_source(load_settings())
        return
    body = file.read_bytes()
    if public_key and signature and timestamp:
        check_signature(body, public_key, signature, timestamp)
    elif public_key or signature or timestamp:
        raise PermanentError("--public-key, --signature and --timestamp belong together: give all three or none")
    found = read_events(event_text(body))
    with runtime.open_warehouse(load_settings()) as warehouse:
        result = reconcile_events(warehouse, found, warehouse.clock())
    console.out.print(f"Events: {result}.")
    if result.bad:
        raise PermanentError(
            f"{result.bad} event(s) of {file} cannot be read or applied; the others are applied. Export these again: "
            "events that were applied before change nothing"
        )


def _read_source(settings: Settings) -> None:
    with runtime.open_warehouse(settings) as warehouse:
        read = EventReader(warehouse, settings.events).run(warehouse.clock())
    for name, cause in read.refused.items():
        console.out.print(f"Note: {name} was set aside: {cause}")
    console.out.print(f"Events: {read}.")


@click.command("send-test")
@click.argument("address")
@click.option(
    "--tenant", metavar="SLUG", help="Send this tenant's newest frozen report; a mail without data if not given."
)
@click.option("--report", type=click.UUID, help="This report of the tenant instead of the newest.")
def send_test(address: str, tenant: str | None, report: UUID | None) -> None:
    """Send one trial mail to ADDRESS with the configured transport. It is not recorded as a delivery."""
    settings = load_settings()
    transport = _transport(settings)
    now = datetime.now(UTC)
    if tenant is None:
        if report:
            raise PermanentError("--report needs --tenant: a report belongs to a tenant")
        outcome = send_plain_trial(transport, address, now)
    else:
        with runtime.open_warehouse(settings) as warehouse:
            tenant_id = warehouse.tenant_id(tenant)
            outcome = send_report_trial(warehouse, transport, tenant_id, report, address, now)
    _print_outcome(outcome, transport)


def _print_outcome(outcome: Outcome, transport: Transport) -> None:
    if outcome.verdict is Verdict.UNKNOWN:
        raise EarshotError(f"Whether the trial mail left by {transport.name} is not known: {outcome.detail}")
    if outcome.verdict is not Verdict.ACCEPTED:
        raise EarshotError(f"The trial mail did not leave by {transport.name}: {outcome.detail}")
    console.out.print(f"Trial mail by {transport.name}: {outcome.detail}.")


def _transport(settings: Settings) -> Transport:
    return make_transport(settings.mail)


def _moment(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if value else ""
