"""The earshot command: how a person starts things.

Here: the commands by name, each loaded only when it is called, so that help and small commands start at once.
Not here: what they do (commands/), settings (settings.py).
"""

from __future__ import annotations

import logging
from importlib import import_module

import click

from pipelines.console import FriendlyGroup
from pipelines.settings import event_log_setting
from sql.events import collect_events

# name: module, attribute, summary in the list of commands; in the order in which a newcomer needs them.
COMMANDS = {
    "demo": ("demo", "demo", "Invent a network, measure it, and send its sponsor reports into a folder."),
    "init": ("starting", "init", "From a feed and a log of yours to a first sponsor report."),
    "ui": ("ui", "ui", "Open the Dagster UI with its daemon."),
    "status": ("watching.status", "status", "How each tenant stands, in one table."),
    "doctor": (
        "watching.doctor",
        "doctor",
        "Whether this installation can do its work, and what to do where it cannot.",
    ),
    "archive": ("archive", "archive", "Raw rows in the archive: what is due, archiving it, and bringing days back."),
    "privacy": ("privacy", "privacy", "Erase a listener or a household from every table and from the archive."),
    "keys": ("keys", "keys", "The keys that addresses are hashed with: their versions, and rotating them."),
    "metrics": ("watching.metrics", "metrics", "Serve metrics for Prometheus."),
    "traces": ("watching.traces", "traces", "Hand runs that ended to an OpenTelemetry collector."),
    "db": ("db", "db", "The database: start, stop, migrate, look at it."),
    "catalogue": ("catalogue", "catalogue", "Shows, campaigns, ads, codes: from files and RSS feeds."),
    "import": ("importing.logs", "import_command", "Load a server log into the raw events."),
    "import-orders": ("importing.orders", "orders", "Load orders of a shop as conversion signals."),
    "imports": ("importing.imports", "imports", "What was imported, and taking an import back."),
    "sources": ("importing.sources", "sources", "Where logs lie, so that they come in by themselves."),
    "backfill": ("backfill", "backfill", "Compute a range of days again."),
    "serve": ("serve", "serve", "One process of the UI alone, for containers: code server, daemon or webserver."),
    "worker": ("worker", "worker", "Compute steps of runs that are divided over machines."),
    "heal": ("heal", "heal", "Compute what is older than the rows that it was made of."),
    "show": (
        "numbers.show",
        "show",
        "The rows of any table, of one tenant: on the screen, or as CSV, JSON or Parquet.",
    ),
    "reach": ("numbers.reach", "reach", "Whom a campaign reached on any range of days."),
    "methodology": (
        "numbers.methodology",
        "methodology",
        "How a tenant's numbers are made, from the configuration in force.",
    ),
    "rules": ("rules", "rules", "The rules on agents and addresses: which are in force, and a fuller set."),
    "audit": ("watching.audit", "audit", "Who changed which setting when."),
    "reports": ("reports", "reports", "Sponsor reports: list them, see why one is held, look at them."),
    "explain": ("numbers.explain", "explain_command", "From a number of a report to its SQL and its raw rows."),
    "deliver": ("deliver", "deliver", "Send the mails that are due, each at most once."),
    "deliveries": ("deliver", "deliveries", "What became of each mail."),
    "reconcile": ("deliver", "reconcile", "Read a file of the provider's events."),
    "alerts": ("watching.alerts", "alerts", "What owners are told when a person is needed, and who they are."),
    "fonts": ("fonts", "fonts", "Fetch fonts for more scripts in the PDFs and charts of reports."),
    "send-test": ("deliver", "send_test", "Send one mail to yourself."),
}


class LazyGroup(FriendlyGroup):
    """Commands whose modules are imported when they are called: Dagster and Polars take seconds to load."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _summary = COMMANDS[cmd_name]
        command = getattr(import_module(f"pipelines.commands.{module}"), attribute)
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_module, _attribute, summary) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="earshot")
def main() -> None:
    """Earshot: from raw podcast listens to sponsor reports that can be checked.

    Start with `earshot demo`, or with data of your own: `earshot init`. With a database of your own: set DATABASE_URL,
    then `earshot db migrate`.
    """
    # Commands print what a person needs themselves; log records are for the orchestrator. Without a handler here, what
    # a library logs of a lost connection would reach a person as a traceback.
    logging.getLogger().addHandler(logging.NullHandler())
    collect_events(event_log_setting())


if __name__ == "__main__":
    main()
