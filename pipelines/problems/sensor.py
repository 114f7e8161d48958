"""The sensor that watches: every five minutes, in Dagster's daemon.

Here: its clock, and what it says of each look.
Not here: what is looked for (finding.py).
"""

from datetime import UTC, datetime

from dagster import DefaultSensorStatus, ResourceParam, SensorEvaluationContext, SkipReason, sensor

from pipelines.settings import load_settings
from sql.warehouse import Warehouse


@sensor(
    minimum_interval_seconds=300,
    default_status=DefaultSensorStatus.RUNNING,
    description="Every five minutes: looks for failed runs, late nights, held reports, mails that do not leave, full "
    "disks, lapsed lists and erasures that wait, and tells each once, and once more when it is solved.",
)
def problems(context: SensorEvaluationContext, warehouse: ResourceParam[Warehouse]) -> SkipReason:
    """What a person has to know of; it starts no run."""
    # Loaded here, because it loads the mail transports.
    from pipelines.problems.watching import watch

    watched = watch(load_settings(), warehouse, datetime.now(UTC))
    for note in watched.notes:
        context.log.warning(note)
    if not watched.alerts:
        return SkipReason("Nothing is new.")
    return SkipReason(f"{'; '.join(alert.subject for alert in watched.alerts)} ({watched.sent}).")
