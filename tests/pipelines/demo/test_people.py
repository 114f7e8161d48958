"""Who listens and who buys: identities without doubles, and the configured rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.demo.events.advertising import Exposures
from pipelines.demo.events.orders import make_actions, make_signals
from pipelines.demo.events.schedule import draw_sessions, prime_below
from pipelines.demo.simulation import Simulation
from pipelines.demo.world.audience import HOME, KIND_SHIFT, Audience, address_text
from pipelines.demo.world.calendar import DAY
from pipelines.demo.world.dice import stream
from pipelines.demo.world.network import HARBOR

HEARD = 40_000


def heard(simulation: Simulation) -> Exposures:
    """Many ads of one placement, each heard in a household of its own on the first day."""
    listeners = np.arange(HEARD) * 10
    at = np.full(HEARD, simulation.span.start)
    address = simulation.plans[0].audience.address(listeners)
    zero = np.zeros(HEARD, dtype=np.int64)
    return Exposures(at, zero, zero, listeners, address, zero)


def test_guests_share_their_address_with_nobody() -> None:
    audience = Audience(HARBOR, 4, 5_000)
    guests = audience.address(audience.guest(np.arange(2_000)))
    assert len(set(guests)) == 2_000
    assert set(guests).isdisjoint(audience.address(np.arange(5_000)))


def test_every_home_line_has_an_address_of_its_own() -> None:
    numbers = HOME << KIND_SHIFT | np.arange(200_000)
    written = address_text(numbers, stream(1, "addresses"), mapped_share=0.0)
    assert written.n_unique() == len(numbers)


@settings(max_examples=30, deadline=None)
@given(st.integers(min_value=2, max_value=200_000))
def test_the_prime_below_a_number_is_one(number: int) -> None:
    prime = prime_below(number)
    assert 2 <= prime <= number
    assert all(prime % each for each in range(2, int(prime**0.5) + 1))


def test_nobody_hears_an_episode_twice_over_all_days(simulation: Simulation) -> None:
    plan = simulation.plans[1]
    pairs: set[tuple[int, int]] = set()
    total = 0
    for day in simulation.span.days():
        sessions = draw_sessions(plan, day, simulation.seed)
        pairs |= set(zip(sessions.episode.tolist(), sessions.listener.tolist(), strict=True))
        total += len(sessions)
    assert len(pairs) == total


def test_an_ad_causes_orders_at_the_configured_rate_and_by_the_published_curve(simulation: Simulation) -> None:
    plan = simulation.plans[0]
    exposures = heard(simulation)
    sponsor = HARBOR.sponsors[0]
    actions = make_actions(plan.library, plan.audience, exposures, simulation.span.first, 10.0, stream(2, "orders"))
    caused = actions.placement == 0
    assert caused.sum() == pytest.approx(HEARD * sponsor.lift * 10, rel=0.08)
    lag = (actions.at - actions.caused_at)[caused]
    assert (lag <= DAY).mean() == pytest.approx(0.375, abs=0.03)
    assert (lag <= 7 * DAY).mean() == pytest.approx(0.664, abs=0.03)
    assert lag.max() <= 30 * DAY


def test_an_order_is_worth_what_its_best_signal_says(simulation: Simulation) -> None:
    plan = simulation.plans[0]
    rng = stream(3, "signals")
    actions = make_actions(plan.library, plan.audience, heard(simulation), simulation.span.first, 10.0, rng)
    _, signals = make_signals(plan.library, actions, simulation.span, rng)
    server, pixel = signals.at[:, 0] >= 0, signals.at[:, 1] >= 0
    assert (signals.value[server] == signals.server_value[server]).all()
    assert (signals.value[~server & pixel] == signals.pixel_value[~server & pixel]).all()
    assert (signals.pixel_value >= signals.server_value).all()
    assert (signals.first_signal_at < simulation.span.end).all()
