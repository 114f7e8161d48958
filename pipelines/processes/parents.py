"""Parents: a process that ends with the one that started it.

Here: asking the kernel for a signal at the parent's end.
Not here: which processes are started (ui/services.py, backfill/beside.py).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

# prctl(2): the signal that this process gets when the one that started it ends.
PR_SET_PDEATHSIG = 1


def end_with(parent: int, sign: signal.Signals) -> None:
    """Get this signal when the parent ends, however it ends. Linux only; elsewhere such a process has to be ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, sign)
    if os.getppid() != parent:
        raise SystemExit("The process that started this one is gone.")
