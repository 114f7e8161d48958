"""Replica: whether a server that follows the primary has by now what the primary had when it was asked.

Here: waiting for it a moment, and leaving it alone for a while where that was in vain.
Not here: what is read from it (sql/warehouse.py), how far it is behind as a figure (pipelines/doctor/database.py).

Steps read what steps before them have just written, and the ledger takes everything for read that had arrived when a
run began: what a replica has not replayed by then would be missing from the numbers, and nothing would ever be stale.
"""

from __future__ import annotations

import logging
import threading
import time

import psycopg

from sql.connections.connecting import connect, first_line
from sql.connections.limits import Limits
from sql.connections.watching import WatchedConnection
from sql.events import note_event
from sql.safety.masking import masked
from sql.values import EarshotError

logger = logging.getLogger(__name__)

# How long a read waits for the replica, the pause between two looks, and how long it is not read after a vain wait.
WAIT_S, PAUSE_S, LEFT_ALONE_S = 1.0, 0.01, 60.0

POSITION = "SELECT pg_current_wal_insert_lsn()::text"
_HAS = "SELECT pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn() >= %s::pg_lsn, false)"


class Replica:
    """The server of DATABASE_READ_URL. Threads may share it."""

    def __init__(self, url: str, limits: Limits) -> None:
        self.url, self._limits = url, limits
        self._connection: WatchedConnection | None = None
        self._left_alone_until = 0.0
        self._lock = threading.Lock()

    def has(self, position: str) -> bool:
        """Whether the replica has replayed the primary's log to that position (pg_lsn), or does so within WAIT_S.

        Where it has not, is no replica or does not answer, that is logged, and it counts as behind for LEFT_ALONE_S.
        """
        with self._lock:
            if time.monotonic() < self._left_alone_until:
                return False
            why = self._why_not(position)
        if why is not None:
            self.leave_alone(why)
        return why is None

    def leave_alone(self, why: str) -> None:
        """Count it as behind for LEFT_ALONE_S, and say why: half a sentence that begins with a verb."""
        with self._lock:
            self._left_alone_until = time.monotonic() + LEFT_ALONE_S
        logger.warning("DATABASE_READ_URL is not read for %.0f s, but the primary: the replica %s", LEFT_ALONE_S, why)
        note_event("replica_left", reason=f"it {why}")

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _why_not(self, position: str) -> str | None:
        until = time.monotonic() + WAIT_S
        try:
            while True:
                connection = self._connect()
                ((is_replica, has_all),) = connection.execute(_HAS, [position]).fetchall()
                if not is_replica:
                    return "is none: the server follows no other"
                if has_all:
                    return None
                if time.monotonic() > until:
                    return f"lacks what the primary had {WAIT_S:g} s ago"
                time.sleep(PAUSE_S)
        except (psycopg.Error, EarshotError) as error:
            self._disconnect()
            return f"cannot be asked how far it is: {masked(first_line(error))}"

    def _connect(self) -> WatchedConnection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self.url, self._limits)
            self._connection.autocommit = True
            self._connection.patience_s = WAIT_S
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
