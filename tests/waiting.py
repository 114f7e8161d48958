"""Waiting: until something has happened in another process.

Here: the one loop that looks again and again. Not here: what is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 300.0


def wait_for(happened: Callable[[], object], what: str = "what is waited for", patience_s: float = PATIENCE_S) -> None:
    until = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < until, f"{what} did not happen"
        time.sleep(0.1)
