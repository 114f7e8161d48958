"""What placements are worth by what would be lost without them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.attribution.journeys.channels import channel_totals, removal_effects

Journeys = list[tuple[list[str], bool, int]]


def paths(drawn: Journeys) -> pl.DataFrame:
    rows = [(path, count * converted, count * (not converted)) for path, converted, count in drawn]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "path": pl.List(pl.String),
        "conversions": pl.Int64,
        "nulls": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def of_each(drawn: Journeys, column: str) -> dict[str, float]:
    return dict(removal_effects(paths(drawn)).select("channel", column).iter_rows())


def earned(drawn: Journeys) -> dict[str, float]:
    totals = channel_totals(paths(drawn), ["markov"], fewest_conversions=1)
    return dict(totals.select("channel", "conversions").iter_rows())


SEARCH_AND_MAIL: Journeys = [
    (["google ads"], True, 2),
    (["google ads"], False, 1),
    (["mailing"], True, 1),
    (["google ads", "mailing"], True, 1),
]
THREE_CHANNELS: Journeys = [(["C1", "C2", "C3"], True, 1), (["C1"], False, 1), (["C2", "C3"], False, 1)]


def test_the_first_textbook_case() -> None:
    assert of_each(SEARCH_AND_MAIL, "removal_effect") == pytest.approx({"google ads": 0.75, "mailing": 0.5})
    assert of_each(SEARCH_AND_MAIL, "share") == pytest.approx({"google ads": 0.6, "mailing": 0.4})
    assert earned(SEARCH_AND_MAIL) == pytest.approx({"google ads": 2.4, "mailing": 1.6})


def test_the_second_textbook_case() -> None:
    assert of_each(THREE_CHANNELS, "removal_effect") == pytest.approx({"C1": 0.5, "C2": 1, "C3": 1})
    assert of_each(THREE_CHANNELS, "share") == pytest.approx({"C1": 0.2, "C2": 0.4, "C3": 0.4})


def test_below_300_conversions_the_linear_model_stands_in_and_says_so() -> None:
    totals = channel_totals(paths(SEARCH_AND_MAIL), ["markov"])
    assert totals["fitted_by"].unique().to_list() == ["linear"]
    assert totals["conversions"].to_list() == pytest.approx([2.5, 1.5])


def test_a_placement_on_no_converting_journey_earns_nothing() -> None:
    assert earned([(["a"], True, 3), (["b", "a"], False, 2), (["c"], False, 1)]) == {
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
    once = earned(drawn)
    assert sum(once.values()) == pytest.approx(conversions, abs=1e-9)
    assert min(once.values()) >= -1e-12
    doubled = earned([(path, converted, 2 * count) for path, converted, count in drawn])
    assert doubled == pytest.approx({name: 2 * value for name, value in once.items()}, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(drawn_journeys, st.permutations("abcd"))
def test_renamed_placements_permute_the_totals(drawn: Journeys, names: list[str]) -> None:
    renamed = dict(zip("abcd", names, strict=True))
    there = earned([([renamed[each] for each in path], *rest) for path, *rest in drawn])  # type: ignore[misc]
    assert there == pytest.approx({renamed[name]: value for name, value in earned(drawn).items()}, abs=1e-9)
