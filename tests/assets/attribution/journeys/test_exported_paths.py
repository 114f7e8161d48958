"""Paths that other tools exported: either form gives the same arrays, and what makes no path is refused by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from assets.attribution import (
    MissingColumnsError,
    PathError,
    channel_totals,
    credit_paths,
    index_paths,
    removal_effects,
    split_paths,
)
from assets.attribution.journeys.channels import ALL_MODELS

WHOLE = pl.DataFrame(
    {
        "path": ["ads > mail > ads", "mail", "ads > mail", "shop"],
        "conversions": [3, 5, 2, 0],
        "nulls": [4, 1, 9, 6],
        "value": [90.0, 100.0, 50.0, 0.0],
    }
)
HOWEVER_FEW: dict[str, Any] = {"fewest_conversions": 1}


def test_one_row_per_touch_and_one_per_path_give_the_same() -> None:
    touches = split_paths(WHOLE)
    lists = WHOLE.with_columns(pl.col("path").str.split(" > "))
    models = [name for name in ALL_MODELS if name not in ("time_decay", "last_paid_touch")]
    result = [channel_totals(frame, models, **HOWEVER_FEW) for frame in (WHOLE, lists, touches, index_paths(WHOLE))]
    assert result[0].height == len(models) * 3
    assert all(each.equals(result[0]) for each in result)


def test_one_row_per_journey_is_the_same_as_counts() -> None:
    journeys = [
        (path, converted, value / max(won, 1) if converted else 0.0)
        for path, won, missed, value in WHOLE.rows()
        for converted in [True] * won + [False] * missed
    ]
    single = pl.DataFrame(journeys, schema=["path", "converted", "value"], orient="row")
    counted = pl.DataFrame(
        {"path": ["ads", "ads"], "converted": [1, 0], "count": [2, 3]}
    )  # flags as numbers, rows with counts
    models = ["linear", "markov", "counterfactual"]
    there, here = (channel_totals(frame, models, **HOWEVER_FEW) for frame in (single, WHOLE))
    for amount in ("conversions", "value"):
        assert there[amount].to_list() == pytest.approx(here[amount].to_list(), abs=1e-9)
    assert channel_totals(counted, ["linear"])["conversions"].to_list() == [2.0]


def test_touches_are_numbered_by_their_time() -> None:
    at = datetime(2026, 3, 9, tzinfo=UTC)
    touches = pl.DataFrame(
        {
            "path_id": ["order"] * 2,
            "channel": ["late", "early"],
            "touched_at": [at - timedelta(days=1), at - timedelta(days=8)],
            "converted_at": [at] * 2,
        }
    )
    result = credit_paths(touches, ["first_touch", "time_decay"])
    assert result["channel"].to_list() == ["early", "late"] * 2
    assert result["credit"].to_list() == pytest.approx([1, 0, 1 / 3, 2 / 3])


def test_a_path_converted_if_one_of_its_touches_says_so_and_ends_with_its_last_touch() -> None:
    """As sessions are logged: the flag on the touch that led to the order, and no times but those of the touches."""
    at = datetime(2026, 3, 9, tzinfo=UTC)
    touches = pl.DataFrame(
        {
            "path_id": [1, 1, 2],
            "channel": ["ads", "mail", "mail"],
            "touched_at": [at, at + timedelta(days=7), at],
            "converted": [False, True, None],
        }
    )
    totals = channel_totals(touches, ["time_decay"])
    assert totals["conversions"].to_list() == pytest.approx([1 / 3, 2 / 3])
    assert removal_effects(touches)["removal_effect"].to_list() == pytest.approx([0.5, 1.0])


@pytest.mark.parametrize(
    ("frame", "stated"),
    [
        ({"route": ["a > b"]}, "need the columns path_id, channel, and the frame has route"),
        ({"path_id": [1], "channel": ["a"]}, "need touch_no .* or touched_at"),
        ({"path_id": [1, 1], "channel": ["a", "b"], "touch_no": [0, 1]}, "numbered 1, 2"),
        ({"path_id": [1], "channel": [None], "touch_no": [1]}, "no channel"),
        ({"path": ["a"], "nulls": [1]}, "need the column conversions"),
        ({"path": ["a"], "conversions": [-1]}, "never negative"),
        ({"path_id": [1, 1], "channel": ["a", "b"], "touch_no": [1, 2], "conversions": [2, 3]}, "conversions differs"),
        ({"path": [3]}, "lists of channels or text"),
        ({"path": ["a > b"], "age_days": [[1.0]]}, "as long as its path"),
        ({"path": ["a > b"], "age_days": [[1.0, None]]}, "has no age_days"),
    ],
)
def test_what_makes_no_path_is_refused_by_name(frame: dict[str, list[object]], stated: str) -> None:
    with pytest.raises((PathError, MissingColumnsError), match=stated):
        index_paths(pl.DataFrame(frame))
