"""earshot init: the command, the order of its steps, and what it says in the end.

Here: options, steps one after the other, and on a failure which command goes on.
Not here: what it asks (answers.py), each step (steps.py, files.py), what it would do (showing.py).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import psycopg

from assets.importing.sources.places import OPTIONS
from pipelines import console, runtime
from pipelines.commands.importing.stores import place_options, store_options
from pipelines.commands.reports.common import by_option
from pipelines.commands.starting.answers import Answers, complete
from pipelines.processes.stopping import stops_in_seconds
from pipelines.settings import Settings, load_settings
from sql.connections.connecting import first_line
from sql.values import EarshotError

if TYPE_CHECKING:
    from assets.reporting.building import BuiltReport

DAY = click.DateTime(["%Y-%m-%d"])
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--tenant", metavar="SLUG", help="A short name for your network, as commands take it.")
@click.option("--name", metavar="NAME", help="The network's name, as reports have it; else made of SLUG.")
@click.option("--time-zone", "timezone", metavar="ZONE", help="Of its weeks and months.  [default: UTC]")
@click.option("--currency", metavar="CODE", help="Of its prices.  [default: USD]")
@click.option("--feed", metavar="URL", help="The RSS feed of one of its shows.")
@click.option("--show", metavar="SLUG", help="The show that it is a feed of, if that is in the catalogue already.")
@click.option(
    "--log",
    metavar="PLACE",
    help="The log of the server of the show's files: a file, a folder, a pattern, or an address such as "
    "s3://bucket/prefix/.",
)
@click.option("--format", "format_name", metavar="NAME", help="How the log is written; else by its first lines.")
@click.option("--map", "map_file", type=FILE, help="A mapping of yours instead (docs/log-formats.md).")
@click.option("--trusted-proxy", "proxies", multiple=True, metavar="NETWORK", help="A proxy that is believed.")
@click.option("--force", is_flag=True, help="Import what looks wrong, too.")
@click.option(
    "--recipient", "recipients", multiple=True, metavar="ADDRESS", help="Who gets the report; may be several."
)
@click.option("--sponsor", metavar="NAME", help="Whose ads it reports on.  [default: an invented one]")
@click.option("--campaign", metavar="NAME", help="What the sponsor booked.  [default: an invented one]")
@click.option("--starts", type=DAY, metavar="DAY", help="Its first day.  [default: the log's, at most 31 days back]")
@click.option("--ends", type=DAY, metavar="DAY", help="Its last day.  [default: the log's last whole day]")
@click.option("--price", metavar="AMOUNT", help="What all its ads cost, such as 500.00.  [default: not known]")
@click.option("--booked", metavar="NUMBER", help="How many ads were booked.  [default: not known]")
@click.option("--code", metavar="WORD", help="Its promo code.  [default: none]")
@click.option("--ad", metavar="FROM-TO", help="Where the ad lies in each episode.  [default: 0:00-0:30, assumed]")
@click.option("--position", type=click.Choice(["pre", "mid", "post"]), default="pre", show_default=True)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the catalogue's files and the report go.  [default: SLUG]",
)
@click.option("--dry-run", is_flag=True, help="Read feed and log, say what would be done, and change nothing.")
@store_options
@by_option
def init(dry_run: bool, person: str, **options: Any) -> None:
    """From a feed and a log of yours to a first sponsor report in a folder.

    What is missing is asked for at a terminal; only the network, a feed, a log and a recipient are needed. It writes
    two files of a catalogue that you edit and apply again, reads the feed, imports the log, computes its days, and ends
    with a report: mail, PDF and CSV. Nothing is sent: reports wait for your approval.

    Again, it changes nothing that is done; after a failure the same command goes on. Without DATABASE_URL the database
    is a private one, which is made and started if need be.
    """
    store = place_options({name: options.pop(name) for name in OPTIONS})
    answers = complete(options, is_terminal=sys.stdin.isatty(), store=store)
    settings = load_settings()
    if dry_run:
        from pipelines.commands.starting.showing import show

        show(settings, answers)
        return
    with stops_in_seconds():
        _run(settings, answers, person)


@dataclass(slots=True)
class _Steps:
    """The steps as a person sees them: numbered, and on a failure with the command that goes on."""

    answers: Answers
    of: int
    number: int = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self.number += 1
        console.out.print(f"{self.number} of {self.of}  {title}")
        try:
            yield
        except EarshotError as error:
            raise self._explained(title, str(error)) from None
        except psycopg.OperationalError as error:
            raise self._explained(title, f"the database does not answer: {first_line(error)}") from None

    def _explained(self, title: str, cause: str) -> EarshotError:
        done = "; the steps before it are done and stay" if self.number > 1 else ""
        return EarshotError(
            f"{cause.rstrip('.')}. It stopped at step {self.number} of {self.of} ({title.lower()}){done}. Once that is "
            f"mended, this goes on: {self.answers.command()}"
        )


def _run(settings: Settings, answers: Answers, person: str) -> None:
    from pipelines.commands.starting import files
    from pipelines.commands.starting import steps as do
    from sql.schema.migrate import migrate

    steps = _Steps(answers, 6)
    with steps.step("The database"):
        server = runtime.ensure_database(settings, console.out.print)
        runtime.prepare_orchestrator(settings, server)
        migrate(runtime.migrate_url(settings), limits=settings.limits)
        runtime.ensure_fonts(settings, console.out.print)
    with runtime.open_warehouse(settings) as warehouse:
        with steps.step(f"The network {answers.tenant}"):
            network = files.write_network(warehouse, answers)
            do.apply_files(warehouse, answers, [network], person)
        with steps.step("The feed"):
            feed = do.read_feed(warehouse, answers, settings)
        with steps.step("The log"):
            days = do.import_log(warehouse, answers, settings)
        with steps.step("The campaign"):
            campaign = files.write_campaign(warehouse, answers, feed, days)
            do.apply_files(warehouse, answers, [network, campaign], person)
            tenant = warehouse.tenant_id(answers.tenant)
            periods = do.periods_of(warehouse, tenant, days)
        with steps.step("The days and the report"):
            do.compute_days(warehouse, tenant, answers.tenant, periods, days)
            index, built, rows = do.build_reports(settings, warehouse, answers, periods, person)
    for line in ending(answers, index, built, rows):
        console.out.print(line)


def ending(
    answers: Answers, index: Path, built: Sequence[BuiltReport], rows: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Where the report lies, how it stands, and what comes next."""
    yield ""
    for each in sorted(index.parent.glob("*/report.html")):
        yield f"The report   {each}   (the mail, as a page)"
        yield from (f"             {file}" for file in sorted(each.parent.glob("report*.[pz][di][fp]")))
    yield f"All of them  {index}"
    for report in built:
        name = report.report_id.hex[:8] if report.report_id else ""
        state = "as it was before" if report.state == "kept" else report.state.replace("_", " ")
        yield f"             {name}: {state}. {report.reason}"
    yield ""
    yield "What comes next:"
    yield f"  what was assumed or is missing   edit {answers.catalogue / '*.yaml'}, and then this command again:"
    yield f"      {answers.command()}"
    sponsor = f'"{rows[0]["sponsor"]}"' if rows else "NAME"
    slug = answers.tenant
    yield f"  orders of the sponsor's shop     earshot import-orders orders.csv --tenant {slug} --sponsor {sponsor}"
    yield f"  logs that come in by themselves  earshot sources add {slug}/cdn PLACE --format NAME"
    yield "  everything by itself, every day  earshot ui"
