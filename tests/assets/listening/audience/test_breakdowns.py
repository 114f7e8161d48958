"""With what, from where and when people listened: at every level, with nothing left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from assets.listening import measure_breakdowns, measure_dimensions
from assets.listening.audience.breakdowns import DIMENSIONS, LEVELS

START = datetime(2026, 11, 2, tzinfo=UTC)
STANDARD: dict[str, Any] = {
    "tenant_id": "quayside",
    "podcast_id": "harbour",
    "episode_id": "harbour-12",
    "consumer_key": 1,
    "downloaded_at": START + timedelta(hours=8),
    "app": "Overcast",
    "device": "iPhone",
    "os": "iOS",
    "country_code": "US",
    "region_code": "WA",
    "referrer": "unknown",
}

rows_of = st.lists(
    st.fixed_dictionaries(
        {
            "place": st.sampled_from(
                [("quayside", "harbour", "h-1"), ("quayside", "harbour", "h-2"), ("mill", "m", "m")]
            ),
            "consumer_key": st.integers(1, 4),
            "hour": st.integers(0, 23),
            "app": st.sampled_from(["Overcast", "AntennaPod", "unknown", None]),
            "country_code": st.sampled_from(["US", "AU", "unknown"]),
            "region_code": st.sampled_from(["WA", "unknown", None]),
        }
    ),
    min_size=1,
    max_size=30,
)


def downloads(*changes: dict[str, Any]) -> pl.DataFrame:
    schema_overrides = dict.fromkeys(("app", "region_code"), pl.String)
    return pl.DataFrame([{**STANDARD, **change} for change in changes], schema_overrides=schema_overrides)


def values_of(found: pl.DataFrame, dimension: str, level: str = "tenant") -> dict[str, tuple[int, int]]:
    result = found.filter(dimension=dimension, level=level).select("value", "downloads", "listeners")
    return {value: (count, people) for value, count, people in result.iter_rows()}


def test_a_listener_of_two_episodes_is_one_of_their_show() -> None:
    found = measure_breakdowns(downloads({}, {"episode_id": "harbour-13"}, {"consumer_key": 2}))
    assert values_of(found, "app", "podcast") == {"Overcast": (3, 2)}
    episodes = found.filter(dimension="app", level="episode").select("scope_id", "downloads", "listeners")
    assert episodes.rows() == [("harbour-12", 2, 2), ("harbour-13", 1, 1)]


@pytest.mark.parametrize(
    ("country", "region", "result"),
    [
        ("US", "WA", "US-WA"),
        ("AU", "WA", "AU-WA"),
        ("US", "US-WA", "US-WA"),
        ("US", "unknown", "unknown"),
        ("US", None, "unknown"),
        ("unknown", "WA", "WA"),
        (None, "WA", "WA"),
    ],
)
def test_a_region_is_shown_with_its_country(country: str | None, region: str | None, result: str) -> None:
    found = measure_breakdowns(downloads({"country_code": country, "region_code": region}))
    assert list(values_of(found, "region")) == [result]


def test_shows_alone_need_no_episodes() -> None:
    whole = downloads({}, {"consumer_key": 2, "app": "AntennaPod"})
    assert_frame_equal(measure_dimensions(whole.drop("episode_id")), measure_dimensions(whole))


@settings(max_examples=40, deadline=None)
@given(rows_of, st.randoms(use_true_random=False))
def test_every_download_is_in_one_value_of_each_dimension(rows: list[dict[str, Any]], random: Any) -> None:
    names = ("tenant_id", "podcast_id", "episode_id")
    changes = [
        {**row, **dict(zip(names, row["place"], strict=True)), "downloaded_at": START + timedelta(hours=row["hour"])}
        for row in rows
    ]
    result = downloads(*({name: each[name] for name in STANDARD if name in each} for each in changes))
    found = measure_breakdowns(result)
    for level, name in LEVELS.items():
        scopes = result.group_by("tenant_id", scope_id=name).agg(all=pl.len())
        sums = (
            found.filter(level=level)
            .group_by("tenant_id", "scope_id", "dimension")
            .agg(pl.col("downloads", "share").sum())
            .join(scopes, on=["tenant_id", "scope_id"], validate="m:1")
        )
        assert sums.height == scopes.height * len(DIMENSIONS)
        assert (sums["downloads"] == sums["all"]).all()
        assert ((sums["share"] - 1).abs() < 1e-9).all()
    for row in found.filter(dimension="hour").iter_rows(named=True):
        selected = [
            each["consumer_key"]
            for each in changes
            if row["scope_id"] in (each[LEVELS[row["level"]]],) and f"{each['hour']:02}" == row["value"]
        ]
        assert (row["downloads"], row["listeners"]) == (len(selected), len(set(selected)))
    random.shuffle(changes)
    again = downloads(*({name: each[name] for name in STANDARD if name in each} for each in changes))
    assert_frame_equal(measure_breakdowns(again), found, check_exact=True)
