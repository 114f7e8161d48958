"""Three weeks of orders whose rows come in late: what is computed again is what must be, and comes out as if at once.

The ledger knows tables by day and tenant: that is how exact "what must be" is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from random import Random

import pytest

from assets.steps import ATTRIBUTION, DELIVERY, LISTENING, STEPS
from tests.promises.conftest import MakeMachine
from tests.promises.living import days_of, live_through
from tests.promises.machine import Machine, assert_same
from tests.promises.network import Arrival, Plan, at, draw_rows, insert, named

# What no credit depends on.
NO_CREDITS = frozenset(step.names[0] for step in STEPS if step not in (LISTENING, ATTRIBUTION, DELIVERY))
# Most days with a handful of rows; windows of a week, so that a late ad re-opens one.
WEEKS = Plan(
    date(2026, 1, 8),
    days=21,
    visits=4,
    orders=1,
    seed=4,
    slugs=("harbor", "kreuz"),
    window_days=7.0,
    only_calendar_days=True,
)


@pytest.fixture(scope="module")
def at_once(make_machine: MakeMachine) -> Machine:
    machine = make_machine(WEEKS, NO_CREDITS)
    insert(machine.warehouse, draw_rows(WEEKS))
    machine.compute(days_of(WEEKS))
    return machine


def test_weeks_lived_through_are_weeks_computed_at_once(make_machine: MakeMachine, at_once: Machine) -> None:
    lived = make_machine(WEEKS, at_once.skip)
    late = live_through(lived, WEEKS, draw_rows(WEEKS), [10, 21], Random(1))
    assert late > 20
    assert lived.complaints == at_once.complaints == []
    assert_same(lived.content(), at_once.content())


def healed_by(machine: Machine, *arrivals: Arrival) -> dict[str, set[date]]:
    """The days of each asset that are computed again when these rows of Harbor come in; of nobody else."""
    machine.healed.clear()
    insert(machine.warehouse, arrivals)
    assert machine.heal(min(arrival.received_at for arrival in arrivals)) == 1
    assert {tenant for _, tenant, _ in machine.healed} == {named("harbor")}
    return {name: {day for asset, _, day in machine.healed if asset == name} for name, _, _ in machine.healed}


def late(table: str, event: str, occurred_at: datetime, **columns: object) -> Arrival:
    """A row of Harbor's that comes in half a year later, made of one that it has."""
    kind = {"kind": columns["kind"]} if "kind" in columns else {}
    like = next(arrival for arrival in draw_rows(WEEKS) if arrival.table == table and _has(arrival, kind))
    received_at = at(WEEKS.last, 24 * 180)
    moment = {"event_id": named(event), "occurred_at": occurred_at, "received_at": received_at}
    return Arrival(received_at, table, {**like.row, **moment, **columns})


def _has(arrival: Arrival, columns: dict[str, object]) -> bool:
    wanted = {"tenant_id": named("harbor"), **columns}
    return all(arrival.row[name] == value for name, value in wanted.items())


def span(first: date, days: int) -> set[date]:
    return {first + timedelta(days=number) for number in range(days)}


def orders_of(machine: Machine, kinds: Iterable[str] = ("purchase", "trial")) -> list[tuple[str, str, date]]:
    """Order, kind and day of Harbor's conversions whose signals are all of one day, oldest first."""
    query = (
        "SELECT e.order_id, min(e.kind), min(c.day) FROM attribution_events AS e"
        " INNER JOIN conversions AS c ON c.tenant_id = e.tenant_id AND c.order_id = e.order_id"
        " WHERE e.tenant_id = %s AND e.kind = ANY(%s) GROUP BY e.order_id"
        " HAVING count(DISTINCT (e.occurred_at AT TIME ZONE 'UTC')::date) = 1 ORDER BY 3, 1"
    )
    with machine.warehouse.transaction() as connection:
        found = connection.execute(query, (named("harbor"), list(kinds))).fetchall()
    return [(str(order), str(kind), day) for order, kind, day in found]  # type: ignore[misc]


def test_a_late_ad_reopens_the_conversions_of_its_window_and_nothing_else(
    make_machine: MakeMachine, at_once: Machine
) -> None:
    machine = make_machine(WEEKS, NO_CREDITS, like=at_once)
    day = date(2026, 1, 15)
    place = {"placement_id": named("harbor", "placement", 0), "client_ip": "10.0.0.1"}
    again = healed_by(machine, late("attribution_events", "late ad", at(day, 12), kind="impression", **place))
    assert again["ad_exposures"] == again["placement_delivery"] == {day}
    # Seven days to the second reach into the eighth day.
    assert again["attribution_credits"] == again["conversions"] == span(day, 8)


def test_a_late_order_reopens_its_own_day_alone(make_machine: MakeMachine, at_once: Machine) -> None:
    machine = make_machine(WEEKS, NO_CREDITS, like=at_once)
    day = date(2026, 1, 15)
    order = late("attribution_events", "late order", at(day, 12), kind="purchase", order_id="a late order")
    assert healed_by(machine, order) == {"conversions": {day}, "attribution_credits": {day}}


def test_a_refund_reopens_the_day_of_its_order_alone(make_machine: MakeMachine, at_once: Machine) -> None:
    machine = make_machine(WEEKS, NO_CREDITS, like=at_once)
    order, _, day = orders_of(machine)[10]
    refund = late("attribution_events", "refund", at(day, 24 * 14), kind="refund", order_id=order, value_minor=100)
    assert healed_by(machine, refund) == {"conversions": {day}, "attribution_credits": {day}}


def test_a_late_signal_moves_its_order_and_reopens_both_days(make_machine: MakeMachine, at_once: Machine) -> None:
    machine = make_machine(WEEKS, NO_CREDITS, like=at_once)
    order, kind, day = orders_of(machine)[10]
    earlier = day - timedelta(days=4)
    signal = late("attribution_events", "server", at(earlier, 3), kind=kind, signal="server", order_id=order)
    again = healed_by(machine, signal)
    assert again == {"conversions": {day, earlier}, "attribution_credits": {day, earlier}}


def test_rows_that_come_in_twice_reopen_nothing(make_machine: MakeMachine, at_once: Machine) -> None:
    machine = make_machine(WEEKS, NO_CREDITS, like=at_once)
    insert(machine.warehouse, draw_rows(WEEKS)[::3])
    assert machine.heal() == 0


def test_a_late_request_that_changes_no_ad_reopens_no_attribution(make_machine: MakeMachine, at_once: Machine) -> None:
    """A probe of two bytes: its day is counted again, comes out with the same ads, and that is where it ends."""
    machine = make_machine(WEEKS, NO_CREDITS, like=at_once)
    day = date(2026, 1, 15)
    probe = {"http_status": 206, "range_start": 0, "range_end": 1, "bytes_sent": 2}
    again = healed_by(machine, late("listener_events", "probe", at(day, 12), **probe))
    assert set(again) == {
        "request_dispositions",
        "downloads",
        "ad_exposures",
        "listener_metrics",
        "listener_dimension_metrics",
    }
    assert again["downloads"] == {day}
