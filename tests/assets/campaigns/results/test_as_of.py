"""As of an earlier moment: what had been received of it by then, and nothing that came later."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from assets.campaigns.period.reading import read_period
from assets.campaigns.period.summarising import summarise
from sql.values import Window
from tests.assets.campaigns.test_daily import (
    BOUGHT,
    HOMES,
    add,
    add_campaign,
    add_exposures,
    named,
    roll_up,
    signal,
)

if TYPE_CHECKING:
    from sql.warehouse import Warehouse

PERIOD = Window.of_days(date(2026, 3, 1), date(2026, 3, 5))
SOON, LATE = PERIOD.end + timedelta(days=2), PERIOD.end + timedelta(days=25)


@pytest.fixture
def harbour(warehouse: Warehouse) -> Warehouse:
    add_campaign(warehouse, "harbour")
    add_exposures(warehouse, "harbour")
    return warehouse


def received(row: dict[str, object], days: float) -> dict[str, object]:
    return {**row, "received_at": BOUGHT + timedelta(days=days)}


def paid(minor: int) -> dict[str, object]:
    return {"value_minor": minor, "currency": "USD"}


def revenue(harbour: Warehouse, window: Window, by: datetime) -> int | None:
    result = summarise(
        read_period(harbour.read, named("harbour"), [named("spring")], window, "UTC", by, received_by=by)
    ).kpis
    amount: int | None = result.filter(kpi="revenue", model="linear", level="campaign")["amount_minor"].item()
    return amount


def conversions(harbour: Warehouse, window: Window, by: datetime) -> float:
    result = summarise(
        read_period(harbour.read, named("harbour"), [named("spring")], window, "UTC", by, received_by=by)
    ).kpis
    return float(result.filter(kpi="conversions", model="linear", level="campaign")["estimate"].item())


def test_a_better_value_and_a_refund_that_were_received_later_were_not_known(harbour: Warehouse) -> None:
    order = {"order_id": "A", "client_ip": HOMES[0], "user_agent": "Browser/9"}
    server = {"order_id": "A", "signal": "server"}
    back = signal("harbour", "back", BOUGHT + timedelta(hours=3), **server, **paid(1500))
    add(
        harbour,
        "attribution_events",
        received(signal("harbour", "pixel", BOUGHT, **order, **paid(2000)), 0),
        received(signal("harbour", "server", BOUGHT + timedelta(hours=2), **server, **paid(9000)), 20),
        received({**back, "kind": "refund"}, 20),
    )
    roll_up(harbour, [named("harbour")], date(2026, 3, 5))
    assert revenue(harbour, PERIOD, SOON) == 2000
    assert revenue(harbour, PERIOD, LATE) == 9000 - 1500


def test_an_order_stood_on_the_day_of_the_first_signal_that_was_known(harbour: Warehouse) -> None:
    """Its true first signal came in ten days late and moved it into the days before."""
    order = {"order_id": "A", "client_ip": HOMES[0], "user_agent": "Browser/9", **paid(2000)}
    add(
        harbour,
        "attribution_events",
        received(signal("harbour", "first", BOUGHT - timedelta(days=1), **order), 10),
        received(signal("harbour", "second", BOUGHT, **order), 0),
    )
    roll_up(harbour, [named("harbour")], date(2026, 3, 5))
    before = Window.of_days(date(2026, 3, 1), date(2026, 3, 4))
    last = Window.of_day(date(2026, 3, 5))
    assert [conversions(harbour, window, SOON) for window in (before, last)] == [0, 1]
    assert [conversions(harbour, window, LATE) for window in (before, last)] == [1, 0]


def test_an_event_without_an_order_is_known_once_it_is_received(harbour: Warehouse) -> None:
    lone = signal("harbour", "lone", BOUGHT, client_ip=HOMES[0], user_agent="Browser/9", **paid(700))
    add(harbour, "attribution_events", received(lone, 5))
    roll_up(harbour, [named("harbour")], date(2026, 3, 5))
    assert [conversions(harbour, PERIOD, by) for by in (SOON, LATE)] == [0, 1]
