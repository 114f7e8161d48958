"""The binary form of rows: every value arrives as its CSV does, and what has no such form is left to CSV."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from sql.connections.connecting import StatementError
from sql.copying.binary import has_wire_form, wire_order, wire_parts
from sql.copying.text import csv_parts
from sql.warehouse import Warehouse

TYPES = {
    "key": "bigint",
    "tiny": "smallint",
    "whole": "integer",
    "number": "bigint",
    "share": "double precision",
    "flag": "boolean",
    "words": "text",
    "code": "character",
    "coded": "text",
    "moment": "timestamp with time zone",
    "day": "date",
    "id": "uuid",
    "nothing": "text",
}
SCHEMA = {
    "key": pl.Int64(),
    "words": pl.String(),
    "tiny": pl.UInt8(),
    "whole": pl.Int16(),
    "number": pl.Int64(),
    "share": pl.Float64(),
    "flag": pl.Boolean(),
    "code": pl.Enum(["NZ", "DE"]),
    "coded": pl.Categorical(),
    "moment": pl.Datetime("us", "UTC"),
    "day": pl.Date(),
    "id": pl.Binary(),
    "nothing": pl.Null(),
}
# PostgreSQL keeps no NUL in text and no halves of surrogate pairs.
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
ROW = {
    "words": TEXT,
    "tiny": st.integers(0, 255),
    "whole": st.integers(-(2**15), 2**15 - 1),
    "number": st.integers(-(2**63), 2**63 - 1),
    "share": st.floats(),
    "flag": st.booleans(),
    "code": st.sampled_from(["NZ", "DE"]),
    "coded": TEXT,
    "moment": st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    "day": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "id": st.binary(min_size=16, max_size=16),
    "nothing": st.none(),
}
FULL_ROWS = st.lists(st.fixed_dictionaries(ROW), min_size=1, max_size=8)
HOLED_ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | value for name, value in ROW.items()}), min_size=1, max_size=8
)


@pytest.fixture
def plain_types(warehouse: Warehouse) -> Warehouse:
    """A warehouse with a table of every type that has a binary form."""
    columns = ", ".join(f"{name} {'char(2)' if kind == 'character' else kind}" for name, kind in TYPES.items())
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute(f"CREATE TABLE plain_types ({columns}, PRIMARY KEY (key))".encode())
        connection.execute("GRANT SELECT, INSERT, DELETE ON plain_types TO earshot_etl")
    return warehouse


def stored(warehouse: Warehouse, frame: pl.DataFrame, is_binary: bool) -> list[tuple[object, ...]]:
    """What the server shows of the rows, as text, after COPY in one form or the other."""
    columns = wire_order(frame) if is_binary else frame.columns
    parts = wire_parts(frame, TYPES) if is_binary else csv_parts("plain_types", frame.drop("nothing"), TYPES)
    names = [name for name in columns if is_binary or name != "nothing"]
    into = sql.SQL("COPY plain_types ({}) FROM STDIN (FORMAT {})").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL("binary" if is_binary else "csv")
    )
    with warehouse.transaction() as connection:
        connection.execute("DELETE FROM plain_types")
        with connection.cursor() as cursor, cursor.copy(into) as copy:
            for part in parts:
                copy.write(part)
        return connection.execute("SELECT plain_types::text FROM plain_types ORDER BY key").fetchall()


@given(rows=FULL_ROWS | HOLED_ROWS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_binary_rows_and_csv_store_the_same(plain_types: Warehouse, rows: list[dict[str, object]]) -> None:
    frame = pl.DataFrame([{"key": key, **row} for key, row in enumerate(rows)], schema=SCHEMA, orient="row")
    assert has_wire_form(frame, TYPES)
    assert stored(plain_types, frame, is_binary=True) == stored(plain_types, frame, is_binary=False)


def test_more_rows_than_one_slice_arrive_each_once(plain_types: Warehouse) -> None:
    frame = pl.select(key=pl.int_range(50_000), words=pl.format("row {}", pl.int_range(50_000)), number=pl.lit(7))
    sparse = frame.with_columns(number=pl.when(pl.col("key") % 3 > 0).then("number"))
    assert plain_types.insert("plain_types", sparse) == frame.height
    found = plain_types._etl_reader().fetch("SELECT key, words, number FROM plain_types ORDER BY key", "Reading")
    assert found.equals(sparse.with_columns(pl.col("number").cast(pl.Int64)))


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pl.Series("x", [1], dtype=pl.Int64), "integer"),
        (pl.Series("x", [1], dtype=pl.UInt64), "bigint"),
        (pl.Series("x", [1], dtype=pl.Int64), "numeric"),
        (pl.Series("x", [0.1], dtype=pl.Float32), "double precision"),
        (pl.Series("x", ["10.0.0.1"]), "inet"),
        (pl.Series("x", ["5b0c1f52-7b1e-4f0e-9d6a-2f1f6a1c7a10"]), "uuid"),
        (pl.Series("x", [b"short"]), "uuid"),
        (pl.Series("x", [b"\x00"]), "bytea"),
        (pl.Series("x", [["a"]]), "text[]"),
    ],
)
def test_what_the_server_would_have_to_judge_is_left_to_csv(column: pl.Series, kind: str) -> None:
    assert not has_wire_form(column.to_frame(), {"x": kind})


def test_a_naive_datetime_counts_as_utc_and_finer_units_are_cut(plain_types: Warehouse) -> None:
    moment = datetime(2026, 3, 29, 1, 30, 0, 123456)  # noqa: DTZ001
    for unit in ("ms", "us", "ns"):
        frame = pl.DataFrame({"key": [1], "moment": pl.Series([moment], dtype=pl.Datetime(unit))})
        with plain_types.transaction() as connection:
            connection.execute("DELETE FROM plain_types")
        plain_types.insert("plain_types", frame)
        found = plain_types._etl_reader().fetch("SELECT moment FROM plain_types", "Reading")["moment"].to_list()
        assert found == [moment.replace(tzinfo=UTC, microsecond=123000 if unit == "ms" else 123456)]


def test_text_that_postgresql_cannot_keep_is_an_error(plain_types: Warehouse) -> None:
    with pytest.raises(StatementError, match="0x00"):
        plain_types.insert("plain_types", pl.DataFrame({"key": [1], "words": ["a\x00b"]}))
    with pytest.raises(StatementError, match="too long"):
        plain_types.insert("plain_types", pl.DataFrame({"key": [1], "code": ["NZL"]}))
