"""Reading: every type that tables have arrives as agreed, and a wrong question gets a plain answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import polars as pl
import psycopg
import pytest

from sql.connections.connecting import DatabaseUnavailableError, InsufficientPrivilegeError, StatementError
from sql.embedded import Server
from sql.reading.connections import ColumnReader
from sql.safety.masking import masked
from sql.statements import Statement, statement
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.conftest import cloned_database

SHOW = UUID("0b5a3f4e-8a55-4b3f-9a2e-6f1f3a1d7c10")

# SQL expression, frame type, value.
TYPES = {
    "uuid": (f"'{SHOW}'::uuid", pl.Binary(), SHOW.bytes),
    "uuids": (f"ARRAY['{SHOW}', NULL]::uuid[]", pl.List(pl.Binary()), [SHOW.bytes, None]),
    "moment": (
        "'2026-03-29 03:30:00.000001+02'::timestamptz",
        pl.Datetime("us", "UTC"),
        datetime(2026, 3, 29, 1, 30, 0, 1, tzinfo=UTC),
    ),
    "day": ("'2026-02-28'::date", pl.Date(), date(2026, 2, 28)),
    "rate": ("1.0834::numeric", pl.Decimal(38, 12), Decimal("1.0834")),
    "sum_of_bigints": ("sum(9007199254740993)", pl.Decimal(38, 12), Decimal(9007199254740993)),
    "address": ("host('2001:db8::1'::inet)", pl.String(), "2001:db8::1"),
    "document": ('\'{"a": "ü"}\'::jsonb', pl.String(), '{"a": "ü"}'),
    "document_as_text": ("('{\"a\": 1}'::jsonb)::text", pl.String(), '{"a": 1}'),
    "code": ("'D'::char(3)", pl.String(), "D"),
    "currency": ("'EUR'::char(3)", pl.String(), "EUR"),
    "small": ("(-7)::smallint", pl.Int16(), -7),
    "medium": ("7::integer", pl.Int32(), 7),
    "large": ("9223372036854775807::bigint", pl.Int64(), 9223372036854775807),
    "share": ("0.1::double precision", pl.Float64(), 0.1),
    "flag": ("true", pl.Boolean(), True),
    "words": ("ARRAY['a, b', NULL, '']::text[]", pl.List(pl.String()), ["a, b", None, ""]),
    "bytes": (r"'\x00ff'::bytea", pl.Binary(), b"\x00\xff"),
    "text": ("'line' || chr(10) || '\"quoted\"'", pl.String(), 'line\n"quoted"'),
}


@pytest.fixture(scope="module")
def shared_url(server: Server, template: str) -> Iterator[str]:
    """One database for all questions that leave nothing behind."""
    with cloned_database(server, template) as url:
        yield url


@pytest.fixture
def reader(shared_url: str) -> ColumnReader:
    return ColumnReader(shared_url)


@pytest.fixture
def warehouse(shared_url: str) -> Warehouse:
    return Warehouse(shared_url)


@pytest.mark.parametrize("name", TYPES)
def test_each_type_arrives_as_agreed_with_null_and_without_rows(reader: ColumnReader, name: str) -> None:
    expression, dtype, value = TYPES[name]
    full = f"SELECT {expression} AS value"
    found = reader.fetch(full, "Reading")
    assert (found.schema, found["value"].to_list()) == ({"value": dtype}, [value])
    nothing = reader.fetch(f"SELECT CASE WHEN false THEN {expression} END AS value", "Reading")
    assert (nothing.schema, nothing["value"].to_list()) == ({"value": dtype}, [None])
    empty = reader.fetch(f"SELECT * FROM ({full}) AS one WHERE false", "Reading")
    assert (empty.schema, empty.height) == ({"value": dtype}, 0)


@pytest.mark.parametrize(
    ("expression", "instead"),
    [("'192.0.2.1'::inet", "host(value)"), ("interval '1 day'", "extract"), ("tstzrange(NULL, NULL)", "value::text")],
)
def test_a_type_without_a_frame_type_says_what_to_select_instead(
    reader: ColumnReader, expression: str, instead: str
) -> None:
    with pytest.raises(StatementError, match="Reading shows: column value is of type") as caught:
        reader.fetch(f"SELECT {expression} AS value", "Reading shows")
    assert instead in str(caught.value)


@pytest.mark.parametrize("number", ["'NaN'::numeric", "1e30::numeric"])
def test_a_number_that_does_not_fit_is_an_error_and_never_null(reader: ColumnReader, number: str) -> None:
    with pytest.raises(StatementError, match="a numeric does not fit"):
        reader.fetch(f"SELECT {number} AS value", "Reading")


def test_a_quotient_keeps_twelve_decimals(reader: ColumnReader) -> None:
    assert reader.fetch("SELECT 2::numeric / 3 AS value", "Reading").item() == Decimal("0.666666666667")


def test_reads_run_as_the_pipeline_in_utc(reader: ColumnReader) -> None:
    found = reader.fetch("SELECT current_user::text AS role, current_setting('TimeZone') AS zone", "Reading")
    assert found.rows() == [("earshot_etl", "UTC")]


def test_a_refused_statement_does_not_spoil_the_next(reader: ColumnReader) -> None:
    with pytest.raises(StatementError, match="Reading shares failed: division by zero"):
        reader.fetch("SELECT 1 / 0", "Reading shares")
    assert reader.fetch("SELECT 1 AS one", "Reading").item() == 1


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT 1 FROM no_such_table", "Is the schema up to date?"),
        ("SELECT no_such_column FROM tenants", "Is the schema up to date?"),
        ("SELECT no_such_function()", "Is the schema up to date?"),
        ("SELECT * FROM earshot_series FOR UPDATE", "Use the login that ran `earshot db migrate`."),
        ("SELECT 1 / 0", "division by zero."),
    ],
)
def test_both_ways_to_read_say_the_same_of_a_refused_statement(
    reader: ColumnReader, warehouse: Warehouse, query: str, words: str
) -> None:
    with pytest.raises(PermanentError) as by_frame:
        reader.fetch(query, "Working as earshot_etl")
    with pytest.raises(PermanentError) as by_row, warehouse.transaction() as connection:
        connection.execute(query.encode())
    assert words in str(by_frame.value)
    assert type(by_frame.value) is type(by_row.value)
    # What psycopg knows besides, the server's hint, stands at the end.
    assert str(by_row.value).startswith(str(by_frame.value))


def test_a_table_that_is_not_there_leads_to_the_migrations(reader: ColumnReader) -> None:
    with pytest.raises(StatementError, match="earshot db migrate"):
        reader.fetch("SELECT * FROM no_such_table", "Reading")


def test_a_connection_that_the_server_closed_is_replaced_unnoticed(reader: ColumnReader, server: Server) -> None:
    reader.fetch("SELECT 1", "Reading")
    database = reader.fetch("SELECT current_database()::text AS name", "Reading").item()
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database])
    assert reader.fetch("SELECT 1 AS one", "Reading").item() == 1


def test_the_message_about_an_unreachable_server_has_no_password() -> None:
    with pytest.raises(DatabaseUnavailableError) as caught:
        Warehouse("postgresql://someone:hunter2@127.0.0.1:1/earshot").tenants()
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(Warehouse("postgresql://someone:hunter2@127.0.0.1:1/earshot"))


def test_a_replica_that_does_not_answer_or_follows_nobody_is_not_read(
    database_url: str, shared_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One that follows and lags takes a second server: tests/trials/replica.py."""
    dead, other = "postgresql://someone:hunter2@127.0.0.1:1/replica", shared_url
    for read_url, why in ((dead, "cannot be asked how far it is"), (other, "follows no other")):
        with closing(Warehouse(database_url, read_url)) as warehouse:
            for _ in range(2):
                assert warehouse.tenants().is_empty()
            with warehouse.as_tenant(SHOW) as read:
                assert read("read_clock").height == 1
        (record,) = [each for each in caplog.records if each.name == "sql.reading.replica"]
        assert why in record.getMessage()
        assert "hunter2" not in record.getMessage()
        caplog.clear()


def test_values_become_typed_literals() -> None:
    made = Statement("one", "SELECT %(start)s, %(day)s, %(tenants)s, %(name)s, %(number)s, %(none)s, 5 %% 2")
    assert made.render(
        {
            "start": datetime(2026, 1, 1, tzinfo=UTC),
            "day": date(2026, 1, 2),
            "tenants": (SHOW,),
            "name": "O'Hara \\ %(day)s",
            "number": -3,
            "none": None,
        }
    ) == (
        "SELECT '2026-01-01 00:00:00+00:00'::timestamptz, '2026-01-02'::date, "
        f"'{{{SHOW.hex}}}'::uuid[], E'O''Hara \\\\ %(day)s', -3, NULL, 5 % 2"
    )


def test_hostile_text_stays_a_value(reader: ColumnReader) -> None:
    hostile = "'; DROP TABLE tenants; -- \\'"
    assert (
        reader.fetch(Statement("one", "SELECT %(text)s AS text").render({"text": hostile}), "Reading").item() == hostile
    )


def test_an_empty_list_of_tenants_selects_nothing(warehouse: Warehouse) -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    assert warehouse.read("read_listener_events", start=day[0], end=day[1], tenants=[], shard=0, shards=1).height == 0


def test_an_unknown_statement_names_similar_ones() -> None:
    with pytest.raises(PermanentError, match="There is no statement 'read_tenant'; did you mean read_tenants"):
        statement("read_tenant")
    with pytest.raises(PermanentError, match="There is no statement"):
        statement("../migrations/0001_foundation")


def test_missing_and_unknown_parameters_are_named(warehouse: Warehouse) -> None:
    with pytest.raises(
        PermanentError, match="read_ledger lacks last and does not know until; it takes asset, first, last"
    ):
        warehouse.read("read_ledger", asset="downloads", first=date(2026, 1, 1), until=date(2026, 1, 2))


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), {"a": 1}, object(), [object()]])  # noqa: DTZ001
def test_a_value_without_an_agreed_type_is_refused(value: object) -> None:
    with pytest.raises(PermanentError, match="Statement one: value"):
        Statement("one", "SELECT %(value)s").render({"value": value})


def test_a_reader_of_one_tenant_cannot_write(warehouse: Warehouse) -> None:
    with pytest.raises(InsufficientPrivilegeError), warehouse.transaction("earshot_readonly", SHOW) as connection:
        connection.execute("DELETE FROM tenants")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ana:hunter2@db:5432/x", "postgresql://ana:***@db:5432/x"),
        ("postgresql://ana:hun@ter2@db/x?sslmode=require", "postgresql://ana:***@db/x?sslmode=require"),
        (
            "postgresql://db/x?user=ana&password=hunter2&sslmode=require",
            "postgresql://db/x?user=ana&password=***&sslmode=require",
        ),
        ("host=db password='hunter 2' user=ana", "host=db password=*** user=ana"),
        ("postgresql://ana@db/x", "postgresql://ana@db/x"),
    ],
)
def test_passwords_are_masked_in_every_spelling(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_statements_that_say_so_are_joined_without_nested_loops(reader: ColumnReader) -> None:
    shown = "SELECT current_setting('enable_nestloop') AS nested_loops"
    assert reader.fetch(shown, "Reading", by_hash=True)["nested_loops"].to_list() == ["off"]
    # The next transaction of the same connection has the server's own setting again.
    assert reader.fetch(shown, "Reading")["nested_loops"].to_list() == ["on"]


@pytest.mark.parametrize(("name", "by_hash"), [("read_campaign_credits", True), ("read_clock", False)])
def test_the_header_of_a_statement_says_how_it_is_joined(name: str, by_hash: bool) -> None:
    assert statement(name).joins_by_hash is by_hash


def test_statistics_are_gathered_of_tables_that_were_filled(database_url: str) -> None:
    """Three rows are too few for the server to gather them by itself."""
    fill = (
        "INSERT INTO fx_rates SELECT date '2026-01-01' + n, 'EUR', 'USD', 1.1, 'ecb' "
        "FROM generate_series(%s::int, %s::int) AS n"
    )
    known = "SELECT reltuples::integer FROM pg_class WHERE oid = 'public.fx_rates'::regclass"
    warehouse, counts = Warehouse(database_url), []
    with psycopg.connect(database_url, autocommit=True) as connection:
        counts.append(connection.execute(known).fetchone())
        for first, last in ((1, 3), (4, 103)):
            with warehouse.transaction("earshot_owner") as owner:
                owner.execute(fill, (first, last))
                owner.execute("SELECT pg_stat_force_next_flush()")
            warehouse.analyze_new()
            counts.append(connection.execute(known).fetchone())
    warehouse.close()
    assert counts == [(-1,), (3,), (103,)]
