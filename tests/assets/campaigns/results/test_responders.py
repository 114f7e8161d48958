"""Who converted of those who were reached: a part of the reach, at any level."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from assets.campaigns.results.responders import count_responders, find_first_ads

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
SCOPE = {"tenant_id": "harbour", "scope_id": "spring"}
HOUR = timedelta(hours=1)


def exposed(*rows: tuple[int | None, datetime, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [{**SCOPE, "household_key": key, "occurred_at": at, "kind": kind} for key, at, kind in rows],
        schema_overrides={"household_key": pl.Int64},
    )


def converted(*rows: tuple[int | None, datetime, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {**SCOPE, "model": "linear", "household_key": key, "converted_at": at, "kind": kind,
             "is_goal": kind == "purchase"}
            for key, at, kind in rows
        ],
        schema_overrides={"household_key": pl.Int64},
    )  # fmt: skip


def test_a_household_is_reached_by_its_first_ad_and_by_no_click() -> None:
    ads = exposed((1, NOON, "delivered"), (1, NOON - HOUR, "impression"), (2, NOON, "click"), (None, NOON, "delivered"))
    assert find_first_ads(ads).rows() == [("harbour", "spring", 1, NOON - HOUR)]


def test_only_households_that_an_ad_had_reached_respond() -> None:
    first_ads = find_first_ads(exposed((1, NOON, "delivered"), (2, NOON, "delivered"), (3, NOON, "delivered")))
    credited = converted(
        (1, NOON, "purchase"), (1, NOON + HOUR, "purchase"),  # one household, reached in the same second
        (2, NOON - HOUR, "purchase"),  # bought before this ad reached it: an earlier ad's
        (2, NOON + HOUR, "visit"),
        (4, NOON + HOUR, "purchase"),  # never reached, came by a code
        (None, NOON + HOUR, "purchase"),  # a shop's server
    )  # fmt: skip
    assert count_responders(credited, first_ads).rows() == [("harbour", "spring", "linear", 1, 1)]
