"""The group of the commands on the catalogue."""

from __future__ import annotations

import click

from pipelines.commands.catalogue import feeds


@click.group()
def catalogue() -> None:
    """Shows, episodes and files: kept in step with RSS feeds."""


for command in feeds.COMMANDS:
    catalogue.add_command(command)
