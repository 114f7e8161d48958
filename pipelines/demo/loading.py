"""Loading: a simulation into a warehouse, once or again; what is there already stays as it is.

Here: the order of tables, batches of days, progress. Not here: SQL, and what the rows mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from assets.listening.identity.keys import Keyring
from pipelines.demo.simulation import Simulation
from pipelines.demo.world.holdouts import holdout_rows


class Inserting(Protocol):
    """What loading needs of a warehouse."""

    def insert(self, table: str, frame: pl.DataFrame) -> int: ...


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far loading is: days done of all, and rows that were new so far."""

    days_done: int
    days: int
    listener_events: int
    attribution_events: int


def load(
    warehouse: Inserting,
    simulation: Simulation,
    progress: Callable[[LoadProgress], None] | None = None,
    keyring: Keyring | None = None,
) -> dict[str, int]:
    """Add dimensions and events whose keys are not there yet; returns how many rows of each table were new.

    keyring: the keys that the network is measured with; without them no holdouts are loaded.
    """
    added = {table: warehouse.insert(table, frame) for table, frame in simulation.dimensions()}
    added |= {"listener_events": 0, "attribution_events": 0, "campaign_holdouts": 0}
    done = 0
    for batch in simulation.batches():
        left_out = holdout_rows(batch.withheld, keyring) if keyring else pl.DataFrame()
        for table, frame in (
            ("listener_events", batch.listener_events),
            ("attribution_events", batch.attribution_events),
            ("campaign_holdouts", left_out),
        ):
            if frame.height:
                added[table] += warehouse.insert(table, frame)
        done += len(batch.days)
        if progress is not None:
            progress(LoadProgress(done, simulation.span.length, added["listener_events"], added["attribution_events"]))
    return added
