"""A plan about nothing says nothing."""

from __future__ import annotations

from assets.catalogue.feeds.state import FeedPlan, ShowState
from tests.assets.catalogue.feeds.building import feed, lived


def test_an_empty_feed_of_an_empty_show_is_an_empty_plan() -> None:
    known, plan = lived(feed())
    assert known == ShowState()
    assert plan == FeedPlan(title="A Show")
