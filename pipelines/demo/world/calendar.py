"""The simulated span of time: which days have events, and moments as microseconds since 1970 in UTC.

Here: the span, its days, and conversions between dates, zones and microseconds.
Not here: rhythms of releases or listening (catalogue.py, schedule.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# The last 35 days and 60 before them: as far as attribution may look back.
RENDERED_DAYS = 35
LOOK_BACK_DAYS = 60

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Span:
    """The days with events, first to last, both included."""

    first: date
    last: date

    @classmethod
    def until(cls, last: date) -> Span:
        return cls(last - timedelta(days=RENDERED_DAYS + LOOK_BACK_DAYS - 1), last)

    @property
    def start(self) -> int:
        return start_of(self.first)

    @property
    def end(self) -> int:
        return start_of(self.last) + DAY

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(self.length))

    def before_last(self, days: int) -> date:
        return self.last - timedelta(days=days)


def start_of(day: date) -> int:
    """Midnight UTC of a day, in microseconds."""
    return (day - EPOCH).days * DAY


def local_moment(day: date, hour: int, timezone: str) -> int:
    """A local hour of a day, in microseconds UTC."""
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(timezone))
    return int(moment.timestamp()) * SECOND


def moment(microseconds: int) -> datetime:
    """The UTC time that lies so many microseconds after the epoch."""
    return datetime.fromtimestamp(microseconds // SECOND, UTC)


def hours_ahead(day: date, timezone: str) -> int:
    """By how many whole hours a zone is ahead of UTC at noon of a day."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(timezone))
    offset = noon.utcoffset()
    return 0 if offset is None else int(offset.total_seconds() // 3600)
