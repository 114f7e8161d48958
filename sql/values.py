"""Value types that every floor shares: windows of time, scopes, money, intervals.

Here: small immutable values with their arithmetic. All time is UTC and half-open.
Not here: frames, connections, formatting for people (that belongs to reports).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import polars as pl

DAY = timedelta(days=1)


class EarshotError(Exception):
    """Something a person can act on: says what happened, to whom, and what to do next."""


class PermanentError(EarshotError):
    """A failure that a retry cannot heal."""


class RawRowsGoneError(PermanentError):
    """Raw rows that a day was made of are not there any more, so its numbers stay as they are."""


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time, [start, end), both in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window needs aware datetimes: give both ends a time zone")
        if self.end <= self.start:
            raise ValueError(f"a window ends after it starts; got {self.start.isoformat()} to {self.end.isoformat()}")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))

    @classmethod
    def of_day(cls, day: date) -> Window:
        """The UTC day."""
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return cls(start, start + DAY)

    @classmethod
    def of_days(cls, first: date, last: date) -> Window:
        """The UTC days from first to last, both included."""
        return cls(cls.of_day(first).start, cls.of_day(last).end)

    @classmethod
    def of_local_days(cls, first: date, last: date, timezone: str) -> Window:
        """Local midnight of first to local midnight after last, in an IANA time zone; 23- and 25-hour days included."""
        zone = ZoneInfo(timezone)
        after = last + DAY
        return cls(
            datetime(first.year, first.month, first.day, tzinfo=zone),
            datetime(after.year, after.month, after.day, tzinfo=zone),
        )

    @property
    def day(self) -> date:
        """The UTC day of the start."""
        return self.start.date()

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def days(self) -> Iterator[date]:
        """Every UTC day that the window touches."""
        day = self.start.date()
        while Window.of_day(day).start < self.end:
            yield day
            day += DAY

    def whole_days(self) -> list[date]:
        """The UTC days that lie inside the window whole; none where it is short or cut at local midnights."""
        return [
            day for day in self.days() if self.start <= Window.of_day(day).start and Window.of_day(day).end <= self.end
        ]

    def widened(self, before: timedelta = timedelta(0), after: timedelta = timedelta(0)) -> Window:
        return Window(self.start - before, self.end + after)

    def contains(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Scope:
    """Which tenants and campaigns a run is about. Empty means all of them.

    stale_only: of these, only the days of tables that are older than what they were made of, by the ledger.
    skip_computed_since: without the days of tables that a run of that moment or later has made, by the ledger.
    """

    tenants: tuple[UUID, ...] = ()
    campaigns: tuple[UUID, ...] = ()
    stale_only: bool = False
    skip_computed_since: datetime | None = None

    @property
    def is_partial(self) -> bool:
        """Whether a run may leave days of its tenants as they are."""
        return self.stale_only or self.skip_computed_since is not None

    def __str__(self) -> str:
        tenants = ", ".join(map(str, self.tenants)) or "all tenants"
        text = f"{tenants}; campaigns {', '.join(map(str, self.campaigns))}" if self.campaigns else tenants
        text = f"{text}; only what is stale" if self.stale_only else text
        since = self.skip_computed_since
        return f"{text}; without what was computed since {since:%Y-%m-%d %H:%M:%S} UTC" if since else text


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount in minor units of one currency. Amounts of two currencies never meet."""

    currency: str
    minor: int = field(default=0)

    def __add__(self, other: Money) -> Money:
        return Money(self._same_currency(other), self.minor + other.minor)

    def __sub__(self, other: Money) -> Money:
        return Money(self._same_currency(other), self.minor - other.minor)

    def _same_currency(self, other: Money) -> str:
        if self.currency != other.currency:
            raise PermanentError(
                f"{self.currency} and {other.currency} cannot be added: convert one with a dated rate first"
            )
        return self.currency

    def major(self, digits: int) -> Decimal:
        """The amount in major units, for a currency with this many minor digits (USD 2, JPY 0)."""
        return Decimal(self.minor).scaleb(-digits)


def half_up(value: Decimal) -> int:
    """The nearest whole number; halves go away from zero."""
    return int(value.to_integral_value(rounding=ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence bounds; a bound is None where the method gives none."""

    estimate: float
    lower: float | None
    upper: float | None
    level: float = 0.95


class Reader(Protocol):
    """Runs a statement of sql/queries by name with typed parameters and returns its rows; ids are 16-byte binaries."""

    def __call__(self, statement: str, /, **params: object) -> pl.DataFrame: ...
