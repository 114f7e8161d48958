"""Databases of ADBC: what its driver looks up once, before it connects.

Here: keeping it for the next connection to the same address. Not here: what is read (connections.py).

ADBC 1.13 reads all types and all columns of the catalogue when a database is opened, and never again. With the schema
of Earshot this takes ten times as long as a connection: 75 ms of the client's processor time against 7, and as much
again of the server's. A type that is made later arrives as opaque bytes, which is refused in any case (frames.py).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, cast

import adbc_driver_manager
import adbc_driver_manager.dbapi
import adbc_driver_postgresql

# Addresses that are kept: a process reads one database, rarely also its replica; tests have one each.
MOST_OPEN = 4

_kept: OrderedDict[str, Database] = OrderedDict()
_lock = threading.Lock()


@dataclass(slots=True, eq=False)
class Database:
    """One address, opened. connections: how many are open; the last one closes what is not kept any more."""

    opened: Any
    connections: int = 0
    is_kept: bool = True

    def close(self) -> None:
        """What a connection calls when it is closed."""
        with _lock:
            self.connections -= 1
            self._close_unused()

    def drop(self) -> None:
        """Keep it no longer. The caller holds the lock."""
        self.is_kept = False
        self._close_unused()

    def _close_unused(self) -> None:
        if not self.is_kept and not self.connections:
            self.opened.close()


def connect(url: str) -> adbc_driver_manager.dbapi.Connection:
    """A connection that is in no transaction. Raises adbc_driver_manager.Error."""
    database = _open(url)
    try:
        connection = adbc_driver_manager.AdbcConnection(database.opened)
    except BaseException:
        database.close()
        raise
    return adbc_driver_manager.dbapi.Connection(cast(Any, database), connection, autocommit=True)


def _open(url: str) -> Database:
    """The database with one connection more."""
    with _lock:
        database = _kept.get(url)
        if database is not None:
            _kept.move_to_end(url)
            database.connections += 1
            return database
    # Outside of the lock: a server may be silent for as long as it likes.
    opened = Database(adbc_driver_postgresql.connect(url), connections=1)
    with _lock:
        if before := _kept.pop(url, None):
            before.drop()
        _kept[url] = opened
        while len(_kept) > MOST_OPEN:
            _kept.popitem(last=False)[1].drop()
    return opened
