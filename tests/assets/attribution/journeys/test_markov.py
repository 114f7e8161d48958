"""What placements are worth by what would be lost without them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.attribution.journeys.markov import markov_totals

Journeys = list[tuple[list[str], bool, int]]


def journeys(drawn: Journeys) -> pl.DataFrame:
    rows = [
        (number, touch, placement, converted, count)
        for number, (path, converted, count) in enumerate(drawn)
        for touch, placement in enumerate(path, 1)
    ]
    schema = pl.Schema(
        {
            "journey_id": pl.Int64(),
            "touch_no": pl.Int64(),
            "placement_id": pl.String(),
            "converted": pl.Boolean(),
            "count": pl.Int64(),
        }
    )
    return pl.DataFrame(rows, schema=schema, orient="row")


def told(drawn: Journeys, column: str, fewest: int = 1) -> dict[str, float]:
    return dict(markov_totals(journeys(drawn), fewest).select("placement_id", column).iter_rows())


SEARCH_AND_MAIL: Journeys = [
    (["google ads"], True, 2),
    (["google ads"], False, 1),
    (["mailing"], True, 1),
    (["google ads", "mailing"], True, 1),
]
THREE_CHANNELS: Journeys = [(["C1", "C2", "C3"], True, 1), (["C1"], False, 1), (["C2", "C3"], False, 1)]


def test_the_first_textbook_case() -> None:
    assert told(SEARCH_AND_MAIL, "removal_effect") == pytest.approx({"google ads": 0.75, "mailing": 0.5})
    assert told(SEARCH_AND_MAIL, "share") == pytest.approx({"google ads": 0.6, "mailing": 0.4})
    assert told(SEARCH_AND_MAIL, "conversions") == pytest.approx({"google ads": 2.4, "mailing": 1.6})


def test_the_second_textbook_case() -> None:
    assert told(THREE_CHANNELS, "removal_effect") == pytest.approx({"C1": 0.5, "C2": 1, "C3": 1})
    assert told(THREE_CHANNELS, "share") == pytest.approx({"C1": 0.2, "C2": 0.4, "C3": 0.4})


def test_below_300_conversions_the_linear_model_stands_in_and_says_so() -> None:
    totals = markov_totals(journeys(SEARCH_AND_MAIL))
    assert totals["fitted_by"].unique().to_list() == ["linear"]
    assert totals["conversions"].to_list() == pytest.approx([2.5, 1.5])


def test_a_placement_on_no_converting_journey_earns_nothing() -> None:
    assert told([(["a"], True, 3), (["b", "a"], False, 2), (["c"], False, 1)], "conversions") == {
        "a": 3,
        "b": 0,
        "c": 0,
    }


drawn_journeys = st.lists(
    st.tuples(st.lists(st.sampled_from("abcd"), min_size=1, max_size=5), st.booleans(), st.integers(1, 5)),
    min_size=1,
    max_size=10,
)


@settings(max_examples=40, deadline=None)
@given(drawn_journeys)
def test_totals_sum_to_the_conversions_and_doubling_keeps_the_shares(drawn: Journeys) -> None:
    conversions = sum(count for _, converted, count in drawn if converted)
    once = told(drawn, "conversions")
    assert sum(once.values()) == pytest.approx(conversions, abs=1e-9)
    assert min(once.values()) >= -1e-12
    doubled = told([(path, converted, 2 * count) for path, converted, count in drawn], "conversions")
    assert doubled == pytest.approx({name: 2 * value for name, value in once.items()}, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(drawn_journeys, st.permutations("abcd"))
def test_renamed_placements_permute_the_totals(drawn: Journeys, names: list[str]) -> None:
    renamed = dict(zip("abcd", names, strict=True))
    there = told([([renamed[each] for each in path], *rest) for path, *rest in drawn], "conversions")  # type: ignore[misc]
    assert there == pytest.approx(
        {renamed[name]: value for name, value in told(drawn, "conversions").items()}, abs=1e-9
    )
