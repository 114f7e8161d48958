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

# Addresses that stay open: a process reads one database, rarely also its replica; tests have one each.
MOST_OPEN = 4

_databases: OrderedDict[str, Database] = OrderedDict()
_lock = threading.Lock()


@dataclass(slots=True, eq=False)
class Database:
    """One address, opened. connections: how many are open; the last one closes it where it is shared no more."""

    opened: Any
    connections: int = 0
    is_shared: bool = True

    def close(self) -> None:
        """What a connection calls when it is closed."""
        with _lock:
            self.connections -= 1
            self._close_unused()

    def drop(self) -> None:
        """Share it no longer. The caller holds the lock."""
        self.is_shared = False
        self._close_unused()

    def _close_unused(self) -> None:
        if not self.is_shared and not self.connections:
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
        database = _databases.get(url)
        if database is not None:
            _databases.move_to_end(url)
            database.connections += 1
            return database
    # Outside of the lock: a server may be silent for as long as it likes.
    opened = Database(adbc_driver_postgresql.connect(url), connections=1)
    with _lock:
        if before := _databases.pop(url, None):
            before.drop()
        _databases[url] = opened
        while len(_databases) > MOST_OPEN:
            _databases.popitem(last=False)[1].drop()
    return opened
