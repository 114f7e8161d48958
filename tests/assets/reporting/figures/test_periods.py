"""Report periods: local days, both changes of the clock, and the moment from which a period is final."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from assets.reporting.figures.periods import month_of, week_of


def test_a_week_runs_from_monday_to_sunday_and_is_compared_with_the_week_before() -> None:
    period = week_of(date(2026, 11, 9), "UTC")
    assert (period.first, period.last) == (date(2026, 11, 9), date(2026, 11, 15))
    assert (period.previous_first, period.previous_last) == (date(2026, 11, 2), date(2026, 11, 8))


def test_a_month_is_compared_with_the_whole_month_before_it() -> None:
    period = month_of(date(2026, 3, 1), "UTC")
    assert (period.first, period.last) == (date(2026, 3, 1), date(2026, 3, 31))
    assert (period.previous_first, period.previous_last) == (date(2026, 2, 1), date(2026, 2, 28))


@pytest.mark.parametrize(
    ("monday", "hours"),
    [(date(2026, 3, 23), 7 * 24 - 1), (date(2026, 10, 19), 7 * 24 + 1), (date(2026, 6, 1), 7 * 24)],
    ids=["clocks go forward", "clocks go back", "an ordinary week"],
)
def test_a_week_in_berlin_has_the_hours_that_its_clocks_had(monday: date, hours: int) -> None:
    assert week_of(monday, "Europe/Berlin").window.length == timedelta(hours=hours)


def test_neighbouring_periods_share_no_moment_and_leave_none_out() -> None:
    earlier, later = week_of(date(2026, 10, 19), "Europe/Berlin"), week_of(date(2026, 10, 26), "Europe/Berlin")
    assert earlier.window.end == later.window.start
    assert later.previous_window == earlier.window


def test_a_period_in_tokyo_is_final_two_days_after_midnight_in_tokyo() -> None:
    assert week_of(date(2026, 11, 9), "Asia/Tokyo").final_at(48) == datetime(2026, 11, 17, 15, tzinfo=UTC)
