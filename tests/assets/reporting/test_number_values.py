"""The SQL of each number, on rows that are written out: what it counts, and when there is nothing to say."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from assets.reporting import number_values as values
from assets.reporting.numbers import NUMBERS
from reports.thresholds import FEWEST_FOR_RATIOS, FEWEST_TO_MODEL
from sql.embedded import Server

# Four ads of two placements in three households; of the placement p, two of three at addresses of one household.
ADS = """ads (placement_id, household_key, address_class) AS (VALUES
    ('p', 1, 'household'), ('p', 1, 'household'), ('p', 2, 'shared'), ('q', 3, 'household'))"""
SPEND = """spend (placement_id, delivered_before, delivered, booked_impressions, spend_minor) AS (VALUES
    ('p', 5, 3, 100, 400), ('p', 5, 3, 100, 200), ('q', 0, 1, 20, {last}))"""
CHOSEN = "chosen (margin) AS (VALUES (0.5), ({margin}))"
# So many sales of half a credit each, and one visit.
EARNED = """earned (conversion_id, placement_id, kind, is_goal, credit, revenue_minor, unit, is_by_address) AS (
    SELECT 'sale ' || n, 'p', 'purchase', true, 0.5, 1000, 'home ' || n, true FROM generate_series(1, {sales}) AS n
    UNION ALL SELECT 'visit', 'p', 'visit', false, 1, NULL, 'home 1', true
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
) -> float | None:
    sets = ", ".join([ADS, SPEND.format(last=last), CHOSEN.format(margin=margin), EARNED.format(sales=sales)])
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


def test_no_more_households_respond_than_were_reached(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    assert value_of(connection, values.rate(values.VISITORS)) == pytest.approx(1 / 3)
    assert value_of(connection, values.rate(values.RESPONDERS)) == 1


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
