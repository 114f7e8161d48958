"""The simulation: tenants with their libraries and audiences, and what happens on each day.

Here: how the parts come together, day by day, so that memory stays bounded at any size.
Not here: what is true of it all (truth.py), how it gets into a database (load.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from pipelines.demo.advertising import Exposures, deliver_ads, report_impressions
from pipelines.demo.audience import Audience
from pipelines.demo.calendar import DAY, MINUTE, Span
from pipelines.demo.campaigns import campaign_frames, tenant_frames
from pipelines.demo.catalogue import Library, build_library, library_frames
from pipelines.demo.conversion_rows import Facts, contact_facts, fact_frame, order_facts, visit_facts
from pipelines.demo.dice import Ints, joined, stream, taken
from pipelines.demo.network import TENANTS, Tenant
from pipelines.demo.orders import VISITS_PER_ORDER, Deeds, Signals, make_deeds, make_signals
from pipelines.demo.playback import Plays, make_plays, play_frame
from pipelines.demo.schedule import Plan, expected_sessions, make_plan
from pipelines.demo.traffic import Traffic, make_traffic
from pipelines.demo.wire import request_frame
from sql.values import PermanentError

DEFAULT_SEED = 20260311
DEFAULT_EVENTS = 400_000
FEWEST, MOST = 10_000, 50_000_000

# Rows of listener_events per session, noise and playback included: measured on the default demo.
ROWS_PER_SESSION = 2.2

CLICK_SHARE = 0.004

# Dimensions in an order that foreign keys allow.
DIMENSIONS = (
    "tenants", "podcasts", "episodes", "media_assets", "sponsors", "campaigns", "attribution_configs",
    "insertion_orders", "placements", "placement_episodes", "asset_segments", "promo_codes", "report_subscriptions",
    "ip_inclusions",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TenantDay:
    """What happened at one tenant in the sessions of one UTC day, and what follows from it later."""

    library: Library
    day: date
    traffic: Traffic
    plays: Plays
    exposures: Exposures
    impressions: Exposures
    clicks: Exposures
    deeds: Deeds
    signals: Signals
    visits: Deeds
    order_numbers: Ints


@dataclass(frozen=True, slots=True)
class DayBatch:
    """Rows of one day, ready for the tables of the same names."""

    day: date
    listener_events: pl.DataFrame
    attribution_events: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Simulation:
    """A whole network over 95 days; the same seed, size and last day give the same bytes."""

    seed: int
    events: int
    span: Span
    plans: tuple[Plan, ...]

    @property
    def libraries(self) -> tuple[Library, ...]:
        return tuple(plan.library for plan in self.plans)

    def dimensions(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Dimension rows by table, of all tenants, in an order that foreign keys allow."""
        found: dict[str, list[pl.DataFrame]] = {}
        for library in self.libraries:
            scale = self.events / DEFAULT_EVENTS
            parts = tenant_frames(library, self.span) | library_frames(library)
            parts |= campaign_frames(library, self.span, scale)
            for table, frame in parts.items():
                found.setdefault(table, []).append(frame)
        for table in DIMENSIONS:
            yield table, pl.concat(found[table], how="vertical_relaxed")

    def tenant_days(self) -> Iterator[TenantDay]:
        """Everything that happens, as arrays: day by day, tenant by tenant."""
        for day in self.span.days():
            for plan in self.plans:
                yield make_tenant_day(self, plan, day)

    def days(self) -> Iterator[DayBatch]:
        """The rows of every day. A few lie in later days: night downloads, and orders that follow an ad."""
        for day in self.span.days():
            parts = [_frames(self, make_tenant_day(self, plan, day)) for plan in self.plans]
            listening, attribution = ([part[n] for part in parts] for n in (0, 1))
            yield DayBatch(day, pl.concat(listening, how="diagonal"), pl.concat(attribution))


def simulate(
    seed: int = DEFAULT_SEED,
    events: int = DEFAULT_EVENTS,
    until: date | None = None,
    tenants: tuple[Tenant, ...] = TENANTS,
) -> Simulation:
    """A simulation of about so many listener events that ends on a day (yesterday, if none is named).

    Raises PermanentError for a size outside of 10 thousand to 50 million.
    """
    if not FEWEST <= events <= MOST:
        raise PermanentError(f"a simulation has {FEWEST:,} to {MOST:,} listener events; {events:,} were asked for")
    last = until or datetime.now(UTC).date() - timedelta(days=1)
    span = Span.until(last)
    libraries = [build_library(tenant, span) for tenant in tenants]
    rows = sum(
        float(expected_sessions(library, span).sum()) * library.tenant.share * ROWS_PER_SESSION for library in libraries
    )
    plans = [
        make_plan(library, Audience(library.tenant, seed, int(events / rows * library.tenant.share)), span, seed)
        for library in libraries
    ]
    return Simulation(seed, events, span, tuple(plans))


def make_tenant_day(simulation: Simulation, plan: Plan, day: date) -> TenantDay:
    """One tenant's day: requests, what was played, ads heard, and the orders and visits that came of them."""
    library, span, seed = plan.library, simulation.span, simulation.seed
    traffic = make_traffic(plan, day, seed, simulation.events)
    rng = stream(seed, library.tenant.slug, "day", day)
    exposures = deliver_ads(library, traffic.downloads)
    impressions = report_impressions(library, traffic.downloads, rng)
    heard = joined([exposures, impressions])
    orders = make_deeds(library, plan.audience, heard, day, 1.0, rng)
    deeds, signals = make_signals(library, orders, span, rng)
    visits = make_deeds(library, plan.audience, heard, day, VISITS_PER_ORDER, rng)
    return TenantDay(
        library=library,
        day=day,
        traffic=traffic,
        plays=make_plays(library, traffic.downloads, span, rng),
        exposures=exposures,
        impressions=impressions,
        clicks=_click(heard, span, rng),
        deeds=deeds,
        signals=signals,
        visits=taken(visits, np.nonzero(visits.at < span.end)[0]),
        order_numbers=_number_by_sponsor(deeds.sponsor),
    )


def _click(heard: Exposures, span: Span, rng: np.random.Generator) -> Exposures:
    """Some who hear an ad follow its link in the show notes a little later."""
    clicks = taken(heard, np.nonzero(rng.random(len(heard)) < CLICK_SHARE)[0])
    clicks = replace(clicks, at=clicks.at + rng.integers(2 * MINUTE, DAY, size=len(clicks)))
    return taken(clicks, np.nonzero(clicks.at < span.end)[0])


def _number_by_sponsor(sponsor: Ints) -> Ints:
    """0, 1, 2, ... for each sponsor on its own, as shops number their orders."""
    numbers = np.zeros(len(sponsor), dtype=np.int64)
    for each in np.unique(sponsor):
        chosen = sponsor == each
        numbers[chosen] = np.arange(chosen.sum())
    return numbers


def _frames(simulation: Simulation, day: TenantDay) -> tuple[pl.DataFrame, pl.DataFrame]:
    library, span = day.library, simulation.span
    rng = stream(simulation.seed, library.tenant.slug, "wire", day.day)
    listening = pl.concat(
        [
            request_frame(library, day.traffic.rows, span, rng),
            play_frame(library, day.traffic.downloads, day.plays, span, rng),
        ],
        how="diagonal",
    )
    return listening, fact_frame(library, _facts(day, rng), day.day, span, rng)


def _facts(day: TenantDay, rng: np.random.Generator) -> Facts:
    library = day.library
    return joined(
        [
            order_facts(library, day.deeds, day.signals, day.order_numbers, rng),
            visit_facts(library, day.visits, rng),
            contact_facts(library, day.impressions, "impression", "pixel"),
            contact_facts(library, day.clicks, "click", "utm"),
        ]
    )
