"""Interrupted: a migrator that is killed, or that meets a lock, leaves whole migrations behind it and nothing else."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable

import psycopg
import pytest

from sql.connections.connecting import LockedError
from sql.connections.limits import Limits
from sql.schema.checking import check_schema
from sql.schema.migrate import load_migrations, migrate, rollback, status
from tests.sql.schema_text import described

NAMES = [each.name for each in load_migrations()]
CAUGHT = NAMES[4]

# A migration that has done everything but its end, when it is killed.
MIGRATOR = f"""
import sys
from dataclasses import replace
from sql.connections.limits import Limits
from sql.schema.migrate import load_migrations, migrate

slow = [
    replace(each, apply=each.apply + "; SELECT pg_sleep(600)") if each.name == {CAUGHT!r} else each
    for each in load_migrations()
]
migrate(sys.argv[1], lambda line: print(line, flush=True), migrations=slow, limits=Limits(silence_s=1))
"""


def sleeping(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
        ).fetchall()


def test_a_migrator_that_is_killed_in_the_middle_leaves_the_migrations_before_it_whole(
    make_database: Callable[[], str],
) -> None:
    url, undisturbed = make_database(), make_database()
    with subprocess.Popen([sys.executable, "-c", MIGRATOR, url], stdout=subprocess.PIPE, text=True) as process:
        while not sleeping(url):
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    # The next one waits until the server has noticed, and goes on from there.
    migrate(undisturbed, to=NAMES[3])
    migrate(url, to=NAMES[3])
    assert status(url).pending == tuple(NAMES[4:])
    assert described(url) == described(undisturbed)
    assert migrate(url) == NAMES[4:]
    assert check_schema(url) == []


def test_a_migration_waits_for_a_table_briefly_says_for_whom_and_gives_up_with_nothing_changed(
    database_url: str,
) -> None:
    rollback(database_url, NAMES[-2])
    before, progress = described(database_url), list[str]()
    with psycopg.connect(database_url, application_name="a dashboard") as reader:
        reader.execute("SET ROLE earshot_owner")
        reader.execute("LOCK TABLE schema_migrations IN ROW EXCLUSIVE MODE")
        with pytest.raises(LockedError, match=r"held by a dashboard.*Wait until that is done and try again") as caught:
            migrate(database_url, progress.append, limits=Limits(lock_s=1))
        assert "EARSHOT_DB_LOCK_S says how long to wait" in str(caught.value)
        progress.clear()
        # It tries again, and has what it wants as soon as the other lets go.
        threading.Timer(1.5, reader.rollback).start()
        assert migrate(database_url, progress.append, limits=Limits(lock_s=60)) == NAMES[-1:]
    assert described(database_url) != before
    assert check_schema(database_url) == []
