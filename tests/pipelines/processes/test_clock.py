"""Clocks that were ahead: schedules and sensors that last looked in a time to come go on, and all else stays."""

from __future__ import annotations

import time

import pytest
from dagster import DagsterInstance
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)

from pipelines.processes.clock import forget_times_to_come, noted_ahead
from tests.pipelines.dagster_history import origin_of

HOUR = 3600.0


def look(instance: DagsterInstance, name: str, moment: float, kind: InstigatorType) -> None:
    """The schedule or sensor looked then."""
    origin = origin_of(name)
    data = (
        ScheduleInstigatorData("11 1 * * *", 1.0, moment)
        if kind is InstigatorType.SCHEDULE
        else SensorInstigatorData(moment, "a key", 600, "a cursor", moment, 1.0, None, moment)
    )
    instance.add_instigator_state(InstigatorState(origin, kind, InstigatorStatus.RUNNING, data))
    selector = origin.get_selector().get_id()
    instance.create_tick(
        TickData(origin.get_id(), name, kind, TickStatus.SUCCESS, moment, run_ids=[], selector_id=selector)
    )


@pytest.mark.parametrize("kind", [InstigatorType.SCHEDULE, InstigatorType.SENSOR])
def test_what_last_looked_in_a_time_to_come_looks_again_now(kind: InstigatorType) -> None:
    began = time.time()
    with DagsterInstance.local_temp() as instance:
        look(instance, "early", began - HOUR, kind)
        look(instance, "ahead", began + HOUR, kind)
        assert list(noted_ahead(instance)) == ["ahead"]
        assert forget_times_to_come(instance) == ["ahead"]
        assert noted_ahead(instance) == {}
        assert forget_times_to_come(instance) == []
        states = {state.instigator_name: state.instigator_data for state in instance.all_instigator_state()}
        for name, latest in (("early", began - HOUR), ("ahead", time.time())):
            data = states[name]
            assert data is not None
            moments = [value for value in data if isinstance(value, float)]
            assert 1.0 in moments
            assert max(moments) <= latest
            origin = origin_of(name)
            ticks = instance.get_ticks(origin.get_id(), origin.get_selector().get_id())
            assert [tick.timestamp for tick in ticks] == (pytest.approx([latest]) if name == "early" else [])
        sensor = states["ahead"]
        assert not isinstance(sensor, SensorInstigatorData) or sensor.cursor == "a cursor"
