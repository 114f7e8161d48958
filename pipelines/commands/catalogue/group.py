"""The group of the commands on the catalogue."""

from __future__ import annotations

import click

from pipelines.commands.catalogue import feeds
from pipelines.commands.catalogue.exporting import export
from pipelines.commands.catalogue.planning import apply, plan, schema


@click.group()
def catalogue() -> None:
    """Shows, files, campaigns, ads, codes and recipients: from files of yours, and kept in step with RSS feeds."""


for command in (*feeds.COMMANDS, plan, apply, export, schema):
    catalogue.add_command(command)
