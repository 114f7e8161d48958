"""History: everything that happened at one tenant over all days, as arrays that name each cause.

Here: ads heard, orders with the ad that caused them, and downloads, for benchmarks that compare credit with cause.
Not here: rows of tables (events/), counts of them (truth.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.demo.simulation import Activity, Simulation
from pipelines.demo.world.audience import HOME, HOME_V6, KIND_SHIFT
from pipelines.demo.world.catalogue import Library
from pipelines.demo.world.dice import Bools, Ints


@dataclass(frozen=True, slots=True)
class History:
    """What happened at one tenant. Times are microseconds UTC; sponsors, placements and shows are their numbers.

    heard: ads. order: orders, with the placement that caused each (UNKNOWN: none). fetched: downloads.
    """

    library: Library
    heard_at: Ints
    heard_placement: Ints
    heard_address: Ints
    order_at: Ints
    order_sponsor: Ints
    order_address: Ints
    order_cause: Ints
    fetched_at: Ints
    fetched_show: Ints
    fetched_address: Ints


def histories(simulation: Simulation) -> list[History]:
    """What happened at each tenant, in the order of the simulation's plans."""
    activities = [parts for _, parts in simulation.activities()]
    return [_history(plan.library, [parts[n] for parts in activities]) for n, plan in enumerate(simulation.plans)]


def _history(library: Library, parts: Sequence[Activity]) -> History:
    heard = [each for part in parts for each in (part.exposures, part.impressions)]
    fetched = [part.traffic.downloads for part in parts]
    return History(
        library,
        np.concatenate([each.at for each in heard]),
        np.concatenate([each.placement for each in heard]),
        np.concatenate([each.address for each in heard]),
        np.concatenate([part.signals.first_signal_at for part in parts]),
        np.concatenate([part.actions.sponsor for part in parts]),
        np.concatenate([part.actions.address for part in parts]),
        np.concatenate([part.actions.placement for part in parts]),
        np.concatenate([each.at for each in fetched]),
        library.show_of_episode[np.concatenate([each.episode for each in fetched])],
        np.concatenate([each.address for each in fetched]),
    )


def is_one_household(address: Ints) -> Bools:
    """Whether an address is one household's, so that the product may use it."""
    found: Bools = np.isin(address >> KIND_SHIFT, (HOME, HOME_V6))
    return found
