"""Rows of attribution_events: signals of orders, visits, refunds, survey answers, clicks and reported impressions.

Here: columns and text. Not here: who acts and why (orders.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.demo.events.advertising import Exposures
from pipelines.demo.events.orders import (
    CODE,
    PIXEL,
    PIXEL_AGAIN,
    SERVER,
    SURVEY,
    Actions,
    Signals,
    sponsor_of_placement,
)
from pipelines.demo.events.wire import received, redelivered, times
from pipelines.demo.world import agents
from pipelines.demo.world.audience import address_text
from pipelines.demo.world.calendar import Span
from pipelines.demo.world.campaigns import campaign_id, sponsor_id
from pipelines.demo.world.catalogue import UNKNOWN, Library
from pipelines.demo.world.dice import Bools, Ints, as_binary, event_ids, joined, taken

KINDS = ("visit", "lead", "signup", "install", "trial", "purchase", "refund", "survey", "click", "impression")
SIGNALS = ("pixel", "server", "promo_code", "vanity_url", "utm", "survey")
KIND = {name: n for n, name in enumerate(KINDS)}
SIGNAL = {name: n for n, name in enumerate(SIGNALS)}

# More than any shop sells in a simulated day; an order's number holds its day.
ORDERS_PER_DAY = 1_000_000

UTM_SHARE, VANITY_SHARE = 0.15, 0.12
# A server call of a shop holds the customer's address in six of ten cases.
SERVER_ADDRESS_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class AttributionEvents:
    """Attribution events, one entry each; UNKNOWN (-1) is NULL.

    named: the placement reported by its id. coded: by its code.
    """

    at: Ints
    sponsor: Ints
    kind: Ints
    signal: Ints
    order: Ints
    value: Ints
    address: Ints
    named: Ints
    coded: Ints
    vanity: Ints
    episode: Ints
    new_customer: Ints

    def __len__(self) -> int:
        return len(self.at)


def make_events(at: Ints, sponsor: Ints, kind: Ints, signal: int, address: Ints, **fields: Ints) -> AttributionEvents:
    """Events in which every field that is not passed is NULL."""
    nothing = np.full(len(at), UNKNOWN, dtype=np.int64)
    rest = {name: fields.get(name, nothing) for name in ("named", "coded", "vanity", "episode", "new_customer")}
    order, value = fields.get("order", nothing), fields.get("value", nothing)
    return AttributionEvents(at, sponsor, kind, nothing * 0 + signal, order, value, address, **rest)


def order_events(
    library: Library, actions: Actions, signals: Signals, numbers: Ints, rng: np.random.Generator
) -> AttributionEvents:
    """Every signal of every order, refunds and survey answers included."""
    kinds = np.array([KIND[each.kind] for each in library.tenant.sponsors], dtype=np.int64)[actions.sponsor]
    addresses = np.where(rng.random(len(actions)) < SERVER_ADDRESS_SHARE, actions.address, UNKNOWN)
    new = signals.new_customer.astype(np.int64)
    parts = []
    for column, signal, value, address in (
        (SERVER, "server", signals.server_value, addresses),
        (PIXEL, "pixel", signals.pixel_value, actions.address),
        (PIXEL_AGAIN, "pixel", signals.pixel_value, actions.address),
        (CODE, "promo_code", signals.server_value, addresses),
    ):
        coded = signals.code if column == CODE else np.full_like(signals.code, UNKNOWN)
        made = make_events(
            signals.at[:, column], actions.sponsor, kinds, SIGNAL[signal], address,
            order=numbers, value=value, coded=coded, new_customer=new,
        )  # fmt: skip
        parts.append(taken(made, np.nonzero(made.at != UNKNOWN)[0]))
    unknown = np.full(len(actions), UNKNOWN, dtype=np.int64)
    back = make_events(
        signals.refund_at, actions.sponsor, unknown * 0 + KIND["refund"], SIGNAL["server"], unknown,
        order=numbers, value=signals.refund,
    )  # fmt: skip
    survey = make_events(
        signals.at[:, SURVEY], actions.sponsor, unknown * 0 + KIND["survey"], SIGNAL["survey"], actions.address,
        order=numbers, named=actions.placement,
    )  # fmt: skip
    parts += [taken(each, np.nonzero(each.at != UNKNOWN)[0]) for each in (back, survey)]
    return joined(parts)


def visit_events(library: Library, actions: Actions, rng: np.random.Generator) -> AttributionEvents:
    """Visits of the sponsor's site: reported by a pixel, by campaign links, or by a vanity address that was typed."""
    luck = rng.random(len(actions))
    vanities = np.array([each.spot.vanity is not None for each in library.placed])
    caused = actions.placement != UNKNOWN
    typed = caused & vanities[np.maximum(actions.placement, 0)] & (luck < VANITY_SHARE)
    linked = caused & ~typed & (luck > 1 - UTM_SHARE)
    kind = np.full(len(actions), KIND["visit"], dtype=np.int64)
    visits = make_events(
        actions.at, actions.sponsor, kind, SIGNAL["pixel"], actions.address,
        vanity=np.where(typed, actions.placement, UNKNOWN), named=np.where(linked, actions.placement, UNKNOWN),
    )  # fmt: skip
    signal = np.where(typed, SIGNAL["vanity_url"], np.where(linked, SIGNAL["utm"], visits.signal))
    return AttributionEvents(visits.at, visits.sponsor, visits.kind, signal, *_rest(visits))


def _rest(record: AttributionEvents) -> list[Ints]:
    names = ("order", "value", "address", "named", "coded", "vanity", "episode", "new_customer")
    return [getattr(record, name) for name in names]


def contact_events(library: Library, exposures: Exposures, kind: str, signal: str) -> AttributionEvents:
    """Clicks or impressions, which are reported with their placement."""
    sponsor = sponsor_of_placement(library)[exposures.placement]
    kinds = np.full(len(exposures), KIND[kind], dtype=np.int64)
    return make_events(
        exposures.at, sponsor, kinds, SIGNAL[signal], exposures.address,
        named=exposures.placement, episode=exposures.episode,
    )  # fmt: skip


def event_frame(library: Library, events: AttributionEvents, span: Span, rng: np.random.Generator) -> pl.DataFrame:
    """Rows of attribution_events. Order ids repeat between sponsors, as shops number their orders alone."""
    tenant = library.tenant
    campaigns = [campaign_id(tenant, each.campaign.slug).bytes for each in library.placed]
    shouted = rng.random(len(events)) < 0.4
    frame = pl.DataFrame(
        {
            "event_id": event_ids(rng, len(events)),
            "occurred_at": times(events.at),
            "received_at": times(received(events.at, span, rng)),
            "sponsor_id": _choose([sponsor_id(tenant, each.slug).bytes for each in tenant.sponsors], events.sponsor),
            "campaign_id": _choose(campaigns, events.named),
            "placement_id": _choose([each.placement_id.bytes for each in library.placed], events.named),
            "episode_id": _choose([each.episode_id.bytes for each in library.episodes], events.episode),
            "kind": pl.Series(KINDS, dtype=pl.String).gather(events.kind),
            "signal": pl.Series(SIGNALS, dtype=pl.String).gather(events.signal),
            "order_id": order_ids(events.order),
            "value_minor": pl.Series(events.value).replace(UNKNOWN, None),
            "currency": _optional(np.where(events.value == UNKNOWN, UNKNOWN, 0), [tenant.currency]),
            "promo_code": _codes(library, events, shouted),
            "utm": _optional(np.where(events.signal == SIGNAL["utm"], events.named, UNKNOWN), _links(library)),
            "client_ip": address_text(np.maximum(events.address, 0), rng),
            "user_agent": pl.Series(agents.PAGES, dtype=pl.String).gather(events.address % len(agents.PAGES)),
            "is_new_customer": pl.Series(events.new_customer).replace(UNKNOWN, None).cast(pl.Boolean),
            "attribution_data": _optional(
                np.where(events.kind == KIND["survey"], 0, UNKNOWN), ['{"question": "How did you hear about us?"}']
            ),
            "silent": events.address == UNKNOWN,
        }
    ).with_columns(
        pl.when("silent").then(None).otherwise(pl.col("client_ip", "user_agent")).name.keep(),
        tenant_id=pl.lit(library.tenant_id.bytes),
    )
    return redelivered(frame.drop("silent"), rng)


def order_ids(numbers: Ints) -> pl.Series:
    """Order ids as a shop prints them; null where there is no order."""
    n = pl.col("n")
    printed = pl.format("{}-{}", n // ORDERS_PER_DAY, n % ORDERS_PER_DAY + 1001)
    return pl.DataFrame({"n": numbers}).select(order_id=pl.when(n >= 0).then(printed)).to_series()


def _links(library: Library) -> list[str]:
    return [
        f'{{"source": "podcast", "medium": "audio", "campaign": "{each.campaign.slug}", "content": "{each.spot.show}"}}'
        for each in library.placed
    ]


def _codes(library: Library, events: AttributionEvents, shouted: Bools) -> pl.Series:
    """Codes as customers type them, some in capitals, and vanity addresses."""
    codes = _optional(events.coded, [each.spot.code or "" for each in library.placed])
    vanity = _optional(events.vanity, [each.spot.vanity or "" for each in library.placed])
    frame = pl.DataFrame({"code": codes, "vanity": vanity, "shouted": shouted})
    typed = pl.when("shouted").then(pl.col("code").str.to_uppercase()).otherwise("code")
    return frame.select(promo_code=pl.coalesce(typed, "vanity")).to_series()


def _optional(chosen: Ints, values: list[str]) -> pl.Series:
    """The chosen values; null where the choice is UNKNOWN."""
    frame = pl.DataFrame({"value": pl.Series(values, dtype=pl.String).gather(np.maximum(chosen, 0)), "n": chosen})
    return frame.select(value=pl.when(pl.col("n") != UNKNOWN).then("value")).to_series()


def _choose(ids: list[bytes], chosen: Ints) -> pl.Series:
    matrix = np.frombuffer(b"".join(ids), dtype=np.uint8).reshape(-1, 16)
    frame = pl.DataFrame({"id": as_binary(matrix).gather(np.maximum(chosen, 0)), "n": chosen})
    return frame.select(id=pl.when(pl.col("n") != UNKNOWN).then("id")).to_series()
