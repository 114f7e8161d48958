"""Watching: waiting for the server's answer with a limit, and finding out who holds the lock that is waited for.

Here: a psycopg connection that gives up on a silent server, and the look at who blocks a session.
Not here: opening connections (connecting.py), limits (limits.py), the reader's own wait (reading/).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, Generic, TypeVar
from uuid import UUID

import psycopg
from psycopg import errors

from sql.connections.limits import Limits, Work, beginning, bounded

Result = TypeVar("Result")

# After this share of the limit the holders of the lock are looked up: after the wait the server no longer lists them.
LOOK_AFTER = 0.6

_BLOCKERS = """
    SELECT
        pid,
        coalesce(nullif(application_name, ''), 'a session without a name'),
        coalesce(usename, 'a login that is gone'),
        to_char(xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
    FROM pg_stat_activity
    WHERE pid = ANY(pg_blocking_pids(%s))
    ORDER BY xact_start
    LIMIT 3
"""


class SilentServerError(Exception):
    """The server sent nothing in time."""


class WatchedConnection(psycopg.Connection[tuple[object, ...]]):
    """A connection whose every wait ends: with the answer, with the server's own limit, or as a dead connection.

    The network's own limits do not suffice: a proxy or tunnel in between may acknowledge everything and deliver
    nothing.
    """

    url = ""
    limits = Limits()
    # How long each wait may take, how long one for a lock, and the server's process: begin() sets them.
    patience_s: float = limits.silence_s
    lock_s: float = limits.lock_s
    server_pid: int | None = None

    def begin(
        self, work: Work, name: str, role: str | None = None, tenant: UUID | None = None, lock_s: int | None = None
    ) -> None:
        """Begin a transaction with the limits of this work; lock_s: another limit for its locks.

        A connection that died meanwhile is found dead soon.
        """
        self.patience_s = self.limits.silence_s
        limits = replace(self.limits, lock_s=lock_s or self.limits.lock_s)
        row = self.execute(beginning(limits, work, name, role, tenant).encode()).fetchone()
        self.server_pid = int(str(row[-1])) if row else None
        self.patience_s, self.lock_s = limits.answer_s(work), limits.lock_s

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        return super().wait(self._watched(gen), *args, **options)

    def _watched(self, gen: Generator[Any, Any, Result]) -> Generator[Any, Any, Result]:
        began = time.monotonic()
        look_at = began + self.lock_s * LOOK_AFTER
        holders = ""
        try:
            wait_for = next(gen)
            while True:
                ready = yield wait_for
                if not ready:
                    now = time.monotonic()
                    if now - began > self.patience_s:
                        self.close()
                        raise errors.OperationalError(silent(self.patience_s))
                    if now > look_at and self.server_pid is not None:
                        holders = blockers(self.url, self.server_pid, self.limits) or holders
                        look_at = now + self.lock_s * (1 - LOOK_AFTER) / 2
                wait_for = gen.send(ready)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        except errors.LockNotAvailable as error:
            error.add_note(holders)
            raise


class LockLook:
    """Looks once for the holders of the lock that a reader waits for; found is '' until there are any."""

    def __init__(self, url: str, pid: int, limits: Limits) -> None:
        self._url, self._pid, self._limits = url, pid, limits
        self.after_s = limits.lock_s * LOOK_AFTER
        self.found = ""

    def __call__(self) -> None:
        self.found = blockers(self._url, self._pid, self._limits)


def within(
    seconds: float, work: Callable[[], Result], abandoned: Callable[[], None], look: LockLook | None = None
) -> Result:
    """What work() returns, for a driver whose wait cannot be interrupted.

    Raises SilentServerError after the seconds. Then, and at an interrupt, the thread goes on waiting, and calls
    abandoned() when it ends.
    """
    call = _Call(work, abandoned)
    thread = threading.Thread(target=call.run, name="waiting for the database", daemon=True)
    thread.start()
    try:
        if look is not None and look.after_s < seconds:
            thread.join(look.after_s)
            if thread.is_alive():
                look()
            seconds -= look.after_s
        thread.join(seconds)
    except BaseException:
        call.abandon()
        raise
    if thread.is_alive():
        call.abandon()
        raise SilentServerError(silent(seconds))
    if call.error is not None:
        raise call.error
    return call.results[0]


class _Call(Generic[Result]):
    """One call in a thread of its own."""

    def __init__(self, work: Callable[[], Result], abandoned: Callable[[], None]) -> None:
        self._work, self._abandoned = work, abandoned
        self._is_over, self._is_abandoned = False, False
        self._lock = threading.Lock()
        self.results: list[Result] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.results.append(self._work())
        except BaseException as error:
            self.error = error
        with self._lock:
            self._is_over = True
        if self._is_abandoned:
            self._abandoned()

    def abandon(self) -> None:
        with self._lock:
            self._is_abandoned = True
            is_over = self._is_over
        if is_over:
            self._abandoned()


def silent(seconds: float) -> str:
    """The message about a server that sent nothing for so long."""
    return f"nothing was heard from the server for {seconds:.0f} s, so the connection is given up as dead"


def blockers(url: str, pid: int, limits: Limits) -> str:
    """The holders of the lock that session pid waits for, as text; '' without any, or where the look fails."""
    try:
        with WatchedConnection.connect(bounded(url, limits), prepare_threshold=None) as connection:
            connection.limits = limits
            connection.begin("status", "earshot looking at locks")
            # This connection does not look for what blocks itself.
            connection.server_pid = None
            found = connection.execute(_BLOCKERS, [pid]).fetchall()
    except psycopg.Error:
        return ""
    return " and ".join(
        f"{name} (login {login}, process {holder}" + (f", in a transaction since {since} UTC)" if since else ")")
        for holder, name, login, since in found
    )
