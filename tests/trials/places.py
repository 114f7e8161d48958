"""Places: a home with a database and a history of its own, in which days of the small network wait to be computed.

Here: making one on a trial's server, and our commands in processes of their own.
Not here: what is done to them (kills.py, storage.py).
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.fingerprint import fingerprint, write_keyring
from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import admin_address, database_address
from tests.pipelines.faults.test_killed import Home
from tests.pipelines.small_network import FIRST, SUNDAY, build_network

DAYS = ("backfill", "--from", str(FIRST), "--to", str(SUNDAY))


class Place:
    """A home with a database and a history of its own on the server, in which the small network's days are loaded."""

    def __init__(self, folder: Path, server: Server, database: str, history: str) -> None:
        folder.mkdir()
        self.home = Home(folder, database, history)
        self.home.admin = admin_address(server, database)
        keyring = folder / "keyring.json"
        write_keyring(keyring)
        self.home.environment["EARSHOT_KEYRING"] = str(keyring)
        warehouse = Warehouse(database)
        build_network(warehouse)
        warehouse.close()

    def earshot(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """A command in a process of its own; both of what it says are in stdout."""
        command = [sys.executable, "-m", "pipelines.cli", *arguments]
        environment = {**os.environ, **self.home.environment, **environ}
        return subprocess.run(
            command,
            cwd=self.home.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=900,
        )

    def fingerprint(self) -> dict[str, str]:
        with psycopg.connect(self.home.admin) as connection:
            return fingerprint(connection)


@contextmanager
def placed(folder: Path, server: Server, template: str) -> Iterator[Place]:
    """A place whose databases go with the server: no connection is kept that a killed one would take along."""
    place = Place(folder, server, _new_database(server, template), _new_database(server, "template0"))
    try:
        yield place
    finally:
        place.home.end()


def _new_database(server: Server, template: str) -> str:
    name = f"trial_{secrets.token_hex(6)}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER earshot STRATEGY file_copy")
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    return database_address(server, name)
