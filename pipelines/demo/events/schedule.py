"""When listeners start an episode: release spikes that decay, the rhythm of the day and of the week.

Here: how many sessions every episode has in every hour, and which subscribers they are.
Not here: the requests of their apps (requests.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from pipelines.demo.world.audience import Audience
from pipelines.demo.world.calendar import HOUR, Span, hours_ahead, start_of
from pipelines.demo.world.catalogue import Library
from pipelines.demo.world.dice import Floats, Ints, mixed, stream

# Share of listening by local hour: commute, noon, evening; measured shapes of hosting platforms, rounded.
HOURS = np.array([2, 1, 1, 1, 2, 4, 7, 9, 8, 6, 5, 5, 6, 5, 5, 5, 6, 8, 7, 6, 5, 5, 4, 3], dtype=np.float64)
# Monday to Sunday.
WEEKDAYS = np.array([1.05, 1.1, 1.1, 1.08, 1.02, 0.82, 0.83])

# Half of an audience comes on the release day or the next one; the rest trickles in over weeks.
FAST_HOURS, SLOW_HOURS, FAST_SHARE = 26.0, 340.0, 0.7

# No more than this share of subscribers ever hears one episode.
MOST_OF_POOL = 0.95


@dataclass(frozen=True, slots=True)
class Sessions:
    """Starts of listening, one entry each, in order of time. Times are microseconds UTC."""

    at: Ints
    episode: Ints
    asset: Ints
    listener: Ints
    address: Ints
    agent: Ints

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """How many sessions each episode (row) has in each hour of the span (column), and how many came before."""

    library: Library
    audience: Audience
    span: Span
    pools: Ints = field(repr=False)
    counts: Ints = field(repr=False)
    before: Ints = field(repr=False)


def expected_sessions(library: Library, span: Span) -> Floats:
    """Sessions by episode and hour of the span, as a share of one tenant-wide audience."""
    hours = np.arange(span.length * 24)
    starts = span.start + hours * HOUR
    rhythm = _rhythm(library, span, hours)
    age = (starts[None, :] - library.published[:, None]) / HOUR
    decay = np.where(
        age >= 0,
        FAST_SHARE / FAST_HOURS * np.exp(-np.maximum(age, 0) / FAST_HOURS)
        + (1 - FAST_SHARE) / SLOW_HOURS * np.exp(-np.maximum(age, 0) / SLOW_HOURS),
        0.0,
    )
    shows = library.tenant.shows
    weight = np.array([shows[each.show].share * shows[each.show].reach for each in library.episodes])
    trailer = np.array([0.15 if each.trailer else 1.0 for each in library.episodes])
    expected: Floats = decay * rhythm[None, :] * (weight * trailer)[:, None]
    return expected


def _rhythm(library: Library, span: Span, hours: Ints) -> Floats:
    ahead = hours_ahead(span.first, library.tenant.timezone)
    local = hours + ahead
    weekday = (span.first.weekday() + local // 24) % 7
    rhythm: Floats = HOURS[local % 24] / HOURS.mean() * WEEKDAYS[weekday]
    return rhythm


def plan_sessions(library: Library, audience: Audience, span: Span, seed: int) -> SessionPlan:
    """Draw the number of sessions of every episode and hour; the sum over time never exceeds the subscribers."""
    pools = np.array([prime_below(max(11, int(audience.count * show.share))) for show in library.tenant.shows])
    pool = pools[library.show_of_episode]
    rng = stream(seed, library.tenant.slug, "plan")
    drawn = rng.poisson(expected_sessions(library, span) * audience.count)
    total = np.minimum(np.cumsum(drawn, axis=1), (pool * MOST_OF_POOL).astype(np.int64)[:, None])
    counts = np.diff(total, axis=1, prepend=0)
    return SessionPlan(library, audience, span, pools.astype(np.int64), counts, total - counts)


def draw_sessions(plan: SessionPlan, day: date, seed: int) -> Sessions:
    """The sessions that start on a UTC day."""
    library = plan.library
    hour = (start_of(day) - plan.span.start) // HOUR
    block, before = plan.counts[:, hour : hour + 24], plan.before[:, hour : hour + 24]
    episode, column = np.nonzero(block)
    repeats = block[episode, column]
    first = np.repeat(before[episode, column], repeats)
    within = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    rng = stream(seed, library.tenant.slug, "sessions", day)
    at = start_of(day) + np.repeat(column, repeats) * HOUR + rng.integers(0, HOUR, size=len(within))
    order = np.argsort(at, kind="stable")
    who = np.repeat(episode, repeats)[order]
    listener = _subscribers(plan, who, (first + within)[order], seed)
    return seat(library, plan.audience, at[order], who, listener, rng)


def seat(
    library: Library, audience: Audience, at: Ints, episode: Ints, listener: Ints, rng: np.random.Generator
) -> Sessions:
    """Give sessions their file, address and app.

    A stitched variant is served only during the flight of its ads, and to no household that its campaign leaves out.
    """
    address = audience.address(listener)
    variant = (rng.random(len(at)) * library.asset_count[episode]).astype(np.int64)
    asset = library.first_asset[episode] + variant
    in_flight = (library.flight_first[asset] <= at) & (at < library.flight_last[asset] + 24 * HOUR)
    served = in_flight & ~audience.withheld(address, library.asset_campaign[asset])
    asset = np.where(served, asset, library.first_asset[episode])
    return Sessions(at, episode, asset, listener, address, audience.agent(listener))


def _subscribers(plan: SessionPlan, episode: Ints, place: Ints, seed: int) -> Ints:
    """The place-th subscriber to hear an episode: every episode has an order of its own, without repeats.

    An affine map modulo a prime visits every number once, so no list of listeners is ever kept.
    """
    show = plan.library.show_of_episode[episode]
    pool = plan.pools[show]
    factor = mixed(episode, seed * 7 + 5) % (pool - 1) + 1
    return (place * factor + mixed(episode, seed * 7 + 6)) % pool


def prime_below(number: int) -> int:
    """The largest prime that is not above the number (at least 2)."""
    while any(number % each == 0 for each in range(2, int(number**0.5) + 1)):
        number -= 1
    return number
