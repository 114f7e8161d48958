"""Submitted: a step that was handed to the broker, watched until it has ended, and handed over again if it is lost.

Here: what the run's own process looks at. A worker may be killed, a broker may forget what it was given, a result may
be lost: what the history says of a step counts, and the ledger says what is computed of it already.
Not here: the signs that a step gives (signs.py), the broker's settings (broker.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from time import time
from typing import Any, Protocol

from dagster._serdes import serialize_value

from pipelines.chunks.signs import Sign, StepSigns, events_of_last_attempt
from sql.values import EarshotError

logger = logging.getLogger(__name__)

# Between two tries to reach a broker that is away.
PAUSE_S = 2.0

# Whatever takes its worker down each time, such as too little memory, must not go on for ever.
MOST_LOSSES = 5


class StepLostError(EarshotError):
    """A step whose worker was lost each time."""


class Result(Protocol):
    """What is used of Celery's result."""

    def ready(self) -> bool: ...

    def failed(self) -> bool: ...

    def get(self) -> Any: ...

    def revoke(self) -> Any: ...

    @property
    def result(self) -> Any: ...


class SubmittedStep:
    """Takes the place of Celery's result in the loop of dagster-celery.

    submit: hands the step to the broker
    waiting: how many steps wait in the queue
    report: called with a sentence for the run's log
    lost_s: a step of which nobody has given a sign, although none waits in the queue, is lost after so many seconds; to
            load the code takes a worker some
    """

    def __init__(
        self,
        step_key: str,
        signs: StepSigns,
        submit: Callable[[], Result],
        waiting: Callable[[], int],
        report: Callable[[str], object],
        lost_s: float,
    ) -> None:
        self._key = step_key
        self._signs = signs
        self._hand_over = submit
        self._waiting = waiting
        self._report = report
        self._lost_s = lost_s
        # Signs of an earlier attempt of the step are no signs of this one.
        self._seen = self._looked_at = len(signs.of(step_key))
        self._result: Result | None = None
        self._lost = 0
        self._revoked = False
        self._events: list[str] | None = None
        self._submit()

    def ready(self) -> bool:
        """Whether the step has ended. Hands it over again if it is lost."""
        if self._events is not None or self._lost > MOST_LOSSES:
            return True
        if self._has_result():
            return True
        signs = self._signs.of(self._key)[self._seen :]
        if any(sign.is_end for sign in signs):
            self._events = [serialize_value(event) for event in events_of_last_attempt(signs)]
            return True
        if not self._revoked:
            self._look_for(self._signs.of(self._key)[self._looked_at :])
        return False

    def get(self) -> Any:
        """The events of the step, as dagster-celery's task returns them."""
        if self._events is not None:
            return self._events
        if self._lost > MOST_LOSSES or self._result is None:
            raise StepLostError(
                f"{self._key}: its worker was lost {self._lost} times. Most often it runs out of memory: give workers "
                "more, or divide the tenants into more chunks. What was computed is kept."
            )
        return self._result.get()

    def revoke(self) -> None:
        """No worker is to begin it any more."""
        self._revoked = True
        if self._result is not None:
            try:
                self._result.revoke()
            except Exception:
                logger.warning("The broker could not be told that %s is canceled.", self._key)

    def _submit(self) -> None:
        self._submitted_at = time()
        try:
            self._result = self._hand_over()
        except Exception as error:
            # It is tried again at the next look.
            self._result = None
            self._report(f"The broker did not take {self._key}: {type(error).__name__}. It is tried again.")

    def _has_result(self) -> bool:
        """Whether the broker has its result. A broker that cannot be reached says nothing of it."""
        from celery.exceptions import WorkerLostError

        if self._result is None:
            return False
        try:
            if not self._result.ready():
                return False
            if self._result.failed() and isinstance(self._result.result, WorkerLostError):
                self._submit_again("its process was killed")
                return False
        except Exception:
            logger.debug("no word of the broker on %s", self._key, exc_info=True)
            return False
        return True

    def _look_for(self, signs: Sequence[Sign]) -> None:
        """Hand it over again if it never was, if who worked at it is gone, or if the broker has lost it."""
        if self._result is None:
            if time() - self._submitted_at > PAUSE_S:
                self._submit()
            return
        last = next((sign for sign in reversed(signs) if sign.process is not None), None)
        if last is not None:
            if last.is_stale():
                self._submit_again("the process that worked at it is gone")
            return
        if time() - self._submitted_at > self._lost_s and self._is_queue_empty():
            self._submit_again("nobody works at it, and it waits in no queue")

    def _is_queue_empty(self) -> bool:
        try:
            return self._waiting() == 0
        except Exception:
            return False

    def _submit_again(self, why: str) -> None:
        self._lost += 1
        if self._lost <= MOST_LOSSES:
            # Whatever was seen so far is of who is lost.
            self._looked_at = len(self._signs.of(self._key))
            self._report(f"{self._key} is handed to another worker, because {why}.")
            self._submit()
