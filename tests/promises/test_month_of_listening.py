"""A month of listening whose rows come in late: the same tables as if all had been there, to the byte.

The three ways to cut requests into windows are a tenant each. What is computed from listening has a week of its own
(test_week_of_everything.py).
"""

from __future__ import annotations

from datetime import date
from random import Random

from assets.steps import AUDIENCES, LISTENING, PLAYBACK, STEPS
from tests.promises.conftest import MakeMachine
from tests.promises.living import days_of, live_through
from tests.promises.machine import assert_same
from tests.promises.network import Plan, draw_rows, insert

NOT_LISTENING = frozenset(step.names[0] for step in STEPS if step not in (LISTENING, AUDIENCES, PLAYBACK))
# As long as windows that roll over midnight look back, and as a month.
MONTH = Plan(date(2026, 3, 1), days=31, visits=12, orders=0, seed=1)


def test_a_month_lived_through_is_a_month_computed_at_once(make_machine: MakeMachine) -> None:
    arrivals = draw_rows(MONTH)
    at_once, lived = make_machine(MONTH, NOT_LISTENING), make_machine(MONTH, NOT_LISTENING)
    insert(at_once.warehouse, arrivals)
    at_once.compute(days_of(MONTH))
    late = live_through(lived, MONTH, arrivals, [22], Random(0))
    assert late > 40
    assert_same(lived.content(), at_once.content())
    assert lived.complaints == at_once.complaints == []
