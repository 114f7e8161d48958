"""The simulation: tenants with their libraries and audiences, and what happens on each day.

Here: how the parts come together, day by day, so that memory stays bounded at any size.
Not here: what is true of it all (truth.py), how it gets into a database (loading.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from pipelines.demo.events.advertising import Exposures, deliver_ads, report_impressions
from pipelines.demo.events.conversion_rows import (
    ORDERS_PER_DAY,
    AttributionEvents,
    contact_events,
    event_frame,
    order_events,
    visit_events,
)
from pipelines.demo.events.orders import VISITS_PER_ORDER, Actions, Signals, make_actions, make_signals
from pipelines.demo.events.playback import Plays, make_plays, play_frame
from pipelines.demo.events.schedule import SessionPlan, expected_sessions, plan_sessions
from pipelines.demo.events.traffic import Traffic, make_traffic
from pipelines.demo.events.wire import request_frame
from pipelines.demo.world.audience import Audience
from pipelines.demo.world.calendar import DAY, EPOCH, MINUTE, Span
from pipelines.demo.world.campaigns import campaign_frames, tenant_frames
from pipelines.demo.world.catalogue import Library, build_library, library_frames
from pipelines.demo.world.dice import Ints, joined, stream, taken
from pipelines.demo.world.holdouts import withheld_frame
from pipelines.demo.world.network import TENANTS, Tenant
from sql.values import PermanentError

DEFAULT_SEED = 20260311
DEFAULT_EVENTS = 400_000
FEWEST, MOST = 10_000, 50_000_000

# Rows of listener_events per session, noise and playback included: measured on the default demo.
ROWS_PER_SESSION = 2.2

CLICK_SHARE = 0.004

# Days are put into rows together while they are few: the fixed cost of a frame would outweigh a small day.
ROWS_AT_ONCE, DAYS_AT_ONCE = 80_000, 31

# Dimensions in an order that foreign keys allow.
DIMENSIONS = (
    "tenants", "podcasts", "episodes", "media_assets", "sponsors", "campaigns", "attribution_configs",
    "insertion_orders", "placements", "placement_episodes", "asset_segments", "promo_codes", "report_subscriptions",
    "ip_inclusions",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Activity:
    """What people did at one tenant in the sessions that start on some UTC days, and what follows from it later."""

    library: Library
    first: date
    traffic: Traffic
    plays: Plays
    exposures: Exposures
    impressions: Exposures
    clicks: Exposures
    actions: Actions
    signals: Signals
    visits: Actions
    order_numbers: Ints


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one or some days, ready for the tables of the same names.

    withheld: tenant_id, campaign_id, client_ip, assigned_at of households that requested a file and are left out of a
    campaign by lot; loading.py makes their keys.
    """

    days: tuple[date, ...]
    listener_events: pl.DataFrame
    attribution_events: pl.DataFrame
    withheld: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Simulation:
    """A whole network over 95 days; the same seed, size and last day give the same bytes."""

    seed: int
    events: int
    span: Span
    plans: tuple[SessionPlan, ...]

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

    def activities(self) -> Iterator[tuple[tuple[date, ...], list[Activity]]]:
        """Everything that happens, as arrays: some days at once, one stretch per tenant."""
        size = max(1, min(DAYS_AT_ONCE, ROWS_AT_ONCE * self.span.length // self.events))
        days = list(self.span.days())
        for start in range(0, len(days), size):
            chosen = tuple(days[start : start + size])
            yield chosen, [_combined(make_day(self, plan, day) for day in chosen) for plan in self.plans]

    def batches(self) -> Iterator[Batch]:
        """All rows, in the order of days. A few lie in later days: night downloads, and orders that follow an ad."""
        for days, activities in self.activities():
            parts = [_frames(self, activity) for activity in activities]
            listening, attribution = ([part[n] for part in parts] for n in (0, 1))
            left_out = [
                withheld_frame(plan.library, plan.audience, activity.traffic.rows.address, self.span)
                for plan, activity in zip(self.plans, activities, strict=True)
            ]
            yield Batch(days, pl.concat(listening, how="diagonal"), pl.concat(attribution), pl.concat(left_out))


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
        plan_sessions(library, Audience(library.tenant, seed, int(events / rows * library.tenant.share)), span, seed)
        for library in libraries
    ]
    return Simulation(seed, events, span, tuple(plans))


def make_day(simulation: Simulation, plan: SessionPlan, day: date) -> Activity:
    """One tenant's day: requests, what was played, ads heard, and the orders and visits that came of them."""
    library, span, seed = plan.library, simulation.span, simulation.seed
    traffic = make_traffic(plan, day, seed, simulation.events)
    rng = stream(seed, library.tenant.slug, "day", day)
    exposures = deliver_ads(library, traffic.downloads)
    impressions = report_impressions(library, traffic.downloads, rng)
    heard = joined([exposures, impressions])
    orders = make_actions(library, plan.audience, heard, day, 1.0, rng)
    actions, signals = make_signals(library, orders, span, rng)
    visits = make_actions(library, plan.audience, heard, day, VISITS_PER_ORDER, rng)
    return Activity(
        library=library,
        first=day,
        traffic=traffic,
        plays=make_plays(library, traffic.downloads, span, rng),
        exposures=exposures,
        impressions=impressions,
        clicks=_click(heard, span, rng),
        actions=actions,
        signals=signals,
        visits=taken(visits, np.nonzero(visits.at < span.end)[0]),
        order_numbers=_number_by_sponsor(actions.sponsor, day),
    )


def _combined(days: Iterator[Activity]) -> Activity:
    """Days of one tenant, one after another, as one stretch."""
    each = list(days)
    offsets = np.cumsum([0, *(len(day.traffic.downloads) for day in each)])
    plays = [
        replace(day.plays, download=day.plays.download + offset) for day, offset in zip(each, offsets[:-1], strict=True)
    ]
    return Activity(
        library=each[0].library,
        first=each[0].first,
        traffic=Traffic(joined([day.traffic.rows for day in each]), joined([day.traffic.downloads for day in each])),
        plays=joined(plays),
        exposures=joined([day.exposures for day in each]),
        impressions=joined([day.impressions for day in each]),
        clicks=joined([day.clicks for day in each]),
        actions=joined([day.actions for day in each]),
        signals=joined([day.signals for day in each]),
        visits=joined([day.visits for day in each]),
        order_numbers=np.concatenate([day.order_numbers for day in each]),
    )


def _click(heard: Exposures, span: Span, rng: np.random.Generator) -> Exposures:
    """Some who hear an ad follow its link in the show notes a little later."""
    clicks = taken(heard, np.nonzero(rng.random(len(heard)) < CLICK_SHARE)[0])
    clicks = replace(clicks, at=clicks.at + rng.integers(2 * MINUTE, DAY, size=len(clicks)))
    return taken(clicks, np.nonzero(clicks.at < span.end)[0])


def _number_by_sponsor(sponsor: Ints, day: date) -> Ints:
    """Numbers that go up by one for each sponsor on its own, from a round number each day, as shops number orders."""
    numbers = np.zeros(len(sponsor), dtype=np.int64)
    for each in np.unique(sponsor):
        chosen = sponsor == each
        numbers[chosen] = (day - EPOCH).days * ORDERS_PER_DAY + np.arange(chosen.sum())
    return numbers


def _frames(simulation: Simulation, activity: Activity) -> tuple[pl.DataFrame, pl.DataFrame]:
    library, span, traffic = activity.library, simulation.span, activity.traffic
    rng = stream(simulation.seed, library.tenant.slug, "wire", activity.first)
    requests = request_frame(library, traffic.rows, span, rng)
    plays = play_frame(library, traffic.downloads, activity.plays, span, rng)
    events = event_frame(library, _attribution_events(activity, rng), span, rng)
    return pl.concat([requests, plays], how="diagonal"), events


def _attribution_events(activity: Activity, rng: np.random.Generator) -> AttributionEvents:
    library = activity.library
    return joined(
        [
            order_events(library, activity.actions, activity.signals, activity.order_numbers, rng),
            visit_events(library, activity.visits, rng),
            contact_events(library, activity.impressions, "impression", "pixel"),
            contact_events(library, activity.clicks, "click", "utm"),
        ]
    )
