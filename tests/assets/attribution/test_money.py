"""Amounts: whole minor units that sum at every level, refunds, currencies."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.attribution.money import attribute_money, net_values, split_by_largest_remainder
from sql.values import PermanentError

DAY = date(2026, 3, 10)
LATER = datetime(2026, 4, 1, tzinfo=UTC)


def credits_of(shares: dict[str, float], campaigns: dict[str, str] | None = None) -> pl.DataFrame:
    placements = list(shares)
    return pl.DataFrame(
        {
            "tenant_id": ["harbour"] * len(placements),
            "model": ["linear"] * len(placements),
            "conversion_id": ["order"] * len(placements),
            "placement_id": placements,
            "episode_id": ["episode"] * len(placements),
            "campaign_id": [(campaigns or {}).get(each, "spring") for each in placements],
            "credit": list(shares.values()),
        }
    )


def conversion(value: int | None, currency: str | None = "USD") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "tenant_id": ["harbour"],
            "conversion_id": ["order"],
            "day": [DAY],
            "value_minor": [value],
            "currency": [currency],
        },
        schema_overrides={"value_minor": pl.Int64, "currency": pl.String},
    )


def refunds(*amounts: tuple[int, datetime], currency: str = "USD") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "tenant_id": ["harbour"] * len(amounts),
            "conversion_id": ["order"] * len(amounts),
            "day": [DAY] * len(amounts),
            "occurred_at": [at for _, at in amounts],
            "value_minor": [amount for amount, _ in amounts],
            "currency": [currency] * len(amounts),
        },
        schema={
            "tenant_id": pl.String,
            "conversion_id": pl.String,
            "day": pl.Date,
            "occurred_at": pl.Datetime("us", "UTC"),
            "value_minor": pl.Int64,
            "currency": pl.String,
        },
    )


CAMPAIGNS = pl.DataFrame(
    {"tenant_id": ["harbour"] * 2, "campaign_id": ["spring", "summer"], "currency": ["USD", "EUR"]}
)
THIRDS = {"c": 1 / 3, "a": 1 / 3, "b": 1 / 3}


def revenue(**changed: object) -> dict[str, int]:
    given_ = {
        "credited": credits_of(THIRDS),
        "conversions": conversion(100),
        "adjustments": refunds(),
        "campaigns": CAMPAIGNS,
        "rates": {},
        "as_of": LATER,
        **changed,
    }
    result = attribute_money(**given_)  # type: ignore[arg-type]
    return dict(result.select("placement_id", "revenue_minor").iter_rows())


def test_the_cent_left_over_goes_to_the_first_placement_of_a_tie() -> None:
    assert revenue() == {"a": 34, "b": 33, "c": 33}


def test_the_cent_left_over_goes_to_the_largest_remainder() -> None:
    assert revenue(credited=credits_of({"a": 0.333, "b": 0.667})) == {"a": 33, "b": 67}


def test_refunds_count_up_to_the_as_of_moment_only() -> None:
    early, late = datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    assert sum(revenue(adjustments=refunds((40, early), (60, late))).values()) == 60


def test_a_negative_net_is_split_by_its_absolute_value() -> None:
    refunded = refunds((200, datetime(2026, 3, 20, tzinfo=UTC)))
    assert revenue(adjustments=refunded) == {"a": -34, "b": -33, "c": -33}


def test_a_conversion_without_a_value_has_no_revenue_rather_than_zero() -> None:
    assert revenue(conversions=conversion(None, None)) == {"a": None, "b": None, "c": None}


def test_a_missing_rate_is_an_error_that_names_tenant_day_and_currencies() -> None:
    with pytest.raises(PermanentError, match=r"tenant harbour .*2026-03-10 in GBP.*no rate GBP/USD"):
        revenue(conversions=conversion(100, "GBP"))


def test_another_currency_is_converted_at_the_rate_of_the_day_half_up() -> None:
    rates = {(DAY, "GBP", "USD"): Decimal("1.255")}
    assert sum(revenue(conversions=conversion(100, "GBP"), rates=rates).values()) == 126


def test_an_amount_that_a_wrong_rate_makes_absurd_is_an_error_that_names_tenant_day_and_rate() -> None:
    rates = {(DAY, "GBP", "USD"): Decimal(10) ** 9}
    with pytest.raises(PermanentError, match=r"tenant harbour .*2026-03-10 .*the rate GBP/USD of that day"):
        revenue(conversions=conversion(10**12, "GBP"), rates=rates)


def test_refunds_that_no_number_holds_are_refused_rather_than_wrapped() -> None:
    twice = refunds((5 * 10**18, datetime(2026, 3, 12, tzinfo=UTC)), (5 * 10**18, datetime(2026, 3, 13, tzinfo=UTC)))
    with pytest.raises(pl.exceptions.InvalidOperationError):
        revenue(conversions=conversion(100), adjustments=twice)


def test_a_currency_without_minor_units_keeps_its_size() -> None:
    rates = {(DAY, "JPY", "USD"): Decimal("0.0067")}
    assert sum(revenue(conversions=conversion(10_000, "JPY"), rates=rates).values()) == 6_700


def test_campaigns_of_two_currencies_share_a_conversion_each_in_its_own() -> None:
    shared = credits_of({"a": 0.5, "b": 0.5}, {"b": "summer"})
    assert revenue(credited=shared, rates={(DAY, "USD", "EUR"): Decimal("0.9")}) == {"a": 50, "b": 45}


def test_a_campaign_outside_the_scope_keeps_its_share_and_needs_no_rate() -> None:
    shared = credits_of({"a": 0.5, "b": 0.5}, {"b": "summer"})
    assert revenue(credited=shared, campaigns=CAMPAIGNS.head(1)) == {"a": 50, "b": None}


@settings(max_examples=80, deadline=None)
@given(
    st.integers(-(10**11), 10**11),
    st.lists(st.floats(0.001, 1), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_parts_always_sum_to_the_whole_within_a_unit_of_their_share(
    total: int, weights: list[float], shuffler: object
) -> None:
    whole = sum(weights)
    frame = pl.DataFrame(
        {
            "group": ["order"] * len(weights),
            "show": [f"show-{number:02}" for number in range(len(weights))],
            "total": [total] * len(weights),
            "share": [weight / whole for weight in weights],
        }
    )
    parts = split_by_largest_remainder(frame, "total", "share", ["group"], ["show"])
    assert parts.sum() == total
    errors = (parts - frame.get_column("total") * frame.get_column("share")).abs()
    assert errors.max() <= 1.001  # type: ignore[operator]
    order = list(range(len(weights)))
    shuffler.shuffle(order)  # type: ignore[attr-defined]
    assert split_by_largest_remainder(frame[order], "total", "share", ["group"], ["show"]).equals(parts[order])


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**6),
            st.integers(0, 10**6),
            st.lists(
                st.tuples(st.sampled_from("abcd"), st.sampled_from("xy"), st.floats(0.01, 1)), min_size=1, max_size=6
            ),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_shows_sum_to_campaigns_and_campaigns_to_conversions(
    drawn: list[tuple[int, int, list[tuple[str, str, float]]]],
) -> None:
    rows, sold, returned = [], [], []
    for number, (value, given_back, weights) in enumerate(drawn):
        shows: dict[tuple[str, str], float] = {}
        for placement, episode, weight in weights:
            shows[placement, episode] = shows.get((placement, episode), 0) + weight / sum(each for *_, each in weights)
        key = {"tenant_id": "harbour", "conversion_id": f"order-{number}", "model": "linear"}
        rows += [
            {**key, "placement_id": p, "episode_id": e, "campaign_id": f"campaign-{p in 'ab'}", "credit": share}
            for (p, e), share in shows.items()
        ]
        sold.append(conversion(value).with_columns(conversion_id=pl.lit(key["conversion_id"])))
        returned.append(
            refunds((given_back, datetime(2026, 3, 20, tzinfo=UTC))).with_columns(
                conversion_id=pl.lit(key["conversion_id"])
            )
        )
    campaigns = pl.DataFrame(
        {"tenant_id": ["harbour"] * 2, "campaign_id": ["campaign-True", "campaign-False"], "currency": ["USD"] * 2}
    )
    earned = attribute_money(pl.DataFrame(rows), pl.concat(sold), pl.concat(returned), campaigns, {}, LATER)
    for number, (value, given_back, _) in enumerate(drawn):
        assert earned.filter(conversion_id=f"order-{number}")["revenue_minor"].sum() == value - given_back
    per_campaign = earned.group_by("campaign_id").agg(pl.col("revenue_minor").sum())
    assert per_campaign["revenue_minor"].sum() == sum(value - given_back for value, given_back, _ in drawn)


def test_a_touch_outside_of_any_episode_gets_its_money_too() -> None:
    """A click on a campaign's link belongs to a placement, and to no episode."""
    shows = pl.DataFrame(
        {
            "model": ["linear"] * 2,
            "conversion_id": ["order"] * 2,
            "placement_id": ["link", "mid-roll"],
            "episode_id": [None, "pilot"],
            "campaign_id": ["spring"] * 2,
            "credit": [0.5, 0.5],
        }
    )
    worth = pl.DataFrame({"conversion_id": ["order"], "value_minor": [4001], "currency": ["EUR"]})
    campaigns = pl.DataFrame({"campaign_id": ["spring"], "currency": ["EUR"]})
    outcome = attribute_money(shows, worth, None, campaigns, {}, datetime(2026, 4, 1, tzinfo=UTC))
    assert dict(outcome.select("placement_id", "revenue_minor").iter_rows()) == {"link": 2001, "mid-roll": 2000}


def test_a_refund_is_converted_at_the_rate_of_its_own_day() -> None:
    back = datetime(2026, 3, 20, 9, tzinfo=UTC)
    rates = {(DAY, "EUR", "USD"): Decimal("1.1"), (back.date(), "EUR", "USD"): Decimal("1.2")}
    net = net_values(conversion(10_000), refunds((1000, back), currency="EUR"), rates, LATER)
    assert net["net_minor"].to_list() == [10_000 - 1200]


def test_a_cent_that_two_shows_share_goes_to_the_first_placement_whatever_its_episode() -> None:
    shows = credits_of({"host-read": 0.5, "pre-roll": 0.5}).with_columns(episode_id=pl.Series(["ep-2", "ep-1"]))
    outcome = attribute_money(shows, conversion(1), refunds(), CAMPAIGNS, {}, LATER)
    assert dict(outcome.select("placement_id", "revenue_minor").iter_rows()) == {"host-read": 1, "pre-roll": 0}
