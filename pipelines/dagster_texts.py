"""Dagster texts: what Dagster logs, stores and prints in our processes, masked.

Here: the one call that guards a process, and Dagster's own forms of an exception, which every failure of a step,
resource, schedule, sensor or definition passes before it is stored or sent to another process.
Not here: which secrets there are (sql/safety/masking.py), log records and uncaught exceptions (sql/safety/logs.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from traceback import TracebackException
from typing import TYPE_CHECKING, Any

from dagster import EventLogEntry
from dagster._core.execution.plan.objects import UserFailureData
from dagster_shared.error import SerializableErrorInfo

from pipelines.settings import register_environment
from sql.connections.connecting import DatabaseUnavailableError, first_line
from sql.safety.characters import visible
from sql.safety.logs import guard_process, guard_streams
from sql.safety.masking import masked

if TYPE_CHECKING:
    from dagster._core.storage.event_log.base import EventLogStorage

# Dagster makes each of its forms of an exception here; other places only hand them on.
_from_traceback = SerializableErrorInfo.from_traceback.__func__  # type: ignore[attr-defined]
_new_failure = UserFailureData.__new__


def guard_dagster() -> None:
    """Mask, from now on, what Dagster makes of exceptions in this process, its logs and output, which Dagster keeps as
    compute logs, and uncaught exceptions."""
    register_environment()
    guard_process()
    guard_streams()
    SerializableErrorInfo.from_traceback = classmethod(_masked_info)  # type: ignore[assignment, method-assign]
    UserFailureData.__new__ = staticmethod(_masked_failure)  # type: ignore[method-assign]


def shorten_storing(storage: EventLogStorage) -> None:
    """Where events cannot be stored together, Dagster prints why, with the statement and all of its values, and stores
    them one by one: from now on it prints the first line of why."""
    store = storage.store_event_batch

    def store_batch(events: Sequence[EventLogEntry]) -> None:
        try:
            store(events)
        except Exception as error:
            raise DatabaseUnavailableError(_clean(first_line(error))) from None

    storage.store_event_batch = store_batch  # type: ignore[method-assign]


def _masked_info(kind: type[SerializableErrorInfo], trace: TracebackException) -> SerializableErrorInfo:
    """An exception as Dagster stores it; Dagster calls this for each of its causes as well."""
    made: SerializableErrorInfo = _from_traceback(kind, trace)
    return kind(
        message=_clean(made.message),
        stack=[_clean(line) for line in made.stack],
        cls_name=made.cls_name,
        cause=made.cause,
        context=made.context,
    )


def _masked_failure(
    kind: type[UserFailureData], label: str, description: str | None = None, metadata: Any = None
) -> UserFailureData:
    made: UserFailureData = _new_failure(kind, label, description and _clean(description), metadata)  # type: ignore[no-untyped-call]
    return made


def _clean(text: str) -> str:
    return visible(masked(text))
