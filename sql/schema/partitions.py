"""Partitions: where TimescaleDB is not there, days get theirs before rows come, and rows that came earlier move in.

Here: making what is missing, one partition a transaction. TimescaleDB makes its chunks itself, and nothing is missing.
Not here: how a series is cut (earshot_extend_series), when this is done (assets/upkeep, `earshot db upkeep`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import cast

from sql.connections.connecting import LockedError
from sql.warehouse import Warehouse

# Whoever reads or writes the series waits behind a wait for it: so it is short, and the next night tries again.
LOCK_S = 5


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition that was missing: its series and first day, the rows that moved in, or why it was not made."""

    series: str
    first_day: date
    rows: int = 0
    waits: str | None = None


def make_partitions(warehouse: Warehouse, lock_s: int = LOCK_S) -> Iterator[Partition]:
    """Make the partitions that should be there and are not; each is kept as soon as it is yielded.

    One whose lock is not to be had in time is left as it is: its rows stay readable where they are.
    """
    with warehouse.transaction() as connection:
        missing = connection.execute("SELECT series, first_day FROM earshot_missing_partitions()").fetchall()
    for series, first_day in cast("list[tuple[str, date]]", missing):
        try:
            with warehouse.transaction(lock_s=lock_s) as connection:
                made = connection.execute("SELECT earshot_make_partition(%s, %s)", [series, first_day]).fetchone()
        except LockedError as error:
            yield Partition(series, first_day, waits=str(error))
        else:
            yield Partition(series, first_day, int(str(made[0])) if made else 0)
