"""Run tags: which process works at a run, and its last heartbeat.

Here: the tags' names, and reading them. Each begins with the run's own id, because a run that is tried again inherits
the tags of the first. Without Dagster, so that commands that only look need not load it.
Not here: writing them and ending runs (workers.py), looking at a process (identity.py).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipelines.processes.identity import Process, State

# The process, as Process.parse reads it, and when it last gave a sign of life (ISO 8601).
PROCESS_TAG = "earshot/process"
ALIVE_TAG = "earshot/alive_at"

# A worker on another machine is judged by its sign of life alone: ten that are missing in a row.
SILENCE = timedelta(minutes=5)


def own_mark(run_id: str, tag: str | None) -> str | None:
    """The value that a run wrote into a tag itself; None where it wrote none, or inherited another run's."""
    owner, _, mark = (tag or "").partition(" ")
    return mark if owner == run_id else None


def is_silent(alive_at: str | None) -> bool:
    """Whether the last sign of life is too long ago; not if there never was one."""
    return alive_at is not None and datetime.now(UTC) - datetime.fromisoformat(alive_at) > SILENCE


def state_of(process: Process | None, alive_at: str | None) -> State:
    """Whether the worker of a run is there: by its process where that can be seen, else by its last sign of life."""
    state = State.ELSEWHERE if process is None else process.state()
    return State.GONE if state is State.ELSEWHERE and is_silent(alive_at) else state
