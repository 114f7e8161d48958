"""In stages: a range of days computed by several processes at the same time.

Here: which days of each step are left to do, the stages one after the other, and the parts of each shared out to this
process and others. Not here: which parts there are (stages.py), a process (beside.py), computing a part (computing.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import date

from dagster import DagsterInstance

from assets.steps import STEPS, step_of
from pipelines.backfill.beside import Progress, beside, compute
from pipelines.backfill.computing import BackfillPlan
from pipelines.backfill.open_days import open_days
from pipelines.backfill.stages import Days, share_out, stages_of
from sql.warehouse import Warehouse


def open_ranges(warehouse: Warehouse, first_of: Mapping[str, date], last: date) -> dict[str, Days]:
    """The days of each step from its first open one to the last, by its name; without the steps that have none.

    first_of: the earliest day of each step. A step is open, too, from the first day on that a source of it is.
    Each step is looked at by itself: one that was stopped in a stage has done all days of the stages before.
    """
    found: dict[str, Days] = {}
    for step in STEPS:
        first = first_of[step.name]
        begins = open_days(warehouse, step.names[-1], first, last)[:1]
        makers = [step_of(source) for source in step.sources]
        begins += [found[maker.name][0] for maker in makers if maker is not None and maker.name in found]
        if begins:
            found[step.name] = (max(min(begins), first), last)
    return found


def count_tables(days_of: Mapping[str, Days]) -> int:
    """How many tables of days compute_in_stages computes, of each tenant."""
    return sum(part.tables for stage in stages_of(days_of) for part in stage)


def compute_in_stages(
    days_of: Mapping[str, Days],
    warehouse: Warehouse,
    instance: DagsterInstance,
    processes: int,
    progress: Progress,
) -> None:
    """Compute steps for their days, for all tenants. What an earlier call that was stopped had finished is left out.

    days_of: the first and last day of each step, by its name. progress: called with the day and asset that was written
    and how many tables of tenant-days are done with it, from several threads. Raises BackfillError with the cause.
    """
    with ExitStack() as stack:
        others = [stack.enter_context(beside(progress)) for _ in range(processes - 1)]
        for stage in stages_of(days_of):
            shares = [
                [BackfillPlan(part.first, part.last, steps=tuple(step.name for step in part.steps)) for part in share]
                for share in share_out(stage, processes)
            ]
            at_work = list(zip(others, shares[1:], strict=False))
            for other, plans in at_work:
                other.begin(plans)
            compute(shares[0], warehouse, instance, progress)
            for other, _ in at_work:
                other.wait()
