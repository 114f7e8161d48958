"""Early days: days before the partitions of the process that looks for late rows are computed by a run of its own.

Here: the job. A first import of a new tenant may bring days that are older than all that there were when Dagster began;
its partitions begin later, until its code location is loaded again. A run loads everything anew, so it has them.
Not here: which days are stale (health/freshness.py), computing them (computing.py), when (sensors.py).
"""

from dagster import OpExecutionContext, job, op


@op(required_resource_keys={"warehouse"})
def compute_early_days(context: OpExecutionContext) -> None:
    """Everything that is stale, in runs inside of this one."""
    # It loads Polars, which a process that shows or launches runs does not need.
    from pipelines.backfill.computing import heal

    runs = heal(
        context.resources.warehouse,
        context.instance,
        lambda assets, day, _tenants: context.log.debug(f"{day} {assets[0]}"),
    )
    context.log.info(f"Nothing is stale any more, after {runs} run(s).")


@job(description="Computes what is stale, days included that are older than the partitions of an open Dagster.")
def early_days() -> None:
    """One run, which loads its partitions anew."""
    compute_early_days()
