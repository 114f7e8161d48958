"""Steps: what earshot init does one after the other, each by what its own command does, and each safe to do again.

Here: entering the catalogue's files, the feed, the log, the days, the report.
Not here: their order and what is said on a failure (command.py), writing the files (files.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl

from assets.catalogue.feeds.adding import FollowedError, add_feed, look_at_feed
from assets.catalogue.feeds.retrieving import retrieve
from assets.catalogue.feeds.storing import FollowedFeed, OvertakenError
from assets.catalogue.feeds.syncing import sync_feed
from assets.importing import ImportSummary, LogImport
from assets.importing.addresses import TrustedProxies
from assets.reporting.building import BuiltReport, ReportBuilder
from assets.reporting.drafting import build_again, draft_of
from assets.reporting.figures.periods import ReportPeriod, campaign_of, week_of
from assets.reporting.making import make_reports
from pipelines import console, runtime
from pipelines.backfill.computing import BackfillPlan, backfill, heal, prepare
from pipelines.backfill.open_days import open_days
from pipelines.backfill.progress import progress_bar
from pipelines.commands.catalogue.feeds import describe_addition
from pipelines.commands.catalogue.planning import enter_files, refuse, show_outcome
from pipelines.commands.catalogue.reading import read_state
from pipelines.commands.importing.logs import Todo, import_all, objects_of
from pipelines.commands.importing.person import person
from pipelines.commands.importing.reading import chosen_mapping
from pipelines.commands.importing.summary import count_lines
from pipelines.commands.reports.common import make_builder
from pipelines.commands.reports.previewing import write_reports
from pipelines.commands.starting.answers import Answers
from pipelines.commands.starting.files import Days
from pipelines.first_day import save_first_day
from pipelines.health.freshness import compare_counts
from pipelines.settings import Settings
from reports.archive import STATES
from reports.steering import ReportId, withdraw
from sql.raw.taking_back import EVER
from sql.safety.characters import visible_line
from sql.values import DAY, EarshotError, PermanentError, Scope
from sql.warehouse import Warehouse

# Imports are looked at for objects that were read before; further ones are read again, which changes nothing.
MOST_IMPORTS = 100_000


def apply_files(warehouse: Warehouse, answers: Answers, files: Iterable[Path], by: str) -> None:
    """As `earshot catalogue apply` does. Raises PermanentError after naming what is wrong."""
    outcome = enter_files(warehouse, list(files), answers.tenant, prune=False, keep=True, person=by)
    refuse(outcome.problems)
    if outcome.is_empty:
        console.out.print("  the catalogue has it already")
    else:
        show_outcome(outcome)


def read_feed(warehouse: Warehouse, answers: Answers, settings: Settings) -> FollowedFeed:
    """Add the feed, or read it again where it is followed."""
    owner, now = warehouse.tenant_id(answers.tenant), datetime.now(UTC)
    private = settings.private_networks
    try:
        addition = look_at_feed(warehouse, owner, answers.tenant, answers.feed, now, answers.show, private)
    except FollowedError as error:
        feed = error.feed
        with suppress(OvertakenError):
            retrieved = retrieve(feed.url, feed.etag, feed.last_modified, private)
            news = sync_feed(warehouse, feed, retrieved, now, private, unmeasured=True)
            console.out.print(visible_line(f"  {feed.show}: {news.detail}"))
        return feed
    for line in describe_addition(addition):
        console.out.print(f"  {line}")
    with progress_bar("Measuring files", None) as advance:
        outcome = add_feed(warehouse, addition, now, private, lambda file: advance(file.path.rpartition("/")[2], 1))
    console.out.print(visible_line(f"  {addition.feed.show}: {outcome.detail}"))
    return addition.feed


def import_log(warehouse: Warehouse, answers: Answers, settings: Settings) -> Days:
    """As `earshot import` does, but for objects that were imported as they are now; the whole days of all of them.

    Raises PermanentError where no request is for a file of the feed, and where no day is over.
    """
    todo = list(objects_of(answers.log, dict(answers.store), None))
    before = {} if answers.is_forced else _imported_before(warehouse, answers)
    new = [each for each in todo if (each.name, each.version) not in before]
    spans = [before[each.name, each.version] for each in todo if (each.name, each.version) in before]
    if spans:
        console.out.print(f"  {len(spans)} object(s) were imported before, and have not changed since")
    if new:
        done = _import_new(warehouse, answers, new)
        save_first_day(settings, warehouse)
        assert done.first is not None  # noqa: S101
        assert done.last is not None  # noqa: S101
        spans.append((done.first.date(), done.last.date()))
    return Days.until_yesterday(min(first for first, _ in spans), max(last for _, last in spans))


def _imported_before(warehouse: Warehouse, answers: Answers) -> dict[tuple[str, str | None], tuple[date, date]]:
    """The first and last day of each object that was imported whole, by its name and version."""
    tenant = warehouse.tenant_id(answers.tenant)
    found = warehouse.rows("read_imports", tenants=[tenant], numbers=None, since=EVER, most=MOST_IMPORTS)
    return {
        (row["object"], row["version"]): (row["first_day"], row["last_day"])
        for row in found
        if row["kind"] == "requests" and row["state"] == "done" and row["first_day"] is not None
    }


def _import_new(warehouse: Warehouse, answers: Answers, todo: list[Todo]) -> ImportSummary:
    mapping = chosen_mapping(answers.format_name, answers.map_file)
    task = LogImport(
        tenant=warehouse.tenant_id(answers.tenant),
        tenant_slug=answers.tenant,
        object="",
        format_name=mapping.name if mapping else "",
        mapping=mapping,
        trusted=TrustedProxies.of(answers.proxies),
        started_by=person(),
        is_forced=answers.is_forced,
    )
    done, failed = import_all(warehouse, task, todo)
    rejects = todo[0].rejects.path if len(todo) == 1 else Path("the .rejects.tsv files")
    for line in (*count_lines(done, answers.tenant, False, rejects), *done.notices):
        console.out.print(f"  {line}")
    for doubt in done.doubts:
        console.err.print(f"Look at this: {doubt}.")
    if failed:
        console.err.print(f"Look at this: {failed} of {len(todo)} objects could not be imported; they are named above.")
    if done.unmapped == done.events:
        raise PermanentError(
            f"not one request of the log is for a file of the feed; one is for {done.example}. It is the log of "
            "another show or server, or files are served under other paths than the feed says. `earshot imports` lists "
            "what was imported, `earshot imports undo` takes it back"
        )
    return done


def periods_of(warehouse: Warehouse, tenant: UUID, days: Days) -> dict[ReportPeriod, list[UUID] | None]:
    """Which reports come first, each period with its subscriptions (None: all).

    Of campaigns that are over, their ends; else the week that the last day of the log lies in.
    """
    (row,) = (each for each in warehouse.rows("read_tenants") if each["tenant_id"] == tenant)
    timezone, yesterday = str(row["timezone"]), datetime.now(UTC).date() - DAY
    ended = warehouse.rows("read_ended_campaigns", tenants=[tenant], first=days.first, last=yesterday)
    periods: dict[ReportPeriod, list[UUID] | None] = {}
    for each in ended:
        period = campaign_of(each["starts_on"], each["ends_on"], timezone)
        if each["starts_on"] <= days.last:
            periods[period] = [*(periods.get(period) or []), each["subscription_id"]]
    return periods or {week_of(days.last - timedelta(days=days.last.weekday()), timezone): None}


def compute_days(warehouse: Warehouse, tenant: UUID, slug: str, periods: Iterable[ReportPeriod], days: Days) -> None:
    """The days of the reports that are open, and what is older than what it was made of, from the first campaign on."""
    yesterday = datetime.now(UTC).date() - DAY
    wanted = [day for period in periods for day in period.window.days() if day <= yesterday]
    first = min([max(days.first, _first_start(warehouse, slug, tenant, days)), *wanted])
    last_asset = BackfillPlan(days.first, days.last).assets[-1]
    missing = open_days(warehouse, last_asset, min(wanted), max(wanted), [slug]) if wanted else []
    with runtime.orchestrator_instance() as instance:
        if missing:
            plan = BackfillPlan(missing[0], missing[-1], (slug,))
            work = prepare(plan, warehouse, instance)
            with progress_bar(f"Computing {plan.first} to {plan.last}", work.left, "days") as advance:
                backfill(plan, warehouse, instance, work, advance)
        with progress_bar("Computing what is left, and what has changed since") as advance:
            compare_counts(warehouse, first, only=[tenant])
            again = heal(
                warehouse,
                instance,
                lambda assets, day, _tenants: advance(f"{day} {assets[0]}", 1),
                only=[tenant],
                first=first,
            )
    done = [f"computed: {missing[0]} to {missing[-1]}"] if missing else []
    done += ["computed again: what has changed"] if again and not missing else []
    console.out.print(f"  {', '.join(done) or 'nothing had to be computed'}")
    if days.first < first:
        console.out.print(f"  days before {first} are computed while `earshot ui` runs, or by `earshot heal`")


def _first_start(warehouse: Warehouse, slug: str, tenant: UUID, days: Days) -> date:
    """The first day of the tenant's campaigns: to date, reports go back to it."""
    with warehouse.transaction() as connection:
        campaigns = read_state(connection, slug, tenant).rows["campaigns"]
    return min((row["starts_on"] for row in campaigns.values()), default=days.first)


def build_reports(
    settings: Settings,
    warehouse: Warehouse,
    answers: Answers,
    periods: dict[ReportPeriod, list[UUID] | None],
    by: str,
) -> tuple[Path, list[BuiltReport], list[dict[str, Any]]]:
    """Make the reports of these periods, and write them into the folder; the index, what became of each, their rows.

    One that waits for approval is made again where its data or settings have changed. Raises EarshotError where none
    could be made.
    """
    tenant = warehouse.tenant_id(answers.tenant)
    builder = make_builder(settings, warehouse, by)
    first = min(period.first for period in periods)
    made = make_reports(
        builder,
        runtime.measurement(settings),
        Scope((tenant,)),
        lambda _read, _tenant: list(periods.items()),
        subject=["init"],
        first=first,
        log=lambda _line: None,
        log_error=console.err.print,
    )
    built = {each.report_id.bytes: each for each in made.built if each.report_id is not None}
    chosen = _rows_of(warehouse, tenant, list(built))
    if not chosen:
        why = "; ".join(each.reason for each in made.built) or "no active subscription has one for these days"
        raise EarshotError(f"no report could be made: {why}")
    for row in chosen:
        if built[row["report_id"]].state == "kept" and row["state"] == "waiting" and _has_changed(builder, row):
            withdraw(warehouse, ReportId.of(row), by)
            built[row["report_id"]] = build_again(builder, row)
    chosen = _rows_of(warehouse, tenant, list(built))
    index = write_reports(warehouse, answers.reports, chosen, make_builder(settings, warehouse, dry_run=True))
    return index, list(built.values()), chosen


def _rows_of(warehouse: Warehouse, tenant: UUID, ids: Sequence[bytes]) -> list[dict[str, Any]]:
    rows = warehouse.read("read_reports", states=list(STATES), tenants=[tenant])
    return rows.filter(pl.col("report_id").is_in(ids)).to_dicts()


def _has_changed(builder: ReportBuilder, row: dict[str, Any]) -> bool:
    """Whether a report that waits would be another one now."""
    with builder.warehouse.transaction() as connection:
        stored = connection.execute(
            "SELECT content_hash FROM reports WHERE tenant_id = %s AND report_id = %s",
            (UUID(bytes=row["tenant_id"]), UUID(bytes=row["report_id"])),
        ).fetchone()
    return stored is None or stored[0] != draft_of(builder, row).report.content_hash
