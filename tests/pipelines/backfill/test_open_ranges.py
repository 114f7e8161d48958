"""Which days of each step are left to do, after a computing that was stopped in any stage."""

from __future__ import annotations

from datetime import date

import pytest

from assets.steps import LOOK_BACK_ASSETS, STEPS
from pipelines.backfill.in_stages import open_ranges
from pipelines.backfill.stages import Days
from sql.warehouse import Warehouse
from tests.pipelines.small_network import FIRST, MONDAY, SUNDAY


def left_to_do(warehouse: Warehouse) -> dict[str, Days]:
    return open_ranges(warehouse, {step.name: FIRST for step in STEPS}, SUNDAY)


def forget(warehouse: Warehouse, asset: str, day: date) -> None:
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute("DELETE FROM rollup_ledger WHERE asset = %s AND day = %s", (asset, day))


def test_nothing_is_left_of_what_is_computed(week: Warehouse) -> None:
    assert left_to_do(week) == {}


def test_a_step_that_was_not_reached_is_done_although_later_steps_of_the_day_are(week: Warehouse) -> None:
    """Attribution comes in a later stage than the delivery of placements, which is the last step of a look-back."""
    assert LOOK_BACK_ASSETS[-1] == "placement_delivery"
    forget(week, "attribution_credits", MONDAY)
    found = left_to_do(week)
    assert found["attribution_day"] == (MONDAY, SUNDAY)
    assert {"listening_day", "placement_delivery", "audience_day"}.isdisjoint(found)
    assert found["campaign_roi"] == found["tenant_checks"] == (MONDAY, SUNDAY), "they are made of it"


@pytest.mark.parametrize("earliest", [MONDAY, SUNDAY])
def test_no_step_begins_before_its_earliest_day(week: Warehouse, earliest: date) -> None:
    forget(week, "downloads", FIRST)
    forget(week, "listener_dimension_metrics", FIRST)
    first_of = {step.name: FIRST if step.names[0] in LOOK_BACK_ASSETS else earliest for step in STEPS}
    found = open_ranges(week, first_of, SUNDAY)
    assert found["listening_day"] == found["attribution_day"] == (FIRST, SUNDAY)
    assert found["audience_day"] == found["tenant_checks"] == (earliest, SUNDAY)
