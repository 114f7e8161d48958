"""Living through it: a plan's rows come in as time goes by, and days are computed before all of their rows are there.

Here: the clock of the simulation: when rows come in, when days are computed first, when the ledger is read.
Not here: what is computed again (machine.py runs the product), what is promised (the tests).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random

from tests.promises.machine import Machine
from tests.promises.network import Arrival, Plan, at, insert

# The machine looks an hour and twelve minutes into the next day, as the nightly clock does.
NIGHT = 1.2


def days_of(plan: Plan) -> list[date]:
    return [plan.first + timedelta(days=number) for number in range(plan.days)]


def live_through(machine: Machine, plan: Plan, arrivals: Sequence[Arrival], nights: Sequence[int], dice: Random) -> int:
    """Rows come in up to each of these nights (days since the first), shuffled, some of them twice; then the sensor
    reads the ledger, and new days are computed. Returns how many rows came in after their day was computed.

    After the last night all other rows come in, but for a few that are written down only at the very end, without a
    fresh received_at: those are found when rows are counted.
    """
    held = dice.sample(range(len(arrivals)), 6)
    waiting = [arrival for number, arrival in enumerate(arrivals) if number not in held]
    arrived: list[Arrival] = []
    computed, late, last_look = 0, 0, None
    days = days_of(plan)
    for night in [*nights, None]:
        clock = at(plan.first, night * 24 + NIGHT) if night is not None else waiting[-1].received_at
        batch = [arrival for arrival in waiting if arrival.received_at < clock or night is None]
        waiting = waiting[len(batch) :]
        late += sum(_day_of(arrival, plan) < computed for arrival in batch)
        again = dice.sample(arrived, min(len(arrived), 25))
        arrived += batch
        insert(machine.warehouse, dice.sample([*batch, *again], len(batch) + len(again)))
        machine.heal(last_look)
        until = plan.days if night is None else min(night, plan.days)
        machine.compute(days[computed:until])
        machine.heal(last_look)
        computed, last_look = until, clock
    assert machine.heal() == 0
    insert(machine.warehouse, [arrivals[number] for number in held])
    machine.heal()
    return late


def _day_of(arrival: Arrival, plan: Plan) -> int:
    occurred = arrival.row["occurred_at"]
    assert isinstance(occurred, datetime)
    return (occurred.date() - plan.first).days
