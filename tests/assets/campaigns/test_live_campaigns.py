"""Live campaigns: which ones a day is about, and from when on anything of them is read."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from assets.campaigns.daily import live_campaigns
from sql.values import Window


def test_a_start_of_long_ago_makes_nobody_read_the_days_of_centuries() -> None:
    """One such campaign decides how far is read back for all tenants beside it."""
    starts = [datetime(1900, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)]
    campaigns = pl.DataFrame({"name": ["old", "new", "to come"], "starts_at": starts, "ends_at": [starts[2]] * 3})
    live = live_campaigns(campaigns, Window.of_day(date(2026, 3, 8)))
    assert live.select("name", "starts_at").rows() == [
        ("old", datetime(2000, 1, 1, tzinfo=UTC)),
        ("new", datetime(2026, 3, 1, tzinfo=UTC)),
    ]
