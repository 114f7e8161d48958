"""Executors: where the steps of days in chunks run, by the setting EARSHOT_EXECUTOR.

Here: one process, several of this machine, workers of Celery, pods of Kubernetes.
Not here: the steps (job.py), the broker (broker.py), other jobs: each of their runs is one process.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from dagster import (
    DagsterEvent,
    Executor,
    ExecutorDefinition,
    InitExecutorContext,
    executor,
    in_process_executor,
    multiple_process_executor_requirements,
    multiprocess_executor,
)
from dagster._core.execution.retries import RetryMode
from dagster._grpc.types import ExecuteStepArgs
from dagster._serdes import pack_value

from pipelines.chunks.broker import app_args, count_waiting, make_celery
from pipelines.chunks.signs import StepSigns
from pipelines.chunks.submitted import SubmittedStep
from pipelines.processes.workers import sign_of_life
from pipelines.settings import load_settings
from sql.values import PermanentError


class CelerySteps(Executor):
    """dagster-celery's executor, with steps that are handed over again when they are lost."""

    def __init__(self, broker_url: str, lost_s: float) -> None:
        self._broker_url = broker_url
        self._lost_s = lost_s

    @property
    def retries(self) -> RetryMode:
        return RetryMode.ENABLED

    def app_args(self) -> dict[str, Any]:
        """What dagster-celery's loop makes its application of."""
        return app_args(self._broker_url)

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[DagsterEvent]:
        from dagster_celery.core_execution_loop import core_celery_execution_loop
        from dagster_celery.tasks import create_task

        instance, run = plan_context.instance, plan_context.dagster_run
        signs = StepSigns(instance, run.run_id)
        app = make_celery(self._broker_url)
        task = create_task(app)  # type: ignore[no-untyped-call]
        job = plan_context.reconstructable_job

        def submit(_app: Any, _context: Any, step: Any, queue: str, priority: int, known_state: Any) -> SubmittedStep:
            # As dagster-celery's own function for it, which makes the task anew each time.
            arguments = ExecuteStepArgs(
                job_origin=job.get_python_origin(),
                run_id=run.run_id,
                step_keys_to_execute=[step.key],
                instance_ref=instance.get_ref(),
                retry_mode=self.retries.for_inner_plan(),
                known_state=known_state,
                print_serialized_events=True,
            )
            message = task.si(execute_step_args_packed=pack_value(arguments), executable_dict=job.to_dict())
            return SubmittedStep(
                step.key,
                signs,
                partial(message.apply_async, priority=priority, queue=queue, routing_key=f"{queue}.execute_plan"),
                partial(count_waiting, app),
                lambda sentence: instance.report_engine_event(sentence, run, step_key=step.key),
                self._lost_s,
            )

        with sign_of_life(instance, run.run_id):
            yield from core_celery_execution_loop(plan_context, execution_plan, submit)  # type: ignore[no-untyped-call]


@executor(name="celery", requirements=multiple_process_executor_requirements())
def celery_steps(_context: InitExecutorContext) -> CelerySteps:
    """Steps on workers that `earshot worker` starts."""
    settings = load_settings()
    return CelerySteps(settings.broker_url, settings.lost_s)


def chunk_executor(name: str) -> ExecutorDefinition:
    """The executor of that name. Raises PermanentError where what it takes is not installed."""
    try:
        if name == "celery":
            import dagster_celery  # noqa: F401
        if name == "k8s":
            from dagster_k8s import k8s_job_executor

            return k8s_job_executor
    except ImportError:
        raise PermanentError(
            f"EARSHOT_EXECUTOR is {name}, and what it takes is not installed: pip install 'earshot[{name}]'"
        ) from None
    return {"in_process": in_process_executor, "multiprocess": multiprocess_executor, "celery": celery_steps}[name]
