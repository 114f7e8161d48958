"""Columns of requests from fields of lines, as a mapping says it."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from assets.importing.engines.columns import decoded_agent, read_requests, unescaped
from assets.importing.mappings.mapping import parse_mapping
from assets.importing.requests import Parsed
from assets.listening.identity.agent_rules import BOT_SUFFIX

TIME = "2026-10-14T06:12:41Z"


def read(values: dict[str, str | None], columns: dict[str, Any], **more: Any) -> Parsed:
    content = {"title": "t", "kind": "json", "columns": {"occurred_at": "time", **columns}, **more}
    rows = pl.DataFrame({"line_number": [1], "line": ["x"], **{k: [v] for k, v in {"time": TIME, **values}.items()}})
    names = set(rows.columns)
    return read_requests(
        rows.with_columns(pl.all().exclude("line_number").cast(pl.String)),
        lambda name: pl.col(name) if name in names else pl.lit(None, dtype=pl.String),
        parse_mapping("own", content, "own"),
        [],
    )


def value(name: str, spec: Any, **values: str | None) -> object:
    return read(dict(values), {name: spec}).requests.row(0, named=True)[name]


@pytest.mark.parametrize(
    ("name", "spec", "values", "expected"),
    [
        ("target", "a", {"a": "/x"}, "/x"),
        ("target", ["a", "b"], {"a": None, "b": "/y"}, "/y"),
        ("user_agent", {"from": "a", "decode": "percent"}, {"a": "a%20b"}, "a b"),
        ("user_agent", {"join": ["a", "b"]}, {"a": "x", "b": "y"}, "x y"),
        ("http_method", {"value": "GET"}, {}, "GET"),
        ("http_method", "a", {"a": None}, None),
        ("http_method", {"from": "a", "extract": r"^X\.(\w+)"}, {"a": "X.HEAD"}, "HEAD"),
        ("bytes_sent", {"from": "a", "at_most": "b"}, {"a": "500", "b": "400"}, 400),
        ("bytes_sent", {"from": "a", "at_most": "b"}, {"a": "500", "b": None}, 500),
        ("bytes_sent", {"from": "a", "default": "0"}, {"a": None}, 0),
        ("bytes_sent", "a", {"a": "-5"}, None),
        ("target", {"from": "a", "without": "b", "unless": "c"}, {"a": "/m/x", "b": "m", "c": "x"}, "x"),
        ("target", {"from": "a", "without": "b", "unless": "c"}, {"a": "/m/x", "b": "m", "c": "m/x"}, "/m/x"),
        ("country_code", "a", {"a": "de"}, "DE"),
        ("country_code", "a", {"a": "Germany"}, None),
    ],
)
def test_each_key_of_a_column_does_what_it_says(
    name: str, spec: Any, values: dict[str, str | None], expected: object
) -> None:
    assert value(name, spec, **values) == expected


def test_an_episode_by_its_guid_and_a_client_by_a_hash() -> None:
    hashed = read({"g": "e-1", "ip": "4d39"}, {"guid": "g", "client_ip": "ip", "hashed_ip": "ip"}).requests.row(
        0, named=True
    )
    plain = read({"ip": "203.0.113.7"}, {"client_ip": "ip", "hashed_ip": "ip"}).requests.row(0, named=True)

    assert (hashed["target"], hashed["client_ip"], hashed["household_key"] is None) == ("guid:e-1", None, False)
    assert (plain["client_ip"], plain["household_key"]) == ("203.0.113.7", None)


@pytest.mark.parametrize(
    ("said", "is_bot"), [("true", True), ("crawler", True), ("false", False), ("0", False), (None, False)]
)
def test_what_a_service_took_for_a_bot_is_one(said: str | None, is_bot: bool) -> None:
    agent = read({"a": "X", "b": said}, {"user_agent": "a"}, bot_if=["b"]).requests["user_agent"].item()

    assert agent.endswith(BOT_SUFFIX) == is_bot


def test_a_time_that_cannot_be_read_is_named_by_its_field() -> None:
    assert read({"time": "today"}, {}).rejects["reason"].to_list() == ["its time cannot be read"]


def test_escapes_are_undone_and_what_is_no_text_is_replaced() -> None:
    assert unescaped(r"My \"best\" \xc3\xa4pp \\ \x00 \xff") == 'My "best" äpp \\ \ufffd \ufffd'
    assert decoded_agent("Mozilla/5.0%2520(Windows%2520NT)") == "Mozilla/5.0 (Windows NT)"


@pytest.mark.parametrize(
    ("status", "kept"), [("200", 200), ("200.0", 200), ("000", 0), (None, None), ("28411200", "no"), ("OK", "no")]
)
def test_a_status_that_is_none_costs_its_row(status: str | None, kept: object) -> None:
    found = read({"s": status}, {"http_status": "s"})
    if kept == "no":
        assert found.rejects["reason"].to_list() == ["its s is no status"]
    else:
        assert found.requests["http_status"].to_list() == [kept]


@pytest.mark.parametrize(("written", "count"), [("28411200.00", 28411200), ("5.", 5), ("-1", None)])
def test_whole_numbers_may_have_zeros_behind_a_point(written: str, count: int | None) -> None:
    assert read({"b": written}, {"bytes_sent": "b"}).requests["bytes_sent"].to_list() == [count]


@pytest.mark.parametrize("name", ["bytes_sent", "range_start", "range_end", "object_bytes"])
@pytest.mark.parametrize("written", ["5.5", "5,000", "5e6", "many", "9" * 20])
def test_bytes_that_are_no_number_cost_their_row(name: str, written: str) -> None:
    assert read({"b": written}, {name: "b"}).rejects["reason"].to_list() == ["its b is no number of bytes"]
    assert read({"b": f"x {written} y"}, {name: {"from": "b", "extract": r"x (\d+) y"}}).rejects.height == (
        written[0] == "9"
    )
