"""Stopping: Ctrl-C and SIGTERM end a long command within seconds, whatever it is in the middle of.

Here: the watch over a command, and its exit code (130, as shells expect of an interrupted command).
Not here: what stopping leaves behind. Each transaction is whole or not there, so that nothing half written stays.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines import console

INTERRUPTED = 130

# An interrupt reaches Python code between two instructions. A driver that waits for the server, or Dagster in the
# middle of an event, can take half a minute; a person waits about this long before the second Ctrl-C.
PATIENCE_S = 5.0


@contextmanager
def stops_in_seconds(patience: float = PATIENCE_S) -> Iterator[None]:
    """Run the body; after SIGINT or SIGTERM it has so many seconds to end, or the process ends with INTERRUPTED.

    A second signal ends it at once. Works with any signal handler, since the interpreter itself writes each to
    the pipe that is watched here. In the main thread only.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    ended = threading.Event()
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    watch = threading.Thread(target=_watch, args=(reading, ended, patience), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        signal.set_wakeup_fd(before)
        os.close(writing)
        watch.join()
        os.close(reading)


def _watch(reading: int, ended: threading.Event, patience: float) -> None:
    while caught := os.read(reading, 1):
        if caught[0] in (signal.SIGINT, signal.SIGTERM):
            console.err.print("Stopping ...")
            threading.Thread(target=_second_signal, args=(reading,), daemon=True).start()
            if not ended.wait(patience):
                _leave()
            return


def _second_signal(reading: int) -> None:
    if os.read(reading, 1):
        _leave()


def _leave() -> None:
    """End without waiting for anything: the server rolls back what was not committed."""
    console.err.show_cursor(True)
    console.err.print("Stopped. What was finished is kept; run the same command again to go on.")
    os._exit(INTERRUPTED)
