"""earshot demo: an invented network from raw events to mailed reports, with one command.

Here: the steps in order, what each leaves out when it is done already, and the summary at the end.
Not here: the simulator (pipelines/demo), the work of each step.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Self

import click
import polars as pl
from dagster import AssetKey, DagsterInstance
from rich.text import Text

from assets.steps import LOOK_BACK_ASSETS, STEPS
from pipelines import console, runtime
from pipelines.backfill.computing import run_job
from pipelines.backfill.in_stages import compute_in_stages, count_tables, open_ranges
from pipelines.backfill.progress import progress_bar
from pipelines.demo import (
    DEFAULT_EVENTS,
    DEFAULT_SEED,
    LoadProgress,
    Span,
    load,
    refuse_other_databases,
    simulate,
    write_cdn_log,
    write_truth,
)
from pipelines.first_day import save_first_day
from pipelines.settings import Settings, load_settings
from sql.safety.private import private_folder, write_private
from sql.schema.migrate import migrate
from sql.values import DAY, PermanentError
from sql.warehouse import Warehouse

# Reports are made of so many whole weeks; the days before them are computed as far as attribution looks back.
WEEKS = 3
REPORTS_OF = {"weekly_reports": "weekly_sponsor_reports", "monthly_reports": "monthly_sponsor_reports"}
LOG_TENANT = "harbor-lane"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which simulation this home shows: a second call shows the same one."""

    seed: int
    events: int
    until: str

    @classmethod
    def of_home(cls, home: Path) -> Self | None:
        path = home / "demo" / "choice.json"
        return cls(**json.loads(path.read_text())) if path.exists() else None

    def save(self, home: Path) -> None:
        """Before the first row is loaded, so that a call after a kill goes on with the same network."""
        write_private(private_folder(home / "demo", within=home) / "choice.json", json.dumps(asdict(self)) + "\n")


@click.command()
@click.option("--events", type=int, help="About how many listener events to invent.  [default: 400000]")
@click.option("--seed", type=int, help="Another seed gives another network history.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day with events.  [default: yesterday]")
@click.option(
    "--month", "whole_month", is_flag=True, help="Compute all of the last full month too, for monthly reports."
)
@click.option(
    "--into-database", is_flag=True, help="Use the empty database that DATABASE_URL names, instead of a private one."
)
def demo(events: int | None, seed: int | None, until: datetime | None, whole_month: bool, into_database: bool) -> None:
    """Invent a podcast network, measure it, attribute it, and "send" its sponsor reports into a folder.

    A second call goes on where the first one stopped, changes nothing that is done, and sends nothing again.
    """
    began = time.monotonic()
    settings = load_settings()
    server = runtime.ensure_database(settings, console.out.print)
    refuse_other_databases(settings, is_meant_for_it=into_database)
    migrate(runtime.migrate_url(settings), limits=settings.limits)
    choice = _choose(_shown(settings), events, seed, until.date() if until else None)
    runtime.prepare_orchestrator(settings, server)
    # Fetched meanwhile: only the reports, which come last, are printed with them.
    with ThreadPoolExecutor(1) as beside:
        fonts = beside.submit(runtime.ensure_fonts, settings, console.out.print)
        log = _load(settings, choice)
        with runtime.open_warehouse(settings) as warehouse:
            _import(warehouse, settings, log)
            save_first_day(settings, warehouse)
        _compute_and_report(settings, choice, whole_month, fonts)
    with runtime.open_warehouse(settings) as warehouse:
        _print_results(warehouse, settings, time.monotonic() - began)


def _shown(settings: Settings) -> Choice | None:
    """The simulation that the database holds, wholly or in part; None for an empty one.

    Raises PermanentError for one that another home has made: its options are saved there.
    """
    with runtime.open_warehouse(settings) as warehouse:
        slugs = set(warehouse.tenants()["slug"])
    saved = Choice.of_home(settings.home)
    if slugs and saved is None:
        raise PermanentError(
            f"The database holds a demo that another home has made ({', '.join(sorted(slugs))}): set EARSHOT_HOME to "
            "that folder, and it goes on there."
        )
    return saved if slugs else None


def _choose(saved: Choice | None, events: int | None, seed: int | None, until: date | None) -> Choice:
    """The simulation that is shown, or a new one. Raises PermanentError if the options name another one."""
    yesterday = datetime.now(UTC).date() - DAY
    if saved is None:
        if until is not None and until > yesterday:
            raise PermanentError(f"--until {until} is not over yet: the last day that can be shown is {yesterday}.")
        return Choice(
            DEFAULT_SEED if seed is None else seed,
            DEFAULT_EVENTS if events is None else events,
            (until or yesterday).isoformat(),
        )
    requested = Choice(
        saved.seed if seed is None else seed,
        saved.events if events is None else events,
        until.isoformat() if until else saved.until,
    )
    if requested != saved:
        raise PermanentError(
            f"This home shows {saved.events:,} events until {saved.until} (seed {saved.seed}). "
            "For another network, remove it with `earshot db down --wipe`, or set EARSHOT_HOME to another folder."
        )
    return saved


def _load(settings: Settings, choice: Choice) -> Path:
    """Put the simulation into the database once, its truth beside it; returns the CDN log that is to be imported."""
    folder = settings.home / "demo"
    loaded = folder / "loaded"
    if loaded.exists() and json.loads(loaded.read_text()) == asdict(choice) and _shown(settings) == choice:
        return next(folder.glob("*.gz"))
    for old in folder.glob("*.gz"):
        old.unlink()
    choice.save(settings.home)
    simulation = simulate(choice.seed, choice.events, date.fromisoformat(choice.until))
    with runtime.open_warehouse(settings) as warehouse:
        label = f"Inventing {choice.events:,} listener events"
        with progress_bar(label, simulation.span.length) as advance:
            done = 0

            def show(progress: LoadProgress) -> None:
                nonlocal done
                advance(amount=progress.days_done - done)
                done = progress.days_done

            load(warehouse, simulation, show, runtime.keyring(settings))
    log = write_cdn_log(simulation, folder)
    write_truth(simulation, folder / "truth")
    loaded.write_text(json.dumps(asdict(choice)) + "\n")
    return log


def _import(warehouse: Warehouse, settings: Settings, log: Path) -> None:
    """The CDN log, through the importer that everybody uses."""
    from assets.importing import LogImport, import_batches, read_batches
    from pipelines.commands.importing.rejects import RejectFile
    from pipelines.commands.importing.summary import count_lines

    rejects = RejectFile(settings.home / "demo" / "rejects.tsv")
    task = LogImport(
        tenant=warehouse.tenant_id(LOG_TENANT),
        tenant_slug=LOG_TENANT,
        object=str(log),
        format_name="cloudfront",
        started_by="earshot demo",
    )
    summary = import_batches(warehouse, task, read_batches(log), rejects.add)
    console.out.print(f"Imported {log.name}:")
    for line in count_lines(summary, LOG_TENANT, False, rejects.path):
        console.out.print(f"  {line}")


def _compute_and_report(settings: Settings, choice: Choice, whole_month: bool, fonts: Future[None]) -> None:
    """Every asset for every day that is missing or has become final since, then the reports and their mails.

    fonts: what the reports wait for.
    """
    last = date.fromisoformat(choice.until)
    mondays = _mondays(last)
    month = ((last + DAY).replace(day=1) - DAY).replace(day=1)
    # Where clocks are ahead of UTC, a week or month begins on the day before.
    shown = min(mondays[0], month) - DAY if whole_month else mondays[0] - DAY
    wanted = [("weekly_reports", monday) for monday in mondays]
    if whole_month:
        wanted.append(("monthly_reports", month))
    with (
        runtime.open_warehouse(settings) as warehouse,
        runtime.orchestrator_instance() as instance,
    ):
        computed = _compute(warehouse, instance, Span.until(last).first, shown, last)
        fonts.result()
        _report(warehouse, instance, wanted, again=computed)
        due_mails = int(warehouse.read("count_due_deliveries", now=datetime.now(UTC)).item())
        if due_mails:
            with progress_bar(f"Sending {due_mails} mails through the {settings.mail.kind} transport"):
                run_job(warehouse, instance, "delivery_worker")


def _mondays(last: date) -> list[date]:
    """The Mondays of the last whole weeks, the oldest first."""
    newest = last - timedelta(days=6)
    newest -= timedelta(days=newest.weekday())
    return [newest - timedelta(weeks=back) for back in reversed(range(WEEKS))]


def _compute(warehouse: Warehouse, instance: DagsterInstance, first: date, shown: date, last: date) -> bool:
    """Compute the days from the first open one on: those before shown as far as is looked back at, then everything.

    Returns False if none is open. The days of each step are divided over the processors, a process each.
    """
    first_of = {step.name: first if step.names[0] in LOOK_BACK_ASSETS else shown for step in STEPS}
    days_of = open_ranges(warehouse, first_of, last)
    if not days_of:
        return False
    counts: Counter[int] = Counter()
    for step in STEPS:
        if step.name in days_of:
            begin, end = days_of[step.name]
            counts[(end - begin).days + 1] += len(step.names)
    tables = " and ".join(f"{days} days x {count} tables" for days, count in sorted(counts.items(), reverse=True))
    total = count_tables(days_of) * warehouse.tenants().height
    with progress_bar(f"Computing {tables}", total, "tables") as advance:
        compute_in_stages(days_of, warehouse, instance, os.cpu_count() or 1, advance)
    return True


def _report(warehouse: Warehouse, instance: DagsterInstance, wanted: Sequence[tuple[str, date]], again: bool) -> None:
    """The reports of these jobs and first days: all of them again, or those never looked at."""
    if not again:
        looked_at = {job: instance.get_materialized_partitions(AssetKey(asset)) for job, asset in REPORTS_OF.items()}
        wanted = [(job, day) for job, day in wanted if day.isoformat() not in looked_at[job]]
    if not wanted:
        return
    with progress_bar("Rendering the sponsor reports", len(wanted)) as advance:
        for job, day in wanted:
            advance(f"{job} {day}")
            run_job(warehouse, instance, job, partition_key=day.isoformat())


def _print_results(warehouse: Warehouse, settings: Settings, seconds: float) -> None:
    from pipelines.commands.reports import write_previews

    index = write_previews(warehouse, settings.home / "reports")
    counts = warehouse.read("read_status").select(pl.col("reports", "held_reports", "mails_accepted").sum()).row(0)
    unaddressed = warehouse.read("count_unaddressed_reports")
    out = console.out.print
    out()
    out(
        Text.assemble(
            (f"Done in {seconds:.0f} s.", "bold"),
            f" {counts[0]} reports, {counts[1]} held, {counts[2]} mails sent to files.",
        )
    )
    out()
    for tenant, count in unaddressed.iter_rows():
        out(f"  {tenant}: {count} reports went to nobody, because their subscription names no recipients.")
        out()
    out(f"  Reports     {index}   (open it in a browser: mail, PDF and CSV of each)")
    out(f"  Mails       {settings.mail.file.folder}   (.eml files, for a mail program)")
    out(f"  Truth       {settings.home / 'demo' / 'truth'}   (what the simulator meant, to compare with)")
    out("  Dagster     make ui   (then http://127.0.0.1:3000)")
    out("  Monthly     earshot demo --month   (computes all of the last full month as well)")
    out("  Every tenant in a line, and why a report is held:   earshot status, earshot reports list --state held")
    out()
