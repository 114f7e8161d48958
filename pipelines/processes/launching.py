"""Launching: Dagster's own run launcher, which also checks whether the process of a run is still there.

Here: what dagster.yaml names as the run launcher. The daemon's run monitoring calls it, and fails the runs whose
process is gone. Not here: how a process is judged (workers.py).
"""

from __future__ import annotations

import os
import signal
import time

from dagster import DagsterRun, DefaultRunLauncher
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus

from pipelines.processes.identity import State
from pipelines.processes.workers import why_gone, worker_of

# A run logs its process a moment after it was launched. Where that takes longer, the health check finds it later.
ATTEMPTS = 20
PAUSE_S = 0.1


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs on the code server, watches their processes, and stops those too that no code server has."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Launch it, and record its process."""
        super().launch_run(context)
        for _ in range(ATTEMPTS):
            if worker_of(self._instance, context.dagster_run):
                return
            time.sleep(PAUSE_S)

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        why = why_gone(self._instance, run)
        return CheckRunHealthResult(WorkerStatus.RUNNING if why is None else WorkerStatus.NOT_FOUND, why)

    def terminate(self, run_id: str) -> bool:
        """Also a run whose code server was restarted since, and one that `earshot backfill` computes by itself."""
        run = self._instance.get_run_by_id(run_id) if self.has_instance else None
        if run is None or run.is_finished:
            return False
        process = worker_of(self._instance, run)
        if process is None or process.state() is State.ELSEWHERE:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        self._instance.report_run_canceling(run)
        if process.state() is State.GONE:
            self._instance.report_run_canceled(run)
        else:
            os.kill(process.pid, signal.SIGINT)
        return True
