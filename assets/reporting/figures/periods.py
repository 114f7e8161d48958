"""Report periods: which local days a report covers, what it is compared with, and when it may go out.

Here: pure arithmetic on days and time zones.
Not here: what is in the report (gathering.py), whether its data are good (gate.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sql.values import DAY, Window


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """Local days of a tenant, first to last, both included. previous: the same length of calendar before it."""

    cadence: str
    first: date
    last: date
    previous_first: date
    previous_last: date
    timezone: str

    @property
    def window(self) -> Window:
        """Local midnight to local midnight, in UTC."""
        return Window.of_local_days(self.first, self.last, self.timezone)

    @property
    def previous_window(self) -> Window:
        return Window.of_local_days(self.previous_first, self.previous_last, self.timezone)

    def final_at(self, lateness_hours: int) -> datetime:
        """The moment after which late rows are no longer waited for."""
        return self.window.end + timedelta(hours=lateness_hours)

    def as_of(self, lateness_hours: int, clock: datetime) -> datetime:
        """The moment as of which a report is made: the last local midnight, at the earliest when the period was final.

        The whole day gives the same moment, so that building twice gives the same report.
        """
        zone = ZoneInfo(self.timezone)
        midnight = datetime.combine(clock.astimezone(zone).date(), time.min, zone).astimezone(UTC)
        return max(midnight, self.final_at(lateness_hours))


def week_of(monday: date, timezone: str) -> ReportPeriod:
    """The ISO week that begins on this Monday, compared with the week before."""
    return ReportPeriod("weekly", monday, monday + 6 * DAY, monday - 7 * DAY, monday - DAY, timezone)


def month_of(first: date, timezone: str) -> ReportPeriod:
    """The calendar month, compared with the month before."""
    last = (first.replace(day=28) + 4 * DAY).replace(day=1) - DAY
    previous_last = first - DAY
    return ReportPeriod("monthly", first, last, previous_last.replace(day=1), previous_last, timezone)


def period_of(cadence: str, first: date, last: date, timezone: str) -> ReportPeriod:
    """The period of a report that is there already, by its cadence and days."""
    if cadence == "end_of_campaign":
        return campaign_of(first, last, timezone)
    return (week_of if cadence == "weekly" else month_of)(first, timezone)


def campaign_of(first: date, last: date, timezone: str) -> ReportPeriod:
    """The whole flight of a campaign, compared with the same number of days before it."""
    length = last - first + DAY
    return ReportPeriod("end_of_campaign", first, last, first - length, first - DAY, timezone)
