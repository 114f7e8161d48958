"""earshot archive: raw rows that leave the database for files, and days that come back.

Here: what a person types and reads.
Not here: the work (assets/archive), the nightly run of it (pipelines/upkeep.py).
"""

from __future__ import annotations

from datetime import datetime

import click

from pipelines import console, runtime
from pipelines.commands.reports.common import dry_run_option, tenant_option
from pipelines.settings import load_settings

DAY = click.DateTime(["%Y-%m-%d"])


@click.group(invoke_without_command=True)
@dry_run_option
@tenant_option
@click.option("--before", type=DAY, metavar="DAY", help="Days before this one, whatever a tenant's raw_days are.")
@click.pass_context
def archive(context: click.Context, dry_run: bool, tenants: tuple[str, ...], before: datetime | None) -> None:
    """Archive raw rows that are older than their tenant's raw_days, and drop them: what each night does by itself.

    They are written as Parquet to EARSHOT_ARCHIVE, by tenant and day, with a manifest of counts and SHA-256, and read
    back before a row goes. A day that is not computed for good, or is stale, waits. Exit code 1 if it fails for a
    tenant.
    """
    if context.invoked_subcommand is not None:
        return
    from assets.archive.keeping import Archiving, archive_rows
    from assets.resources import find_scope
    from sql.failures import FailureLog

    settings = load_settings()
    measured = runtime.measurement(settings)
    tools = Archiving(runtime.archive_place(settings), measured.ranges, measured.keyring)
    days = dropped = 0
    with runtime.open_warehouse(settings) as warehouse:
        failures = FailureLog(warehouse, "privacy", console.err.print, not_done="raw rows not archived")
        for each in archive_rows(
            warehouse,
            find_scope(warehouse, tenants),
            tools,
            warehouse.clock(),
            failures,
            before=before.date() if before else None,
            dry_run=dry_run,
        ):
            if each.waits:
                console.out.print(f"{each.slug} {each.day}: waits, {each.waits}")
                continue
            days, dropped = days + 1, dropped + each.dropped
            did = "due" if dry_run else f"in {each.place} ({each.bytes:,} bytes); {each.dropped:,} dropped"
            console.out.print(f"{each.slug} {each.day}: {each.rows:,} row(s) {did}")
    console.out.print(
        f"{days:,} day(s) are due; nothing was changed." if dry_run else f"{days:,} day(s), {dropped:,} row(s) dropped."
    )
    if failures.found:
        raise SystemExit(1)


@archive.command()
@click.argument("tenant", metavar="TENANT")
@click.option("--from", "first", type=DAY, required=True, metavar="DAY", help="The first UTC day.")
@click.option("--to", "last", type=DAY, metavar="DAY", help="The last one; by default the first.")
@click.option("--dry-run", is_flag=True, help="Compare files and hashes with the manifest, and put nothing back.")
def restore(tenant: str, first: datetime, last: datetime | None, dry_run: bool) -> None:
    """Bring a tenant's archived days back into the raw tables, to compute them again.

    Every file must be what the manifest says, and the manifest the one that the database knows. The next night archives
    them again.
    """
    from assets.archive.restoring import restore_days

    settings = load_settings()
    begin, end = first.date(), (last or first).date()
    days = 0
    with runtime.open_warehouse(settings) as warehouse:
        root = runtime.archive_place(settings)
        for each in restore_days(warehouse, warehouse.tenant_id(tenant), begin, end, root, dry_run=dry_run):
            days += 1
            done = "are as the manifest says" if dry_run else f"of the archive, {each.added:,} put back"
            console.out.print(f"{tenant} {each.day}: {each.rows:,} row(s) {done}")
    if not days:
        console.out.print("The raw rows of these days are in the tables already.")
    elif not dry_run:
        console.out.print(f"To compute them again: earshot backfill --tenant {tenant} --from {begin} --to {end}")
