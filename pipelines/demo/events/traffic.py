"""One tenant's UTC day of requests, with what every request was meant to be and which downloads came of them.

Here: listening, downloads resumed across midnight, noise and crowds put together; two listeners of one household with
the same app are one consumer, so their sessions of an episode on a day are made one group on purpose.
Not here: text and columns (wire.py), playback inside apps (playback.py), advertising (conversions.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from pipelines.demo.events.noise import CROWD_FROM_EVENTS, make_crowd, make_noise
from pipelines.demo.events.requests import (
    BELOW,
    COUNTED,
    DUPLICATE,
    REDIRECTED,
    WHOLE,
    Groups,
    Requests,
    choose_shapes,
    perform,
)
from pipelines.demo.events.schedule import SessionPlan, Sessions, draw_sessions, seat
from pipelines.demo.events.wire import GET, Rows
from pipelines.demo.world.audience import consumer
from pipelines.demo.world.calendar import DAY, HOUR, MINUTE, start_of
from pipelines.demo.world.dice import Bools, Ints, joined, stream, taken

# Downloads that go on after midnight UTC, per session of the day; each by a guest of its own.
NIGHT_SHARE = 0.004
MOST_NIGHTS = 4_000
# The first guests are the crowds, one number a day of the span.
FIRST_NIGHT_GUEST = 200


@dataclass(frozen=True, slots=True)
class Downloads:
    """Groups of requests that reach the minute: one download each, at its anchor, with the bytes that it covers."""

    at: Ints
    episode: Ints
    asset: Ints
    listener: Ints
    address: Ints
    agent: Ints
    first: Ints
    last: Ints

    def __len__(self) -> int:
        return len(self.at)

    @property
    def consumer(self) -> Ints:
        return consumer(self.address, self.agent)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Invented requests, and the downloads that they add up to."""

    rows: Rows
    downloads: Downloads


def make_traffic(plan: SessionPlan, day: date, seed: int, events: int) -> Traffic:
    """All requests that begin on a day; the second halves of night downloads lie in the next one."""
    library, start = plan.library, start_of(day)
    rng = stream(seed, library.tenant.slug, "traffic", day)
    sessions = draw_sessions(plan, day, seed)
    sessions, later = _meet(sessions, len(library.episodes))
    shapes = choose_shapes(library, sessions, start + DAY, rng)
    prefix = library.prefix_show[library.show_of_episode[sessions.episode]]
    met = _has_met(sessions, later, len(library.episodes))
    shapes = np.where(met, np.where(prefix, REDIRECTED, WHOLE), shapes)
    requests, groups = perform(library, sessions, shapes, rng)
    requests = replace(requests, outcome=np.where(later[requests.session], DUPLICATE, requests.outcome))
    groups = taken(groups, np.nonzero(groups.counted & ~later[groups.session])[0])
    rows = [_as_rows(sessions, requests), make_noise(library, sessions, start, rng)]
    downloads = [_as_downloads(sessions, groups)]
    if day < plan.span.last:
        night = _make_nights(plan, sessions, day, rng)
        rows.append(night.rows)
        downloads.append(night.downloads)
    if events >= CROWD_FROM_EVENTS and day.weekday() == 5:
        rows.append(make_crowd(library, plan.audience, start, (day - plan.span.first).days, rng))
    return Traffic(joined(rows), joined(downloads))


def _keys(sessions: Sessions, episodes: int) -> Ints:
    return consumer(sessions.address, sessions.agent) * episodes + sessions.episode


def _meet(sessions: Sessions, episodes: int) -> tuple[Sessions, Bools]:
    """Find sessions of one consumer with one episode; the later ones request the file of the first one again."""
    if len(sessions) == 0:
        return sessions, np.zeros(0, dtype=np.bool_)
    keys = _keys(sessions, episodes)
    order = np.lexsort((np.arange(len(keys)), sessions.at, keys))
    fresh = np.ones(len(keys), dtype=np.bool_)
    fresh[1:] = keys[order][1:] != keys[order][:-1]
    leader = order[np.maximum.accumulate(np.where(fresh, np.arange(len(keys)), 0))]
    later = np.zeros(len(keys), dtype=np.bool_)
    later[order] = ~fresh
    asset = sessions.asset.copy()
    asset[order] = sessions.asset[leader]
    return replace(sessions, asset=asset), later


def _has_met(sessions: Sessions, later: Bools, episodes: int) -> Bools:
    """Whether any other session shares the consumer and the episode."""
    keys = _keys(sessions, episodes)
    return np.isin(keys, keys[later])


def _as_rows(sessions: Sessions, requests: Requests) -> Rows:
    zero = np.zeros(len(requests), dtype=np.int64)
    # What referrer a page or an app sends depends on the listener; most send none.
    referrer = np.where(sessions.listener[requests.session] % 9 < 6, sessions.listener[requests.session] % 9, zero)
    return Rows(
        at=requests.at,
        episode=sessions.episode[requests.session],
        asset=sessions.asset[requests.session],
        address=sessions.address[requests.session],
        agent=sessions.agent[requests.session],
        method=zero + GET,
        status=requests.status,
        first=requests.first,
        last=requests.last,
        sent=requests.sent,
        referrer=referrer,
        outcome=requests.outcome,
    )


def _as_downloads(sessions: Sessions, groups: Groups) -> Downloads:
    return Downloads(
        groups.at,
        sessions.episode[groups.session],
        sessions.asset[groups.session],
        sessions.listener[groups.session],
        sessions.address[groups.session],
        sessions.agent[groups.session],
        groups.first,
        groups.last,
    )


def _make_nights(plan: SessionPlan, sessions: Sessions, day: date, rng: np.random.Generator) -> Traffic:
    """Downloads that break off before midnight UTC and go on after it.

    Half of them have less than a minute before midnight: nothing counts on the first day, the rest counts on the
    second. The others reach the minute on both days and are two downloads, as the calendar-day window has it.
    """
    library = plan.library
    server = ~library.prefix_show[library.show_of_episode[sessions.episode]] & library.plain[sessions.asset]
    # An episode with a session two hours before midnight is published at any time of the night download.
    out = sessions.at < start_of(day) + DAY - 2 * HOUR
    pool = np.nonzero(server & out)[0]
    count = min(int(rng.poisson(NIGHT_SHARE * len(sessions))), MOST_NIGHTS) if len(pool) else 0
    numbers = FIRST_NIGHT_GUEST + (day - plan.span.first).days * MOST_NIGHTS + np.arange(count)
    midnight = start_of(day + timedelta(days=1))
    before = midnight - MINUTE - rng.integers(0, HOUR, size=count)
    episode = sessions.episode[rng.choice(pool, size=count)] if count else np.zeros(0, dtype=np.int64)
    guests = seat(library, plan.audience, before, episode, plan.audience.guest(numbers), rng)
    guests = replace(guests, asset=library.first_asset[episode])
    short = rng.random(count) < 0.5
    cut = library.header[guests.asset] + library.need[guests.asset] * np.where(short, 6, 15) // 10
    end = library.size[guests.asset] - 1
    who, zero = np.arange(count), np.zeros(count, dtype=np.int64)
    after = midnight + MINUTE + rng.integers(0, HOUR, size=count)
    first = Requests(who, before, zero + 206, zero, end, cut, np.where(short, BELOW, COUNTED))
    second = Requests(who, after, zero + 206, cut, end, end + 1 - cut, zero + COUNTED)
    early = taken(Groups(who, before, ~short, zero, cut - 1), np.nonzero(~short)[0])
    late = Groups(who, after, np.ones(count, dtype=np.bool_), cut, end)
    return Traffic(
        joined([_as_rows(guests, first), _as_rows(guests, second)]),
        joined([_as_downloads(guests, early), _as_downloads(guests, late)]),
    )
