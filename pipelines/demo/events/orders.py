"""What customers do: orders and visits that an ad caused, and those that would have come anyway.

Here: who acts when, at known rates, with the signals of each order; its time and value follow from the definition:
the earliest signal, and the value of the best one (server, then pixel, then code).
Not here: rows of attribution_events (conversion_rows.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.demo.events.advertising import Exposures
from pipelines.demo.world.audience import HOUSEHOLDS, LISTENERS, Audience
from pipelines.demo.world.calendar import DAY, HOUR, MINUTE, SECOND, Span, start_of
from pipelines.demo.world.catalogue import UNKNOWN, Library
from pipelines.demo.world.dice import Bools, Floats, Ints, joined, taken

# Published curve: of the response within 30 days, 37.5 % is seen by day 1 and 66.4 % by day 7.
RESPONSE_SHARE, RESPONSE_DAYS = (0.0, 0.375, 0.664, 1.0), (0.0, 1.0, 7.0, 29.9)

VISITS_PER_ORDER = 2.5
PIXEL_SHARE, SERVER_SHARE, CODE_SHARE, COUPON_SITE_SHARE = 0.78, 0.7, 0.35, 0.2
SHIPPING_SHARE, SETTLED_LATER_SHARE, FIRED_TWICE_SHARE, SURVEY_SHARE = 0.2, 0.06, 0.03, 0.08
REFUND_SHARE, CANCELLED_SHARE = 0.06, 0.6

SERVER, PIXEL, CODE, PIXEL_AGAIN, SURVEY = range(5)


@dataclass(frozen=True, slots=True)
class Actions:
    """Intended orders or visits, one entry each: sponsor (its place in the tenant), when, who, and what caused it.

    caused_at and placement are UNKNOWN for what would have come anyway.
    """

    sponsor: Ints
    at: Ints
    listener: Ints
    address: Ints
    caused_at: Ints
    placement: Ints

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class Signals:
    """The signals of each order: times by kind of signal (UNKNOWN: not sent), values, and the code that was used."""

    at: Ints
    server_value: Ints
    pixel_value: Ints
    code: Ints
    refund_at: Ints
    refund: Ints
    cancelled: Bools
    new_customer: Bools

    def __len__(self) -> int:
        return len(self.server_value)

    @property
    def first_signal_at(self) -> Ints:
        """The earliest signal of each order that can make a conversion; a survey never does."""
        times = np.where(self.at[:, :SURVEY] == UNKNOWN, np.iinfo(np.int64).max, self.at[:, :SURVEY])
        earliest: Ints = times.min(axis=1)
        return earliest

    @property
    def value(self) -> Ints:
        """The value of the best signal; a code carries the same value as the server."""
        pixel = (self.at[:, SERVER] == UNKNOWN) & (self.at[:, PIXEL] != UNKNOWN)
        return np.where(pixel, self.pixel_value, self.server_value)


def sponsor_of_placement(library: Library) -> Ints:
    """The number of each placement's sponsor, by the placement's number."""
    slugs = [sponsor.slug for sponsor in library.tenant.sponsors]
    return np.array([slugs.index(each.campaign.sponsor) for each in library.placed], dtype=np.int64)


def make_actions(
    library: Library, audience: Audience, exposures: Exposures, day: date, factor: float, rng: np.random.Generator
) -> Actions:
    """Actions caused by a day's exposures, later by the curve, and those of that day that no ad caused."""
    return joined([_caused(library, exposures, factor, rng), _baseline(library, audience, day, factor, rng)])


def _caused(library: Library, exposures: Exposures, factor: float, rng: np.random.Generator) -> Actions:
    lift = np.array([each.lift for each in library.tenant.sponsors])
    sponsor = sponsor_of_placement(library)[exposures.placement]
    hit = np.nonzero(rng.random(len(exposures)) < lift[sponsor] * factor)[0]
    days: Floats = np.interp(rng.random(len(hit)), RESPONSE_SHARE, RESPONSE_DAYS)
    at = exposures.at[hit] + np.maximum(2 * MINUTE, (days * DAY).astype(np.int64))
    return Actions(
        sponsor[hit], at, exposures.listener[hit], exposures.address[hit], exposures.at[hit], exposures.placement[hit]
    )


def _baseline(library: Library, audience: Audience, day: date, factor: float, rng: np.random.Generator) -> Actions:
    households = audience.count * HOUSEHOLDS / LISTENERS
    rates = [each.baseline * factor * households / 1000 for each in library.tenant.sponsors]
    sponsor = np.repeat(np.arange(len(rates)), rng.poisson(rates)).astype(np.int64)
    listener = rng.integers(0, audience.count, size=len(sponsor))
    at = start_of(day) + rng.integers(0, DAY, size=len(sponsor))
    nothing = np.full(len(sponsor), UNKNOWN, dtype=np.int64)
    return Actions(sponsor, at, listener, audience.address(listener), nothing, nothing)


def make_signals(library: Library, actions: Actions, span: Span, rng: np.random.Generator) -> tuple[Actions, Signals]:
    """The signals of each order, those before the end of the span; an order without any signal is no order."""
    count = len(actions)
    code = _choose_codes(library, actions, rng)
    at = np.full((count, 5), UNKNOWN, dtype=np.int64)
    pixel = rng.random(count) < PIXEL_SHARE
    server = (rng.random(count) < SERVER_SHARE) | ~pixel
    delay = np.where(rng.random(count) < SETTLED_LATER_SHARE, DAY + 3 * HOUR, 0)
    overnight = (actions.at // DAY + 1) * DAY + 4 * HOUR
    at[:, PIXEL] = np.where(pixel, actions.at, UNKNOWN)
    at[:, SERVER] = np.where(server, actions.at + delay + rng.integers(SECOND, 40 * SECOND, size=count), UNKNOWN)
    signalled_at = np.where(rng.random(count) < 0.5, overnight, actions.at + 2 * SECOND)
    at[:, CODE] = np.where(code != UNKNOWN, signalled_at, UNKNOWN)
    again = pixel & (rng.random(count) < FIRED_TWICE_SHARE)
    at[:, PIXEL_AGAIN] = np.where(again, actions.at + 8 * SECOND, UNKNOWN)
    at[:, SURVEY] = np.where(rng.random(count) < SURVEY_SHARE, actions.at + 2 * DAY, UNKNOWN)
    at[at >= span.end] = UNKNOWN
    value, pixel_value = _price(library, actions, rng)
    # A code that is reported at night, without any other signal, moves the order: by definition that is its time.
    signals = Signals(at, value, pixel_value, np.where(at[:, CODE] == UNKNOWN, UNKNOWN, code), *_refund(actions, rng))
    signalled = np.nonzero((at[:, :SURVEY] != UNKNOWN).any(axis=1))[0]
    actions, signals = taken(actions, signalled), taken(signals, signalled)
    return actions, _price_refunds(library, actions, signals, span)


def _choose_codes(library: Library, actions: Actions, rng: np.random.Generator) -> Ints:
    """The placement whose code a customer uses: the one that caused the order, or what a coupon site offers."""
    coded = np.array([each.number for each in library.placed if each.spot.code], dtype=np.int64)
    luck = rng.random(len(actions))
    own = np.where(np.isin(actions.placement, coded) & (luck < CODE_SHARE), actions.placement, UNKNOWN)
    found = rng.choice(coded, size=len(actions))
    fits = sponsor_of_placement(library)[found] == actions.sponsor
    stray = (actions.placement == UNKNOWN) & fits & (luck < COUPON_SITE_SHARE)
    code = np.where(stray, found, own)
    begins = np.array([start_of(each.flight_start) + 2 * DAY for each in library.placed], dtype=np.int64)
    return np.where((code != UNKNOWN) & (actions.at >= begins[np.maximum(code, 0)]), code, UNKNOWN)


def _price(library: Library, actions: Actions, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Values by the server and by the pixel, which now and then adds shipping. UNKNOWN: no value."""
    low = np.array([each.low for each in library.tenant.sponsors])[actions.sponsor]
    high = np.array([each.high for each in library.tenant.sponsors])[actions.sponsor]
    value = (low + (high - low) * rng.beta(1.6, 4.0, size=len(actions))).astype(np.int64)
    shipping = np.where(rng.random(len(actions)) < SHIPPING_SHARE, low // 6, 0)
    free = high == 0
    return np.where(free, UNKNOWN, value), np.where(free, UNKNOWN, value + shipping)


def _refund(actions: Actions, rng: np.random.Generator) -> tuple[Ints, Ints, Bools, Bools]:
    """When and how much (in thousandths of the value) is given back; whether all of it; whether a new customer."""
    count = len(actions)
    back = rng.random(count) < REFUND_SHARE
    cancelled = rng.random(count) < CANCELLED_SHARE
    at = actions.at + rng.integers(2 * DAY, 20 * DAY, size=count)
    part = np.where(cancelled, 1000, rng.integers(250, 700, size=count))
    return np.where(back, at, UNKNOWN), part.astype(np.int64), cancelled, rng.random(count) < 0.7


def _price_refunds(library: Library, actions: Actions, signals: Signals, span: Span) -> Signals:
    """Refunds in minor units of purchases, inside the span; a cancellation gives everything back."""
    sells = np.array([each.kind == "purchase" for each in library.tenant.sponsors])[actions.sponsor]
    is_refunded = (signals.refund_at != UNKNOWN) & (signals.refund_at < span.end) & sells
    return Signals(
        signals.at,
        signals.server_value,
        signals.pixel_value,
        signals.code,
        np.where(is_refunded, signals.refund_at, UNKNOWN),
        np.where(is_refunded, signals.value * signals.refund // 1000, 0),
        signals.cancelled,
        signals.new_customer,
    )
