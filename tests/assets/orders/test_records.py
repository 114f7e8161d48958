"""Records: CSV with quoted line breaks, lists and lines of JSON, packed or not; a bad one loses itself alone."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pytest

from assets.orders.records import Record, read_records
from sql.values import PermanentError


def read(content: bytes) -> list[Record]:
    return list(read_records("orders", io.BytesIO(content)))


def test_a_csv_keeps_quoted_line_breaks_and_numbers_its_lines() -> None:
    records = read(b'a;b\n1;"two\nlines"\n3;4\n')
    assert [(record.number, record.values) for record in records] == [
        (3, {"a": "1", "b": "two\nlines"}),
        (4, {"a": "3", "b": "4"}),
    ]


def test_a_row_with_too_many_columns_loses_itself_alone() -> None:
    bad, good = read(b"a,b\n1,2,3\n4,5\n")
    assert (bad.values, bad.reason) == (None, "it has 3 columns, the header 2")
    assert good.values == {"a": "4", "b": "5"}


def test_a_row_that_was_cut_or_swallows_others_loses_itself_and_says_so() -> None:
    cut, good, swallowing = read(b'a,b,c\n1,2\n3,4,5\n6,"7\n8,9,10\n')
    assert (cut.values, cut.reason) == (None, "it has 2 columns, the header 3")
    assert good.values == {"a": "3", "b": "4", "c": "5"}
    assert swallowing.reason == "it has 2 columns, the header 3: a quote in it may not be closed"


@pytest.mark.parametrize("text", ["sep=;\na;b\n1;2\n", '"sep=|"\r\na|b\r\n1|2\r\n', "sep=\t\na\tb\n1\t2\n"])
def test_a_line_that_tells_a_spreadsheet_the_separator_is_no_header(text: str) -> None:
    assert [record.values for record in read(text.encode())] == [{"a": "1", "b": "2"}]


def test_each_file_of_an_archive_has_a_header_of_its_own() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("1.csv", "a,b\n1,2\n")
        archive.writestr("2.csv", "b;a\n4;3\n")
        archive.writestr("3.json", '[{"a": "5", "b": "6"}]')
    found = [record.values for record in read(packed.getvalue())]
    assert found == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}, {"a": "5", "b": "6"}]


def test_a_header_in_the_middle_holds_from_there_on() -> None:
    found = [record.values for record in read(b"a,b\n1,2\nb,a\n4,3\n")]
    assert found == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_columns_of_one_name_are_told_where_they_differ() -> None:
    same, other = read(b"a,b,a\n1,2,1\n1,2,3\n")
    assert (set(same.twice), set(other.twice)) == (set(), {"a"})


def test_quotes_behind_blanks_are_quotes() -> None:
    assert [record.values for record in read(b'"a", "b"\n1, "2,3"\n')] == [{"a": "1", "b": "2,3"}]


@pytest.mark.parametrize("layout", ["lines", "list", "packed", "wrapped"])
def test_json_is_read_in_lines_and_lists_packed_or_not(layout: str) -> None:
    orders = [{"number": "1"}, {"number": "2"}]
    content = {
        "lines": "\n".join(map(json.dumps, orders)).encode(),
        "list": json.dumps(orders, indent=1).encode(),
        "wrapped": json.dumps({"orders": orders}).encode(),
        "packed": gzip.compress(json.dumps(orders).encode()),
    }[layout]
    assert [record.values for record in read(content)] == orders


def test_a_line_that_is_no_json_loses_itself_alone() -> None:
    good, bad, strange = read(b'{"a": 1}\n{"a": \n{"a": "\\ud800"}\n')
    assert (good.values, bad.reason) == ({"a": 1}, "it is no JSON")
    assert strange.values == {"a": "\ud800"}


def test_nothing_is_no_export() -> None:
    with pytest.raises(PermanentError, match="is empty"):
        read(b"")
