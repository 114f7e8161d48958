"""Five days to the end of a week, with everything, campaigns and weekly tables included: whoever is computed, when and
with whom, it comes out the same, and nothing that is stale stays so.

The three ways to cut requests into windows are a tenant each.
"""

from __future__ import annotations

from datetime import date
from random import Random

import pytest

from assets.steps import DAILY_ASSETS
from sql.values import Scope
from tests.promises.conftest import MakeMachine
from tests.promises.living import days_of, live_through
from tests.promises.machine import Machine, assert_same
from tests.promises.network import Arrival, Plan, at, draw_rows, insert, named

# It ends with the Sunday that weekly tables are of. A chain of last touches ends within it, and windows roll over its
# midnights. tests/trials/late_month.py lives through a month.
WEEK = Plan(date(2026, 3, 4), days=5, visits=20, orders=2, seed=2)


@pytest.fixture(scope="module")
def week(make_machine: MakeMachine) -> Machine:
    """All tables of a week of all tenants, computed as one range."""
    machine = make_machine(WEEK)
    insert(machine.warehouse, draw_rows(WEEK))
    machine.compute(days_of(WEEK))
    return machine


def test_a_week_lived_through_is_a_week_computed_at_once(make_machine: MakeMachine, week: Machine) -> None:
    """Rows come in late, and every step of a day is made again as often as the ledger asks for it."""
    lived = make_machine(WEEK)
    late = live_through(lived, WEEK, draw_rows(WEEK), [3, 5], Random(3))
    assert late > 20
    assert_same(lived.content(), week.content())
    assert {asset for asset, _, _ in lived.healed} == {*DAILY_ASSETS, "tenant_checks"}
    assert lived.complaints == []


def test_all_checks_pass_and_nothing_is_stale_after_a_range(week: Machine) -> None:
    assert week.heal() == 0
    with week.warehouse.transaction() as connection:
        assert connection.execute("SELECT check_name, detail FROM check_results WHERE NOT passed").fetchall() == []


def test_days_in_any_order_one_by_one_with_shuffled_rows_give_the_same_tables(
    make_machine: MakeMachine, week: Machine
) -> None:
    dice = Random(5)
    machine = make_machine(WEEK)
    arrivals = draw_rows(WEEK)
    insert(machine.warehouse, dice.sample(arrivals, len(arrivals)))
    days = days_of(WEEK)
    for day in dice.sample(days, len(days)):
        machine.compute([day])
    machine.heal()
    assert_same(machine.content(), week.content())
    # Requests alone decide about listening: nothing of it had to be made again.
    assert {asset for asset, _, _ in machine.healed}.isdisjoint({"downloads", "retention_curves"})


def test_a_tenant_alone_has_the_tables_that_it_has_beside_the_others(make_machine: MakeMachine, week: Machine) -> None:
    """The others share its addresses, agents and code words."""
    alone = Plan(WEEK.first, WEEK.days, WEEK.visits, WEEK.orders, WEEK.seed, slugs=("kreuz",))
    machine = make_machine(alone)
    insert(machine.warehouse, draw_rows(alone))
    machine.compute(days_of(alone))
    assert_same(machine.content(named("kreuz")), week.content(named("kreuz")))


def test_a_day_whose_rows_are_gone_stays_as_it_is_and_is_not_requested_again(
    make_machine: MakeMachine, week: Machine
) -> None:
    """Rows were dropped after their time, and one more comes in: a month late, and too late."""
    machine = make_machine(WEEK, like=week)
    harbor, day = named("harbor"), days_of(WEEK)[2]
    mine = [row for row in draw_rows(WEEK) if row.table == "listener_events" and row.row["tenant_id"] == harbor]
    before = machine.content(harbor)
    with machine.warehouse.transaction("earshot_owner") as connection:
        gone = "DELETE FROM listener_events WHERE tenant_id = %s AND (occurred_at AT TIME ZONE 'UTC')::date = %s"
        connection.execute(gone, (harbor, day))
    late = {"event_id": named("too late"), "occurred_at": at(day, 12), "received_at": at(day, 24 * 90)}
    insert(machine.warehouse, [Arrival(at(day, 24 * 90), "listener_events", {**mine[0].row, **late})])
    assert machine.heal() == 1
    assert any("fewer raw rows" in words or "raw rows and was computed from" in words for words in machine.complaints)
    after = machine.content(harbor)
    judged = {"check_results", "rollup_ledger"}
    assert_same({**after, **{name: before[name] for name in judged}}, before)
    assert machine.heal() == 0


def test_computing_a_tenant_again_in_a_fresh_run_changes_no_bit_of_anybody(week: Machine) -> None:
    before = week.content()
    week.compute(days_of(WEEK)[3:5], Scope((named("lanes"),)))
    assert week.heal() == 0
    assert_same(week.content(), before)
