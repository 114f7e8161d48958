"""Report facts: the raw numbers of one report, before a word or a digit is formatted.

Here: frozen records that the layer above fills from the database. Money is integer minor units of a named currency,
days are the tenant's local days, credits are as exact as attribution made them. `None` always means "not known".
Not here: sentences, formats, colours, files; a figure that can be computed from these is computed in compose.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from reports.facts.comparisons import Benchmarks, Lift, ModelTotals
from reports.facts.growing import Delays
from reports.facts.rows import CampaignRow as CampaignRow
from reports.facts.rows import ModelRow as ModelRow
from reports.facts.rows import PlacementRow as PlacementRow
from reports.facts.rows import ShowRow as ShowRow
from reports.facts.to_date import Correction, ScopeFigures, ToDate
from reports.facts.totals import Measure as Measure
from reports.facts.totals import Totals as Totals
from sql.values import PermanentError


class FactsError(PermanentError):
    """The facts of a report contradict each other, so no true report can be made of them."""


@dataclass(frozen=True, slots=True)
class Brand:
    """The network that sends the report. color: #rrggbb. timezone: the IANA name in which periods close.

    subject_template: of its mails (subjects.py); None: the standard one.
    """

    name: str
    color: str
    timezone: str
    locale: str = "en_US"
    reply_to: str | None = None
    subject_template: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """Local days of the tenant, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise FactsError(f"a period ends on or after the day it starts; got {self.first} to {self.last}")

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    def days_in(self, other: Period) -> int:
        """How many of its days lie in the other period."""
        return max(0, (min(self.last, other.last) - max(self.first, other.first)).days + 1)


@dataclass(frozen=True, slots=True)
class SignalCounts:
    """Conversions seen through each signal, and how many of them were seen through more than one."""

    counts: tuple[tuple[str, int], ...] = ()
    overlapping: int = 0


@dataclass(frozen=True, slots=True)
class Pacing:
    """Booked ads since the campaign's start against delivered ones.

    expected: how many were due by the period's end. ended: all flights are over. make_good: what those lack that are
    over; more than booked in one flight does not make up for less in another.
    """

    booked: int
    delivered: int
    expected: int | None = None
    ended: bool = False
    make_good: int = 0


@dataclass(frozen=True, slots=True)
class OpenWindows:
    """Episodes of the period whose attribution window is still open, and the share of ads whose window is complete."""

    episodes: int
    open_episodes: int
    mature_share: float | None = None


@dataclass(frozen=True, slots=True)
class CodeUse:
    """A promo code or vanity URL of a placement, and how many actions of any kind it was seen with, visits too: in the
    period, to date.

    delivered: ads of the placement to date.
    """

    code: str
    kind: str
    placement: str
    used: int
    used_to_date: int
    delivered: int = 0


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A data check that did not pass for a day of the period."""

    day: date
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Method:
    """How the numbers were made. download_window: a value of tenants.download_window. data_through: UTC, exclusive.

    methodology: the version of the tenant's methodology page that was in force; None where none is kept.
    half_life_days: of time decay, of each campaign's settings.
    """

    download_window: str
    window_days: tuple[Decimal, ...]
    default_model: str
    rules_version: str
    config_version: str
    code_version: str
    data_through: datetime
    is_final: bool
    lateness_hours: int
    methodology: str | None = None
    half_life_days: tuple[Decimal, ...] = ()

    def __post_init__(self) -> None:
        if self.data_through.tzinfo is None:
            raise FactsError("data_through needs a time zone: give an aware datetime in UTC")


@dataclass(frozen=True, slots=True)
class Daily:
    """Ads delivered and conversions on each local day of a period, in order, days without any included as 0."""

    delivered: tuple[int, ...]
    conversions: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """Everything that one report shows.

    campaign None: a portfolio of `campaigns`. currency None: several currencies, so no money totals.
    unsubscribe: a mailto: or https: link.
    response: rates, costs and returns beyond the headline. lifts: of the campaigns that were compared with anybody.
    note: what the network's campaign manager has written on this report.
    folded_rows: how many stand as one, because they stand for fewer households than fewest_households.
    shows: those that were heard in the period, without those that so few households heard that they stand together.
    to_date: the campaigns from their start to the period's end, one value for each currency. stored_figures: what is
    stored of the report as numbers, for the next one to compare with.
    flights: from which day to which each campaign runs. codes: of the report's placements. target_cpa_minor and
    target_roas: what was agreed for the campaign; None: nothing. growth: conversions to date at the end of
    each day, up to the period's last. delays: how long after an ad they came; None: too few to tell. network_logo and
    sponsor_logo: of drawing/logos.py.
    """

    report_id: str
    revision: int
    brand: Brand
    sponsor: str
    campaign: str | None
    cadence: str
    goal_kind: str
    period: Period
    previous_period: Period | None
    currency: str | None
    now: Totals
    previous: Totals | None
    daily: Daily
    previous_daily: Daily | None
    placements: tuple[PlacementRow, ...]
    models: tuple[ModelRow, ...]
    signals: SignalCounts
    method: Method
    campaigns: tuple[CampaignRow, ...] = ()
    pacing: Pacing | None = None
    windows: OpenWindows | None = None
    failed_checks: tuple[FailedCheck, ...] = ()
    restates: Correction | None = None
    unsubscribe: str | None = None
    view_online: str | None = None
    note: str | None = None
    response: tuple[Measure, ...] = ()
    lifts: tuple[Lift, ...] = ()
    model_totals: ModelTotals | None = None
    benchmarks: Benchmarks | None = None
    fewest_households: int = 1
    folded_rows: int = 0
    shows: tuple[ShowRow, ...] = ()
    to_date: tuple[ToDate, ...] = ()
    flights: tuple[Period, ...] = ()
    stored_figures: tuple[ScopeFigures, ...] = ()
    codes: tuple[CodeUse, ...] = ()
    target_cpa_minor: Decimal | None = None
    target_roas: Decimal | None = None
    growth: tuple[float, ...] = ()
    delays: Delays | None = None
    network_logo: bytes | None = None
    sponsor_logo: bytes | None = None

    def __post_init__(self) -> None:
        for problem in self._contradictions():
            raise FactsError(f"report {self.report_id} for {self.sponsor}: {problem}")

    @property
    def is_portfolio(self) -> bool:
        return self.campaign is None

    @property
    def can_compare(self) -> bool:
        """Whether the flights ran on all days of this period and of the one before, or on none: else a change would be
        of days and not of what happened on them. A flight that is not known is taken to run."""
        periods = [period for period in (self.previous_period, self.period) if period is not None]
        ran = [[flight.days_in(period) for period in periods] for flight in self.flights]
        whole = [period.length for period in periods]
        running = [days for days in ran if any(days)]
        return not ran or (bool(running) and all(days == whole for days in running))

    def _contradictions(self) -> Iterator[str]:
        if len(self.daily.delivered) != self.period.length:
            yield f"{len(self.daily.delivered)} daily numbers for a period of {self.period.length} days"
        if sum(self.daily.delivered) != self.now.delivered:
            yield f"the days sum to {sum(self.daily.delivered)} ads, the total says {self.now.delivered}"
        if (self.previous is None) != (self.previous_period is None):
            yield "a previous period needs both its dates and its totals"
        if self.is_portfolio and not self.campaigns:
            yield "a portfolio report needs its campaigns"
        yield from self.now.contradictions()
        yield from self._parts_above_the_whole()
        for name, link, schemes in (
            ("unsubscribe", self.unsubscribe, ("mailto:", "https://")),
            ("view_online", self.view_online, ("https://",)),
        ):
            if link is not None and not link.startswith(schemes):
                yield f"the {name} link {link!r} does not begin with {' or '.join(schemes)}"
        currencies = {row.currency for row in self.placements} | {row.currency for row in self.campaigns}
        if self.currency is None and (self.now.revenue_minor is not None or self.now.spend_minor is not None):
            yield "money totals without a currency; amounts in several currencies are never summed"
        if self.currency is not None and currencies - {self.currency}:
            yield f"rows in {', '.join(sorted(currencies))}, totals in {self.currency}; currencies are never summed"

    def _parts_above_the_whole(self) -> Iterator[str]:
        """Rows that were counted twice sum to more than their total."""
        for name, delivered, earned in (
            ("placements", [row.delivered for row in self.placements], [row.conversions for row in self.placements]),
            ("campaigns", [row.delivered for row in self.campaigns], [row.conversions for row in self.campaigns]),
        ):
            if sum(delivered) > self.now.delivered:
                yield f"the {name} sum to {sum(delivered)} ads, the total is {self.now.delivered}"
            if math.fsum(earned) > self.now.conversions * (1 + 1e-9) + 1e-6:
                yield f"the {name} sum to {math.fsum(earned):g} conversions, the total is {self.now.conversions:g}"
