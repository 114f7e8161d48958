"""Workers: which process works at a run of Dagster, whether it is still there, and ending the runs without one.

Here: the tags of a run that is computed in this process, the heartbeat that every run gives, the verdict on
a run, and the look at all open runs with which commands begin.
Not here: looking at a process (identity.py), the daemon's use of the verdict (launching.py), showing it
(run_history.py).
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, RunRecord, RunsFilter

from pipelines.processes.identity import Process, State, ran_already, this_process
from pipelines.processes.run_tags import ALIVE_TAG, PROCESS_TAG, is_silent, own_mark, state_of
from sql.safety.hosts import LOOPBACK

logger = logging.getLogger(__name__)

BEAT = timedelta(seconds=30)

# Where Dagster records the address of a run's code server.
GRPC_TAG = ".dagster/grpc_info"

OPEN = [
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def own_tags(run_id: str) -> dict[str, str]:
    """Tags of a run that is computed in this process."""
    return {PROCESS_TAG: f"{run_id} {this_process()}", ALIVE_TAG: f"{run_id} {_now()}"}


@contextmanager
def sign_of_life(instance: DagsterInstance | None, run_id: str | None) -> Iterator[None]:
    """Record a heartbeat in the run's tags twice a minute, for processes that cannot see this one."""
    if instance is None or run_id is None or not instance.is_persistent:
        yield
        return
    ended = threading.Event()
    beats = threading.Thread(target=_beat, args=(instance, run_id, ended), name="sign of life", daemon=True)
    beats.start()
    try:
        yield
    finally:
        ended.set()
        beats.join(timeout=5)


def _beat(instance: DagsterInstance, run_id: str, ended: threading.Event) -> None:
    while not ended.wait(BEAT.total_seconds()):
        try:
            instance.add_run_tags(run_id, {ALIVE_TAG: f"{run_id} {_now()}"})
        except Exception:
            # The history database is unreachable: the run itself fails if that lasts.
            logger.debug("no sign of life of run %s", run_id, exc_info=True)


def why_gone(instance: DagsterInstance, run: DagsterRun) -> str | None:
    """Why no process works at an open run any more; None: one does, or this machine cannot see whether one does."""
    process = worker_of(instance, run)
    alive_at = own_mark(run.run_id, run.tags.get(ALIVE_TAG))
    if state_of(process, alive_at) is not State.GONE:
        return None
    if process is None or process.state() is State.ELSEWHERE:
        return (
            f"The process that worked at this run on another machine gave its last sign of life at {alive_at}. "
            "The days that it finished are kept."
        )
    return (
        f"Process {process.pid} on {process.host.partition('/')[0]}, which worked at this run, is gone: it was "
        "killed, ran out of memory, or the machine went down. The days that it finished are kept."
    )


def worker_of(instance: DagsterInstance, run: DagsterRun) -> Process | None:
    """The process that works, or worked, at a run; None: it runs on another machine.

    A launched run names its process in its log before it starts; the first look keeps it in the run's tags.
    """
    process = own_mark(run.run_id, run.tags.get(PROCESS_TAG))
    if process is not None:
        return Process.parse(process)
    if not _is_local(run):
        return None
    for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.ENGINE_EVENT):
        event = entry.get_dagster_event()
        if event.step_key is None and "pid" in event.engine_event_data.metadata:
            pid = int(str(event.engine_event_data.metadata["pid"].value))
            found = ran_already(pid, entry.timestamp) or replace(this_process(), pid=pid, started=-1)
            instance.add_run_tags(run.run_id, {PROCESS_TAG: f"{run.run_id} {found}"})
            return found
    return None


def _is_local(run: DagsterRun) -> bool:
    """Whether a run without a process tag runs here: by its code server's address, else by the missing heartbeat."""
    if GRPC_TAG in run.tags:
        where = json.loads(run.tags[GRPC_TAG])
        return bool(where.get("socket")) or where.get("host") in LOOPBACK
    alive_at = own_mark(run.run_id, run.tags.get(ALIVE_TAG))
    return alive_at is None or is_silent(alive_at)


def fail_dead_runs(instance: DagsterInstance) -> list[str]:
    """End every open run that no process works at any more; returns a sentence for each.

    Runs that were to start, or to be canceled, and of whose process nothing is known are ended after the time that
    dagster.yaml allows for it, as the daemon does.
    """
    ended = []
    for record in instance.get_run_records(RunsFilter(statuses=OPEN)):
        why = why_gone(instance, record.dagster_run) or _why_late(instance, record)
        now = instance.get_run_by_id(record.dagster_run.run_id)
        if why is None or now is None or now.status != record.dagster_run.status:
            continue
        if now.status is DagsterRunStatus.CANCELING:
            instance.report_run_canceled(now, why)
        else:
            instance.report_run_failed(now, why)
        ended.append(f"Run {now.run_id[:8]} of {now.job_name} was marked as ended. {why}")
    return ended


def _why_late(instance: DagsterInstance, record: RunRecord) -> str | None:
    limits = {
        DagsterRunStatus.NOT_STARTED: instance.run_monitoring_start_timeout_seconds,
        DagsterRunStatus.STARTING: instance.run_monitoring_start_timeout_seconds,
        DagsterRunStatus.CANCELING: instance.run_monitoring_cancel_timeout_seconds,
    }
    limit = limits.get(record.dagster_run.status)
    process = own_mark(record.dagster_run.run_id, record.dagster_run.tags.get(PROCESS_TAG))
    if limit is None or process or datetime.now(UTC) - record.update_timestamp < timedelta(seconds=limit):
        return None
    return f"It stood at {record.dagster_run.status.value} for more than {limit} seconds, and no process works at it."


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
