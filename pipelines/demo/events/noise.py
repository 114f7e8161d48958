"""Requests that are no listening: bots, machines, probes, errors, missing values, too early, unknown.

Here: one maker per disposition; each begins with an ordinary request and spoils exactly what its rule looks at, some
also what a later rule would look at, because the first rule that matches decides.
Not here: requests of listeners (requests.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from pipelines.demo.events.requests import NUMBER
from pipelines.demo.events.schedule import Sessions
from pipelines.demo.events.wire import GET, NO_SUCH_ID, Rows
from pipelines.demo.world import agents
from pipelines.demo.world.audience import Audience, cloud_address
from pipelines.demo.world.calendar import DAY, HOUR
from pipelines.demo.world.catalogue import UNKNOWN, Library
from pipelines.demo.world.dice import Bools, Ints, joined

# Noise per listening session. Bots and machines of data centres are the bulk of what a host filters.
RATES: Mapping[str, float] = {
    "malformed": 0.004,
    "method_not_get": 0.02,
    "not_modified": 0.008,
    "status_not_ok": 0.02,
    "range_probe": 0.02,
    "no_user_agent": 0.006,
    "watch_duplicate": 0.02,
    "bot_agent": 0.05,
    "datacenter_ip": 0.035,
    "bad_referrer": 0.006,
    "pre_release": 0.006,
    "unknown_asset": 0.01,
}

# From this size on, one address behaves like a farm on Saturdays: more pairs of episode and agent than a home has.
CROWD_FROM_EVENTS = 1_000_000
CROWD_PAIRS = 640


def make_noise(library: Library, sessions: Sessions, start: int, rng: np.random.Generator) -> Rows:
    """The noise of one UTC day that begins at start."""
    made = []
    for name, rate in RATES.items():
        pool = np.nonzero(_suitable(library, sessions, name, start))[0]
        count = int(rng.poisson(rate * len(sessions)))
        chosen = rng.choice(pool, size=count) if len(pool) else pool
        made.append(_spoil(name, library, _ordinary(library, sessions, chosen, name), start, rng))
    return joined(made)


def _suitable(library: Library, sessions: Sessions, name: str, start: int) -> Bools:
    if name == "range_probe":
        return ~library.prefix_show[library.show_of_episode[sessions.episode]]
    if name == "pre_release":
        return library.published[sessions.episode] > start + HOUR
    return np.ones(len(sessions), dtype=np.bool_)


def _ordinary(library: Library, sessions: Sessions, chosen: Ints, name: str) -> Rows:
    """A request for the whole file, as it would count."""
    asset, episode = sessions.asset[chosen], sessions.episode[chosen]
    prefix = library.prefix_show[library.show_of_episode[episode]]
    nothing = np.full(len(chosen), UNKNOWN, dtype=np.int64)
    zero = np.zeros(len(chosen), dtype=np.int64)
    return Rows(
        at=sessions.at[chosen],
        episode=episode,
        asset=asset,
        address=sessions.address[chosen],
        agent=sessions.agent[chosen],
        method=zero + GET,
        status=np.where(prefix, 302, 200),
        first=nothing,
        last=nothing,
        sent=np.where(prefix, UNKNOWN, library.size[asset]),
        referrer=zero,
        outcome=zero + NUMBER[name],
    )


def _spoil(name: str, library: Library, rows: Rows, start: int, rng: np.random.Generator) -> Rows:
    """Change an ordinary request into one that the named rule stops."""
    count = len(rows)
    zero = np.zeros(count, dtype=np.int64)
    prefix = rows.status == 302
    if name == "malformed":
        torn = (rng.random(count) < 0.5) & ~prefix
        return replace(
            rows,
            address=np.where(torn, rows.address, UNKNOWN),
            status=np.where(torn, 206, rows.status),
            first=np.where(torn, 70_000, UNKNOWN),
            last=np.where(torn, 9_000, UNKNOWN),
        )
    if name == "method_not_get":
        sent = np.where(prefix, UNKNOWN, 0)
        return _sometimes_bots(replace(rows, method=rng.choice([1, 1, 1, 2, 3], size=count), sent=sent), rng)
    if name == "not_modified":
        return _sometimes_bots(replace(rows, status=zero + 304, sent=np.where(prefix, UNKNOWN, 0)), rng)
    if name == "status_not_ok":
        server = rng.choice([404, 404, 403, 416, 500, 503, 302, 301], size=count)
        status = np.where(prefix, rng.choice([404, 410, 500], size=count), server)
        return _sometimes_bots(replace(rows, status=status, sent=np.where(prefix, UNKNOWN, 540)), rng)
    if name == "range_probe":
        return _sometimes_bots(replace(rows, status=zero + 206, first=zero, last=zero + 1, sent=zero + 2), rng)
    return _spoil_origin(name, rows, library, start, rng)


def _spoil_origin(name: str, rows: Rows, library: Library, start: int, rng: np.random.Generator) -> Rows:
    """Spoil the client, the address, the path or the time of requests."""
    count = len(rows)
    cloud = cloud_address(rng.integers(0, 1 << 16, size=count))
    somewhere = np.where(rng.random(count) < 0.4, cloud, rows.address)
    if name == "no_user_agent":
        empty = np.where(rng.random(count) < 0.5, agents.EMPTY_AGENT, UNKNOWN)
        return replace(rows, agent=empty, address=somewhere)
    if name == "watch_duplicate":
        return replace(rows, agent=agents.FIRST_WATCH + rng.integers(0, len(agents.WATCHES), size=count))
    if name == "bot_agent":
        return replace(rows, agent=agents.FIRST_BOT + rng.integers(0, len(agents.BOTS), size=count), address=somewhere)
    if name == "datacenter_ip":
        return replace(rows, address=cloud)
    if name == "bad_referrer":
        bad = len(agents.REFERRERS) + rng.integers(0, len(agents.BAD_REFERRERS), size=count)
        return replace(rows, referrer=bad)
    if name == "pre_release":
        published = library.published[rows.episode]
        earliest = np.maximum(published - 6 * HOUR, start)
        return replace(rows, at=earliest + ((published - earliest) * rng.random(count)).astype(np.int64))
    other_id = np.where(rng.random(count) < 0.5, NO_SUCH_ID, UNKNOWN)
    return replace(rows, episode=other_id, asset=other_id, status=np.full(count, 200, dtype=np.int64))


def _sometimes_bots(rows: Rows, rng: np.random.Generator) -> Rows:
    bot = agents.FIRST_BOT + rng.integers(0, len(agents.BOTS), size=len(rows))
    return replace(rows, agent=np.where(rng.random(len(rows)) < 0.3, bot, rows.agent))


def make_crowd(library: Library, audience: Audience, start: int, guest: int, rng: np.random.Generator) -> Rows:
    """One address that requests more pairs of episode and app in a day than the tenant's limit of 500."""
    server = ~library.prefix_show[library.show_of_episode]
    published = np.nonzero(server & (library.published < start))[0]
    pairs = rng.choice(len(published) * len(agents.AGENTS), size=CROWD_PAIRS, replace=False)
    episode = published[pairs // len(agents.AGENTS)]
    sessions = Sessions(
        at=np.sort(rng.integers(start, start + DAY, size=CROWD_PAIRS)),
        episode=episode,
        asset=library.first_asset[episode],
        listener=np.zeros(CROWD_PAIRS, dtype=np.int64),
        address=np.repeat(audience.address(audience.guest(np.array([guest]))), CROWD_PAIRS),
        agent=pairs % len(agents.AGENTS),
    )
    return _ordinary(library, sessions, np.arange(CROWD_PAIRS), "suspect_ip")
