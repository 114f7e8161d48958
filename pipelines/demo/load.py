"""Loading: a simulation into a warehouse, once or again; what is there already stays as it is.

Here: the order of tables, batches of days, progress. Not here: SQL, and what the rows mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from pipelines.demo.simulation import DayBatch, Simulation

# Rows per transaction: enough that its fixed cost does not show, few enough that memory does not either.
ROWS_PER_INSERT = 200_000


class Inserting(Protocol):
    """What loading needs of a warehouse."""

    def insert(self, table: str, frame: pl.DataFrame) -> int: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far loading is: days done of all, and rows that were new so far."""

    days_done: int
    days: int
    listener_events: int
    attribution_events: int


def load(
    warehouse: Inserting, simulation: Simulation, progress: Callable[[Progress], None] | None = None
) -> dict[str, int]:
    """Add dimensions and events whose keys are not there yet; returns how many rows of each table were new."""
    added = {table: warehouse.insert(table, frame) for table, frame in simulation.dimensions()}
    added |= {"listener_events": 0, "attribution_events": 0}
    done = 0
    for batches in _gathered(simulation.days()):
        for table in ("listener_events", "attribution_events"):
            frame = pl.concat([getattr(batch, table) for batch in batches])
            if frame.height:
                added[table] += warehouse.insert(table, frame)
        done += len(batches)
        if progress is not None:
            progress(Progress(done, simulation.span.length, added["listener_events"], added["attribution_events"]))
    return added


def _gathered(days: Iterator[DayBatch]) -> Iterator[list[DayBatch]]:
    """Days put together until they make a batch."""
    gathered: list[DayBatch] = []
    rows = 0
    for batch in days:
        gathered.append(batch)
        rows += batch.listener_events.height
        if rows >= ROWS_PER_INSERT:
            yield gathered
            gathered, rows = [], 0
    if gathered:
        yield gathered
