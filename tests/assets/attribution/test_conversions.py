"""Which signals become a conversion, and what refunds take back."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from assets.attribution.conversions import adjust_conversions, merge_conversions, name_codes, needs_rates
from assets.attribution.money import net_values
from sql.values import PermanentError

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

SCHEMA = pl.Schema(
    {
        "tenant_id": pl.String(),
        "event_id": pl.String(),
        "occurred_at": pl.Datetime("us", "UTC"),
        "sponsor_id": pl.String(),
        "campaign_id": pl.String(),
        "placement_id": pl.String(),
        "kind": pl.String(),
        "signal": pl.String(),
        "order_id": pl.String(),
        "value_minor": pl.Int64(),
        "currency": pl.String(),
        "promo_code": pl.String(),
        "household_key": pl.Int64(),
        "listener_key": pl.Int64(),
        "listener_id": pl.String(),
        "address_class": pl.String(),
        "is_new_customer": pl.Boolean(),
    }
)


def event(event_id: str, signal: str = "pixel", hours: float = 0, **fields: object) -> dict[str, object]:
    return {
        "tenant_id": "harbour",
        "event_id": event_id,
        "occurred_at": NOON + timedelta(hours=hours),
        "sponsor_id": "kettle",
        "kind": "purchase",
        "signal": signal,
        "address_class": "unknown",
        "currency": "USD" if fields.get("value_minor") is not None else None,
        **fields,
    }


def frame(*events: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([{name: each.get(name) for name in SCHEMA} for each in events], schema=SCHEMA)


def test_all_signals_of_an_order_are_one_conversion_on_the_day_of_the_earliest() -> None:
    pixel_late = event("e1", "pixel", hours=30, order_id="A-1", value_minor=4900)
    code_early = event("e2", "promo_code", hours=0, order_id="A-1", promo_code=" HARBOUR20 ")
    merged = merge_conversions(frame(pixel_late, code_early))
    assert merged.height == 1
    row = merged.row(0, named=True)
    assert row["converted_at"] == NOON
    assert row["day"] == date(2026, 3, 10)
    assert row["promo_code"] == "harbour20"
    assert (row["pixel_signals"], row["promo_code_signals"], row["server_signals"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("signals", "value"),
    [
        ({"pixel": 100, "server": 200, "promo_code": 300}, 200),
        ({"pixel": 100, "promo_code": 300, "utm": 400}, 100),
        ({"vanity_url": 300, "survey": 500}, 300),
        ({"server": None, "pixel": 100}, 100),
    ],
)
def test_the_value_comes_from_the_best_signal_that_has_one(signals: dict[str, int | None], value: int) -> None:
    events = [event(f"e-{name}", name, order_id="A-1", value_minor=worth) for name, worth in signals.items()]
    merged = merge_conversions(frame(*events))
    assert merged.get_column("value_minor").to_list() == [value]
    assert merged.get_column("currency").to_list() == ["USD"]


def test_the_same_order_id_of_another_kind_sponsor_or_tenant_is_another_conversion() -> None:
    events = [
        event("e1", order_id="A-1"),
        event("e2", order_id="A-1", kind="lead"),
        event("e3", order_id="A-1", sponsor_id="anchor"),
        event("e4", order_id="A-1", tenant_id="lighthouse"),
    ]
    merged = merge_conversions(frame(*events))
    assert merged.height == 4
    assert merged.get_column("conversion_id").n_unique() == 4


def test_an_event_without_an_order_stands_alone_under_its_own_id() -> None:
    merged = merge_conversions(frame(event("e1", kind="visit"), event("e2", kind="visit")))
    assert sorted(merged.get_column("conversion_id")) == ["e1", "e2"]


def test_a_redelivered_event_changes_nothing() -> None:
    pixel = event("e1", order_id="A-1", value_minor=4900, household_key=7, address_class="household")
    lone = event("e2", kind="visit")
    once = merge_conversions(frame(pixel, lone))
    again = merge_conversions(frame(pixel, lone, pixel, {**lone, "occurred_at": NOON + timedelta(seconds=9)}))
    assert again.equals(once)


def test_survey_answers_never_make_a_conversion() -> None:
    alone = event("e1", "survey", kind="survey", order_id="A-1")
    claimed = event("e2", "survey", kind="purchase", order_id="A-2", value_minor=10)
    assert merge_conversions(frame(alone, claimed)).is_empty()


def test_a_survey_answer_joins_the_deepest_conversion_of_its_order() -> None:
    answer = event("e3", "survey", kind="survey", order_id="A-1", placement_id="mid-roll", hours=-1)
    merged = merge_conversions(frame(event("e1", order_id="A-1"), event("e2", order_id="A-1", kind="lead"), answer))
    result = {row["kind"]: (row["survey_signals"], row["survey_placement_id"]) for row in merged.to_dicts()}
    assert result == {"purchase": (1, "mid-roll"), "lead": (0, None)}
    assert merged.get_column("converted_at").to_list() == [NOON, NOON]


def test_a_household_address_is_preferred_to_the_address_of_the_shop_s_server() -> None:
    server = event("e1", "server", order_id="A-1", household_key=1, address_class="data_centre", value_minor=5)
    pixel = event("e2", "pixel", order_id="A-1", household_key=2, address_class="household")
    row = merge_conversions(frame(server, pixel)).row(0, named=True)
    assert (row["household_key"], row["address_class"]) == (2, "household")


def test_the_listener_key_is_of_an_address_that_is_usable_too() -> None:
    server = event("e1", "server", order_id="A-1", household_key=1, listener_key=11, address_class="data_centre")
    pixel = event("e2", "pixel", order_id="A-1", household_key=2, listener_key=22, address_class="household")
    row = merge_conversions(frame(server, pixel)).row(0, named=True)
    assert (row["household_key"], row["listener_key"], row["address_class"]) == (2, 22, "household")


def test_keys_of_a_shared_address_do_not_pass_for_those_of_a_household() -> None:
    """A platform vouches for its listener, and the shop's server stays what it is."""
    server = event("e1", "server", order_id="A-1", household_key=1, listener_key=11, address_class="data_centre")
    platform_supplied = event("e2", "pixel", order_id="A-1", listener_key=22, address_class="household")
    row = merge_conversions(frame(server, platform_supplied)).row(0, named=True)
    assert (row["household_key"], row["listener_key"], row["address_class"]) == (None, 22, "household")
    alone = merge_conversions(frame(server)).row(0, named=True)
    assert (alone["household_key"], alone["address_class"]) == (1, "data_centre")


def test_a_survey_gives_the_value_where_no_other_signal_does() -> None:
    answer = event("e2", "survey", order_id="A-1", kind="survey", value_minor=500)
    row = merge_conversions(frame(event("e1", order_id="A-1"), answer)).row(0, named=True)
    assert (row["value_minor"], row["currency"], row["survey_signals"]) == (500, "USD", 1)
    known = event("e1", order_id="A-1", value_minor=900, currency="EUR")
    row = merge_conversions(frame(known, answer)).row(0, named=True)
    assert (row["value_minor"], row["currency"]) == (900, "EUR")


def codes(*rows: dict[str, object]) -> pl.DataFrame:
    at = pl.Datetime("us", "UTC")
    owner = {"tenant_id": "harbour", "sponsor_id": "kettle", "kind": "code"}
    return pl.DataFrame(
        [{**owner, "valid_from": None, "valid_until": None, **row} for row in rows],
        schema_overrides={"valid_from": at, "valid_until": at},
    )


def named(*rows: dict[str, object], known: pl.DataFrame) -> object:
    return name_codes(merge_conversions(frame(*rows)), known)["promo_code"].item()


def test_of_two_codes_on_an_order_the_one_that_names_a_placement_counts() -> None:
    typo = event("e1", "promo_code", order_id="A-1", promo_code="habour20")
    right = event("e2", "vanity_url", hours=1, order_id="A-1", promo_code="HARBOUR20")
    known = codes({"code": "harbour20"}, {"code": "habour20", "sponsor_id": "anchor"})
    assert named(typo, right, known=known) == "harbour20"
    assert named(typo, right, known=codes({"code": "harbour20"}, {"code": "habour20"})) == "habour20"
    expired = codes({"code": "harbour20", "valid_until": NOON})
    assert named(typo, right, known=expired) == "habour20"


def test_a_code_at_the_till_goes_before_one_that_a_server_repeats() -> None:
    server = event("e1", "server", order_id="A-1", promo_code="welcome")
    till = event("e2", "promo_code", hours=1, order_id="A-1", promo_code="harbour20")
    assert merge_conversions(frame(server, till))["promo_codes"].to_list() == [["harbour20", "welcome"]]


def test_refunds_become_positive_adjustments_on_the_day_of_their_conversion() -> None:
    order = event("e1", order_id="A-1", value_minor=4900)
    refund = event("r1", "server", hours=72, kind="refund", order_id="A-1", value_minor=900)
    unrelated = event("r2", "server", hours=72, kind="refund", order_id="B-9", value_minor=100)
    events = frame(order, refund, refund, unrelated)
    adjusted = adjust_conversions(events, merge_conversions(events))
    assert adjusted.height == 1
    row = adjusted.row(0, named=True)
    assert (row["adjustment_id"], row["kind"], row["value_minor"]) == ("r1", "refund", 900)
    assert row["day"] == date(2026, 3, 10)
    assert row["occurred_at"] == NOON + timedelta(hours=72)


def test_a_refund_without_an_amount_takes_back_what_is_left_once() -> None:
    order = event("e1", order_id="A-1", value_minor=4900)
    part = event("r1", "server", hours=24, kind="refund", order_id="A-1", value_minor=900)
    whole = event("r2", "server", hours=48, kind="refund", order_id="A-1")
    twice = event("r3", "server", hours=49, kind="refund", order_id="A-1")
    events = frame(order, part, whole, twice)
    adjusted = adjust_conversions(events, merge_conversions(events))
    assert {row["kind"]: row["value_minor"] for row in adjusted.to_dicts()} == {"refund": 900, "cancellation": 4000}
    assert adjusted.get_column("currency").to_list() == ["USD", "USD"]


def refund(event_id: str, days: float, minor: int | None = None, currency: str = "USD") -> dict[str, object]:
    result = {"value_minor": minor, "currency": currency if minor is not None else None}
    return event(event_id, "server", hours=24 * days, kind="refund", order_id="A-1", **result)


def test_after_a_cancellation_there_is_nothing_left_to_refund() -> None:
    order = event("e1", order_id="A-1", value_minor=10_000)
    events = frame(order, refund("r1", 1), refund("r2", 4, 10_000))
    adjusted = adjust_conversions(events, merge_conversions(events))
    assert adjusted.select("kind", "value_minor").rows() == [("cancellation", 10_000), ("refund", 0)]
    for days in (2, 5):
        net = net_values(merge_conversions(events), adjusted, {}, NOON + timedelta(days=days))
        assert net["net_minor"].to_list() == [0], days


def test_what_a_cancellation_takes_back_is_counted_in_the_currency_of_the_order() -> None:
    order = event("e1", order_id="A-1", value_minor=10_000)
    events = frame(order, refund("r1", 1, 5000, "EUR"), refund("r2", 2))
    merged = merge_conversions(events)
    rates = {(date(2026, 3, 11), "EUR", "USD"): Decimal("1.10")}
    adjusted = adjust_conversions(events, merged, rates)
    assert adjusted.select("kind", "value_minor", "currency").rows() == [
        ("refund", 5000, "EUR"),
        ("cancellation", 4500, "USD"),
    ]
    assert net_values(merged, adjusted, rates, NOON + timedelta(days=9))["net_minor"].to_list() == [0]
    assert needs_rates(events)
    with pytest.raises(PermanentError, match="no rate EUR/USD"):
        adjust_conversions(events, merged)


def test_a_refund_in_another_currency_needs_no_rate_where_nothing_is_cancelled() -> None:
    events = frame(event("e1", order_id="A-1", value_minor=10_000), refund("r1", 1, 5000, "EUR"))
    assert adjust_conversions(events, merge_conversions(events))["currency"].to_list() == ["EUR"]
    same = frame(event("e1", order_id="A-1", value_minor=10_000), refund("r1", 1, 5000))
    assert not needs_rates(same)


def test_a_refund_adjusts_the_purchase_and_not_the_lead_of_its_order() -> None:
    lead = event("e0", kind="lead", order_id="A-1", hours=-2)
    order = event("e1", order_id="A-1", value_minor=4900)
    refund = event("r1", "server", hours=1, kind="refund", order_id="A-1", value_minor=900)
    events = frame(lead, order, refund)
    merged = merge_conversions(events)
    purchase = merged.filter(pl.col("kind") == "purchase").get_column("conversion_id").item()
    assert adjust_conversions(events, merged).get_column("conversion_id").to_list() == [purchase]


def test_shuffled_events_give_the_same_conversions_to_the_bit() -> None:
    events = [
        event(
            f"e{number}", signal, hours=number % 5, order_id=f"A-{number % 7}", value_minor=number, household_key=number
        )
        for number, signal in enumerate(["pixel", "server", "promo_code", "vanity_url", "utm"] * 6)
    ]
    expected = merge_conversions(frame(*events))
    shuffler = random.Random(2026)
    for _ in range(5):
        shuffler.shuffle(events)
        assert merge_conversions(frame(*events)).equals(expected)


def test_ids_are_16_bytes_where_the_database_s_ids_are() -> None:
    binary = frame(event("e1", order_id="A-1")).with_columns(
        pl.lit(b"0123456789abcdef").alias("tenant_id"),
        pl.lit(b"fedcba9876543210").alias("event_id"),
    )
    conversion_id = merge_conversions(binary).get_column("conversion_id").item()
    assert isinstance(conversion_id, bytes)
    assert len(conversion_id) == 16


def test_no_events_are_no_conversions() -> None:
    empty = frame()
    merged = merge_conversions(empty)
    assert merged.is_empty()
    assert adjust_conversions(empty, merged).is_empty()
