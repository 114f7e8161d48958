"""Spans: which days of a source a day is made of.

Here: the spans with their bounds, which the ledger, the orchestrator's graph, the documentation and the readers of a
step's input all take from here.
Not here: which step reads which source (steps.py), statements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from sql.values import DAY as ONE_DAY

# The longest attribution window that a campaign may set. Its results go on for as long after its end.
LONGEST_WINDOW = timedelta(days=60)

# The window of a campaign that sets none.
DEFAULT_WINDOW = timedelta(days=30)

# A listening window that does not: it ends with the UTC day.
CALENDAR_DAY: Final = "calendar_day"

# A window that rolls over midnight depends on what came before it until a silence of 24 hours; the search for it ends
# after 30 days. A window that requests keep open closes for good 48 hours after the UTC day of its first request.
ROLLING_BACK, ROLLING_AHEAD = timedelta(days=30), timedelta(hours=48)

# The longest period of an audience that ends on a day: the month, on its 31st.
LONGEST_PERIOD = timedelta(days=30)

# From when on a source is read: from the day itself; as far back as the tenant's longest attribution window; since the
# first campaign of a sponsor that has a live one; since ever.
Since = Literal["day", "window", "campaign", "ever"]


@dataclass(frozen=True, slots=True)
class Span:
    """The UTC days of a source that a day is made of, first and last included.

    name, meaning: for people
    since:         where the span begins, before days_back
    days_back:     it begins so many days earlier
    days_ahead:    it ends so many days after the day; -1: the day before it
    only_rolling:  tenants whose windows do not roll over midnight read neither earlier nor later days
    graph_back:    as how many days back the orchestrator has it: a backfill from the UI extends itself as far. The
                   ledger knows the whole span; the graph ends where the last window does.
    """

    name: str
    meaning: str
    since: Since
    days_back: int = 0
    days_ahead: int = 0
    only_rolling: bool = False
    graph_back: int = 0

    def days_of(self, day: date, *, is_rolling: bool) -> Iterator[date]:
        """The days around a day, for a span that begins at the day. is_rolling: of a tenant with rolling windows."""
        wide = is_rolling or not self.only_rolling
        first, last = (-self.days_back, self.days_ahead) if wide else (0, 0)
        return (day + ONE_DAY * number for number in range(first, last + 1))


DAY = Span("day", "the same day", "day")
ROLLING = Span(
    "rolling",
    f"the same day; where windows roll over midnight, also {ROLLING_BACK.days} days before it and "
    f"{ROLLING_AHEAD.days} after it",
    "day",
    days_back=ROLLING_BACK.days,
    days_ahead=ROLLING_AHEAD.days,
    only_rolling=True,
)
WINDOW = Span(
    "window",
    f"back through the tenant's longest attribution window (at most {LONGEST_WINDOW.days} days)",
    "window",
    graph_back=LONGEST_WINDOW.days,
)
CAMPAIGN = Span(
    "campaign",
    "since the first campaign of a sponsor that has a live one",
    "campaign",
    graph_back=LONGEST_WINDOW.days,
)
HISTORY = Span("history", "all days up to the day", "ever", graph_back=LONGEST_PERIOD.days)
BEFORE = Span("before", "all days before the day", "ever", days_ahead=-1)

SPANS = (DAY, ROLLING, WINDOW, CAMPAIGN, HISTORY, BEFORE)
