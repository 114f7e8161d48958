"""Steps: each is computed from what was computed before it, and what they name is there."""

from __future__ import annotations

import inspect

import pytest

from assets.computing import function_at
from assets.lineage import graph_inputs, graph_reach
from assets.spans import LONGEST_WINDOW
from assets.steps import DAILY_ASSETS, LOOK_BACK_ASSETS, OWNERS, RAW_SOURCES, STEPS, VERDICT, VERDICTS, DayStep
from sql.raw.watermarks import SOURCES
from sql.tables import TIME_COLUMNS

# Raw rows and the keys that are kept of them: written, but by no step of a day.
NOT_OF_A_DAY = {"listener_events", "attribution_events", "event_keys", "attribution_event_keys"}

every_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)


def test_every_asset_is_computed_once_and_after_what_it_is_made_of() -> None:
    made: set[str] = set(RAW_SOURCES)
    for step in STEPS:
        assert set(step.sources) <= made | set(step.names)
        assert made.isdisjoint(step.names)
        made |= set(step.names)


def test_raw_sources_are_those_whose_arrivals_are_noted() -> None:
    assert tuple(RAW_SOURCES) == SOURCES


def test_the_verdict_is_about_every_asset_of_a_day_and_every_raw_request() -> None:
    assert set(VERDICTS.sources) == {"requests", *DAILY_ASSETS}
    assert VERDICTS.names == (VERDICT,)


def test_every_table_that_is_replaced_by_window_belongs_to_one_asset() -> None:
    tables = [table for step in STEPS for asset in step.assets for table in asset.tables]
    assert len(tables) == len(set(tables))
    assert set(tables) == TIME_COLUMNS.keys() - NOT_OF_A_DAY


def test_days_before_the_reported_ones_are_computed_as_far_as_windows_and_campaigns_look_back() -> None:
    assert set(LOOK_BACK_ASSETS) == {
        "request_dispositions",
        "downloads",
        "listener_metrics",
        "listener_dimension_metrics",
        "ad_exposures",
        "conversions",
        "attribution_credits",
        "placement_delivery",
    }


@every_step
def test_a_step_names_functions_that_take_what_it_gives_them(step: DayStep) -> None:
    given = inspect.signature(function_at(step.compute)).parameters
    assert list(given)[:3] == ["read", "window", "tenants"]
    assert {*step.given, *step.state} <= set(given)
    needed = [name for name, each in given.items() if each.default is each.empty]
    assert set(needed[3:]) <= {*step.given, *step.state}
    for place in (*step.state.values(), *filter(None, (step.prepare, step.describe))):
        assert callable(function_at(place))


@every_step
def test_an_asset_is_made_of_sources_of_its_step_or_of_its_neighbours(step: DayStep) -> None:
    for asset in step.assets:
        assert set(asset.inputs) <= {*step.sources, *step.names} - {asset.name}
        assert asset.group in OWNERS
    # What no asset of the step was made of would be missing in the graph.
    inputs = [graph_inputs(step, asset) for asset in step.assets]
    shown = {RAW_SOURCES.get(source, source) for source in step.sources if source not in step.names}
    assert shown <= {source for each in inputs for source in each}


@every_step
def test_all_ways_from_a_raw_row_to_an_asset_add_up_to_the_same_days_in_the_graph(step: DayStep) -> None:
    for asset in step.assets:
        assert 0 <= graph_reach(asset.name) <= LONGEST_WINDOW.days
        for source, days in graph_inputs(step, asset).items():
            assert graph_reach(source) + days == graph_reach(asset.name)
            assert days >= 0
