"""Signs: who works at a step of a run, and when that was last seen, in the history that all machines share.

Here: giving signs while a step works, stopping it when its run is over, and reading what became of each step.
Not here: the sign of life of a whole run (processes/workers.py), what is done about a step that is lost (submitted.py).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import time

from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    Failure,
    MetadataValue,
)
from dagster._core.events import EngineEventData

from pipelines.processes.identity import Process, State, this_process

logger = logging.getLogger(__name__)

BEAT = timedelta(seconds=30)

# A worker on another machine is taken for dead after so long without a sign: four that are missing in a row.
SILENCE = timedelta(minutes=2)

# Under this name an event of a step names the process that works at it.
PROCESS = "earshot/process"

ENDS = (DagsterEventType.STEP_SUCCESS, DagsterEventType.STEP_FAILURE, DagsterEventType.STEP_UP_FOR_RETRY)
READ = {*ENDS, DagsterEventType.STEP_START, DagsterEventType.STEP_OUTPUT, DagsterEventType.ENGINE_EVENT}


@dataclass(frozen=True, slots=True)
class Sign:
    """An event of a step: when it was written (seconds since 1970), and by which process if it is a sign of life."""

    at: float
    event: DagsterEvent
    process: Process | None = None

    @property
    def is_end(self) -> bool:
        return self.event.event_type in ENDS

    def is_stale(self) -> bool:
        """Whether who gave it works no more, as far as can be seen."""
        if self.process is not None and self.process.state() is not State.ELSEWHERE:
            return self.process.state() is State.GONE
        return time() - self.at > SILENCE.total_seconds()


@contextmanager
def at_work(instance: DagsterInstance, run: DagsterRun, step_key: str) -> Iterator[Callable[[], None]]:
    """Give signs while the body works at a step.

    Yields a function that raises Failure, once the run is over or was canceled: for the body to call now and then.
    """
    over = threading.Event()
    if _is_over(instance, run.run_id):
        over.set()
    ended = threading.Event()
    if instance.is_persistent:
        _give(instance, run, step_key, "Begins")
    beats = threading.Thread(target=_beat, args=(instance, run, step_key, ended, over), name="signs", daemon=True)
    beats.start()

    def check() -> None:
        if over.is_set():
            raise Failure("The run is over, or was canceled, so this step ended too.", allow_retries=False)

    try:
        check()
        yield check
    finally:
        ended.set()
        beats.join(timeout=5)


def _beat(
    instance: DagsterInstance, run: DagsterRun, step_key: str, ended: threading.Event, over: threading.Event
) -> None:
    while not ended.wait(BEAT.total_seconds()):
        try:
            if _is_over(instance, run.run_id):
                over.set()
            _give(instance, run, step_key, "At work")
        except Exception:
            # The history is unreachable: if that lasts, the step itself fails.
            logger.debug("no sign of %s of run %s", step_key, run.run_id, exc_info=True)


def _give(instance: DagsterInstance, run: DagsterRun, step_key: str, words: str) -> None:
    process = this_process()
    instance.report_engine_event(
        f"{words} in process {process.pid} on {process.host.partition('/')[0]}.",
        run,
        EngineEventData({PROCESS: MetadataValue.text(str(process))}),
        step_key=step_key,
    )


def _is_over(instance: DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is None or run.is_finished or run.status is DagsterRunStatus.CANCELING


class StepSigns:
    """The signs of all steps of a run, read anew at most every few seconds."""

    def __init__(self, instance: DagsterInstance, run_id: str, every: float = 3.0) -> None:
        self._instance = instance
        self._run_id = run_id
        self._every = every
        self._read_at = 0.0
        self._signs: dict[str, list[Sign]] = {}

    def of(self, step_key: str) -> Sequence[Sign]:
        """The step's signs, oldest first."""
        if time() - self._read_at >= self._every:
            self._read()
        return self._signs.get(step_key, ())

    def _read(self) -> None:
        found: dict[str, list[Sign]] = {}
        for entry in self._instance.all_logs(self._run_id, of_type=READ):
            event = entry.get_dagster_event()
            if event.step_key is None:
                continue
            process = None
            if event.event_type is DagsterEventType.ENGINE_EVENT:
                named = event.engine_event_data.metadata.get(PROCESS)
                if named is None:
                    continue
                process = Process.parse(str(named.value))
            found.setdefault(event.step_key, []).append(Sign(entry.timestamp, event, process))
        self._signs, self._read_at = found, time()


def events_of_last_attempt(signs: Sequence[Sign]) -> list[DagsterEvent]:
    """What the run has to be given of a step that has ended: its outputs, each once, and how it ended.

    Two workers may have worked at it, where one was taken for dead.
    """
    end = next(number for number in reversed(range(len(signs))) if signs[number].is_end)
    outputs: dict[str, DagsterEvent] = {}
    for sign in signs[:end]:
        if sign.event.event_type is DagsterEventType.STEP_OUTPUT:
            outputs[str(sign.event.step_output_data.step_output_handle)] = sign.event
    return [*outputs.values(), signs[end].event]
