"""A day of conversions: the same whatever the order, the repetition and the neighbours of its rows."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.attribution.day import compute_attribution_day
from assets.attribution.models import MODELS
from assets.listening.identity.keys import Key, Keyring, derive_keys
from assets.listening.identity.retained_keys import SIGNALS
from sql.values import Window

KEYRING = Keyring((Key(1, b"a key that only this test knows."),))
UTC_TIME = pl.Datetime("us", "UTC")
TEXT, INT = pl.String(), pl.Int64()
MARCH = Window.of_days(date(2026, 3, 1), date(2026, 3, 6))
HARBOUR, LIGHTHOUSE = UUID(int=1), UUID(int=2)
IDS = dict.fromkeys(["tenant_id", "sponsor_id", "campaign_id", "placement_id", "event_id"], TEXT)
WORDS = ["kind", "signal", "order_id", "currency", "promo_code", "listener_id", "client_ip", "user_agent"]
NUMBERS = dict.fromkeys(["value_minor", "household_key", "listener_key"], INT)

SIGNAL = pl.Schema(
    {**IDS, **dict.fromkeys(WORDS, TEXT), **NUMBERS, "occurred_at": UTC_TIME, "is_new_customer": pl.Boolean()}
)
EXPOSURE = pl.Schema(
    {
        **dict.fromkeys(["tenant_id", "sponsor_id", "exposure_id", "campaign_id", "placement_id", "episode_id"], TEXT),
        **dict.fromkeys(["kind", "listener_id", "address_class"], TEXT),
        **dict.fromkeys(["household_key", "consumer_key"], INT),
        "occurred_at": UTC_TIME,
    }
)
EMPTY = {
    "read_attribution_event_keys": pl.DataFrame(schema=SIGNALS.schema),
    "read_promo_codes": pl.DataFrame(
        schema={
            **dict.fromkeys(["tenant_id", "sponsor_id", "code", "kind", "placement_id"], TEXT),
            "valid_from": UTC_TIME,
            "valid_until": UTC_TIME,
        }
    ),
    "read_placements": pl.DataFrame(
        schema={
            **dict.fromkeys(["tenant_id", "sponsor_id", "placement_id", "campaign_id", "kind"], TEXT),
            "flight_starts_at": UTC_TIME,
            "flight_ends_at": UTC_TIME,
        }
    ),
    "read_airings": pl.DataFrame(
        schema={**dict.fromkeys(["tenant_id", "placement_id", "episode_id"], TEXT), "aired_at": UTC_TIME}
    ),
    "read_attribution_configs": pl.DataFrame(
        schema={
            **dict.fromkeys(["tenant_id", "campaign_id", "touch_unit", "default_model"], TEXT),
            "version": pl.Int32(),
            **dict.fromkeys(["window_days", "half_life_days"], pl.Float64()),
            **dict.fromkeys(["include_clicks", "exclude_prior_customers"], pl.Boolean()),
            "valid_from": UTC_TIME,
        }
    ),
}


class Rows:
    """A Reader over rows in memory, which selects as the statements do."""

    def __init__(self, signals: list[dict[str, Any]], exposures: list[dict[str, Any]]) -> None:
        self.signals = pl.DataFrame([{name: row.get(name) for name in SIGNAL} for row in signals], schema=SIGNAL)
        self.exposures = pl.DataFrame(
            [{name: row.get(name) for name in EXPOSURE} for row in exposures], schema=EXPOSURE
        )

    def __call__(self, statement: str, /, **params: Any) -> pl.DataFrame:
        tenants = [str(tenant) for tenant in params["tenants"]]
        if statement in EMPTY:
            return EMPTY[statement]
        frame = self.signals if statement == "read_conversion_signals" else self.exposures
        group = frame.filter(pl.col("tenant_id").is_in(tenants))
        inside = pl.col("occurred_at").is_between(params["start"], params["end"], closed="left")
        if statement == "read_matching_exposures":
            at_home = pl.col("household_key").is_in(params["households"])
            return group.filter(inside & (at_home | pl.col("consumer_key").is_in(params["consumers"])))
        orders = group.filter(inside & (pl.col("kind") != "refund"))["order_id"].drop_nulls().unique().to_list()
        lone = group.filter(pl.col("order_id").is_null() & inside)
        found = pl.concat([group.filter(pl.col("order_id").is_in(orders)), lone])
        first = group.group_by("tenant_id", "event_id").agg(occurred_at=pl.col("occurred_at").min())
        return found.join(first, on=["tenant_id", "event_id", "occurred_at"], how="semi")


def home(number: int) -> str:
    return f"10.0.0.{number}"


def keys_of(tenant: UUID, number: int) -> dict[str, int]:
    row = pl.DataFrame({"tenant_id": [str(tenant)], "client_ip": [home(number)], "user_agent": ["Pod/1"]})
    return derive_keys(row, KEYRING).select("household_key", "consumer_key").row(0, named=True)


HOMES = {(tenant, number): keys_of(tenant, number) for tenant in (HARBOUR, LIGHTHOUSE) for number in range(3)}


def exposure(tenant: UUID, number: int, hours: int, household: int) -> dict[str, Any]:
    shown = {"campaign_id": "spring", "placement_id": f"slot-{number % 3}", "episode_id": f"ep-{number % 2}"}
    when = {"occurred_at": MARCH.start + timedelta(hours=hours), "kind": "delivered", "address_class": "household"}
    who = {"tenant_id": str(tenant), "sponsor_id": str(UUID(int=9)), "exposure_id": f"x-{number:03}"}
    return {**who, **shown, **when, **HOMES[tenant, household]}


def signal(tenant: UUID, number: int, hours: int, household: int, order: int, name: str) -> dict[str, Any]:
    kind = "refund" if name == "refund" else ("lead" if name == "utm" else "purchase")
    sent = {"kind": kind, "signal": "server" if name == "refund" else name, "order_id": f"T-{order}" if order else None}
    who = {"tenant_id": str(tenant), "sponsor_id": str(UUID(int=9)), "event_id": f"e-{number:03}"}
    money = {"value_minor": 100 + number, "currency": "USD", "client_ip": home(household), "user_agent": "Web/1"}
    return {**who, **sent, **money, "occurred_at": MARCH.start + timedelta(hours=hours)}


HOURS = st.integers(0, 6 * 24 - 1)
exposures = st.lists(st.tuples(HOURS, st.integers(0, 2)), max_size=10)
signals = st.lists(
    st.tuples(HOURS, st.integers(0, 2), st.integers(0, 4), st.sampled_from(["pixel", "server", "utm", "refund"])),
    max_size=10,
)


def rows_of(
    tenant: UUID, exposed: list[tuple[int, int]], sent: list[tuple[int, int, int, str]]
) -> tuple[list[Any], list[Any]]:
    return [signal(tenant, n, *each) for n, each in enumerate(sent)], [
        exposure(tenant, n, *each) for n, each in enumerate(exposed)
    ]


def days_of(rows: Rows, tenants: list[UUID]) -> dict[str, pl.DataFrame]:
    """Every day of the span, one at a time."""
    days = [compute_attribution_day(rows, day, tenants, KEYRING) for day in map(Window.of_day, MARCH.days())]
    return {name: pl.concat([day[name] for day in days]) for name in days[0]}


@settings(max_examples=6, deadline=None)
@given(exposures, signals, st.randoms(use_true_random=False))
def test_order_repetition_and_other_tenants_change_nothing(
    exposed: list[tuple[int, int]], sent: list[tuple[int, int, int, str]], chance: random.Random
) -> None:
    group = rows_of(HARBOUR, exposed, sent)
    other = rows_of(LIGHTHOUSE, exposed, sent)
    expected = days_of(Rows(*group), [HARBOUR])
    mixed = Rows([*group[0], *group[0], *other[0]], [*other[1], *group[1]])
    mixed.signals = mixed.signals.sample(fraction=1, shuffle=True, seed=chance.randrange(2**32))
    mixed.exposures = mixed.exposures.sample(fraction=1, shuffle=True, seed=chance.randrange(2**32))
    both = days_of(mixed, [HARBOUR, LIGHTHOUSE])
    for name, frame in expected.items():
        assert both[name].filter(pl.col("tenant_id") == str(HARBOUR)).equals(frame), name


@settings(max_examples=6, deadline=None)
@given(exposures, signals)
def test_days_one_at_a_time_are_the_whole_at_once(
    exposed: list[tuple[int, int]], sent: list[tuple[int, int, int, str]]
) -> None:
    rows = Rows(*rows_of(HARBOUR, exposed, sent))
    at_once = compute_attribution_day(rows, MARCH, [HARBOUR], KEYRING)
    for name, frame in days_of(rows, [HARBOUR]).items():
        order = [
            column
            for column in ("model", "conversion_id", "touch_no", "placement_id", "episode_id", "adjustment_id")
            if column in frame.columns
        ]
        assert frame.sort(order).equals(at_once[name].sort(order)), name


@settings(max_examples=6, deadline=None)
@given(exposures, signals)
def test_every_matched_conversion_is_credited_once_by_every_model(
    exposed: list[tuple[int, int]], sent: list[tuple[int, int, int, str]]
) -> None:
    tables = compute_attribution_day(Rows(*rows_of(HARBOUR, exposed, sent)), MARCH, [HARBOUR], KEYRING)
    matched = set(tables["conversions"].filter(pl.col("matched_by") != "none")["conversion_id"])
    assert set(tables["attribution_touches"]["conversion_id"]) == matched
    sums = tables["attribution_credits"].group_by("model", "conversion_id").agg(pl.col("credit").sum())
    assert {tuple(key) for key in sums.select("model", "conversion_id").iter_rows()} == {
        (model, conversion) for model in MODELS for conversion in matched
    }
    assert all(abs(credit - 1) <= 1e-9 for credit in sums["credit"])


def test_a_late_first_signal_moves_an_order_to_its_own_day() -> None:
    late = signal(HARBOUR, 1, 10, 0, 1, "pixel")
    server = signal(HARBOUR, 2, 60, 0, 1, "server")
    before = days_of(Rows([server], []), [HARBOUR])["conversions"]
    after = days_of(Rows([server, late], []), [HARBOUR])["conversions"]
    assert before["day"].to_list() == [date(2026, 3, 3)]
    assert after["day"].to_list() == [date(2026, 3, 1)]
    assert after["conversion_id"].to_list() == before["conversion_id"].to_list()
    assert after["converted_at"].to_list() == [datetime(2026, 3, 1, 10, tzinfo=UTC)]


def test_a_refund_is_taken_off_once_where_an_order_has_two_kinds_on_two_days() -> None:
    lead = {**signal(HARBOUR, 0, 5, 0, 1, "pixel"), "kind": "lead", "value_minor": 300}
    purchase = {**signal(HARBOUR, 1, 53, 0, 1, "server"), "value_minor": 5000}
    refund = {**signal(HARBOUR, 2, 80, 0, 1, "refund"), "value_minor": 1000}
    tables = days_of(Rows([lead, purchase, refund], []), [HARBOUR])
    assert tables["conversions"].select("day", "kind").rows() == [
        (date(2026, 3, 1), "lead"),
        (date(2026, 3, 3), "purchase"),
    ]
    assert tables["conversion_adjustments"].select("day", "value_minor").rows() == [(date(2026, 3, 3), 1000)]


def test_an_event_that_comes_again_after_midnight_is_one_conversion() -> None:
    visit = {**signal(HARBOUR, 1, 23, 0, 0, "pixel"), "kind": "visit"}
    again = {**visit, "occurred_at": visit["occurred_at"] + timedelta(hours=2)}
    once = days_of(Rows([visit], []), [HARBOUR])["conversions"]
    assert once.height == 1
    assert days_of(Rows([visit, again], []), [HARBOUR])["conversions"].equals(once)


def test_platform_keys_match_where_there_is_no_address() -> None:
    exposed = {**exposure(HARBOUR, 0, 1, 0), "household_key": 77, "consumer_key": 78}
    bought = {**signal(HARBOUR, 0, 5, 0, 0, "pixel"), "client_ip": None, "household_key": 77}
    tables = compute_attribution_day(Rows([bought], [exposed]), MARCH, [HARBOUR], KEYRING)
    assert tables["conversions"].select("matched_by", "household_key").rows() == [("household", 77)]


def test_a_platform_s_own_listener_key_matches_without_a_household_or_an_address() -> None:
    exposed = {**exposure(HARBOUR, 0, 1, 0), "household_key": None, "consumer_key": 78}
    bought = {**signal(HARBOUR, 0, 5, 0, 0, "pixel"), "client_ip": None, "listener_key": 78}
    tables = compute_attribution_day(Rows([bought], [exposed]), MARCH, [HARBOUR], KEYRING)
    assert tables["conversions"]["matched_by"].to_list() == ["listener"]
