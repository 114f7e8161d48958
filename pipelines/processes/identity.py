"""Processes: naming a process so that another one can find out later whether it still runs.

Here: the name (machine, boot, number, start) and the look at /proc. A number alone is not enough: it is reused for
another process, and after a reboot or in another container it means nothing.
Not here: what the processes do, runs (workers.py).
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Self

from sql.connections.processes import exists

PROC = Path("/proc")

# Zombies and dead processes have a number, and do nothing any more.
ENDED = ("Z", "X", "x")

# The system records the start of a process to a hundredth of a second; the wall clock may have been set in between.
CLOCK_TOLERANCE_S = 2.0


class State(Enum):
    """Whether a process runs, as far as this machine can see."""

    ALIVE = "alive"
    GONE = "gone"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Process:
    """A process as every process of its machine can find it.

    host: the machine's name and id
    numbers: the space of process numbers, which a container has of its own
    boot: id of the machine's boot
    pid, started: number, and start in clock ticks since boot (0: not available; -1: it was gone before)
    """

    host: str
    numbers: str
    boot: str
    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The process of this machine that has that number now; None: there is none."""
        started = _started(pid)
        return None if started is None else cls(*_here(), pid, started)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What str() made; None for anything else."""
        parts = text.split(" ")
        if len(parts) != 5 or not (parts[3].isdigit() and parts[4].lstrip("-").isdigit()):
            return None
        host, numbers, boot, pid, started = parts
        return cls(host, numbers, boot, int(pid), int(started))

    def __str__(self) -> str:
        return f"{self.host} {self.numbers} {self.boot} {self.pid} {self.started}"

    def state(self) -> State:
        """Whether it still runs; ELSEWHERE if this machine, or this container, cannot see it."""
        host, numbers, boot = _here()
        if self.host != host:
            return State.ELSEWHERE
        if self.boot != boot:
            return State.GONE
        if self.numbers != numbers:
            return State.ELSEWHERE
        return State.ALIVE if _started(self.pid) == self.started else State.GONE


def this_process() -> Process:
    """Who calls."""
    return Process(*_here(), os.getpid(), _started(os.getpid()) or 0)


def ran_already(pid: int, moment: float) -> Process | None:
    """The process that has the number now, if it ran at that moment (seconds since 1970) already; else None."""
    found = Process.of(pid)
    if found is None or not found.started:
        return found
    up = float(_read(PROC / "uptime").split()[0])
    began = time.time() - (up - found.started / os.sysconf("SC_CLK_TCK"))
    return found if began <= moment + CLOCK_TOLERANCE_S else None


def _started(pid: int) -> int | None:
    """Start of a process in clock ticks since boot; 0 where that is not available; None: it does not run."""
    if not (PROC / "self" / "stat").exists():
        return 0 if exists(pid) else None
    # The name of the program comes second, in brackets, and may hold blanks and brackets.
    fields = _read(PROC / str(pid) / "stat").rpartition(")")[2].split()
    return None if not fields or fields[0] in ENDED else int(fields[19])


@cache
def _here() -> tuple[str, str, str]:
    """This machine, its space of process numbers and its boot, none with a blank in it."""
    host = f"{socket.gethostname()}/{_read(Path('/etc/machine-id')).strip()[:8]}".replace(" ", "-")
    try:
        numbers = os.readlink(PROC / "self" / "ns" / "pid")
    except OSError:
        numbers = "-"
    return host, numbers, _read(PROC / "sys" / "kernel" / "random" / "boot_id").strip() or "-"


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
