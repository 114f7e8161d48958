"""The SQL of each number, on rows that are written out: what it counts, and when there is nothing to say."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from assets.reporting.tracing import number_values as values
from assets.reporting.tracing.numbers import NUMBERS
from reports.thresholds import FEWEST_FOR_RATIOS, FEWEST_TO_MODEL
from sql.embedded import Server

# Four ads of two placements in three households; of the placement p, two of three at addresses of one household.
ADS = """ads (placement_id, household_key, address_class, occurred_at) AS (VALUES
    ('p', 1, 'household', 10), ('p', 1, 'household', 30), ('p', 2, 'shared', 10), ('q', 3, 'household', 21))"""
SPEND = """spend (placement_id, delivered_before, delivered, booked_impressions, spend_minor) AS (VALUES
    ('p', 5, 3, 100, 400), ('p', 5, 3, 100, 200), ('q', 0, 1, 20, {last}))"""
CHOSEN = "chosen (margin) AS (VALUES (0.5), ({margin}))"
# So many sales of half a credit each, of households 1 and on, and one visit by the first.
EARNED = """earned (conversion_id, placement_id, kind, is_goal, credit, revenue_minor, is_by_address, household_key,
    converted_at) AS (
    SELECT 'sale ' || n, 'p', 'purchase', true, 0.5, 1000, true, n, 20 FROM generate_series(1, {sales}) AS n
    UNION ALL SELECT 'gift ' || n, 'p', 'purchase', true, 0.5, NULL, true, 9, 20 FROM generate_series(1, {gifts}) AS n
    UNION ALL SELECT 'visit', 'p', 'visit', false, 1, NULL, true, 1, 20
), earned_by_all AS (SELECT * FROM earned)"""


@pytest.fixture
def connection(server: Server) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Any database will do: the rows are in the statement."""
    with psycopg.connect(server.url) as connected:
        yield connected


def value_of(
    connection: psycopg.Connection[tuple[object, ...]],
    expression: str,
    sales: int = 6,
    last: str = "0",
    margin: str = "0.5",
    gifts: int = 0,
) -> float | None:
    sets = ", ".join(
        [ADS, SPEND.format(last=last), CHOSEN.format(margin=margin), EARNED.format(sales=sales, gifts=gifts)]
    )
    row = connection.execute(f"WITH {sets} SELECT {expression}".encode()).fetchone()
    assert row is not None
    return None if row[0] is None else float(Decimal(str(row[0])))


def test_ads_are_counted_and_households_once(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    assert value_of(connection, values.DELIVERED) == 4
    assert value_of(connection, values.REACH) == 3
    assert value_of(connection, values.USABLE_SHARE) == 0.75
    assert value_of(connection, values.DELIVERED_SO_FAR) == 9
    assert value_of(connection, values.BOOKED) == 120


def test_conversions_are_credit_and_revenue_is_nothing_without_any(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    assert value_of(connection, values.CONVERSIONS) == 3
    assert value_of(connection, values.REVENUE) == 6000
    assert value_of(connection, values.REVENUE, sales=0) == 0
    assert value_of(connection, values.VISITS) == 1


def test_an_average_is_over_the_conversions_whose_value_is_known(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    """Six halves of orders of 20.00, and six whose value nobody knows."""
    assert value_of(connection, values.CONVERSIONS, gifts=6) == 6
    assert value_of(connection, NUMBERS["aov"].value, gifts=6) == 2000
    assert value_of(connection, values.REVENUE, gifts=6) == 6000


def test_a_price_or_margin_that_is_not_known_leaves_no_sum(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    assert value_of(connection, values.SPEND) == 600
    assert value_of(connection, values.SPEND, last="NULL::int") is None
    assert value_of(connection, values.MARGIN) == 0.5
    assert value_of(connection, values.MARGIN, margin="0.4") is None


@pytest.mark.parametrize(("sales", "is_shown"), [(FEWEST_FOR_RATIOS - 1, False), (FEWEST_FOR_RATIOS, True)])
def test_ratios_are_shown_from_the_fewest_conversions_on(
    connection: psycopg.Connection[tuple[object, ...]], sales: int, is_shown: bool
) -> None:
    expected = sales * 1000 / 600 if is_shown else None
    assert value_of(connection, NUMBERS["roas"].value, sales) == (pytest.approx(expected) if is_shown else None)


def test_those_who_respond_are_among_those_who_were_reached(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Of six households with sales, the first three heard an ad of the period, the third only after its sale."""
    assert value_of(connection, values.RESPONDERS) == 2
    assert value_of(connection, values.VISITORS) == 1
    # Two households are too few for a rate.
    assert value_of(connection, values.rate(values.RESPONDERS)) is None
    assert value_of(connection, values.over(values.RESPONDERS, values.REACH)) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("sales", "modelled"), [(FEWEST_TO_MODEL - 1, None), (FEWEST_TO_MODEL, FEWEST_TO_MODEL / 2 * 3 / 2)]
)
def test_a_placement_is_modelled_from_the_fewest_conversions_on(
    connection: psycopg.Connection[tuple[object, ...]], sales: int, modelled: float | None
) -> None:
    assert value_of(connection, values.MODELLED, sales) == modelled


def test_nothing_is_divided_by_nothing(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    assert value_of(connection, values.over("3", "0")) is None
    assert value_of(connection, values.over("3", "2")) == 1.5
    assert value_of(connection, values.OF_ONE_PLACEMENT["revenue"], sales=0) == 0
