"""Events: a line of JSON for each, with run, tenant and day, where somebody collects them, and nowhere else."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from sql.events import collect_events, note_event
from sql.failures import FailureLog
from sql.safety.masking import register_secret
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.sql.rows import DAY, HARBOR, RUN, add_tenants


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    collect_events(str(tmp_path / "events.jsonl"))
    yield tmp_path / "events.jsonl"
    collect_events(None)


def read(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def test_an_event_is_one_line_with_run_tenant_and_day_in_a_private_file(log: Path) -> None:
    note_event("day_written", run=RUN, tenant=HARBOR, day=DAY, assets=["downloads"])
    note_event("mail_tried", detail="two\nlines of Röntgen")
    first, second = read(log)
    assert datetime.fromisoformat(first.pop("time")).tzinfo is not None
    assert first == {
        "event": "day_written",
        "run": str(RUN),
        "tenant": str(HARBOR),
        "day": DAY.isoformat(),
        "assets": ["downloads"],
    }
    assert (second["run"], second["tenant"], second["day"]) == (None, None, None)
    assert second["detail"] == "two\nlines of Röntgen"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_secrets_are_masked_in_any_field(log: Path) -> None:
    register_secret("a-secret-of-this-test")
    note_event("work_failed", cause="refused: a-secret-of-this-test")
    assert "a-secret-of-this-test" not in log.read_text()
    assert read(log)[0]["cause"] == "refused: ***"


def test_a_file_that_was_put_aside_is_made_anew(log: Path) -> None:
    note_event("day_written")
    log.rename(log.with_suffix(".old"))
    note_event("day_written")
    assert len(read(log)) == 1


def test_a_file_that_cannot_be_written_stops_nothing_and_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collect_events(str(tmp_path / "not there" / "events.jsonl"))
    note_event("day_written")
    note_event("day_written")
    collect_events(None)
    assert capsys.readouterr().err.count("events cannot be written to") == 1


def test_without_a_collector_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    note_event("day_written", tenant=UUID(int=1))
    assert capsys.readouterr() == ("", "")


def test_work_that_fails_for_a_tenant_is_an_event(warehouse: Warehouse, log: Path) -> None:
    add_tenants(warehouse)
    FailureLog(warehouse, "computing", str, RUN).add(HARBOR, PermanentError("no rate"), ["conversions"], DAY)
    (event,) = read(log)
    del event["time"]
    assert event == {
        "event": "work_failed",
        "run": str(RUN),
        "tenant": str(HARBOR),
        "day": DAY.isoformat(),
        "stage": "computing",
        "subjects": ["conversions"],
        "cause": "no rate",
    }
