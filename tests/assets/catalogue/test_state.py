"""A tenant's rows by key and by name."""

from __future__ import annotations

from assets.catalogue.state import state_after
from tests.assets.catalogue.building import CAMPAIGN, EPISODE, PLACEMENT, SPONSOR, state


def test_rows_without_a_slug_are_called_by_what_they_are_and_where_they_belong() -> None:
    own = state()
    assert own.names["placements"].by_id[PLACEMENT] == "spring-host-read"
    assert own.names["episodes"].by_id[EPISODE] == "tides-low-water"
    assert own.names["episodes"].find("g-1") == EPISODE


def test_a_state_after_changes_leaves_the_one_before_as_it_was() -> None:
    own = state()
    after = state_after(own, [("campaigns", (CAMPAIGN,), {"name": "Autumn"})], [("sponsors", "new", SPONSOR)])
    assert (own.row("campaigns", CAMPAIGN) or {})["name"] == "Spring"
    assert (after.row("campaigns", CAMPAIGN) or {})["name"] == "Autumn"
