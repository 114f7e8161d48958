"""Stages of a range of days: nothing is computed before what it is made of, nothing twice, and nothing is left out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.spans import DAY
from assets.steps import LOOK_BACK_ASSETS, STEPS
from pipelines.backfill.stages import Days, Part, is_chained, share_out, stages_of

FIRST, LAST = date(2026, 3, 1), date(2026, 4, 20)

ranges = st.fixed_dictionaries(
    {step.name: st.integers(0, 60).map(lambda days: (LAST - timedelta(days=days), LAST)) for step in STEPS}
)


def listed(parts: list[Part]) -> list[tuple[str, date]]:
    """Each step and day that the parts compute."""
    return [
        (step.name, part.first + timedelta(days=n)) for part in parts for step in part.steps for n in range(part.days)
    ]


@given(ranges, st.integers(1, 4))
def test_each_day_of_each_step_is_computed_once(days_of: dict[str, Days], processes: int) -> None:
    shared = [part for stage in stages_of(days_of) for share in share_out(stage, processes) for part in share]
    found = listed(shared)
    assert len(found) == len(set(found))
    whole = {
        (name, first + timedelta(days=n))
        for name, (first, last) in days_of.items()
        for n in range((last - first).days + 1)
    }
    assert set(found) == whole


@given(ranges, st.integers(1, 4))
def test_what_a_part_reads_is_computed_before_it_or_in_it(days_of: dict[str, Days], processes: int) -> None:
    done: set[tuple[str, date]] = set()
    for stage in stages_of(days_of):
        parts = [part for share in share_out(stage, processes) for part in share]
        for part in parts:
            available = done | set(listed([part]))
            for step in part.steps:
                for source, span in step.sources.items():
                    maker = next((each for each in STEPS if source in each.names), None)
                    if maker is None:
                        continue
                    first, last = days_of[maker.name]
                    wanted_first, wanted_last = (part.first, part.last) if span == DAY else (first, part.last)
                    days = [wanted_first + timedelta(days=n) for n in range((wanted_last - wanted_first).days + 1)]
                    assert {(maker.name, day) for day in days if first <= day <= last} <= available
        done |= set(listed(parts))


@given(ranges, st.integers(1, 4))
def test_days_that_have_an_order_stay_in_one_part(days_of: dict[str, Days], processes: int) -> None:
    for stage in stages_of(days_of):
        parts = [part for share in share_out(stage, processes) for part in share]
        for step in filter(is_chained, STEPS):
            assert sum(step in part.steps for part in parts) <= 1


def test_the_days_of_the_demo_keep_two_processes_about_equally_busy() -> None:
    days_of = {
        step.name: (FIRST if step.names[0] in LOOK_BACK_ASSETS else LAST - timedelta(21), LAST) for step in STEPS
    }
    stages = stages_of(days_of)
    assert [sorted(step.name for part in stage for step in part.steps) for stage in stages] == [
        ["listening_day", "placement_delivery", "playback_day"],
        ["attribution_day", "audience_day", "campaign_reach"],
        ["campaign_roi"],
        ["campaign_week", "tenant_checks"],
    ]
    for stage in stages:
        sizes = [sum(part.tables for part in share) for share in share_out(stage, 2)]
        assert sizes[1] == pytest.approx(sizes[0], rel=0.25)
