"""Steering: what `earshot reports` does, as jobs of the orchestrator.

Here: the list of the jobs. Not here: the commands (commands/reports), what may be decided and entered (reports/).
"""

from pipelines.steering.deciding import DECIDING_JOBS
from pipelines.steering.entering import ENTERING_JOBS

STEERING_JOBS = [*DECIDING_JOBS, *ENTERING_JOBS]
