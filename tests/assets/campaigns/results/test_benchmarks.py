"""Campaigns beside the median of what others reached, and when that is withheld."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.campaigns.results.benchmarks import compare_campaigns

SUNDAY = date(2026, 3, 22)
ENDED = date(2026, 1, 31)
SCHEMA = {"currency": pl.String(), "estimate": pl.Float64()}


def result(name: str, sponsor: str, estimate: float | None, **fields: Any) -> dict[str, Any]:
    compared = {
        "tenant_id": "harbour", "campaign_id": name, "sponsor_id": sponsor, "goal_kind": "purchase", "day": ENDED,
        "model": "linear", "kpi": "roas", "unit": "ratio", "currency": None, "estimate": estimate, "badge": "ok",
        "mature_share": 1.0,
    }  # fmt: skip
    return {**compared, **fields}


OURS = result("spring", "kettle", 1.5, day=SUNDAY, badge="low_confidence", mature_share=0.4)
OTHERS = [
    result("oak", "oaks", 1.0),
    result("oak 2", "oaks", 2.0),
    result("elm", "elms", 3.0),
    result("elm 2", "elms", 4.0),
    result("ash", "ashes", 9.0),
]


def compared(*rows: dict[str, Any]) -> dict[str, Any]:
    compared = compare_campaigns(pl.DataFrame([OURS, *rows], schema_overrides=SCHEMA), SUNDAY)
    return compared.filter(campaign_id="spring").row(0, named=True)


def test_a_campaign_stands_beside_the_median_of_the_others() -> None:
    row = compared(*OTHERS)
    assert (row["estimate"], row["median"], row["campaigns"], row["sponsors"], row["badge"]) == (1.5, 3.0, 5, 3, "ok")


@pytest.mark.parametrize(
    "change",
    [
        {"sponsor_id": "kettle"},
        {"tenant_id": "lighthouse"},
        {"goal_kind": "visit"},
        {"model": "last_touch"},
        {"badge": "low_confidence"},
        {"mature_share": 0.9},
        {"estimate": None},
    ],
)
def test_what_cannot_be_compared_does_not_count(change: dict[str, Any]) -> None:
    """Own campaigns neither: whoever knows theirs could take them away."""
    row = compared(*OTHERS[:4], {**OTHERS[4], **change})
    assert (row["median"], row["badge"]) == (None, "too_few")


def test_money_is_compared_in_its_own_currency_only() -> None:
    price = {"kpi": "cpa", "unit": "minor", "currency": "USD"}
    rows = [{**row, **price} for row in (OURS, *OTHERS)]
    same = compare_campaigns(pl.DataFrame(rows, schema_overrides=SCHEMA), SUNDAY)
    assert same.filter(campaign_id="spring")["median"].to_list() == [3.0]
    rows[-1]["currency"] = "EUR"
    mixed = compare_campaigns(pl.DataFrame(rows, schema_overrides=SCHEMA), SUNDAY)
    assert mixed.filter(campaign_id="spring")["median"].to_list() == [None]


def test_one_sponsor_with_most_of_the_campaigns_would_be_recognised() -> None:
    alone = [result(f"oak {number}", "oaks", float(number)) for number in range(4)]
    assert compared(*alone, result("elm", "elms", 1.0), result("ash", "ashes", 1.0))["median"] is None


def test_nobody_to_compare_with_is_too_few() -> None:
    row = compared()
    assert (row["median"], row["campaigns"], row["badge"]) == (None, 0, "too_few")


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.tuples(st.sampled_from("abcde"), st.floats(0.1, 9)), max_size=9), own=st.floats(0.1, 9))
def test_a_sponsor_s_own_numbers_never_move_its_median(values: list[tuple[str, float]], own: float) -> None:
    rows = [result(f"{sponsor} {number}", sponsor, value) for number, (sponsor, value) in enumerate(values)]
    with_own = compared(*rows, result("earlier", "kettle", own))
    assert with_own["median"] == compared(*rows)["median"]
    if with_own["median"] is not None:
        assert with_own["campaigns"] >= 5
        assert with_own["sponsors"] >= 3
