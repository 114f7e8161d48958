"""What changes, what is left, and what goes."""

from __future__ import annotations

from datetime import timedelta

from assets.catalogue.comparing import retain_used
from tests.assets.catalogue.building import NOON, PLACEMENT, ROWS, SPONSOR, planned, state


def test_only_columns_that_files_give_and_that_differ_change() -> None:
    (change,) = planned("placements: [{id: spring-host-read, price: 120.50, name: ' Host read'}]").changes
    assert (change.action, change.changed) == ("change", ("cost_minor",))
    assert change.row["cost_minor"] == 12_050


def test_what_the_files_do_not_name_is_left_and_counted() -> None:
    plan = planned("sponsors: [{id: other, name: Other}]")
    assert [(each.action, each.kind) for each in plan.changes] == [("add", "sponsors")]
    assert plan.left == {"sponsors": 1}


def test_pruning_removes_what_files_leave_out_of_their_own_lists_after_everything_is_entered() -> None:
    plan = planned("sponsors: [{id: other, name: Other}]", prune=True)
    assert [(each.action, each.kind, each.row_id == SPONSOR) for each in plan.changes] == [
        ("add", "sponsors", False),
        ("remove", "sponsors", True),
    ]
    retained = retain_used(plan, {SPONSOR})
    assert [each.action for each in retained.changes] == ["add", "keep"]


def test_all_validities_of_a_code_are_one_value() -> None:
    plan = planned("codes: [{code: SAVE10, placement: spring-host-read, valid_from: 2026-03-02}]")
    assert [(each.action, each.row["valid_from"]) for each in plan.changes] == [
        ("remove", None),
        ("add", (NOON - timedelta(days=8)).replace(hour=0)),
    ]


def test_a_plan_of_what_is_there_is_empty_and_stores_no_name() -> None:
    plan = planned("sponsors: [{id: kettle-co, name: Kettle & Co}]")
    assert plan.is_empty
    assert plan.count("add") == 0


def test_spans_of_a_placement_in_a_file_are_one_value_and_those_of_others_stay() -> None:
    spans = [
        {"asset_id": ROWS["files"][0]["asset_id"], "segment_no": n, "placement_id": placement, "first_byte": first}
        | {"last_byte": first + 99, "position": "pre", "insertion": "baked_in"}
        for n, placement, first in ((1, PLACEMENT, 1000), (2, PLACEMENT, 2000), (3, None, 3000))
    ]
    before = state({**ROWS, "spans": spans})
    text = "spans: [{file: /1.mp3, placement: spring-host-read, first_byte: 1000, last_byte: 1500}]"
    plan = planned(text, before=before)
    assert [(each.action, each.row["segment_no"]) for each in plan.changes] == [("remove", 2), ("change", 1)]
