"""The day that the benchmark invents is what it says, and each of its cases makes the same downloads of it."""

from __future__ import annotations

import numpy as np
import polars as pl
import psycopg
import pytest

from benchmarks import listening, listening_cases
from benchmarks.listening_data import DAY, ROWS_PER_VISIT, SEED, TENANTS, invent_network, invent_requests
from sql.embedded import Server
from tests.conftest import admin_address

ROWS = 6_000


@pytest.fixture
def addresses(database_url: str, server: Server) -> tuple[str, str]:
    """The application's and the administrator's address of one fresh database."""
    return database_url, admin_address(server, database_url)


def test_the_invented_day_has_the_requested_rows_and_is_always_the_same() -> None:
    days = []
    for _ in range(2):
        generator = np.random.default_rng(SEED)
        days.append(invent_requests(generator, invent_network(generator), ROWS))
    day = days[0]
    assert day.equals(days[1])
    assert day.height == day["event_id"].n_unique() == ROWS
    assert day["occurred_at"].dt.date().unique().to_list() == [DAY]
    assert day["tenant_id"].n_unique() == TENANTS
    visits = day.select("client_ip", "user_agent", "tenant_id", "asset_id").unique().height
    assert ROWS / visits == pytest.approx(ROWS_PER_VISIT, rel=0.1)


def test_every_case_works_on_the_same_day(addresses: tuple[str, str]) -> None:
    listening_cases.load(*addresses, str(ROWS))
    ours = listening_cases.earshot(*addresses)
    with psycopg.connect(addresses[1], autocommit=True) as connection:
        (downloads,) = connection.execute("SELECT count(*) FROM downloads").fetchone() or (0,)
        (breakdowns,) = connection.execute("SELECT count(*) FROM listener_breakdowns").fetchone() or (0,)
        before = connection.execute("SELECT sum(requests) FROM request_dispositions").fetchone()
    assert before == (ROWS,)
    limit = listening_cases.limit(*addresses)
    assert limit["rows_in"] == ours["rows_written"] > downloads > 0
    with psycopg.connect(addresses[1], autocommit=True) as connection:
        again = connection.execute("SELECT count(*) FROM downloads").fetchone()
        for table in listening_cases.TABLES:
            connection.execute(f"TRUNCATE {table}".encode())
    assert again == (downloads,)
    # SQL hashes without a key and sees no moment of reaching the minute; what is counted is the same.
    theirs = listening_cases.tuned_sql(*addresses)
    assert theirs["downloads"] == downloads
    assert theirs["listener_breakdowns"] == pytest.approx(breakdowns, rel=0.01)


def test_ratios_are_those_of_the_bars() -> None:
    result = {"earshot": {"seconds": 10.0}, "limit": {"seconds": 4.0}, "sql": {"seconds": 30.0}}
    assert listening.compare(result) == {"earshot / limit": 2.5, "sql / earshot": 3.0}
    with_cpu = {
        "earshot": {"seconds": 10.0, "cpu_s": 6.0},
        "limit": {"seconds": 4.0, "cpu_s": 4.0},
        "sql": result["sql"],
    }
    assert listening.compare(with_cpu)["earshot / limit, cpu"] == 1.5
    with_pandas = listening.compare({**result, "pandas": {"seconds": 100.0}})
    assert with_pandas["pandas / earshot"] == 10.0
    assert set(with_pandas) < set(listening.BARS)


def test_of_several_runs_the_median_of_each_number_counts() -> None:
    runs = [{"seconds": 3.0, "peak_mb": 10}, {"seconds": 1.0, "peak_mb": 30}, {"seconds": 9.0, "peak_mb": 20}]
    assert listening.median_of(runs) == {"seconds": 3.0, "peak_mb": 20}


def test_addresses_of_the_invented_day_are_of_both_versions() -> None:
    generator = np.random.default_rng(SEED)
    day = invent_requests(generator, invent_network(generator), ROWS)
    shares = day.select(pl.col("client_ip").str.contains(":", literal=True)).to_series()
    assert 0.2 < (shares.mean() or 0) < 0.45  # type: ignore[operator]
