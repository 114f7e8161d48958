"""One event is one event: delivered again under another time, weeks later, or with a late signal of its order.

Days are computed alone here, in whatever order, as a person may ask for them; no conversion may stand on two of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.promises.conftest import MakeMachine
from tests.promises.machine import Machine, assert_same
from tests.promises.network import BROWSER, Arrival, Plan, at, insert, named

# Event kinds that change neither conversions nor what they earn.
NO_LISTENERS = frozenset({"audience_periods", "retention_curves", "lift_results", "tenant_checks"})
ONLY_CONVERSIONS = NO_LISTENERS | {"placement_delivery", "campaign_reach", "campaign_roi"}
SPRING = Plan(date(2026, 1, 1), days=60, visits=0, orders=0, seed=8, slugs=("harbor", "kreuz"), window_days=60.0)
FOURTH, FIFTH = date(2026, 1, 4), date(2026, 1, 5)


@pytest.fixture(scope="module")
def empty(make_machine: MakeMachine) -> Machine:
    return make_machine(SPRING)


@pytest.fixture
def machine(make_machine: MakeMachine, empty: Machine) -> Machine:
    return make_machine(SPRING, ONLY_CONVERSIONS, like=empty)


def event(name: str, moment: datetime, kind: str = "purchase", slug: str = "harbor", **columns: object) -> Arrival:
    row = {
        "tenant_id": named(slug),
        "event_id": named(name),
        "occurred_at": moment,
        "received_at": moment + timedelta(minutes=1),
        "sponsor_id": named(slug, "sponsor", 0),
        "placement_id": None,
        "kind": kind,
        "signal": "pixel",
        "order_id": None,
        "value_minor": 5_000 if kind == "purchase" else None,
        "currency": "EUR",
        "promo_code": "TIDES" if kind == "purchase" else None,
        "client_ip": "10.0.0.1",
        "user_agent": BROWSER,
        **columns,
    }
    return Arrival(row["received_at"], "attribution_events", row)  # type: ignore[arg-type]


def days_held(machine: Machine, slug: str = "harbor") -> list[tuple[UUID, date]]:
    """Which conversion stands on which day, in every table that holds it."""
    query = "SELECT conversion_id, day FROM {} WHERE tenant_id = %s GROUP BY 1, 2 ORDER BY 2, 1"
    with machine.warehouse.transaction() as connection:
        held = [
            connection.execute(query.format(table).encode(), [named(slug)]).fetchall()
            for table in ("conversions", "conversion_days", "attribution_credits", "attribution_touches")
        ]
    assert held[0] == held[1] == held[2] == held[3]
    return held[0]  # type: ignore[return-value]


def purchases(machine: Machine, day: date) -> list[float]:
    """What the first campaign earned in conversions as of the day."""
    query = (
        "SELECT DISTINCT estimate FROM campaign_roi WHERE tenant_id = %s AND day = %s AND campaign_id = %s"
        " AND kpi = 'conversions' AND model = 'linear'"
    )
    with machine.warehouse.transaction() as connection:
        found = connection.execute(query, [named("harbor"), day, named("harbor", "campaign", 0)]).fetchall()
    return [value for (value,) in found]  # type: ignore[misc]


@pytest.mark.parametrize("earlier_first", [True, False], ids=["in order", "backwards"])
def test_an_event_that_is_delivered_again_days_later_is_one_conversion(machine: Machine, earlier_first: bool) -> None:
    later = [FIFTH + timedelta(days=gap) for gap in (1, 8, 40, 400)]
    for day in later:
        insert(machine.warehouse, [event(f"again on {day}", at(FIFTH, 9)), event(f"again on {day}", at(day, 9))])
    days = [FIFTH, *later]
    for day in days if earlier_first else reversed(days):
        machine.compute([day])
    assert sorted(days_held(machine)) == sorted((named(f"again on {day}"), FIFTH) for day in later)
    machine.skip = NO_LISTENERS
    machine.compute([FIFTH + timedelta(days=45)])
    assert purchases(machine, FIFTH + timedelta(days=45)) == [4.0]
    assert machine.complaints == []


def test_it_is_one_conversion_when_the_raw_row_of_the_first_delivery_has_passed_its_retention(machine: Machine) -> None:
    insert(machine.warehouse, [event("order of Ms Reed", at(FIFTH, 9))])
    machine.compute([FIFTH])
    with machine.warehouse.transaction("earshot_owner") as connection:
        connection.execute("DELETE FROM attribution_events WHERE occurred_at < %s", [at(FIFTH, 24)])
    later = FIFTH + timedelta(days=40)
    insert(machine.warehouse, [event("order of Ms Reed", at(later, 9))])
    machine.compute([later])
    assert days_held(machine) == [(named("order of Ms Reed"), FIFTH)]


def test_an_event_that_was_deleted_as_wrong_does_not_stand_in_the_way_of_its_correction(machine: Machine) -> None:
    insert(machine.warehouse, [event("order of Ms Reed", at(FOURTH, 9))])
    with machine.warehouse.transaction("earshot_owner") as connection:
        connection.execute("DELETE FROM attribution_events WHERE event_id = %s", [named("order of Ms Reed")])
    insert(machine.warehouse, [event("order of Ms Reed", at(FIFTH, 9))])
    machine.compute([FOURTH])
    machine.compute([FIFTH])
    assert days_held(machine) == [(named("order of Ms Reed"), FIFTH)]


def test_an_event_that_comes_again_with_an_order_id_or_for_another_sponsor_is_still_the_same(machine: Machine) -> None:
    later = FIFTH + timedelta(days=20)
    changed: dict[str, dict[str, Any]] = {
        "an order": {"order_id": "R-7"},
        "a sponsor": {"sponsor_id": named("another sponsor")},
    }
    for name, columns in changed.items():
        insert(machine.warehouse, [event(name, at(FIFTH, 9)), event(name, at(later, 9), **columns)])
    for day in (later, FIFTH):
        machine.compute([day])
    assert sorted(days_held(machine)) == sorted((named(name), FIFTH) for name in changed)


def test_two_tenants_may_have_events_of_one_id(machine: Machine) -> None:
    later = FIFTH + timedelta(days=10)
    insert(machine.warehouse, [event("one id", at(FIFTH, 9)), event("one id", at(later, 9), slug="kreuz")])
    machine.compute([FIFTH, later])
    assert days_held(machine) == [(named("one id"), FIFTH)]
    assert days_held(machine, "kreuz") == [(named("one id"), later)]


def test_an_earlier_delivery_that_arrives_late_reopens_the_day_that_had_counted_it(machine: Machine) -> None:
    later = FIFTH + timedelta(days=40)
    insert(machine.warehouse, [event("order of Ms Reed", at(later, 9))])
    machine.compute([FIFTH, later])
    assert days_held(machine) == [(named("order of Ms Reed"), later)]
    late = event("order of Ms Reed", at(FIFTH, 9), received_at=at(later, 30))
    insert(machine.warehouse, [late])
    machine.heal(at(later, 29))
    assert {(asset, day) for asset, _, day in machine.healed if asset == "conversions"} == {
        ("conversions", FIFTH),
        ("conversions", later),
    }
    assert days_held(machine) == [(named("order of Ms Reed"), FIFTH)]


ORDER = (
    event("pixel", at(FIFTH, 9), order_id="R-7"),
    event("money back", at(FIFTH, 11), kind="refund", order_id="R-7", value_minor=1_200),
    event("server call", at(FOURTH, 20), signal="server", order_id="R-7"),
)


def stale_order(machine: Machine, alone: Sequence[date]) -> None:
    """The pixel of the 5th and its refund are computed; the server's call of the 4th comes in, and only these days are
    done again."""
    insert(machine.warehouse, ORDER[:-1])
    machine.compute([FOURTH, FIFTH])
    insert(machine.warehouse, ORDER[-1:])
    for day in alone:
        machine.compute([day])


def test_an_order_of_the_5th_whose_server_call_of_the_4th_is_computed_alone_stands_once(machine: Machine) -> None:
    stale_order(machine, [FOURTH])
    assert [day for _, day in days_held(machine)] == [FOURTH]
    machine.skip = NO_LISTENERS
    machine.compute([FIFTH + timedelta(days=1)])
    assert purchases(machine, FIFTH + timedelta(days=1)) == [1.0]
    assert machine.complaints == []


@pytest.fixture(scope="module")
def at_once(make_machine: MakeMachine, empty: Machine) -> Machine:
    machine = make_machine(SPRING, ONLY_CONVERSIONS, like=empty)
    insert(machine.warehouse, ORDER)
    machine.compute([FOURTH, FIFTH])
    return machine


@pytest.mark.parametrize("alone", [[FOURTH], [FIFTH], [FIFTH, FOURTH]])
def test_whichever_days_are_computed_alone_the_ledger_brings_all_to_the_same(
    machine: Machine, at_once: Machine, alone: Sequence[date]
) -> None:
    stale_order(machine, alone)
    machine.heal()
    assert machine.complaints == []
    assert_same(machine.content(), at_once.content())


def test_an_ad_that_is_delivered_again_is_one_exposure(machine: Machine) -> None:
    days = [FIFTH, FIFTH, FIFTH + timedelta(days=30)]
    place: dict[str, Any] = {"placement_id": named("harbor", "placement", 0)}
    for kind in ("impression", "click"):
        insert(machine.warehouse, [event(kind, at(day, 9 + number), kind, **place) for number, day in enumerate(days)])
    for day in reversed(days):
        machine.compute([day])
    with machine.warehouse.transaction() as connection:
        found = connection.execute("SELECT kind, occurred_at FROM ad_exposures ORDER BY kind").fetchall()
    assert found == [("click", at(FIFTH, 9)), ("impression", at(FIFTH, 9))]
