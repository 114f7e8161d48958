"""earshot heal: compute what is older than the rows that it was made of.

Here: the command, its messages and its dry run. A sensor does the same by itself while Dagster's daemon runs.
Not here: what is stale (pipelines/health/freshness.py), the work (pipelines/backfill/computing.py).
"""

from __future__ import annotations

import click

from pipelines import console, runtime
from pipelines.backfill.progress import progress_bar
from pipelines.first_day import save_first_day
from pipelines.processes.stopping import stops_in_seconds
from pipelines.settings import load_settings


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what is stale, and compute nothing.")
def heal(dry_run: bool) -> None:
    """Compute every day whose rows came in or changed after it had been computed, and what builds on it.

    A day that comes out as it was re-opens nothing. Run it as often as you like.
    """
    from pipelines.backfill.computing import heal as heal_all
    from pipelines.health.freshness import compare_counts, find_stale

    settings = load_settings()
    with stops_in_seconds():
        server = runtime.ensure_database(settings)
        if not dry_run:
            runtime.end_dead_runs(settings, server)
        with runtime.open_warehouse(settings) as warehouse:
            save_first_day(settings, warehouse)
            compare_counts(warehouse)
            stale = find_stale(warehouse)
            if stale is None:
                console.out.print("Nothing is stale.")
                return
            what = f"{stale.tables:,} table(s) of {len(stale.tenants):,} tenant(s), from {stale.first} to {stale.last}"
            if dry_run:
                console.out.print(f"Stale: {what}, and what builds on them.")
                return
            runtime.prepare_orchestrator(settings, server)
            with (
                runtime.orchestrator_instance() as instance,
                progress_bar(f"Computing {what}", unit="tables of tenants' days") as advance,
            ):
                runs = heal_all(
                    warehouse,
                    instance,
                    lambda assets, day, tenants: advance(f"{day} {assets[0]}", len(assets) * len(tenants)),
                )
    console.out.print(f"Healed in {runs} run(s); nothing is stale.")
