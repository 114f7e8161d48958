"""Processes: whether a process number is in use on this machine.

Here: the look itself. Not here: whose process it is (embedded/cluster.py, pipelines/processes/identity.py).
"""

from __future__ import annotations

import os


def exists(pid: int) -> bool:
    """Whether any process has this number, another user's and a zombie included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
