"""earshot keys: the versions of the keys that addresses are hashed with, and bringing a new one into force.

Here: what a person types and reads.
Not here: the work (assets/privacy/rotation.py), the nightly run of it (pipelines/upkeep.py).
"""

from __future__ import annotations

from uuid import UUID

import click

from pipelines import console, runtime
from pipelines.commands.reports.common import by_option, dry_run_option, tenant_ids, tenant_option
from pipelines.settings import load_settings


@click.group(invoke_without_command=True)
@click.pass_context
def keys(context: click.Context) -> None:
    """Which version of the key ring each tenant's keys are of, and whether a newer one waits."""
    if context.invoked_subcommand is not None:
        return
    from assets.privacy.rotation import due_version

    settings = load_settings()
    keyring = runtime.keyring(settings)
    table = console.text_table("tenant", "in force", "newest in the ring", "since", "by")
    with runtime.open_warehouse(settings) as warehouse:
        tenants = warehouse.tenants()
        rotations = warehouse.rows("read_key_rotations", tenants=tenant_ids(warehouse, ()))
        for tenant, slug in tenants.select("tenant_id", "slug").iter_rows():
            before, newest = due_version(warehouse, UUID(bytes=tenant), keyring)
            last = [each for each in rotations if each["tenant_id"] == UUID(bytes=tenant) and each["version"] == before]
            since = f"{last[0]['rotated_at']:%Y-%m-%d %H:%M} UTC" if last else "ever"
            table.add_row(slug, str(before), str(newest), since, last[0]["rotated_by"] if last else "")
    console.out.print(table)


@keys.command()
@tenant_option
def add(tenants: tuple[str, ...]) -> None:
    """Add a version with a new secret to the key ring, for all tenants or for some.

    It is not in force yet: `earshot keys rotate` brings it into force, or the next night does. Before that, back the
    ring up, and give it to every machine that computes. Older versions stay in it for good: the newest keys are made
    through them.
    """
    from assets.listening.identity.key_files import add_version

    settings = load_settings()
    runtime.keyring(settings)
    path = settings.keyring_path or settings.home / "keyring.json"
    with runtime.open_warehouse(settings) as warehouse:
        chosen = frozenset(warehouse.tenant_id(name) for name in tenants)
        ring = add_version(path, chosen)
        everybody = warehouse.tenants()
    for tenant, slug in everybody.select("tenant_id", "slug").iter_rows():
        if not chosen or UUID(bytes=tenant) in chosen:
            console.out.print(f"{slug}: version {ring.versions_of(tenant)[-1]} is in {path}, not in force yet")
    console.out.print("Back it up, give it to every machine, then: earshot keys rotate")


@keys.command()
@tenant_option
@by_option
@dry_run_option
def rotate(tenants: tuple[str, ...], person: str, dry_run: bool) -> None:
    """Bring stored keys to the newest version of the ring: each becomes the one that new rows will have.

    No listener is split: downloads, first listens, exposures, conversions and kept keys change together, tenant by
    tenant in one transaction, and no number changes. What a run is just computing for a tenant is refused and computed
    by the next one. Exit code 1 if it fails for a tenant.
    """
    from assets.privacy.rotation import due_version, rotate_keys
    from assets.resources import find_scope
    from sql.failures import FailureLog

    settings = load_settings()
    keyring = runtime.keyring(settings)
    done = 0
    with runtime.open_warehouse(settings, work="writing") as warehouse:
        scope = find_scope(warehouse, tenants)
        if dry_run:
            for tenant, slug in warehouse.tenants(scope).select("tenant_id", "slug").iter_rows():
                before, newest = due_version(warehouse, UUID(bytes=tenant), keyring)
                done += before != newest
                console.out.print(f"{slug}: version {before}" + (f", would be {newest}" if before != newest else ""))
            console.out.print(f"{done:,} tenant(s) are due; nothing was changed.")
            return
        failures = FailureLog(warehouse, "privacy", console.err.print, not_done="keys not rotated")
        for each in rotate_keys(warehouse, scope, keyring, person, failures):
            done += 1
            rows = ", ".join(f"{count:,} of {table}" for table, count in each.rows.items() if count) or "no rows"
            console.out.print(f"{each.slug}: version {each.before} became {each.version}: {rows}")
    if not done and not failures.found:
        console.out.print("Every tenant has the newest version of its ring. A new one: earshot keys add")
    if failures.found:
        raise SystemExit(1)
