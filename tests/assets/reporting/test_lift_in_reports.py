"""What a report says about lift: the result, or why there is none to tell."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from assets.reporting.gathering import with_lift
from reports.facts import ReportFacts
from sql.values import Interval
from tests.reports.conftest import make_facts


@pytest.fixture
def facts() -> ReportFacts:
    return make_facts()


def results(**fields: Any) -> pl.DataFrame:
    row = {
        "is_causal": True,
        "is_shown": True,
        "households": 12_000,
        "base_households": 3_000,
        "relative_lift": 0.2,
        "relative_lower": 0.1,
        "relative_upper": 0.3,
        "minimum_detectable_lift": 0.25,
    }
    return pl.DataFrame([{**row, **fields}], schema_overrides={"minimum_detectable_lift": pl.Float64})


@pytest.mark.parametrize("causal", [True, False])
def test_a_shown_lift_comes_with_its_interval_and_its_design(facts: ReportFacts, causal: bool) -> None:
    told = with_lift(facts, results(is_causal=causal))
    assert (told.lift, told.lift_causal) == (Interval(0.2, 0.1, 0.3), causal)


def test_a_coarse_comparison_tells_the_smallest_lift_that_it_finds(facts: ReportFacts) -> None:
    told = with_lift(facts, results(is_shown=False, minimum_detectable_lift=0.814))
    assert told.lift is None
    assert told.no_lift == (
        "12,000 households were compared with 3,000 others; that finds lifts of 81% and more, "
        "and has to find 30% to be shown."
    )


def test_without_a_conversion_on_the_other_side_it_says_so(facts: ReportFacts) -> None:
    told = with_lift(facts, results(is_shown=False, minimum_detectable_lift=None))
    assert told.no_lift.endswith("3,000 others, of which none converted.")


def test_without_a_result_the_facts_stay_as_they_are(facts: ReportFacts) -> None:
    assert with_lift(facts, results().clear()) == facts
