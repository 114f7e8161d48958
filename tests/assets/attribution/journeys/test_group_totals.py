"""Sets of placements share out all conversions and all money, whatever the sets."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.attribution.journeys.group_totals import FittedJourneys
from assets.attribution.journeys.reading import all_journeys

GOAL = {"tenant_id": "harbour", "sponsor_id": "kettle", "goal_kind": "purchase"}
PLACEMENTS = "gmx"


def fit(converted: list[str], failed: list[str]) -> FittedJourneys:
    """Journeys as paths of placements of one letter each; each conversion is of a household of its own."""
    touches = [
        {**GOAL, "conversion_id": f"order {home}", "touch_no": number, "placement_id": placement}
        for home, path in enumerate(converted)
        for number, placement in enumerate(path, 1)
    ]
    others = [
        {**GOAL, "household_key": -1 - home, "next_at": None, "touch_no": number, "placement_id": placement}
        for home, path in enumerate(failed)
        for number, placement in enumerate(path, 1)
    ]
    orders = {"tenant_id": "harbour", "conversion_id": [f"order {home}" for home in range(len(converted))]}
    who = pl.DataFrame(orders).with_columns(household_key=pl.int_range(pl.len()), listener_id=pl.lit(None, pl.String))
    schema: dict[str, Any] = {
        **dict.fromkeys(GOAL, pl.String),
        "household_key": pl.Int64,
        "next_at": pl.Datetime("us", "UTC"),
    }
    empty = pl.DataFrame(others, schema={**schema, "touch_no": pl.Int64, "placement_id": pl.String})
    return FittedJourneys.of(all_journeys(pl.DataFrame(touches), empty), who)


PATHS = st.lists(st.text(PLACEMENTS, min_size=1, max_size=3), max_size=12)


@settings(max_examples=25, deadline=None)
@given(converted=PATHS.filter(bool), failed=PATHS, group=st.sets(st.sampled_from(PLACEMENTS)))
def test_a_group_and_all_others_together_earn_everything(
    converted: list[str], failed: list[str], group: set[str]
) -> None:
    fitted = fit(converted, failed)
    orders = [f"order {home}" for home in range(len(converted))]
    values = pl.DataFrame({"tenant_id": "harbour", "conversion_id": orders, "net_minor": range(1, len(orders) + 1)})
    parts = [
        fitted.total_of(pl.Series(sorted(names), dtype=pl.String), values) for names in (group, set(PLACEMENTS) - group)
    ]
    assert sum(part["conversions"] or 0.0 for part in parts) == pytest.approx(len(converted))
    assert sum(part["revenue_minor"] or 0 for part in parts) == sum(range(1, len(orders) + 1))
    assert parts[0]["sample"] == sum(bool(group & set(path)) for path in converted)
