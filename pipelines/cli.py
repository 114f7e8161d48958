"""The earshot command: how a person starts things.

Here: the commands, put together.
Not here: what they do (commands/), settings (settings.py).
"""

from __future__ import annotations

import logging

import click

from pipelines.commands.backfill import backfill
from pipelines.commands.db import db
from pipelines.commands.deliver import deliver, deliveries, reconcile, send_test
from pipelines.commands.demo import demo
from pipelines.commands.importing import import_command
from pipelines.commands.reports import reports
from pipelines.commands.status import status
from pipelines.commands.ui import ui
from pipelines.console import FriendlyGroup


@click.group(cls=FriendlyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="earshot")
def main() -> None:
    """Earshot: from raw podcast listens to sponsor reports that can be checked.

    Start with `earshot demo`. With a database of your own: set DATABASE_URL, then `earshot db migrate`.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)


for command in (demo, ui, status, db, import_command, backfill, reports, deliver, deliveries, reconcile, send_test):
    main.add_command(command)

if __name__ == "__main__":
    main()
