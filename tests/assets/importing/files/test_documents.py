"""JSON whose records are no lines."""

from __future__ import annotations

import io
import json

import polars as pl
import pytest

from assets.importing.files.documents import cut_records, is_document

RECORDS = [{"a": number, "b": [{"x": "{[,"}, {"y": 'z"}\\'}]} for number in range(400)]


def cut(text: str, batch_bytes: int = 1 << 20, is_cut: bool = False) -> pl.DataFrame:
    return pl.concat(cut_records(io.BytesIO(text.encode()), batch_bytes, lambda: is_cut))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=2),
        "[\n" + ",\n".join(map(json.dumps, RECORDS)) + "\n]\n",
        json.dumps({"rows": RECORDS, "token": "x"}),
        json.dumps({"token": "x", "time": 3, "rows": RECORDS}, indent=1),
        '{"records": [\n' + ",\n".join(map(json.dumps, RECORDS)) + "\n]}",
        "\n".join(json.dumps(record, indent=1) for record in RECORDS),
        "".join(map(json.dumps, RECORDS)),
        ", ".join(map(json.dumps, RECORDS)),
        json.dumps({"rows": RECORDS[:200]}) + "\n" + json.dumps({"rows": RECORDS[200:]}),
    ],
    ids=[
        "list",
        "laid out",
        "a line each",
        "wrapped",
        "wrapped, laid out",
        "azure",
        "one after another",
        "joined",
        "commas alone",
        "pages",
    ],
)
@pytest.mark.parametrize("batch_bytes", [50, 1 << 20])
def test_every_record_is_one_row_however_they_are_laid_out(text: str, batch_bytes: int) -> None:
    assert is_document(text.encode()[:512])
    assert [json.loads(line) for line in cut(text, batch_bytes)["line"]] == RECORDS


@pytest.mark.parametrize(
    "text", ['{"a": 1}\n{"a": 2}\n', '[14/Oct/2026:08:12:41 +0000] "GET', '{"a": "x", "b": [1]}\n', "a"]
)
def test_lines_are_no_document(text: str) -> None:
    assert not is_document(text.encode())


def test_a_record_has_the_number_of_the_line_it_begins_on() -> None:
    text = json.dumps(RECORDS[:3], indent=1)

    numbers = cut(text)["line_number"].to_list()

    assert [text.split("\n")[number - 1] for number in numbers] == [" {"] * 3


def test_a_broken_record_is_a_row_and_takes_no_other_along() -> None:
    text = "[\n" + ",\n".join(map(json.dumps, RECORDS)).replace('{"a": 7,', '{"a" 7,') + "\n]"

    found = cut(text)["line"].to_list()

    assert len(found) == len(RECORDS)
    assert sum(line.startswith('{"a" 7,') for line in found) == 1


def test_what_breaks_off_leaves_its_last_half_out_and_what_merely_ends_is_a_row() -> None:
    text = '[{"a": 1}, {"a": 2}, {"a'

    assert cut(text, is_cut=True)["line"].to_list() == ['{"a": 1}', '{"a": 2}']
    assert cut(text)["line"].to_list() == ['{"a": 1}', '{"a": 2}', '{"a']
