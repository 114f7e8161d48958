"""Columns that were exchanged: what no honest log has in nearly all of its rows."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from assets.importing.checks.misplaced import find_misplaced
from assets.importing.requests import REQUEST_SCHEMA
from tests.assets.importing.reading import FILES, example

NAMES = ("user_agent", "referrer", "http_method", "range_start", "range_end")
SCHEMA = {name: REQUEST_SCHEMA[name] for name in NAMES}
GOOD: dict[str, Any] = {
    "user_agent": "AntennaPod/3.4.0",
    "referrer": "https://www.example.com/2026/v2.1 a",
    "http_method": "GET",
    "range_start": 0,
    "range_end": 1,
}


def found(count: int = 20, paths: tuple[str, ...] = (), **values: Any) -> str | None:
    bad, good = GOOD | values, GOOD
    return find_misplaced(
        pl.DataFrame([bad] * count + [good] * (20 - count), schema=SCHEMA), pl.Series(paths, dtype=pl.String)
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"user_agent": "https://www.example.com/"},
            "have something else where the agent is, such as https://www.exam",
        ),
        ({"user_agent": "HTTP/2.0"}, "have something else where the agent is"),
        ({"user_agent": "TLSv1.3"}, "have something else where the agent is"),
        ({"user_agent": "/harbour/041.mp3"}, "have something else where the agent is"),
        ({"referrer": "AppleCoreMedia/1.0.0.20G75 (iPhone)"}, "have an agent where the referrer is, such as Apple"),
        ({"referrer": "Mozilla/5.0 (X11)", "user_agent": None}, "have an agent where the referrer is"),
        ({"http_method": "https"}, "have a method that HTTP does not know, such as https"),
        ({"range_start": 9}, "have a range that ends before it starts"),
    ],
)
def test_values_of_another_column_are_named_where_nearly_all_are_such(values: dict[str, Any], said: str) -> None:
    assert said in str(found(**values))
    assert found(count=19, **values) is None


@pytest.mark.parametrize(
    "values",
    [
        {},
        dict.fromkeys(NAMES),
        {"user_agent": "http-client/1"},
        {"user_agent": "Podcasts (https://www.example.com/)"},
        {"referrer": "android-app://com.example.player"},
        {"referrer": "www.example.com/2026/10"},
        {"referrer": "/episodes/12"},
        {"http_method": "-"},
        {"http_method": "get"},
        {"range_start": 5, "range_end": 5},
        {"range_start": 5, "range_end": None},
    ],
)
def test_what_honest_logs_have_is_not(values: dict[str, Any]) -> None:
    assert found(**values) is None


def test_hosts_are_no_paths_where_all_are_such_and_none_is_known() -> None:
    assert "have a host where the path is" in str(found(paths=("/media.example.com",) * 20))
    assert found(paths=("/media.example.com",) * 19) is None
    assert found(paths=("/feed.atom", "/index.htm") * 10) is None
    assert found(paths=("/media.example.com",) * 19 + ("/a.mp3",)) is None
    assert found(paths=("/ep1.webm", "/the.last.one.m4v") * 10) is None


@pytest.mark.parametrize("name", FILES)
def test_no_example_has_exchanged_columns(name: str) -> None:
    many = pl.concat([example(name).requests] * 20)

    assert find_misplaced(many, many["target"]) is None
