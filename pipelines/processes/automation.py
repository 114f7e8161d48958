"""Automation: whether schedules and sensors run, read from the orchestrator's own tables.

Here: those that were stopped in the UI, and those whose last look failed. Without Dagster, which takes seconds to load.
Not here: when they run (pipelines/schedules.py, pipelines/sensors.py), runs (run_history.py).
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from sql.connections.connecting import connect
from sql.connections.limits import Limits, libpq_url

# Stopped by a person, whatever the code says; and of each that has ever looked, its last look.
_STOPPED = "SELECT instigator_type, instigator_body FROM instigators WHERE status = 'STOPPED' ORDER BY id"
_LAST_TICKS = """
SELECT DISTINCT ON (selector_id) status, timestamp, tick_body
FROM job_ticks
WHERE status <> 'STARTED' AND timestamp > now() AT TIME ZONE 'UTC' - interval '7 days'
ORDER BY selector_id, timestamp DESC, id DESC
"""


@dataclass(frozen=True, slots=True)
class FailedTick:
    """A schedule or sensor whose last look failed."""

    name: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Automation:
    """stopped: names of schedules and sensors, each with what it is. failed: those whose last look failed."""

    stopped: tuple[tuple[str, str], ...]
    failed: tuple[FailedTick, ...]


def read_automation(url: str, limits: Limits = Limits()) -> Automation:  # noqa: B008  (an immutable value)
    """Empty without Dagster's tables. url: as in DAGSTER_POSTGRES_URL."""
    with connect(libpq_url(url), limits) as connection:
        connection.autocommit = True
        try:
            stopped = connection.execute(_STOPPED).fetchall()
            ticks = connection.execute(_LAST_TICKS).fetchall()
        except psycopg.errors.UndefinedTable:
            return Automation((), ())
    failed = []
    for status, at, body in ticks:
        tick = _read(str(body))
        if status == "FAILURE":
            error = tick.get("error") or {}
            lines = str(error.get("message") or "no reason was kept").strip().splitlines()
            failed.append(FailedTick(_name(tick), _utc(at), lines[0]))
    return Automation(
        tuple((_name(_read(str(body)).get("origin")), str(kind).lower()) for kind, body in stopped),
        tuple(sorted(failed, key=lambda each: each.name)),
    )


def _read(body: str) -> dict[str, Any]:
    with suppress(ValueError):
        found = json.loads(body)
        return found if isinstance(found, dict) else {}
    return {}


def _name(state: object) -> str:
    """Of a tick, or of the origin of a state. Dagster calls schedules and sensors jobs there, as it once did."""
    return str(state.get("instigator_name") or state.get("job_name")) if isinstance(state, dict) else "?"


def _utc(moment: Any) -> datetime:
    return moment.replace(tzinfo=UTC) if isinstance(moment, datetime) else datetime.now(UTC)
