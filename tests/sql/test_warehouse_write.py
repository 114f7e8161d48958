"""Writing: a window holds exactly what the last run wrote, whatever happened before, and every value survives."""

from __future__ import annotations

import math
import threading
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sql.connections.connecting import StatementError
from sql.tables import TIME_COLUMNS
from sql.values import PermanentError, Scope, Window
from sql.warehouse import LedgerLine, Warehouse, Write
from sql.writing import shape_of
from tests.sql.rows import DAY, HARBOR, KREUZBERG, RUN, add_tenants, dispositions, events, hours, line

WINDOW = Window.of_day(DAY)
BOTH = [HARBOR, KREUZBERG]


def stored(warehouse: Warehouse, query: bytes) -> list[tuple[object, ...]]:
    with warehouse.transaction() as connection:
        return connection.execute(query).fetchall()


ALL = b"SELECT tenant_id, day, disposition, requests FROM request_dispositions ORDER BY 1, 2, 3"


def test_running_again_replaces_and_never_doubles(warehouse: Warehouse) -> None:
    write = Write("request_dispositions", dispositions([(HARBOR, "counted", 5), (KREUZBERG, "bot", 2)]))
    lines = [line("request_dispositions", HARBOR, 1), line("request_dispositions", KREUZBERG, 1)]
    assert warehouse.replace([write], WINDOW, BOTH, lines) == {"request_dispositions": 2}
    first = stored(warehouse, ALL)
    assert warehouse.replace([write], WINDOW, BOTH, lines) == {"request_dispositions": 2}
    assert stored(warehouse, ALL) == first == [(HARBOR, DAY, "counted", 5), (KREUZBERG, DAY, "bot", 2)]


def test_rows_that_vanished_from_the_input_vanish_from_the_table(warehouse: Warehouse) -> None:
    warehouse.replace([Write("request_dispositions", dispositions([(HARBOR, "counted", 5)]))], WINDOW, BOTH)
    assert warehouse.replace([Write("request_dispositions", dispositions([]))], WINDOW, BOTH) == {
        "request_dispositions": 0
    }
    assert stored(warehouse, ALL) == []


def test_other_days_and_other_tenants_stay_as_they_are(warehouse: Warehouse) -> None:
    before, after = DAY - timedelta(days=1), DAY + timedelta(days=1)
    for day in (before, DAY, after):
        rows = dispositions([(HARBOR, "counted", 5), (KREUZBERG, "counted", 7)], day)
        warehouse.replace([Write("request_dispositions", rows)], Window.of_day(day), BOTH)
    warehouse.replace([Write("request_dispositions", dispositions([(HARBOR, "counted", 1)]))], WINDOW, [HARBOR])
    assert stored(warehouse, ALL) == [
        (HARBOR, before, "counted", 5),
        (HARBOR, DAY, "counted", 1),
        (HARBOR, after, "counted", 5),
        (KREUZBERG, before, "counted", 7),
        (KREUZBERG, DAY, "counted", 7),
        (KREUZBERG, after, "counted", 7),
    ]


def test_a_window_is_half_open_for_moments_too(warehouse: Warehouse) -> None:
    moments = [
        WINDOW.start - timedelta(microseconds=1),
        WINDOW.start,
        WINDOW.end - timedelta(microseconds=1),
        WINDOW.end,
    ]
    warehouse.insert("listener_events", events(HARBOR, moments))
    nothing = events(HARBOR, hours()).clear()
    empty = nothing.with_columns(
        **{name: pl.lit(None, dtype=pl.String) for name in _columns(warehouse, "listener_events") - {*nothing.columns}}
    )
    warehouse.replace([Write("listener_events", empty)], WINDOW, [HARBOR])
    assert stored(warehouse, b"SELECT occurred_at FROM listener_events ORDER BY 1") == [(moments[0],), (moments[3],)]


def _columns(warehouse: Warehouse, table: str) -> set[str]:
    with warehouse.transaction() as connection:
        return {column.name for column in shape_of(connection, table).columns}


def test_tables_and_ledger_stand_or_fall_together(warehouse: Warehouse) -> None:
    good = Write("request_dispositions", dispositions([(HARBOR, "counted", 5)]))
    warehouse.replace([good], WINDOW, BOTH, [line("listening", HARBOR, 1)])
    bad = dispositions([(HARBOR, "counted", 9), (HARBOR, "counted", 9)])
    with pytest.raises(StatementError, match="duplicate key"):
        warehouse.replace(
            [Write("request_dispositions", bad)], WINDOW, BOTH, [line("listening", HARBOR, 2), line("other", HARBOR, 2)]
        )
    assert stored(warehouse, ALL) == [(HARBOR, DAY, "counted", 5)]
    assert warehouse.ledger("other", WINDOW).height == 0
    assert warehouse.ledger("listening", WINDOW)["rows"].to_list() == [1]


def test_the_ledger_keeps_the_last_run_of_each_tenant_and_day(warehouse: Warehouse) -> None:
    again = LedgerLine("listening", DAY, HARBOR, uuid4(), 4, None, "provisional")
    warehouse.replace([], WINDOW, BOTH, [line("listening", HARBOR, 3), line("listening", KREUZBERG, 0)])
    warehouse.replace([], WINDOW, BOTH, [again])
    found = warehouse.ledger("listening", WINDOW)
    assert found.select("tenant_id", "day", "run_id", "rows", "input_watermark", "status").rows() == [
        (HARBOR.bytes, DAY, again.run_id.bytes, 4, None, "provisional"),
        (KREUZBERG.bytes, DAY, RUN.bytes, 0, datetime(2026, 3, 15, tzinfo=UTC), "final"),
    ]
    assert warehouse.ledger("listening", Window.of_day(DAY + timedelta(days=1))).height == 0


def test_writers_of_one_day_wait_for_each_other(warehouse: Warehouse) -> None:
    failures: list[Exception] = []

    def write(requests: int) -> None:
        rows = dispositions([(HARBOR, "counted", requests), (KREUZBERG, "counted", requests)])
        try:
            warehouse.replace(
                [Write("request_dispositions", rows)], WINDOW, BOTH, [line("listening", HARBOR, requests)]
            )
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(requests,)) for requests in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    rows = stored(warehouse, ALL)
    assert len(rows) == 2
    assert {row[3] for row in rows} == set(warehouse.ledger("listening", WINDOW)["rows"])


def test_missing_and_extra_columns_are_named(warehouse: Warehouse) -> None:
    wrong = dispositions([(HARBOR, "counted", 5)]).rename({"requests": "request_count"})
    with pytest.raises(
        PermanentError,
        match="The frame for request_dispositions lacks requests and has request_count, which the table does not have",
    ):
        warehouse.replace([Write("request_dispositions", wrong)], WINDOW, BOTH)
    with pytest.raises(PermanentError, match="The frame for tenants lacks brand_name, name, slug"):
        warehouse.insert("tenants", pl.DataFrame({"tenant_id": [HARBOR.bytes]}))


def test_rows_that_the_next_run_would_not_find_are_refused(warehouse: Warehouse) -> None:
    tomorrow = dispositions([(HARBOR, "counted", 5)], DAY + timedelta(days=1))
    with pytest.raises(PermanentError, match=r"1 rows for request_dispositions have day outside .* 2026-03-15"):
        warehouse.replace([Write("request_dispositions", tomorrow)], WINDOW, BOTH)
    with pytest.raises(
        PermanentError, match="1 rows for request_dispositions belong to tenants that the run is not about"
    ):
        warehouse.replace([Write("request_dispositions", dispositions([(KREUZBERG, "bot", 1)]))], WINDOW, [HARBOR])
    with pytest.raises(PermanentError, match="ledger line of listening"):
        warehouse.replace([], WINDOW, [HARBOR], [line("listening", KREUZBERG, 1)])
    assert stored(warehouse, ALL) == []


def test_a_table_kept_by_day_is_replaced_by_whole_days(warehouse: Warehouse) -> None:
    local = Window.of_local_days(DAY, DAY, "Europe/Berlin")
    with pytest.raises(PermanentError, match="request_dispositions is kept by UTC day"):
        warehouse.replace([Write("request_dispositions", dispositions([]))], local, BOTH)


def test_what_cannot_be_replaced_is_named_with_its_neighbours(warehouse: Warehouse) -> None:
    with pytest.raises(PermanentError, match="Table 'reports' is not replaced by window; those that are: ad_exposures"):
        warehouse.replace([Write("reports", pl.DataFrame())], WINDOW, BOTH)
    twice = Write("request_dispositions", dispositions([(HARBOR, "counted", 5)]))
    with pytest.raises(PermanentError, match="request_dispositions is to be replaced twice at once"):
        warehouse.replace([twice, twice], WINDOW, BOTH)
    with pytest.raises(PermanentError, match="Table 'download' is not replaced by window; did you mean downloads"):
        warehouse.replace([Write("download", pl.DataFrame())], WINDOW, BOTH)
    with pytest.raises(PermanentError, match="There is no table 'no_such_table'"):
        warehouse.insert("no_such_table", pl.DataFrame({"a": [1]}))


def test_the_registry_of_time_columns_agrees_with_the_database(warehouse: Warehouse) -> None:
    for series, column in stored(warehouse, b"SELECT table_name, time_column FROM earshot_series"):
        assert TIME_COLUMNS[str(series)] == column
    for table, column in TIME_COLUMNS.items():
        assert {"tenant_id", column} <= _columns(warehouse, table)


def test_a_redelivered_event_changes_nothing(warehouse: Warehouse) -> None:
    rows = events(HARBOR, hours())
    assert warehouse.insert("listener_events", rows) == 24
    assert warehouse.insert("listener_events", pl.concat([rows, rows])) == 0
    assert stored(warehouse, b"SELECT count(*), count(received_at) FROM listener_events") == [(24, 24)]


def test_ids_as_text_and_ids_as_bytes_are_the_same_ids(warehouse: Warehouse) -> None:
    as_bytes = dispositions([(HARBOR, "counted", 5)])
    as_text = as_bytes.with_columns(tenant_id=pl.lit(str(HARBOR)), run_id=pl.lit(str(RUN).upper()))
    warehouse.replace([Write("request_dispositions", as_bytes)], WINDOW, BOTH)
    warehouse.replace([Write("request_dispositions", as_text)], WINDOW, BOTH)
    assert stored(warehouse, ALL) == [(HARBOR, DAY, "counted", 5)]


def test_what_a_column_cannot_hold_is_an_error_with_its_value(warehouse: Warehouse) -> None:
    broken = events(HARBOR, hours()[:1]).with_columns(client_ip=pl.lit("not an address"))
    with pytest.raises(StatementError, match="not an address"):
        warehouse.insert("listener_events", broken)
    with pytest.raises(PermanentError, match="Column client_ip for listener_events is Binary"):
        warehouse.insert("listener_events", broken.with_columns(client_ip=pl.lit(b"\x00")))
    with pytest.raises(StatementError, match="0x00"):
        warehouse.insert("listener_events", events(HARBOR, hours()[:1]).with_columns(user_agent=pl.lit("a\x00b")))


def test_tenants_are_found_by_scope_slug_and_id(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    assert warehouse.tenants()["slug"].to_list() == ["harbor-audio", "kreuzberg-radio"]
    assert warehouse.tenants(Scope((KREUZBERG,)))["slug"].to_list() == ["kreuzberg-radio"]
    assert warehouse.tenant_id("harbor-audio") == warehouse.tenant_id(str(HARBOR).upper()) == HARBOR
    assert warehouse.tenant_chunks(Scope((KREUZBERG,))) == [[KREUZBERG]]


def test_an_unknown_tenant_names_similar_ones(warehouse: Warehouse) -> None:
    with pytest.raises(PermanentError, match="There is no tenant 'harbour'; there are no tenants yet"):
        warehouse.tenant_id("harbour")
    add_tenants(warehouse)
    with pytest.raises(PermanentError, match="There is no tenant 'harbour-audio'; did you mean harbor-audio"):
        warehouse.tenant_id("harbour-audio")
    with pytest.raises(PermanentError, match="did you mean harbor-audio"):
        warehouse.tenants(Scope((UUID(str(HARBOR).replace("01", "02")),)))


def test_chunks_cover_every_tenant_once_in_an_order_that_stays(warehouse: Warehouse) -> None:
    ids = [UUID(int=number) for number in range(1, 151)]
    frame = pl.DataFrame({"tenant_id": [each.bytes for each in ids], "slug": [f"network-{each.int}" for each in ids]})
    warehouse.insert("tenants", frame.with_columns(name=pl.col("slug"), brand_name=pl.col("slug")))
    chunks = warehouse.tenant_chunks()
    assert [len(chunk) for chunk in chunks] == [64, 64, 22]
    assert sorted(each for chunk in chunks for each in chunk) == ids
    assert warehouse.tenant_chunks() == chunks
    assert chunks[0] != sorted(chunks[0])


# PostgreSQL keeps no NUL in text and no halves of surrogate pairs; everything else has to survive.
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", '"', '""', "\\.", "\\N", "NULL", "\r", "\n", "\r\n", "a,b", " ", "\t", "{}", "\ufeff", "'", "\\"]
)
MOMENT = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
ROW = st.fixed_dictionaries(
    {
        "number": st.none() | st.integers(-(2**63), 2**63 - 1),
        "share": st.none() | st.floats(),
        "flag": st.none() | st.booleans(),
        "words": st.none() | st.lists(st.none() | TEXT, max_size=4),
        "text": st.none() | TEXT,
        "moment": st.none() | MOMENT,
        "day": st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31)),
        "id": st.none() | st.binary(min_size=16, max_size=16),
        "body": st.none() | st.binary(max_size=20),
    }
)
SCHEMA = {
    "key": pl.Int64(),
    "number": pl.Int64(),
    "share": pl.Float64(),
    "flag": pl.Boolean(),
    "words": pl.List(pl.String()),
    "text": pl.String(),
    "moment": pl.Datetime("us", "UTC"),
    "day": pl.Date(),
    "id": pl.Binary(),
    "body": pl.Binary(),
}


@pytest.fixture
def every_type(warehouse: Warehouse) -> Warehouse:
    """A warehouse with a table that has a column of each type."""
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute(
            "CREATE TABLE every_type (key bigint PRIMARY KEY, number bigint, share double precision, flag boolean, "
            "words text[], text text, moment timestamptz, day date, id uuid, body bytea)"
        )
        connection.execute("GRANT SELECT, INSERT, DELETE ON every_type TO earshot_etl")
    return warehouse


@given(rows=st.lists(ROW, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_value_survives_the_way_in_and_out(every_type: Warehouse, rows: list[dict[str, object]]) -> None:
    frame = pl.DataFrame([{"key": number, **row} for number, row in enumerate(rows)], schema=SCHEMA, orient="row")
    with every_type.transaction() as connection:
        connection.execute("DELETE FROM every_type")
    assert every_type.insert("every_type", frame) == frame.height
    found = every_type._etl_reader().fetch("SELECT * FROM every_type ORDER BY key", "Reading")
    assert found.schema == frame.schema
    for column in frame.columns:
        pairs = zip(frame[column].to_list(), found[column].to_list(), strict=True)
        assert all(_same(sent, came) for sent, came in pairs), column


def _same(sent: object, came: object) -> bool:
    if isinstance(sent, float) and isinstance(came, float) and math.isnan(sent):
        return math.isnan(came)
    return sent == came
