"""Steps that are lost on the way: what is handed over again, when, and when nobody tries any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery.exceptions import WorkerLostError
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, Failure, job, op
from dagster._core.events import EngineEventData
from dagster._core.test_utils import create_run_for_test

from pipelines.chunks.signs import PROCESS, StepSigns, at_work
from pipelines.chunks.submitted import MOST_LOSSES, StepLostError, SubmittedStep
from pipelines.processes.identity import this_process

STEP = "compute_chunk[1_of_2]"


class Given:
    """What a broker gives back for a step that it took."""

    def __init__(self, *, ready: bool = False, result: Any = None) -> None:
        self.is_ready = ready
        self.result = result

    def ready(self) -> bool:
        return self.is_ready

    def failed(self) -> bool:
        return isinstance(self.result, Exception)

    def get(self) -> Any:
        return self.result

    def revoke(self) -> None:
        raise ConnectionError


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def run(instance: DagsterInstance) -> DagsterRun:
    made: DagsterRun = create_run_for_test(instance, status=DagsterRunStatus.STARTED)
    return made


class Broker:
    """Takes steps, or is away; how many wait is what a test says."""

    def __init__(self, *given: Given | Exception, waiting: int = 0) -> None:
        self.given = list(given)
        self.waiting = waiting
        self.taken = 0

    def take(self) -> Given:
        self.taken += 1
        result = self.given.pop(0) if self.given else Given()
        if isinstance(result, Exception):
            raise result
        return result


def submitted(instance: DagsterInstance, run: DagsterRun, broker: Broker, lost_s: float = 0.0) -> SubmittedStep:
    signs = StepSigns(instance, run.run_id, every=0)
    return SubmittedStep(
        STEP,
        signs,
        broker.take,
        lambda: broker.waiting,
        lambda words: instance.report_engine_event(words, run, step_key=STEP),
        lost_s,
    )


def said(instance: DagsterInstance, run: DagsterRun) -> list[str]:
    return [str(entry.get_dagster_event().message) for entry in instance.all_logs(run.run_id)]


def test_a_step_that_waits_in_the_queue_is_left_there(instance: DagsterInstance, run: DagsterRun) -> None:
    broker = Broker(waiting=1)
    step = submitted(instance, run, broker)
    assert not step.ready()
    assert broker.taken == 1


def test_a_step_that_no_queue_has_and_nobody_began_is_handed_over_again(
    instance: DagsterInstance, run: DagsterRun
) -> None:
    broker = Broker(Given(), Given(ready=True, result=["events"]))
    step = submitted(instance, run, broker)
    assert not step.ready()
    assert broker.taken == 2
    assert step.ready()
    assert step.get() == ["events"]
    assert "nobody works at it, and it waits in no queue" in said(instance, run)[-1]


def test_a_step_at_which_somebody_works_is_waited_for_and_no_longer_when_the_process_is_gone(
    instance: DagsterInstance, run: DagsterRun
) -> None:
    broker = Broker()
    step = submitted(instance, run, broker)
    with at_work(instance, run, STEP):
        pass
    instance.report_engine_event("x", run, EngineEventData({PROCESS: str(this_process())}), step_key=STEP)
    assert not step.ready()
    assert broker.taken == 1
    gone = str(this_process()).rpartition(" ")[0] + " -1"
    instance.report_engine_event("x", run, EngineEventData({PROCESS: gone}), step_key=STEP)
    assert not step.ready()
    assert broker.taken == 2


def test_a_broker_that_is_away_ends_nothing(
    instance: DagsterInstance, run: DagsterRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker(ConnectionError("gone"), Given(ready=True, result=[]))
    step = submitted(instance, run, broker, lost_s=60)
    assert not step.ready()
    step.revoke()
    monkeypatch.setattr("pipelines.chunks.submitted.PAUSE_S", 0.0)
    other = submitted(instance, run, Broker(ConnectionError("gone"), Given(ready=True, result=[])), lost_s=60)
    assert not other.ready()
    assert other.ready()
    other.revoke()
    assert "The broker did not take" in said(instance, run)[-1]


def test_a_step_that_takes_its_worker_down_each_time_is_given_up(instance: DagsterInstance, run: DagsterRun) -> None:
    broker = Broker(*(Given(ready=True, result=WorkerLostError("SIGKILL")) for _ in range(MOST_LOSSES + 1)))
    step = submitted(instance, run, broker, lost_s=60)
    for _ in range(MOST_LOSSES):
        assert not step.ready()
    assert not step.ready()
    assert step.ready()
    assert broker.taken == MOST_LOSSES + 1
    with pytest.raises(StepLostError, match=r"its worker was lost 6 times\. Most often it runs out of memory"):
        step.get()


def test_what_the_history_says_of_a_step_counts_where_its_result_is_lost(instance: DagsterInstance) -> None:
    @op
    def one() -> int:
        return 1

    @job
    def whole() -> None:
        one()

    done = whole.execute_in_process(instance=instance)
    signs = StepSigns(instance, done.run_id, every=0)
    # Signs of an earlier attempt are none of this one.
    assert not SubmittedStep("one", signs, Given, lambda: 1, str, 60).ready()
    step = SubmittedStep("one", signs, Given, lambda: 1, str, 60)
    step._seen = 0
    assert step.ready()
    kinds = [event["event_type_value"] for event in map(__import__("json").loads, step.get())]
    assert kinds == ["STEP_OUTPUT", "STEP_SUCCESS"]


def test_a_step_of_a_run_that_is_over_does_nothing(instance: DagsterInstance) -> None:
    over = create_run_for_test(instance, status=DagsterRunStatus.CANCELED)
    with pytest.raises(Failure, match="The run is over, or was canceled"), at_work(instance, over, STEP):
        raise AssertionError
