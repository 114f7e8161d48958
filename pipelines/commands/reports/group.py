"""The group of commands `earshot reports`, in the order in which they are listed.

Here: the names. Not here: what they do (the modules beside this one).
"""

from __future__ import annotations

import click

from pipelines.commands.reports.building import build
from pipelines.commands.reports.deciding import approve, hold, note, release
from pipelines.commands.reports.entering import brand, logo, subscriptions, target
from pipelines.commands.reports.listing import list_reports
from pipelines.commands.reports.mailing import recipients, resend
from pipelines.commands.reports.previewing import preview


class _InOrder(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_InOrder)
def reports() -> None:
    """Sponsor reports: list them, look at them before they leave, and decide what becomes of them.

    REPORT is the beginning of an id, as `earshot reports list` shows it, or the reference at a report's foot.
    """


for each in (
    list_reports,
    build,
    preview,
    approve,
    hold,
    release,
    resend,
    note,
    recipients,
    subscriptions,
    brand,
    target,
    logo,
):
    reports.add_command(each)
