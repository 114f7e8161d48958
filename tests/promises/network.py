"""An invented network whose raw rows come in late: what the promises are held against.

Here: its dimensions, and draws of its raw rows with the moment at which each was received.
Not here: computing (machine.py), promises (the tests).

Every tenant has the same people: the same addresses, agents and code words, so that what mixes tenants shows. People
come back to the same episodes every few hours, so that windows chain over midnights. Rows are received seconds to weeks
after they occurred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID, uuid5

import polars as pl

from sql.warehouse import Warehouse

NAMES = UUID("0a4c1b8e-6f0e-4f3f-9f0a-5a8c26de1c55")

# One tenant for each way to cut requests into windows.
WINDOWS = {"harbor": "calendar_day", "kreuz": "first_touch", "lanes": "last_touch"}
ZONES = {"harbor": "UTC", "kreuz": "Europe/Berlin", "lanes": "America/New_York"}

PHONE = "Overcast/3.0 (+http://overcast.fm/; iOS podcast app)"
PLAYER = "AntennaPod/3.4.0"
BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)"
BOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"
WATCH = "atc/1.0 watchOS/10.1 model/Watch6,1"

# IPv4, IPv6, two addresses of one /64, and an IPv4 written as IPv6.
HOMES = (
    *(f"10.0.0.{number}" for number in range(1, 9)),
    "2001:470:1:18::10",
    "2001:470:1:18::20",
    "2001:470:2:7::1",
    "::ffff:10.0.0.2",
)

FILE_BYTES, HEADER_BYTES, DURATION_S = 1_201_000, 1_000, 300.0
MINUTE = 240_000
PRE, MID = (1_000, 61_000), (500_000, 560_000)

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a draw is. visits: requests of an hour for one of the episodes, a day and tenant; orders: a day."""

    first: date
    days: int
    visits: int
    orders: int
    seed: int
    slugs: tuple[str, ...] = tuple(WINDOWS)
    # Of every campaign; None: the default, and a window of its own for the third.
    window_days: float | None = None
    only_calendar_days: bool = False

    @property
    def last(self) -> date:
        return self.first + timedelta(days=self.days - 1)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A raw row, the table that it goes into, and when it came in."""

    received_at: datetime
    table: str
    row: Row


def named(*names: object) -> UUID:
    return uuid5(NAMES, "/".join(map(str, names)))


def at(day: date, hour: float = 0.0) -> datetime:
    return datetime.combine(day, time(0), UTC) + timedelta(hours=hour)


def draw_rows(plan: Plan) -> list[Arrival]:
    """Every raw row of the plan, in the order in which they came in."""
    drawn: list[Arrival] = []
    for slug in plan.slugs:
        # A tenant's rows depend on nobody else's.
        dice = Random(f"{plan.seed} {slug}")
        for number in range(plan.days + 1):
            day = plan.first + timedelta(days=number)
            drawn += _listening(slug, day, plan, dice)
            drawn += _selling(slug, day, plan, dice)
    return sorted(drawn, key=lambda arrival: (arrival.received_at, arrival.table, str(arrival.row["event_id"])))


def _lateness(dice: Random) -> timedelta:
    """Most rows come at once, some after hours, some after days."""
    draw = dice.random()
    if draw < 0.8:
        return timedelta(seconds=dice.randint(1, 900))
    if draw < 0.92:
        return timedelta(hours=dice.uniform(1, 40))
    return timedelta(days=dice.uniform(1, 18))


def _listening(slug: str, day: date, plan: Plan, dice: Random) -> Iterator[Arrival]:
    """The requests of a day: regulars come back to their episodes, in parts, in full, and among noise."""
    for number in range(plan.visits):
        home, agent = dice.choice(HOMES), dice.choice((PHONE, PHONE, PLAYER))
        episode = dice.randrange(4)
        moment = at(day, dice.uniform(0, 24))
        kind = dice.random()
        name = f"{day} {number}"
        if kind < 0.35:
            yield _request(slug, name, moment, dice, home, agent, episode)
        elif kind < 0.75:
            yield from _parts(slug, name, moment, dice, home, agent, episode)
        elif kind < 0.85:
            yield from _playback(slug, name, moment, dice, home, agent, episode)
        else:
            yield _request(slug, name, moment, dice, home, agent, episode, **dice.choice(NOISE))
    # One person asks for one episode every 20 hours: a chain of last touches that never breaks.
    hours = (day - plan.first).days * 24
    for beat in range(-(-hours // 20), -(-(hours + 24) // 20)):
        moment = at(plan.first, beat * 20 + 0.5)
        part = {"http_status": 206, "range_start": 1_000 + beat * 9_000, "range_end": 1_000 + beat * 9_000 + 40_000}
        sent = {"bytes_sent": 40_001}
        yield _request(slug, f"chain {beat}", moment, dice, HOMES[0], PLAYER, 1, **part, **sent)


NOISE: Sequence[Row] = (
    {"http_method": "HEAD"},
    {"http_status": 304, "bytes_sent": 0},
    {"http_status": 404},
    {"http_status": 206, "range_start": 0, "range_end": 1, "bytes_sent": 2},
    {"user_agent": None},
    {"user_agent": BOT},
    {"user_agent": WATCH},
    {"client_ip": None},
    {"http_status": 206, "range_start": 900, "range_end": 100},
    {"episode_id": named("no such episode"), "asset_id": None},
    {"source": "prefix", "http_status": 302, "bytes_sent": None},
    {"source": "import"},
    {"bytes_sent": None},
)


def _request(
    slug: str, name: str, moment: datetime, dice: Random, home: str, agent: str, episode: int, **changes: object
) -> Arrival:
    row: Row = {
        "tenant_id": named(slug),
        "event_id": named(slug, name),
        "occurred_at": moment,
        "received_at": moment + _lateness(dice),
        "source": "server_log",
        "event_type": "download",
        "episode_id": named(slug, "episode", episode),
        "asset_id": named(slug, "file", episode),
        "client_ip": home,
        "user_agent": agent,
        "http_method": "GET",
        "http_status": 200,
        "bytes_sent": FILE_BYTES,
        "range_start": None,
        "range_end": None,
        "session_id": None,
        "position_seconds": None,
        "heard_seconds": None,
        "listener_id": None,
        **changes,
    }
    received = row["received_at"]
    assert isinstance(received, datetime)
    return Arrival(received, "listener_events", row)


def _parts(
    slug: str, name: str, moment: datetime, dice: Random, home: str, agent: str, episode: int
) -> Iterator[Arrival]:
    """One file in ranges, minutes to hours apart; some never reach the minute, some only on the next day."""
    step = dice.choice((30_000, 70_000, 130_000, 250_000))
    start = dice.choice((0, 1_000, 480_000, 1_000_000))
    for part in range(dice.randint(1, 4)):
        first = min(start + part * step, FILE_BYTES - 1)
        last = min(first + step - 1, FILE_BYTES - 1)
        sent = last - first + 1 if dice.random() < 0.8 else (last - first + 1) // 2
        span = {"http_status": 206, "range_start": first, "range_end": last, "bytes_sent": sent}
        yield _request(slug, f"{name} {part}", moment, dice, home, agent, episode, **span)
        moment += timedelta(minutes=dice.choice((1, 40, 300)))


def _playback(
    slug: str, name: str, moment: datetime, dice: Random, home: str, agent: str, episode: int
) -> Iterator[Arrival]:
    session: Row = {"source": "client", "session_id": f"{slug} {name}", "http_method": None, "http_status": None}
    until = dice.uniform(10, DURATION_S)
    for kind, position in (("listen_start", 0.0), ("listen_progress", until / 2), ("listen_complete", until)):
        fields = {**session, "event_type": kind, "position_seconds": position, "heard_seconds": position}
        later = moment + timedelta(seconds=position)
        yield _request(
            slug, f"{name} {kind}", later, dice, home, agent, episode, **fields, bytes_sent=None, listener_id=f"L{home}"
        )


def _selling(slug: str, day: date, plan: Plan, dice: Random) -> Iterator[Arrival]:
    """Impressions, clicks and orders with several signals, of which some come first though they occurred last."""
    for number in range(plan.orders * 2):
        moment = at(day, dice.uniform(0, 24))
        kind = dice.choice(("impression", "impression", "click", "visit"))
        place: Row = {"placement_id": named(slug, "placement", dice.randrange(3)), "client_ip": dice.choice(HOMES)}
        yield _event(slug, f"ad {day} {number}", moment, dice, kind, **place)
    for number in range(plan.orders):
        yield from _order(slug, f"order {day} {number}", at(day, dice.uniform(0, 24)), plan, dice)


def _order(slug: str, order: str, moment: datetime, plan: Plan, dice: Random) -> Iterator[Arrival]:
    home, value = dice.choice(HOMES), dice.randint(500, 9_000)
    kind = dice.choice(("purchase", "purchase", "trial"))
    paid: Row = {"order_id": order, "value_minor": value, "client_ip": home}
    yield _event(slug, f"{order} pixel", moment, dice, kind, **paid)
    if dice.random() < 0.5:
        # The shop's server reports later, with a time that may lie days before the pixel's.
        fields = {**paid, "signal": "server", "value_minor": value + 100}
        yield _event(
            slug, f"{order} server", moment - timedelta(hours=dice.choice((0, 1, 30, 80))), dice, kind, **fields
        )
    if dice.random() < 0.3:
        code = {**paid, "signal": "promo_code", "promo_code": "TIDES", "client_ip": None}
        yield _event(slug, f"{order} code", moment + timedelta(hours=dice.choice((0, 30))), dice, kind, **code)
    if dice.random() < 0.2:
        fields = {"order_id": order, "signal": "survey", "placement_id": named(slug, "placement", 1)}
        yield _event(slug, f"{order} survey", moment + timedelta(hours=2), dice, "survey", **fields)
    if dice.random() < 0.3:
        back = {"order_id": order, "value_minor": dice.choice((None, 200))}
        later = moment + timedelta(days=dice.choice((0, 3, 12)))
        if later < at(plan.last, 24):
            yield _event(slug, f"{order} refund", later, dice, "refund", **back)


def _event(slug: str, name: str, moment: datetime, dice: Random, kind: str, **changes: object) -> Arrival:
    row: Row = {
        "tenant_id": named(slug),
        "event_id": named(slug, name),
        "occurred_at": moment,
        "received_at": moment + _lateness(dice),
        "sponsor_id": named(slug, "sponsor", 0),
        "placement_id": None,
        "kind": kind,
        "signal": "pixel",
        "order_id": None,
        "value_minor": None,
        "currency": "EUR",
        "promo_code": None,
        "client_ip": None,
        "user_agent": BROWSER,
        **changes,
    }
    received = row["received_at"]
    assert isinstance(received, datetime)
    return Arrival(received, "attribution_events", row)


def insert(warehouse: Warehouse, arrivals: Sequence[Arrival]) -> None:
    """The rows into their tables, in this order; those that are there already change nothing."""
    for table in ("listener_events", "attribution_events"):
        rows = [arrival.row for arrival in arrivals if arrival.table == table]
        if rows:
            _add(warehouse, table, *rows)


def _add(warehouse: Warehouse, table: str, *rows: Row) -> None:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    texts = {name: [str(v) if isinstance(v, UUID) else v for v in values] for name, values in columns.items()}
    warehouse.insert(table, pl.DataFrame(texts, strict=False, infer_schema_length=None))


def build_dimensions(warehouse: Warehouse, plan: Plan) -> None:
    """Each tenant with two shows, four episodes, a sponsor, three campaigns with a placement each, and a code word."""
    add: Callable[..., None] = lambda table, *rows: _add(warehouse, table, *rows)  # noqa: E731
    for slug in plan.slugs:
        owner: Row = {"tenant_id": named(slug)}
        about = {"slug": slug, "name": slug.title(), "brand_name": slug.title(), "timezone": ZONES[slug]}
        window = "calendar_day" if plan.only_calendar_days else WINDOWS[slug]
        add("tenants", {**owner, **about, "currency": "EUR", "download_window": window})
        for show in range(2):
            add("podcasts", {**owner, "podcast_id": named(slug, "show", show), "slug": f"s{show}", "title": f"S{show}"})
        for episode in range(4):
            _add_episode(add, slug, episode, at(plan.first, -40 + episode * plan.days * 6))
        add("sponsors", {**owner, "sponsor_id": named(slug, "sponsor", 0), "name": "Kettle & Co"})
        for number in range(3):
            _add_campaign(add, slug, number, plan)
        code = {"sponsor_id": named(slug, "sponsor", 0), "placement_id": named(slug, "placement", 0), "code": "tides"}
        add("promo_codes", {**owner, "promo_code_id": named(slug, "code"), **code})


def _add_episode(add: Callable[..., None], slug: str, number: int, published: datetime) -> None:
    """An episode with its file; the last one's is of unknown size, the third lasts less than a minute."""
    owner: Row = {"tenant_id": named(slug)}
    episode = {**owner, "episode_id": named(slug, "episode", number)}
    about = {"podcast_id": named(slug, "show", number % 2), "guid": str(number), "title": f"E{number}"}
    lasts = 45.0 if number == 2 else DURATION_S
    add("episodes", {**episode, **about, "published_at": published, "duration_s": lasts})
    file: Row = {**episode, "asset_id": named(slug, "file", number), "path": f"/{number}.mp3", "duration_s": lasts}
    size = {"header_bytes": HEADER_BYTES} if number == 3 else {"file_bytes": FILE_BYTES, "header_bytes": HEADER_BYTES}
    add("media_assets", {**file, **size})


def _add_campaign(add: Callable[..., None], slug: str, number: int, plan: Plan) -> None:
    """A campaign with a placement: baked in and dynamic, one that is over before the plan is, one with a window."""
    owner: Row = {"tenant_id": named(slug)}
    campaign = {**owner, "campaign_id": named(slug, "campaign", number)}
    ends = plan.first + timedelta(days=plan.days // 3) if number == 1 else plan.last + timedelta(days=10)
    span = {"starts_on": plan.first + timedelta(days=number), "ends_on": ends}
    fields = {"name": f"C{number}", "goal_kind": "purchase", "currency": "EUR"}
    add("campaigns", {**campaign, "sponsor_id": named(slug, "sponsor", 0), **fields, **span})
    if number == 2 or plan.window_days:
        window = {"version": 1, "window_days": plan.window_days or 7.5, "valid_from": at(plan.first)}
        add("attribution_configs", {**campaign, **window})
    order = {**campaign, "insertion_order_id": named(slug, "order", number)}
    add("insertion_orders", {**order, "number": f"IO-{number}"})
    kind, position, bytes_ = ("dynamic", "mid", MID) if number == 1 else ("baked_in", "pre", PRE)
    placement = {"placement_id": named(slug, "placement", number)}
    price = {"booked_impressions": 500, "cost_minor": 9_000, "flight_start": span["starts_on"], "flight_end": ends}
    spot = {"podcast_id": named(slug, "show", number % 2), "name": f"P{number}", "kind": kind, "position": position}
    add("placements", {**order, **placement, **spot, **price})
    episode = {"episode_id": named(slug, "episode", number)}
    add("placement_episodes", {**owner, **placement, **episode, "aired_at": at(plan.first, 4 + number * 24)})
    segment = {"asset_id": named(slug, "file", number), "segment_no": 1, "kind": "ad", "position": position}
    add(
        "asset_segments",
        {**owner, **segment, **placement, "first_byte": bytes_[0], "last_byte": bytes_[1], "insertion": kind},
    )
