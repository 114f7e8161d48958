"""earshot reports recipients, resend: whom a report goes to, one more or one less, and once more.

Here: the commands. Not here: the rules (reports/recipients.py, reports/subscribing.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pipelines import console, runtime
from pipelines.commands.reports.common import by_option, dry_run_option
from pipelines.settings import load_settings
from sql.values import PermanentError
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from reports.recipients import Mailed
    from reports.steering import ReportId


@click.group("recipients")
def recipients() -> None:
    """Whom reports go to. ID is a report's, for that report alone, or a subscription's, for all that come."""


@recipients.command("list")
@click.argument("name", metavar="ID")
def list_command(name: str) -> None:
    """The recipients of a report with the state of their mails, or those of a subscription."""
    from reports.recipients import list_recipients

    with runtime.open_warehouse(load_settings()) as warehouse:
        report, subscription = _target(warehouse, name)
        if report is None:
            for address in subscription["recipients"] if subscription else ():
                console.out.print(address)
            return
        table = console.text_table("recipient", "state", "changed (UTC)", "added by", "detail")
        for row in list_recipients(warehouse, report):
            changed = f"{row['updated_at']:%Y-%m-%d %H:%M}"
            table.add_row(row["recipient"], row["state"], changed, row["added_by"] or "", row["detail"] or "")
    console.out.print(table)


@recipients.command("add")
@click.argument("name", metavar="ID")
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.option("--locale", metavar="CODE", help="Their own language and country, such as de_DE; ID is a subscription's.")
@by_option
@dry_run_option
def add_command(name: str, addresses: tuple[str, ...], locale: str | None, person: str, dry_run: bool) -> None:
    """Send a report to more addresses as well, or every next one of a subscription. Nobody else gets a second mail.

    With --locale they get the next reports in their own language, whatever language they had before.
    """
    from reports.recipients import add_recipients
    from reports.subscribing import add_in_language, change_subscription, changed_recipients

    with runtime.open_warehouse(load_settings()) as warehouse:
        report, subscription = _target(warehouse, name)
        if report is not None:
            if locale:
                raise PermanentError("A report has its language already: give the id of its subscription for --locale")
            _print(add_recipients(warehouse, report, addresses, person, dry_run))
        elif subscription is not None:
            wanted = changed_recipients(subscription, addresses, ())
            if locale and not dry_run:
                moved = add_in_language(warehouse, subscription, addresses, locale, person)
                console.out.print(f"The next reports go to them in {locale}, by the subscription {moved.hex[:8]}.")
                return
            if not dry_run:
                change_subscription(warehouse, subscription, {"recipients": wanted}, person)
            console.out.print(f"The next reports go to {len(wanted)} address(es).")


@recipients.command("remove")
@click.argument("name", metavar="ID")
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@by_option
def remove_command(name: str, addresses: tuple[str, ...], person: str) -> None:
    """Take back a report's mails that have not left, or take addresses off a subscription."""
    from reports.recipients import remove_recipients
    from reports.subscribing import change_subscription, changed_recipients

    with runtime.open_warehouse(load_settings()) as warehouse:
        report, subscription = _target(warehouse, name)
        if report is not None:
            _print(remove_recipients(warehouse, report, addresses, person, warehouse.clock()))
        elif subscription is not None:
            left = changed_recipients(subscription, (), addresses)
            change_subscription(warehouse, subscription, {"recipients": left}, person)
            console.out.print(f"The next reports go to {len(left)} address(es).")


@click.command("resend")
@click.argument("name", metavar="REPORT")
@click.option("--to", "addresses", multiple=True, metavar="ADDRESS", help="To this recipient, even if it has arrived.")
@click.option("--reason", metavar="TEXT", help="Why; it stands in the trail of changes.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@by_option
@dry_run_option
def resend(
    name: str, addresses: tuple[str, ...], reason: str | None, is_sure: bool, person: str, dry_run: bool
) -> None:
    """Send a report once more where it did not arrive (failed, or in doubt), or to the recipients named by --to."""
    from assets.reporting.tracing.finding import find_row
    from reports.recipients import resend_report
    from reports.steering import ReportId

    with runtime.open_warehouse(load_settings()) as warehouse:
        report, now = ReportId.of(find_row(warehouse, name)), warehouse.clock()
        planned = resend_report(warehouse, report, addresses, person, reason, now, True)
        if not planned:
            console.out.print("Every mail of it has left or waits. --to ADDRESS sends it to somebody once more.")
            return
        _print(planned)
        if dry_run:
            return
        if not is_sure:
            click.confirm("They may get it a second time. Send again", abort=True)
        _print(resend_report(warehouse, report, addresses, person, reason, now))


def _target(warehouse: Warehouse, name: str) -> tuple[ReportId | None, dict[str, Any] | None]:
    """The report or the subscription whose id begins so. Raises PermanentError where there is neither."""
    from assets.reporting.tracing.finding import find_row
    from reports.steering import ReportId
    from reports.subscribing import find_subscription

    try:
        return ReportId.of(find_row(warehouse, name)), None
    except PermanentError as error:
        if not str(error).startswith("There is no report"):
            raise
    try:
        return None, find_subscription(warehouse, name)
    except PermanentError as error:
        if not str(error).startswith("There is no subscription"):
            raise
    raise PermanentError(
        f"There is no report and no subscription {name!r}; `earshot reports list` and `earshot reports subscriptions "
        "list` show those that there are"
    )


def _print(done: Sequence[Mailed]) -> None:
    for each in done:
        console.out.print(f"{each.recipient} {each.result}.")
