"""Failures: which tenant it fails for is found in halves, and stored until the same work succeeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import polars as pl
import psycopg
import pytest
from dagster import DagsterExecutionInterruptedError

from sql.connections.connecting import DatabaseUnavailableError, StatementError
from sql.failures import FailureLog, bisect_failures, cause_of, is_explained, is_isolatable
from sql.values import PermanentError, Window
from sql.warehouse import LedgerLine, Warehouse
from tests.sql.rows import DAY, HARBOR, KREUZBERG, RUN, add_tenants

TENANTS = [f"tenant-{number}" for number in range(64)]


class UnexpectedError(Exception):
    """Nobody has thought of this class."""


class UnreadableError(Exception):
    def __str__(self) -> str:
        raise ValueError


DATA_TROUBLES = [
    UnexpectedError("x"),
    KeyError("x"),
    MemoryError(),
    RecursionError(),
    AssertionError(),
    OSError("x"),
    PermanentError("x"),
    StatementError("x"),
    pl.exceptions.PanicException("x"),
]
NOT_OF_DATA: list[BaseException] = [
    DatabaseUnavailableError("x"),
    psycopg.OperationalError("x"),
    psycopg.InterfaceError("x"),
    KeyboardInterrupt(),
    SystemExit(),
    GeneratorExit(),
    DagsterExecutionInterruptedError(),
]


def attempt(bad: set[str], error: BaseException) -> tuple[list[str], dict[str, BaseException], int]:
    """Who was done, who failed with what, and how often the work was begun."""
    begun = 0

    def work(tenants: Sequence[str]) -> list[str]:
        nonlocal begun
        begun += 1
        if bad & set(tenants):
            raise error
        return list(tenants)

    failed: dict[str, BaseException] = {}
    done = [each for part in bisect_failures(TENANTS, work, failed.__setitem__) for each in part]
    return done, failed, begun


@pytest.mark.parametrize("error", DATA_TROUBLES, ids=lambda error: type(error).__name__)
def test_an_exception_of_any_class_is_brought_home_to_its_tenant(error: BaseException) -> None:
    done, failed, begun = attempt({"tenant-40"}, error)
    assert done == [each for each in TENANTS if each != "tenant-40"]
    assert failed == {"tenant-40": error}
    assert begun <= 2 * math.log2(len(TENANTS)) + 1


@pytest.mark.parametrize("error", NOT_OF_DATA, ids=lambda error: type(error).__name__)
def test_a_lost_database_and_a_request_to_stop_are_no_tenants_failure(error: BaseException) -> None:
    assert not is_isolatable(error)
    with pytest.raises(type(error)):
        attempt({"tenant-40"}, error)


def test_a_real_panic_of_a_compiled_library_is_brought_home_to_its_tenant() -> None:
    """A moment that no calendar has, as text."""

    def write_moments(microseconds: Sequence[int]) -> list[str]:
        return pl.Series(microseconds).cast(pl.Datetime("us")).dt.strftime("%Y").to_list()

    failed: dict[int, BaseException] = {}
    done = list(bisect_failures([0, 2**63 - 1, 1], write_moments, failed.__setitem__))
    assert done == [["1970"], ["1970"]]
    assert list(failed) == [2**63 - 1]
    assert not isinstance(failed[2**63 - 1], Exception)


def test_several_bad_tenants_are_all_named() -> None:
    bad = {"tenant-0", "tenant-1", "tenant-63"}
    done, failed, _ = attempt(bad, UnexpectedError("x"))
    assert set(failed) == bad
    assert set(done) == set(TENANTS) - bad


def test_where_it_fails_for_all_nothing_is_done() -> None:
    done, failed, _ = attempt(set(TENANTS), UnexpectedError("x"))
    assert (done, list(failed)) == ([], TENANTS)


def test_a_cause_is_one_line_that_a_database_and_a_terminal_can_take() -> None:
    messages = cause_of(UnexpectedError("postgresql://me:hunter2@host/db\x00 is\x1b[31m wrong\nsecond line"))
    assert messages == "UnexpectedError: postgresql://me:***@host/db is[31m wrong"
    assert len(cause_of(UnexpectedError("x" * 100_000))) < 1100
    assert cause_of(KeyError()) == "KeyError: without a message"
    assert cause_of(UnreadableError()) == "UnreadableError: its message cannot be read"


def test_a_sentence_of_ours_explains_itself_and_a_refused_statement_does_not() -> None:
    assert is_explained(PermanentError("Nobody said what a franc was worth."))
    assert not is_explained(StatementError("Reading x failed"))
    assert not is_explained(KeyError("x"))


def open_failures(warehouse: Warehouse) -> list[tuple[object, ...]]:
    found = warehouse.read("read_tenant_failures", tenants=[HARBOR, KREUZBERG])
    return sorted(found.select("tenant", "stage", "subject", "day", "cause", "error_class").rows(), key=str)


def test_a_failure_is_stored_once_until_its_day_is_computed(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    messages: list[str] = []
    log = FailureLog(warehouse, "computing", messages.append, RUN)
    log.add(HARBOR, KeyError("first"), ["downloads", "ad_exposures"], DAY)
    log.add(HARBOR, KeyError("second"), ["downloads", "ad_exposures"], DAY)
    log.add(KREUZBERG, KeyError("theirs"), ["downloads"], DAY)
    assert messages[1] == f"harbor-audio, {DAY}: not computed. KeyError: 'second'"
    assert open_failures(warehouse) == [
        ("harbor-audio", "computing", "ad_exposures", DAY, "KeyError: 'second'", "KeyError"),
        ("harbor-audio", "computing", "downloads", DAY, "KeyError: 'second'", "KeyError"),
        ("kreuzberg-radio", "computing", "downloads", DAY, "KeyError: 'theirs'", "KeyError"),
    ]
    line = LedgerLine("downloads", DAY, HARBOR, RUN, 0, None, "final")
    warehouse.replace([], Window.of_day(DAY), [HARBOR], [line])
    assert [row[:3] for row in open_failures(warehouse)] == [
        ("harbor-audio", "computing", "ad_exposures"),
        ("kreuzberg-radio", "computing", "downloads"),
    ]


def test_work_without_a_day_is_cleared_for_the_tenants_for_whom_it_succeeded(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    log = FailureLog(warehouse, "sensor", print)
    for tenant in (HARBOR, KREUZBERG, HARBOR):
        log.add(tenant, UnexpectedError("x"), ["late_rows"])
    assert [row[0] for row in open_failures(warehouse)] == ["harbor-audio", "kreuzberg-radio"]
    log.clear([HARBOR], ["late_rows"])
    assert [row[0] for row in open_failures(warehouse)] == ["kreuzberg-radio"]


def test_a_tenants_reader_sees_its_own_failures_alone(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    log = FailureLog(warehouse, "computing", print)
    for tenant in (HARBOR, KREUZBERG):
        log.add(tenant, UnexpectedError("x"), ["downloads"], date(2026, 3, 1))
    with warehouse.transaction("earshot_report", HARBOR) as connection:
        seen = connection.execute("SELECT tenant_id FROM tenant_failures").fetchall()
    assert seen == [(HARBOR,)]


def test_a_failure_that_cannot_be_stored_is_logged_and_stops_nothing() -> None:
    messages: list[str] = []
    log = FailureLog(Warehouse("postgresql://nobody@127.0.0.1:1/nowhere"), "computing", messages.append)
    log.add(UUID(int=7), UnexpectedError("x"), ["downloads"])
    assert messages[0] == f"{UUID(int=7)}: not computed. UnexpectedError: x"
    assert "could not be kept" in messages[1]
