"""earshot privacy: erasing a listener or a household.

Here: what a person types and reads.
Not here: the work (assets/erasure), addresses that go by themselves in time (assets/privacy).
"""

from __future__ import annotations

import click

from pipelines import console, runtime
from pipelines.commands.reports.common import by_option, dry_run_option
from pipelines.settings import load_settings


@click.group()
def privacy() -> None:
    """What a tenant's listeners may ask for."""


@privacy.command()
@click.argument("tenant", metavar="TENANT")
@click.option("--listener", type=int, metavar="KEY", help="A listener, by consumer_key.")
@click.option("--address", metavar="IP", help="A household, by its address: all of its listeners.")
@by_option
@dry_run_option
def erase(tenant: str, listener: int | None, address: str | None, person: str, dry_run: bool) -> None:
    """Erase a listener or a household of a tenant from every table and from the archive.

    Raw rows, kept keys, downloads, exposures and conversions go; the days are stale then, and what is computed of them
    (sketches, audiences, KPIs) is computed again without them by `earshot heal`, or by the daemon. `earshot audit
    --table erasures` has the counts, by whom and when, and not whom.
    """
    from assets.erasure.erasing import erase as erase_rows

    settings = load_settings()
    with runtime.open_warehouse(settings) as warehouse:
        done = erase_rows(
            warehouse,
            warehouse.tenant_id(tenant),
            runtime.keyring(settings),
            person,
            listener=listener,
            address=address,
            root=runtime.archive_place(settings),
            dry_run=dry_run,
        )
    table = console.text_table("table", "rows before", "rows after")
    for name, count in done.before.items():
        table.add_row(name, f"{count:,}", f"{count if dry_run else done.after[name]:,}")
    console.out.print(table)
    console.out.print(f"Archive: {done.archived_rows:,} row(s) of {done.archived_days:,} day(s).")
    if dry_run:
        console.out.print("Nothing was changed.")
    elif done.days:
        console.out.print(f"{len(done.days):,} day(s) from {done.days[0]} to {done.days[-1]} are stale: earshot heal")
