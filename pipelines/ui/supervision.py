"""Supervision: keeping the orchestrator's processes running, apart from each other, until `earshot ui` is stopped.

Here: starting them in order, starting again what ended, with growing pauses, and ending them together in seconds. Each
has a process group and a log of its own.
Not here: what they are (services.py), how a person starts them (commands/ui.py).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from sql.values import EarshotError

# A process that keeps ending is restarted after 1, 2, 4, ... seconds, at most a minute; one that ran for a minute
# starts at 1 second again.
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
GOOD_MINUTE_S = 60.0

# How long a process may take to end after SIGTERM; then it is killed.
GRACE_S = 5.0

POLL_EVERY_S = 0.2


class ServiceNotReadyError(EarshotError):
    """A process that the others need did not get ready in time."""


@dataclass(frozen=True, slots=True)
class Service:
    """A process to keep running.

    name: for people
    arguments: of python
    log: where what it prints goes
    ready: whether it can be used by the others; those after it wait for it when all are started
    needs: name of the service without which it is ended, and started again when that is back
    inherited: file descriptors that it inherits
    """

    name: str
    arguments: Sequence[str]
    log: Path
    ready: Callable[[], bool] | None = None
    needs: str | None = None
    inherited: Sequence[int] = ()


@dataclass(slots=True)
class Running:
    """A service with its process of the moment, and when to start the next one.

    groups: process groups with a member: runs go on when the code server that launched them was killed
    """

    service: Service
    printed: tuple[int, int] = field(default_factory=os.pipe)
    process: subprocess.Popen[bytes] | None = None
    groups: list[int] = field(default_factory=list)
    began: float = 0.0
    pause: float = FIRST_PAUSE_S
    start_at: float = 0.0
    was_ready: bool = False

    def is_ready(self) -> bool:
        """Whether it runs and can be used; `ready` is called until it returns True once."""
        if self.process is None or self.process.poll() is not None:
            self.was_ready = False
        elif not self.was_ready:
            self.was_ready = self.service.ready is None or self.service.ready()
        return self.was_ready


class Supervisor:
    """Runs services until a signal comes. Starts processes from the main thread alone: they end with that thread.

    report: called with each line for the operator
    limit: seconds that a service may take to get ready
    """

    def __init__(self, services: Sequence[Service], report: Callable[[str], None], limit: float) -> None:
        self._all = [Running(service) for service in services]
        self._report = report
        self._limit = limit
        self._stopping = False
        self._writer: subprocess.Popen[bytes] | None = None

    def run(self, started: Callable[[], None]) -> None:
        """Until SIGINT, SIGTERM or SIGHUP; calls started when all are ready. Raises ServiceNotReadyError."""
        signs = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {sign: signal.signal(sign, self._stop) for sign in signs}
        try:
            for number, running in enumerate(self._all):
                if not self._stopping:
                    self._start(running)
                    self._await(running, self._all[: number + 1])
            if not self._stopping:
                started()
            while not self._stopping:
                self._restart_ended(self._all)
                time.sleep(POLL_EVERY_S)
        finally:
            self._end_all()
            for sign, handler in before.items():
                signal.signal(sign, handler)

    def _stop(self, _sign: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _await(self, running: Running, others: Sequence[Running]) -> None:
        service, until = running.service, time.monotonic() + self._limit
        while not self._stopping and not running.is_ready():
            if time.monotonic() > until:
                raise ServiceNotReadyError(
                    f"The {service.name} was not ready after {self._limit:.0f} s, and everything was stopped again. "
                    f"{service.log} says what it did. A slow machine may need more: EARSHOT_START_SECONDS."
                )
            self._restart_ended(others)
            time.sleep(POLL_EVERY_S)

    def _restart_ended(self, running: Sequence[Running]) -> None:
        if self._writer is None or self._writer.poll() is not None:
            self._start_writer()
        ready = {each.service.name for each in running if each.is_ready()}
        for each in running:
            now = time.monotonic()
            each.groups = [group for group in each.groups if _lives(group)]
            lacks = each.service.needs is not None and each.service.needs not in ready
            if each.process is not None and each.process.poll() is not None:
                self._plan_restart(each, now)
            elif each.process is not None and lacks:
                each.process.kill()
                each.process.wait()
                each.process = None
            elif each.process is None and not lacks and now >= each.start_at:
                self._start(each)

    def _plan_restart(self, running: Running, now: float) -> None:
        assert running.process is not None  # noqa: S101
        code = running.process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        running.pause = FIRST_PAUSE_S if now - running.began > GOOD_MINUTE_S else running.pause
        self._report(
            f"The {running.service.name} {how} and is started again in {running.pause:.0f} s; "
            f"{running.service.log} says why."
        )
        running.process, running.start_at = None, now + running.pause
        running.pause = min(running.pause * 2, LONGEST_PAUSE_S)

    def _start(self, running: Running) -> None:
        if self._writer is None:
            self._start_writer()
        service = running.service
        running.process = subprocess.Popen(  # noqa: S603
            [sys.executable, *service.arguments],
            stdin=subprocess.DEVNULL,
            stdout=running.printed[1],
            stderr=running.printed[1],
            pass_fds=service.inherited,
            # A process group of its own: Ctrl-C reaches only this process, and ending the group ends its children too.
            start_new_session=True,
        )
        running.began = time.monotonic()
        running.groups.append(running.process.pid)

    def _start_writer(self) -> None:
        """Our own ends of the pipes stay open, so that writing to them does not fail while the writer is restarted."""
        pairs = [(str(each.printed[0]), str(each.service.log)) for each in self._all]
        self._writer = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "pipelines.ui.log_writer", *(argument for pair in pairs for argument in pair)],
            pass_fds=[each.printed[0] for each in self._all],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _end_all(self) -> None:
        """Ask all process groups to end, and kill what is left after a while."""
        groups = [group for each in self._all for group in each.groups]
        for group in groups:
            _signal(group, signal.SIGTERM)
        until = time.monotonic() + GRACE_S
        while time.monotonic() < until and any(_lives(group) for group in groups):
            self._reap()
            time.sleep(POLL_EVERY_S / 2)
        for group in groups:
            _signal(group, signal.SIGKILL)
        self._reap(GRACE_S)
        for each in self._all:
            os.close(each.printed[0])
            os.close(each.printed[1])
        if self._writer is not None:
            with suppress(subprocess.TimeoutExpired):
                self._writer.wait(GRACE_S)

    def _reap(self, seconds: float = 0.0) -> None:
        for each in self._all:
            if each.process is not None:
                with suppress(subprocess.TimeoutExpired):
                    each.process.wait(seconds)


def _signal(group: int, sign: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, sign)


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
