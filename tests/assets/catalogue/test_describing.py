"""A plan in words."""

from __future__ import annotations

from assets.catalogue.describing import describe
from tests.assets.catalogue.building import planned, state


def test_changes_are_shown_with_names_and_amounts() -> None:
    plan = planned("placements: [{id: spring-host-read, price: 120.5}]\nsponsors: [{id: other, name: Other}]")
    rows = list(describe(plan, state(), state()))
    assert rows == [
        ("added", "sponsors", rows[0][2], "name: Other"),
        ("changed", "placements", "spring-host-read", "price: 90 -> 120.5"),
        ("left", "sponsors", "1 that no file names", ""),
    ]


def test_long_lists_are_cut_and_counted() -> None:
    items = ", ".join(f"{{id: s{number}, name: S{number}}}" for number in range(50))
    rows = list(describe(planned(f"sponsors: [{items}]"), state(), state()))
    assert rows[-2] == ("added", "sponsors", "and 10 more", "")
