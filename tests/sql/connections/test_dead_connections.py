"""Connections that die without a word, and locks that somebody keeps: nothing hangs, and whoever holds it is named."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy

from sql import writing
from sql.connections.connecting import DatabaseUnavailableError, LockedError, StatementError, connect
from sql.connections.limits import Limits, bounded_history
from sql.connections.watching import blockers
from sql.embedded import Server
from sql.reading.connections import ColumnReader
from sql.schema.migrate import migrate, rollback
from sql.values import Window
from sql.warehouse import Warehouse, Write
from tests.sql.connections.proxy import Line, line_to
from tests.sql.rows import DAY, HARBOR, add_tenants, dispositions, line

# A dead connection is noticed after three or four seconds.
QUICK = Limits(silence_s=1, lock_s=8, idle_s=1, reading_s=2, writing_s=3)
SILENT = "nothing was heard from the server"
WINDOW = Window.of_day(DAY)


@pytest.fixture
def frozen(database_url: str) -> Iterator[tuple[Line, str]]:
    with line_to(database_url) as found:
        yield found


@pytest.fixture
def tenants(database_url: str) -> Iterator[Warehouse]:
    """A warehouse on the same database that nothing stands before."""
    direct = Warehouse(database_url, limits=QUICK, name="earshot run 1a2b3c4d")
    add_tenants(direct)
    yield direct
    direct.close()


SLEEPING = (
    "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%sleep(77)%' AND pid <> pg_backend_pid()"
)


def test_a_read_whose_line_dies_before_the_answer_ends(frozen: tuple[Line, str], database_url: str) -> None:
    dying, url = frozen
    reader = ColumnReader(url, limits=QUICK)

    def freeze_while_sleeping() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            while connection.execute(SLEEPING).fetchone() is None:
                time.sleep(0.05)
        dying.freeze()

    threading.Thread(target=freeze_while_sleeping).start()
    with pytest.raises(DatabaseUnavailableError, match=f"Reading much failed: {SILENT}"):
        reader.fetch("SELECT pg_sleep(77) IS NULL AS slept", "Reading much")
    assert dying.is_frozen


def test_a_read_whose_line_dies_amid_its_rows_ends(frozen: tuple[Line, str]) -> None:
    dying, url = frozen
    dying.most_down = 2_000_000
    with pytest.raises(DatabaseUnavailableError, match=f"Reading much failed: {SILENT}"):
        ColumnReader(url, limits=QUICK).fetch("SELECT repeat('x', 999) FROM generate_series(1, 99999)", "Reading much")


def test_an_idle_connection_that_died_is_noticed_before_the_next_read(frozen: tuple[Line, str]) -> None:
    dying, url = frozen
    reader = ColumnReader(url, limits=QUICK)
    reader.fetch("SELECT 1 AS one", "Reading one")
    dying.freeze()
    with pytest.raises(DatabaseUnavailableError):
        reader.fetch("SELECT 1 AS one", "Reading one")


def test_a_write_whose_line_dies_ends_and_leaves_no_lock(frozen: tuple[Line, str], tenants: Warehouse) -> None:
    dying, url = frozen
    many = dispositions([(HARBOR, f"{'a long reason ' * 9} {each}", 1) for each in range(9_000)])
    few = dispositions([(HARBOR, "counted", 5)])
    ledger = [line("listening", HARBOR, 5)]
    dying.most_up = 600_000
    # Whichever comes first: the network's limit on what nobody takes, or our own.
    with pytest.raises(DatabaseUnavailableError, match=f"{SILENT}|Connection timed out"):
        Warehouse(url, limits=QUICK).replace([Write("request_dispositions", many)], WINDOW, [HARBOR], ledger)
    assert tenants.replace([Write("request_dispositions", few)], WINDOW, [HARBOR], ledger) == {
        "request_dispositions": 1
    }


def test_the_server_ends_an_idle_transaction(frozen: tuple[Line, str], tenants: Warehouse) -> None:
    dying, url = frozen
    rows = [Write("request_dispositions", dispositions([(HARBOR, "counted", 5)]))]
    ledger = [line("listening", HARBOR, 5)]
    gone = pytest.raises(DatabaseUnavailableError, match=SILENT)
    with gone, Warehouse(url, limits=QUICK).transaction() as connection:
        writing.replace(connection, rows, WINDOW, [HARBOR], ledger)
        dying.freeze()
        # The line holds the day's lock, and nobody can say so to the server any more.
        connection.execute("SELECT 1")
    assert tenants.replace(rows, WINDOW, [HARBOR], ledger) == {"request_dispositions": 1}


def test_a_wait_for_a_day_names_the_run_that_holds_its_lock(database_url: str, tenants: Warehouse) -> None:
    rows = [Write("request_dispositions", dispositions([(HARBOR, "counted", 5)]))]
    ledger = [line("listening", HARBOR, 5)]
    since = r"in a transaction since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    holder = rf"earshot run 1a2b3c4d \(login earshot, process \d+, {since}\)"
    with Warehouse(database_url, name="earshot run 1a2b3c4d").transaction() as connection:
        writing.replace(connection, rows, WINDOW, [HARBOR], ledger)
        with pytest.raises(LockedError, match=holder):
            Warehouse(database_url, limits=Limits(lock_s=1)).replace(rows, WINDOW, [HARBOR], ledger)


def test_a_read_that_waits_for_a_lock_names_its_holder(database_url: str) -> None:
    with Warehouse(database_url, name="earshot db migrate").transaction("earshot_owner") as connection:
        connection.execute("LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(
            LockedError, match=r"Reading read_tenants failed.*held by earshot db migrate \(login earshot"
        ):
            Warehouse(database_url, limits=Limits(lock_s=1)).read("read_tenants")


def test_looking_at_who_holds_a_lock_ends_when_its_line_dies(frozen: tuple[Line, str]) -> None:
    dying, url = frozen
    psycopg.connect(url).close()
    # Dead once it is connected: its first answer does not come.
    dying.most_down = dying.down + 9
    assert blockers(url, 1, Limits(silence_s=1, status_s=1)) == ""
    assert dying.is_frozen


def test_a_statement_that_takes_too_long_is_ended_with_advice(database_url: str) -> None:
    with pytest.raises(StatementError, match=r"statement timeout.*EARSHOT_DB_READING_S"):
        ColumnReader(database_url, limits=Limits(reading_s=1)).fetch("SELECT pg_sleep(9) IS NULL AS slept", "Reading")
    slow = pytest.raises(StatementError, match=r"statement timeout.*_WRITING_S")
    with slow, Warehouse(database_url, limits=Limits(writing_s=1)).transaction() as connection:
        connection.execute("SELECT pg_sleep(9)")


def test_a_migration_waits_briefly_lets_others_through_and_names_the_reader(database_url: str) -> None:
    message: list[str] = []
    with psycopg.connect(database_url, application_name="a dashboard") as reader:
        reader.execute("SET ROLE earshot_readonly")
        reader.execute("SELECT count(*) FROM fx_rates")
        with pytest.raises(LockedError, match=r"held by a dashboard \(login earshot, process \d+, in a transaction"):
            rollback(database_url, "0001_foundation", message.append, limits=Limits(lock_s=1))
        reader.rollback()
    assert message
    migrate(database_url)


def test_no_reader_queues_behind_a_migration_that_waits(database_url: str) -> None:
    failures: list[Exception] = []

    def take_back() -> None:
        try:
            rollback(database_url, "0001_foundation", limits=Limits(lock_s=2))
        except LockedError as error:
            failures.append(error)

    with psycopg.connect(database_url) as dashboard, psycopg.connect(database_url, autocommit=True) as other:
        dashboard.execute("SET ROLE earshot_readonly")
        dashboard.execute("SELECT count(*) FROM fx_rates")
        migration = threading.Thread(target=take_back)
        migration.start()
        waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while other.execute(waiting).fetchone() is None:
            time.sleep(0.05)
        other.execute("SET ROLE earshot_readonly; SET statement_timeout = '30s'")
        assert other.execute("SELECT count(*) FROM fx_rates").fetchone() == (0,)
        migration.join()
    assert len(failures) == 1


def sockets_options(number: int) -> tuple[int, int, int, int]:
    with socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM) as found:
        probes = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_USER_TIMEOUT)
        on = found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        return (on, *(found.getsockopt(socket.IPPROTO_TCP, each) for each in probes))  # type: ignore[return-value]


def test_a_peer_that_is_gone_is_noticed_by_every_driver(server: Server) -> None:
    with connect(server.url, Limits(silence_s=30)) as connection:
        assert sockets_options(connection.fileno()) == (1, 15, 5, 30_000)
    engine = sqlalchemy.create_engine(bounded_history(server.dagster_url, Limits(silence_s=30)))
    raw = engine.raw_connection()
    assert sockets_options(raw.driver_connection.fileno()) == (1, 15, 5, 30_000)  # type: ignore[union-attr]
    raw.close()
    engine.dispose()
    kept = bounded_history("postgresql+psycopg2://a:b%40c@h:1/d?keepalives_idle=7&sslmode=require", Limits())
    assert re.search(r"\?keepalives_idle=7&sslmode=require&connect_timeout=10&keepalives=1&", kept)


def test_the_server_watches_its_side_too(database_url: str) -> None:
    names = ("tcp_keepalives_idle", "tcp_user_timeout", "client_connection_check_interval", "lock_timeout", "TimeZone")
    with Warehouse(database_url, limits=Limits(silence_s=30)).transaction() as connection:
        found = [connection.execute("SELECT current_setting(%s)", [name]).fetchone() for name in names]
    assert found == [("15",), ("30000",), ("10s",), ("5min",), ("UTC",)]
