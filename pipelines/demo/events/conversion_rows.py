"""Rows of attribution_events: signals of orders, visits, refunds, survey answers, clicks and reported impressions.

Here: columns and text. Not here: who acts and why (orders.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.demo.events.advertising import Exposures
from pipelines.demo.events.orders import CODE, PIXEL, PIXEL_AGAIN, SERVER, SURVEY, Deeds, Signals, sponsor_of_placement
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
# A server call of a shop knows the customer's address in six of ten cases.
SERVER_KNOWS_ADDRESS = 0.6


@dataclass(frozen=True, slots=True)
class Facts:
    """Attribution events, one entry each; UNKNOWN (-1) is NULL. named: the placement told by id, coded: by its code."""

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


def facts(at: Ints, sponsor: Ints, kind: Ints, signal: int, address: Ints, **told: Ints) -> Facts:
    """Facts with everything else not told."""
    nothing = np.full(len(at), UNKNOWN, dtype=np.int64)
    rest = {name: told.get(name, nothing) for name in ("named", "coded", "vanity", "episode", "new_customer")}
    order, value = told.get("order", nothing), told.get("value", nothing)
    return Facts(at, sponsor, kind, nothing * 0 + signal, order, value, address, **rest)


def order_facts(library: Library, deeds: Deeds, signals: Signals, numbers: Ints, rng: np.random.Generator) -> Facts:
    """Every signal of every order, refunds and survey answers included."""
    kinds = np.array([KIND[each.kind] for each in library.tenant.sponsors], dtype=np.int64)[deeds.sponsor]
    known = np.where(rng.random(len(deeds)) < SERVER_KNOWS_ADDRESS, deeds.address, UNKNOWN)
    new = signals.new_customer.astype(np.int64)
    parts = []
    for column, signal, value, address in (
        (SERVER, "server", signals.server_value, known),
        (PIXEL, "pixel", signals.pixel_value, deeds.address),
        (PIXEL_AGAIN, "pixel", signals.pixel_value, deeds.address),
        (CODE, "promo_code", signals.server_value, known),
    ):
        coded = signals.code if column == CODE else np.full_like(signals.code, UNKNOWN)
        made = facts(
            signals.at[:, column], deeds.sponsor, kinds, SIGNAL[signal], address,
            order=numbers, value=value, coded=coded, new_customer=new,
        )  # fmt: skip
        parts.append(taken(made, np.nonzero(made.at != UNKNOWN)[0]))
    nobody = np.full(len(deeds), UNKNOWN, dtype=np.int64)
    back = facts(
        signals.refund_at, deeds.sponsor, nobody * 0 + KIND["refund"], SIGNAL["server"], nobody,
        order=numbers, value=signals.refund,
    )  # fmt: skip
    answers = facts(
        signals.at[:, SURVEY], deeds.sponsor, nobody * 0 + KIND["survey"], SIGNAL["survey"], deeds.address,
        order=numbers, named=deeds.placement,
    )  # fmt: skip
    parts += [taken(each, np.nonzero(each.at != UNKNOWN)[0]) for each in (back, answers)]
    return joined(parts)


def visit_facts(library: Library, deeds: Deeds, rng: np.random.Generator) -> Facts:
    """Visits of the sponsor's site: told by a pixel, by campaign links, or because a vanity address was typed."""
    luck = rng.random(len(deeds))
    vanities = np.array([each.spot.vanity is not None for each in library.placed])
    caused = deeds.placement != UNKNOWN
    typed = caused & vanities[np.maximum(deeds.placement, 0)] & (luck < VANITY_SHARE)
    linked = caused & ~typed & (luck > 1 - UTM_SHARE)
    kind = np.full(len(deeds), KIND["visit"], dtype=np.int64)
    visits = facts(
        deeds.at, deeds.sponsor, kind, SIGNAL["pixel"], deeds.address,
        vanity=np.where(typed, deeds.placement, UNKNOWN), named=np.where(linked, deeds.placement, UNKNOWN),
    )  # fmt: skip
    signal = np.where(typed, SIGNAL["vanity_url"], np.where(linked, SIGNAL["utm"], visits.signal))
    return Facts(visits.at, visits.sponsor, visits.kind, signal, *_rest(visits))


def _rest(record: Facts) -> list[Ints]:
    names = ("order", "value", "address", "named", "coded", "vanity", "episode", "new_customer")
    return [getattr(record, name) for name in names]


def contact_facts(library: Library, exposures: Exposures, kind: str, signal: str) -> Facts:
    """Clicks or impressions that are told with their placement."""
    sponsor = sponsor_of_placement(library)[exposures.placement]
    kinds = np.full(len(exposures), KIND[kind], dtype=np.int64)
    return facts(
        exposures.at, sponsor, kinds, SIGNAL[signal], exposures.address,
        named=exposures.placement, episode=exposures.episode,
    )  # fmt: skip


def fact_frame(library: Library, told: Facts, span: Span, rng: np.random.Generator) -> pl.DataFrame:
    """Rows of attribution_events. Order ids repeat between sponsors, as shops number their orders alone."""
    tenant = library.tenant
    campaigns = [campaign_id(tenant, each.campaign.slug).bytes for each in library.placed]
    shouted = rng.random(len(told)) < 0.4
    frame = pl.DataFrame(
        {
            "event_id": event_ids(rng, len(told)),
            "occurred_at": times(told.at),
            "received_at": times(received(told.at, span, rng)),
            "sponsor_id": _choose([sponsor_id(tenant, each.slug).bytes for each in tenant.sponsors], told.sponsor),
            "campaign_id": _choose(campaigns, told.named),
            "placement_id": _choose([each.placement_id.bytes for each in library.placed], told.named),
            "episode_id": _choose([each.episode_id.bytes for each in library.episodes], told.episode),
            "kind": pl.Series(KINDS, dtype=pl.String).gather(told.kind),
            "signal": pl.Series(SIGNALS, dtype=pl.String).gather(told.signal),
            "order_id": order_ids(told.order),
            "value_minor": pl.Series(told.value).replace(UNKNOWN, None),
            "currency": _optional(np.where(told.value == UNKNOWN, UNKNOWN, 0), [tenant.currency]),
            "promo_code": _codes(library, told, shouted),
            "utm": _optional(np.where(told.signal == SIGNAL["utm"], told.named, UNKNOWN), _links(library)),
            "client_ip": address_text(np.maximum(told.address, 0), rng),
            "user_agent": pl.Series(agents.PAGES, dtype=pl.String).gather(told.address % len(agents.PAGES)),
            "is_new_customer": pl.Series(told.new_customer).replace(UNKNOWN, None).cast(pl.Boolean),
            "attribution_data": _optional(
                np.where(told.kind == KIND["survey"], 0, UNKNOWN), ['{"question": "How did you hear about us?"}']
            ),
            "silent": told.address == UNKNOWN,
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


def _codes(library: Library, told: Facts, shouted: Bools) -> pl.Series:
    """Codes as customers type them, some in capitals, and vanity addresses."""
    codes = _optional(told.coded, [each.spot.code or "" for each in library.placed])
    vanity = _optional(told.vanity, [each.spot.vanity or "" for each in library.placed])
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
