"""Clock: a machine's clock that was ahead and is set back, as far as schedules and sensors go by it.

Here: noticing it, and forgetting what Dagster noted in a time still to come, until which it would look at nothing.
Not here: what the ledger noted meanwhile by the database's clock (sql/raw/watermarks.py).
"""

from __future__ import annotations

import logging
import os
import time
from datetime import UTC, datetime
from itertools import count
from typing import Any, cast

from dagster import DagsterInstance
from dagster._core.scheduler.instigation import InstigatorState
from dagster._core.storage.schedules.schema import JobTickTable
from dagster._core.storage.schedules.sql_schedule_storage import SqlScheduleStorage

logger = logging.getLogger("earshot")

# Seconds: less is how clocks are kept right, and delays nothing.
SET_BACK_S = 60.0
LOOK_EVERY_S = 5.0

# A clock that was ahead for less than a look is not seen to be set back; what was noted meanwhile is, every minute.
LOOKS_A_READ = 12

# Of what Dagster keeps of each schedule and sensor, the moments before which it does not look again.
_MOMENTS = (
    "start_timestamp",
    "last_iteration_timestamp",
    "last_tick_timestamp",
    "last_tick_start_timestamp",
    "last_tick_success_timestamp",
)


def noted_ahead(instance: DagsterInstance) -> dict[str, InstigatorState]:
    """The schedules and sensors that last looked in a time to come, by this machine's clock, by name: the state of each
    with now instead of those moments."""
    now = time.time()
    found = {}
    for state in instance.all_instigator_state():
        # A named tuple, of another kind for schedules than for sensors.
        data: Any = state.instigator_data
        ahead = {name: now for name in _MOMENTS if (getattr(data, name, None) or 0.0) > now + SET_BACK_S}
        if ahead:
            found[state.instigator_name] = state.with_data(data._replace(**ahead))
    return found


def forget_times_to_come(instance: DagsterInstance) -> list[str]:
    """Let schedules and sensors go on that last looked in a time to come, by this machine's clock; returns their names.

    What they asked for then stays, and is asked for once: a night's run that began too early is not begun again.
    """
    until = datetime.fromtimestamp(time.time() + SET_BACK_S, UTC).replace(tzinfo=None)
    found = noted_ahead(instance)
    for state in found.values():
        instance.update_instigator_state(state)
    storage = cast(SqlScheduleStorage, instance.schedule_storage)
    with storage.connect() as connection:
        connection.execute(JobTickTable.delete().where(JobTickTable.c.timestamp > until))
    return sorted(found)


def end_when_set_back() -> None:
    """End this process once the clock was set back: Dagster's daemon also remembers when each schedule is due next.

    Who keeps it running starts it again, and it begins with forget_times_to_come.
    """
    ahead = time.time() - time.monotonic()
    for look in count(1):
        time.sleep(LOOK_EVERY_S)
        since = time.time() - time.monotonic()
        if since < ahead - SET_BACK_S:
            logger.error("The clock was set back by %.0f s: the daemon ends, and is started again.", ahead - since)
            os._exit(1)
        ahead = since
        if look % LOOKS_A_READ == 0 and (names := _names_ahead()):
            logger.error("The clock was ahead when these last looked: the daemon ends, and is started again: %s", names)
            os._exit(1)


def _names_ahead() -> str:
    try:
        with DagsterInstance.get() as instance:
            return ", ".join(noted_ahead(instance))
    except Exception:
        # The history is away: the daemon itself says so, and it is read again in a minute.
        return ""
