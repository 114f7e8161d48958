"""Where rolling windows begin for a listener who is never silent, on all rows and on those that a day reads."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from assets.listening.downloads.method import LOOK_BACK, LOOK_FORWARD
from assets.listening.downloads.windows import cut_windows
from sql.values import Window

DAY = date(2026, 3, 31)


def anchors(window: str, days: int, hours: int, read: Window | None = None) -> set[datetime]:
    """When the windows began that a request of the day is in: a request every so many hours, since so many days."""
    noon = datetime(2026, 3, 31, 12, tzinfo=UTC)
    moments = [noon - timedelta(hours=hours * number) for number in range(days * 24 // hours + 1)]
    requests = pl.DataFrame(
        {
            "consumer_key": 1,
            "episode_no": 1,
            "occurred_at": moments,
            "event_id": [str(moment) for moment in moments],
            "download_window": window,
        }
    )
    if read is not None:
        requests = requests.filter(pl.col("occurred_at").is_between(read.start, read.end, closed="left"))
    cut = cut_windows(requests).filter(pl.col("occurred_at").dt.date() == DAY)
    return set(cut["anchored_at"])


READ = Window.of_day(DAY).widened(before=LOOK_BACK, after=LOOK_FORWARD)


@pytest.mark.parametrize("hours", [5, 7, 11, 17, 23])
def test_up_to_thirty_days_without_a_silence_a_day_reads_all_that_decides(hours: int) -> None:
    for window in ("first_touch", "last_touch"):
        assert anchors(window, 30, hours, READ) == anchors(window, 30, hours)


def test_beyond_thirty_days_a_first_touch_begins_with_the_first_request_that_the_day_reads() -> None:
    noon, gap = datetime(2026, 3, 31, 12, tzinfo=UTC), timedelta(hours=11)
    first = noon - gap * ((noon - READ.start) // gap)
    seen = anchors("first_touch", 41, 11, READ)
    assert not seen & anchors("first_touch", 41, 11)
    # One request every 11 hours: each window takes three, and the next one begins 33 hours later.
    assert {(each - first) % timedelta(hours=33) for each in seen} == {timedelta(0)}


def test_beyond_thirty_days_a_last_touch_stays_one_download_that_began_before_the_day() -> None:
    assert min(anchors("last_touch", 40, 11, READ)) < datetime(2026, 3, 30, tzinfo=UTC)
