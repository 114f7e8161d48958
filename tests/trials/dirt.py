"""Dirt: what happens to raw rows on their way: broken, twice, late, by a wrong clock.

Here: draws of broken rows, of deliveries that are repeated, and of rows that come in late.
Not here: the network (tests/promises/network.py), what must hold all the same (dirty_month.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from tests.promises.network import Arrival, Plan, Row, at, named

# The columns of each raw table that may be NULL, and those that are not drawn otherwise.
NULLABLE = {
    "listener_events": (
        *("episode_id", "asset_id", "client_ip", "user_agent", "http_method", "http_status", "bytes_sent"),
        *("range_start", "range_end", "session_id", "position_seconds", "heard_seconds", "listener_id"),
    ),
    "attribution_events": (
        *("placement_id", "order_id", "value_minor", "currency", "promo_code", "client_ip", "user_agent"),
    ),
}

# Tables take some of these, and refuse others: the trial counts both.
IMPOSSIBLE: dict[str, Sequence[Row]] = {
    "listener_events": (
        {"http_status": -1},
        {"http_status": 999},
        {"http_status": 32_767},
        {"http_method": ""},
        {"http_method": "get\u00a0\u202e"},
        {"http_status": 206, "range_start": 5_000, "range_end": 10},
        {"http_status": 206, "range_start": -500, "range_end": -1},
        {"http_status": 206, "range_start": 0, "range_end": 10**12},
        {"bytes_sent": -1},
        {"bytes_sent": 10**12},
        {"bytes_sent": 2**62},
        {"event_type": "listen_progress", "position_seconds": -3.5, "heard_seconds": 1e7},
        {"event_type": "listen_progress", "position_seconds": float("nan")},
        {"event_type": "listen_complete", "heard_seconds": float("inf")},
        {"event_type": "stumble"},
        {"source": "hearsay"},
        {"client_ip": "0.0.0.0"},
        {"client_ip": "255.255.255.255"},
        {"client_ip": "10.0.0.0/8"},
        {"client_ip": "::"},
        {"client_ip": "fe80::1"},
        {"client_ip": "no address"},
        {"user_agent": ""},
        {"user_agent": "\u202e\x07\U0001f4fb" * 50},
        {"user_agent": "A" * 20_000},
        {"user_agent": "A" * 20_001},
        {"user_agent": "Overcast\0/3.0"},
        {"session_id": "", "listener_id": ""},
        {"tenant_id": named("no such tenant")},
    ),
    "attribution_events": (
        {"value_minor": 0},
        {"value_minor": -1},
        {"value_minor": 10**12},
        {"value_minor": 10**13},
        {"value_minor": 100, "currency": None},
        {"currency": "XXX"},
        {"currency": "eur"},
        {"currency": "JPY"},
        {"kind": "gift"},
        {"signal": "telepathy"},
        {"order_id": ""},
        {"order_id": "O" * 1_001},
        {"order_id": " \u00a0"},
        {"promo_code": "\u202etides"},
        {"kind": "refund", "order_id": "of no order", "value_minor": 5},
        {"kind": "survey", "signal": "survey", "placement_id": None},
        {"client_ip": "ff02::1"},
        {"tenant_id": named("no such tenant")},
    ),
}

# Ids that nobody has, or another tenant.
UNKNOWN: dict[str, Sequence[Callable[[str], Row]]] = {
    "listener_events": (
        lambda _other: {"episode_id": named("nobody's episode")},
        lambda _other: {"asset_id": named("nobody's file")},
        lambda other: {"episode_id": named(other, "episode", 1), "asset_id": named(other, "file", 1)},
    ),
    "attribution_events": (
        lambda _other: {"sponsor_id": named("nobody's sponsor")},
        lambda _other: {"placement_id": named("nobody's placement")},
        lambda other: {"sponsor_id": named(other, "sponsor", 0), "placement_id": named(other, "placement", 0)},
    ),
}

# Before these constraints were there, or past them: rows that only a table without them takes.
PAST_BOUNDS: dict[str, Sequence[Row]] = {
    "listener_events": (
        {"bytes_sent": 2**62},
        {"range_start": -(2**61), "range_end": 2**61, "http_status": 206},
        {"position_seconds": float("nan"), "event_type": "listen_progress"},
        {"heard_seconds": float("inf"), "event_type": "listen_complete"},
        {"received_at": datetime(1970, 1, 1, tzinfo=UTC)},
        {"received_at": datetime(2100, 12, 31, tzinfo=UTC)},
    ),
    "attribution_events": (
        {"value_minor": 2**62},
        {"received_at": datetime(1970, 1, 1, tzinfo=UTC)},
        {"received_at": datetime(2100, 12, 31, tzinfo=UTC)},
    ),
}


@dataclass(frozen=True, slots=True)
class Shares:
    """Of a tenant's rows, in percent."""

    broken: float
    duplicate: float
    late: float


@dataclass(frozen=True, slots=True)
class Dirt:
    """What comes in besides or instead: broken rows by what is wrong with them, repeated and late ones.

    prompt: rows as they came, in time. late: those that come in after their days were computed. past: rows from before
    the tables had bounds.
    """

    prompt: list[Arrival]
    broken: list[tuple[str, Arrival]]
    past: list[Arrival]
    duplicates: list[Arrival]
    late: list[Arrival]


def draw_dirt(arrivals: Sequence[Arrival], plan: Plan, other: str, shares: Shares, dice: Random) -> Dirt:
    """The rows of one tenant, with their dirt. other: another tenant, whose ids turn up here."""
    rows = list(arrivals)

    def some(percent: float) -> list[Arrival]:
        return dice.sample(rows, max(1, round(len(rows) * percent / 100)))

    broken = [_break(row, number, plan, other, dice) for number, row in enumerate(some(shares.broken))]
    past = [_past_bounds(row, number, dice) for number, row in enumerate(some(shares.broken / 8))]
    duplicates = [_repeat(row, number) for number, row in enumerate(some(shares.duplicate))]
    late = some(shares.late)
    chosen = {id(row) for row in late}
    prompt = [row for row in rows if id(row) not in chosen]
    received = at(plan.last, 24 * 20)
    late = [replace(row, received_at=received, row={**row.row, "received_at": received}) for row in late]
    return Dirt(prompt, broken, past, duplicates, late)


def _break(arrival: Arrival, number: int, plan: Plan, other: str, dice: Random) -> tuple[str, Arrival]:
    """One more row like this one, with an id of its own, and something wrong with it."""
    kinds = ("one NULL", "all NULL", "an unknown id", "an impossible value", "a skewed clock", "another year")
    kind = kinds[number % len(kinds)]
    table = arrival.table
    change: Row = {}
    if kind == "one NULL":
        change = {dice.choice(NULLABLE[table]): None}
    elif kind == "all NULL":
        change = dict.fromkeys(NULLABLE[table])
    elif kind == "an unknown id":
        change = dice.choice(UNKNOWN[table])(other)
    elif kind == "an impossible value":
        change = dict(dice.choice(IMPOSSIBLE[table]))
    elif kind == "a skewed clock":
        change = _moved(arrival, timedelta(hours=dice.choice((-26, -12, -1, 1, 12, 26)), seconds=dice.randint(0, 59)))
    else:
        year = dice.choice((1970, 1999, 2000, 2016, 2024, 2027, 2038, 2069, 2099, 2100))
        change = {"occurred_at": _occurred(arrival).replace(year=year, day=min(_occurred(arrival).day, 28))}
    return kind, replace(arrival, row={**arrival.row, "event_id": named("broken", number, plan.seed), **change})


def _past_bounds(arrival: Arrival, number: int, dice: Random) -> Arrival:
    change = dice.choice(PAST_BOUNDS[arrival.table])
    return replace(arrival, row={**arrival.row, "event_id": named("past", number), **change})


def _repeat(arrival: Arrival, number: int) -> Arrival:
    """The same delivery again; every third with another clock, which makes it another row of the same event."""
    if number % 3:
        return arrival
    return replace(arrival, row={**arrival.row, **_moved(arrival, timedelta(seconds=number + 1))})


def _moved(arrival: Arrival, by: timedelta) -> Row:
    return {"occurred_at": _occurred(arrival) + by}


def _occurred(arrival: Arrival) -> datetime:
    occurred = arrival.row["occurred_at"]
    assert isinstance(occurred, datetime)
    return occurred
