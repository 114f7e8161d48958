"""earshot privacy: erasing a listener or a household, at once or by the nightly upkeep.

Here: what a person types and reads.
Not here: the work (assets/erasure), its nightly run (pipelines/upkeep.py), addresses that go in time (assets/privacy).
"""

from __future__ import annotations

import click

from pipelines import console, runtime
from pipelines.commands.reports.common import by_option, dry_run_option, tenant_ids, tenant_option
from pipelines.settings import load_settings


@click.group()
def privacy() -> None:
    """What a tenant's listeners may ask for."""


@privacy.command()
@click.argument("tenant", metavar="TENANT")
@click.option("--listener", type=int, metavar="KEY", help="A listener, by consumer_key.")
@click.option("--address", metavar="IP", help="A household, by its address: all of its listeners.")
@click.option("--later", is_flag=True, help="Leave it for the nightly upkeep, or for erased_listeners in the UI.")
@by_option
@dry_run_option
def erase(tenant: str, listener: int | None, address: str | None, later: bool, person: str, dry_run: bool) -> None:
    """Erase a listener or a household of a tenant from every table and from the archive.

    Raw rows, kept keys, downloads, exposures and conversions go; the days are stale then, and what is computed of them
    (sketches, audiences, KPIs) is computed again without them by `earshot heal`, or by the daemon. `earshot audit
    --table erasures` has the counts, by whom and when, and not whom. With --later the request waits in the database;
    whom it names is forgotten once it is done.
    """
    from assets.erasure.erasing import erase as erase_rows
    from assets.erasure.requesting import request_erasure

    settings = load_settings()
    if later and dry_run:
        raise click.UsageError("--later leaves a request, and --dry-run none: give one of them.")
    if later:
        with runtime.open_warehouse(settings) as warehouse:
            keyring = runtime.keyring(settings)
            named = warehouse.tenant_id(tenant)
            request, is_new = request_erasure(warehouse, named, keyring, person, listener=listener, address=address)
        did = "is left for the nightly upkeep" if is_new else "waits already"
        console.out.print(f"Request {request.hex[:8]} {did}: earshot privacy requests")
        return
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


@privacy.command()
@tenant_option
@click.option("--all", "with_ended", is_flag=True, help="Also those that are done or withdrawn.")
def requests(tenants: tuple[str, ...], with_ended: bool) -> None:
    """Requests of erasure that wait for the nightly upkeep, the oldest first; not whom they name."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        rows = warehouse.rows("read_erasure_requests", tenants=tenant_ids(warehouse, tenants))
    shown = [row for row in rows if with_ended or row["state"] == "waiting"]
    if not shown:
        console.out.print("No request waits.")
        return
    table = console.text_table("request", "tenant", "since (UTC)", "by", "what", "state", "why not yet")
    for row in shown:
        state = row["state"] if row["state"] == "waiting" else f"{row['state']} {row['ended_at']:%Y-%m-%d %H:%M}"
        since = f"{row['requested_at']:%Y-%m-%d %H:%M}"
        cells = (row["request_id"].hex[:8], row["tenant"], since, row["requested_by"], row["kind"], state)
        table.add_row(*cells, row["error"] or "")
    console.out.print(table)


@privacy.command()
@click.argument("request", metavar="REQUEST")
@by_option
def withdraw(request: str, person: str) -> None:
    """Take back a request of erasure that waits, by the beginning of its id; whom it names is forgotten."""
    from assets.erasure.requesting import withdraw_request

    with runtime.open_warehouse(load_settings()) as warehouse:
        rows = warehouse.rows("read_erasure_requests", tenants=tenant_ids(warehouse, ()))
        named = [row for row in rows if row["request_id"].hex.startswith(request.replace("-", "").lower())]
        if len(named) != 1:
            raise click.UsageError(f"{len(named)} requests begin with {request!r}: earshot privacy requests --all")
        withdraw_request(warehouse, named[0]["tenant_id"], named[0]["request_id"], person)
    console.out.print(f"Request {named[0]['request_id'].hex[:8]} is withdrawn.")
