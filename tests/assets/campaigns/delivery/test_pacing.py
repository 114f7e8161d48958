"""What was due by now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from assets.campaigns.delivery.pacing import cumulate, expect_delivery

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def placement(kind: str) -> pl.DataFrame:
    booked = {"booked_impressions": 400, "flight_starts_at": START, "flight_ends_at": START + 40 * DAY}
    return pl.DataFrame(
        [{"tenant_id": "harbour", "placement_id": "mid", "podcast_id": "tides", "kind": kind, **booked}]
    )


def airings(*days: float) -> pl.DataFrame:
    rows = [("harbour", "mid", f"ep-{day}", START + day * DAY) for day in days]
    return pl.DataFrame(rows, schema=["tenant_id", "placement_id", "episode_id", "aired_at"], orient="row")


def curve(**downloads: int) -> pl.DataFrame:
    rows = [("harbour", "tides", int(age.removeprefix("day")), count) for age, count in downloads.items()]
    schema = pl.Schema(
        {"tenant_id": pl.String(), "podcast_id": pl.String(), "age_days": pl.Int32(), "downloads": pl.Int64()}
    )
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize(("days", "expected"), [(-1, 0), (10, 100), (40, 400), (50, 400)])
def test_a_dynamic_ad_is_due_by_the_elapsed_share_of_its_flight(days: int, expected: int) -> None:
    due = expect_delivery(placement("dynamic"), airings(0), curve(), START + days * DAY)
    assert due["expected"].to_list() == [expected]


@pytest.mark.parametrize(("days", "expected"), [(0.5, 0), (1, 120), (2, 180), (8, 300), (60, 400)])
def test_a_baked_in_ad_is_due_as_its_show_gathers_downloads(days: float, expected: int) -> None:
    """Two episodes a week apart, each due 200: 60 % on the first day, 90 % by the second, all by the tenth."""
    due = expect_delivery(
        placement("baked_in"), airings(0, 7), curve(day0=60, day1=30, day9=10), START + timedelta(days=days)
    )
    assert due["expected"].to_list() == [expected]


def test_without_older_episodes_nobody_knows_what_a_baked_in_ad_is_due() -> None:
    assert expect_delivery(placement("baked_in"), airings(0), curve(), START + DAY)["expected"].to_list() == [None]


def test_a_curve_rises_to_one_through_days_without_downloads() -> None:
    shares = cumulate(curve(day0=3, day5=1))
    assert shares["share"].to_list() == [0.75] * 5 + [1.0] * 25
