"""The first day: partitions begin where data begin, and an earlier row moves them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance, SkipReason, build_sensor_context

from assets.partitions import partitions_from
from pipelines.first_day import FirstDayChange, describe_first_day_change, loaded_first_day, save_first_day
from pipelines.sensors import late_rows
from pipelines.settings import load_settings
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.pipelines.small_network import FIRST, add, add_tenant, download

ROOT = Path(__file__).parents[2]
STARTS = """
import json
from pipelines.definitions import defs
graph = defs.resolve_asset_graph()
cuts = [graph.get(key).partitions_def for key in graph.get_all_asset_keys() if graph.get(key).is_partitioned]
print(json.dumps(sorted({str(each.start.date()) for each in cuts})))
"""


def starts(home: Path, **environment: str) -> list[str]:
    """Where the partitions of the asset graph begin, for a process that loads it now."""
    done = subprocess.run(
        [sys.executable, "-c", STARTS],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "EARSHOT_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(done.stdout)
    return found


def test_weeks_and_months_begin_whole() -> None:
    cut = partitions_from(date(2026, 3, 4), date(2026, 11, 29))
    assert [each.get_first_partition_key() for each in cut] == ["2026-03-04", "2026-03-02", "2026-03-01"]


@pytest.mark.parametrize("today", [date(2026, 3, 1), date(2026, 3, 2), date(2026, 11, 29)])
def test_before_there_is_data_there_is_what_the_schedules_ask_for(today: date) -> None:
    cut = partitions_from(today, today)
    yesterday = today - timedelta(days=1)
    assert {str(yesterday), str(today - timedelta(days=3))} <= set(cut.daily.get_partition_keys())
    monday = today - timedelta(days=2)
    monday -= timedelta(days=monday.weekday() + 7)
    assert str(monday) in cut.weekly.get_partition_keys()
    month = ((today - timedelta(days=2)).replace(day=1) - timedelta(days=1)).replace(day=1)
    assert str(month) in cut.monthly.get_partition_keys()


def test_the_first_row_decides_and_an_earlier_one_moves_it(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EARSHOT_FIRST_DAY")
    settings = load_settings({"EARSHOT_HOME": str(tmp_path / "home")})
    assert save_first_day(settings, warehouse) is None
    add_tenant(warehouse, "harbor", "UTC", "USD")
    add(warehouse, "listener_events", download("harbor", FIRST, "10.0.0.1"))
    assert save_first_day(settings, warehouse) == FirstDayChange(None, FIRST)
    assert save_first_day(settings, warehouse) is None
    assert starts(settings.home) == ["2026-02-23", "2026-03-01"]
    add(warehouse, "listener_events", download("harbor", date(2026, 1, 15), "10.0.0.1"))
    change = save_first_day(settings, warehouse)
    assert change == FirstDayChange(FIRST, date(2026, 1, 15))
    assert "Reload" in describe_first_day_change(change)[0]
    assert starts(settings.home) == ["2026-01-01", "2026-01-12", "2026-01-15"]
    assert starts(settings.home, EARSHOT_FIRST_DAY="2025-06-02") == ["2025-06-01", "2025-06-02"]


def test_a_setting_that_is_no_day_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_FIRST_DAY", "yesterday")
    loaded_first_day.cache_clear()
    with pytest.raises(PermanentError, match="EARSHOT_FIRST_DAY is 'yesterday'; it must be a day"):
        loaded_first_day()
    loaded_first_day.cache_clear()


def test_what_is_stale_before_the_loaded_partitions_is_left_to_a_job_of_its_own(
    week: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a code server that was started before an earlier log came in."""
    add(week, "listener_events", download("kreuz", FIRST, "10.0.0.4"))
    monkeypatch.setattr("pipelines.sensors.loaded_first_day", lambda: date(2026, 6, 1))
    with DagsterInstance.ephemeral() as history:
        answer = late_rows(build_sensor_context(history, resources={"warehouse": week}))
    assert isinstance(answer, SkipReason)
    assert "the job early_days computes them" in str(answer.skip_message)
