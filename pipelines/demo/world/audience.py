"""Listeners: the households they live in, the addresses and devices they use, and the shows they subscribe to.

Here: everything that is always true of the listener with a number; an identity is computed, never stored.
Two listeners of a household with the same app are one consumer, as the standard has it: both have the same number.
Not here: when they listen (schedule.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.demo.world.agents import AGENTS, cumulative_shares
from pipelines.demo.world.dice import Bools, Ints, mixed, uniform
from pipelines.demo.world.network import Tenant

HOME, HOME_V6, CELLULAR, OFFICE, RELAY, INCLUDED, CLOUD = range(7)

# Shares of households by kind of line, upper ends; an office on the inclusion list exists at one tenant only.
LINES = (0.73, 0.885, 0.96, 0.985, 0.995)
INCLUDED_AT = "harbor-lane"
INCLUDED_NETWORK = "198.18.77.0/24"
LAPSED_NETWORK = "198.19.7.0/24"

# Ten listeners live in six households: three alone, two pairs, and three together.
HOUSEMATES = np.array([0, 1, 2, 3, 3, 4, 4, 5, 5, 5], dtype=np.int64)
LISTENERS, HOUSEHOLDS = 10, 6

KIND_SHIFT = 40
AGENT_SLOTS = 64

HEX = pl.Series([f"{n:x}" for n in range(1 << 16)], dtype=pl.String)
DECIMAL = pl.Series([str(n) for n in range(256)], dtype=pl.String)


@dataclass(frozen=True, slots=True)
class Audience:
    """The listeners of one tenant, numbered from 0. Numbers from `count` on are guests, each in a home of their own."""

    tenant: Tenant
    seed: int
    count: int

    def address(self, listener: Ints) -> Ints:
        """What stands for the household on the wire: the kind of line and a number, as one integer."""
        household = listener // LISTENERS * HOUSEHOLDS + HOUSEMATES[listener % LISTENERS]
        guest = listener >= self.count
        luck = uniform(household, self.seed * 31 + 1)
        kind = np.searchsorted(np.array(LINES), luck, side="right").astype(np.int64)
        if self.tenant.slug != INCLUDED_AT:
            kind = np.where(kind == INCLUDED, HOME, kind)
        kind = np.where(guest, HOME, kind)
        spread = mixed(household, self.seed * 31 + 2)
        number = np.select(
            [kind == CELLULAR, kind == OFFICE, kind == RELAY, kind == INCLUDED],
            [spread % max(48, self.count // 60), spread % 508, spread % 254, spread % 20],
            household,
        )
        return kind << KIND_SHIFT | number

    def withheld(self, address: Ints, campaign: Ints) -> Bools:
        """Whether the household at an address is left out of a campaign (its place in the tenant; UNKNOWN: of none)."""
        shares = np.array([*(each.holdout for each in self.tenant.campaigns), 0.0])
        drawn: Bools = uniform(address * len(shares) + campaign, self.seed * 31 + 4) < shares[campaign]
        return drawn

    def agent(self, listener: Ints) -> Ints:
        """The index of the listener's app in AGENTS."""
        luck = uniform(listener, self.seed * 31 + 3)
        return np.minimum(np.searchsorted(cumulative_shares(), luck, side="right"), len(AGENTS) - 1).astype(np.int64)

    def guest(self, numbers: Ints) -> Ints:
        """Listeners who come once, each with an address of its own."""
        return (self.count // LISTENERS + 1 + numbers) * LISTENERS


def consumer(address: Ints, agent: Ints) -> Ints:
    """The identity of a consumer: address and agent."""
    return address * AGENT_SLOTS + agent


def cloud_address(number: Ints) -> Ints:
    """An address of a data centre."""
    return CLOUD << KIND_SHIFT | number % (1 << 16)


def address_text(address: Ints, rng: np.random.Generator, mapped_share: float = 0.02) -> pl.Series:
    """Addresses as a server writes them: IPv6 hosts rotate inside their /64, some IPv4 arrive mapped into IPv6."""
    kind, number = address >> KIND_SHIFT, address & ((1 << KIND_SHIFT) - 1)
    v6 = kind == HOME_V6
    text = _dotted(_ipv4(kind, number))
    hosts = rng.integers(1, 1 << 16, size=(4, len(address)))
    mapped = (kind == HOME) & (rng.random(len(address)) < mapped_share)
    groups = [HEX.gather(column) for column in ((number >> 16) & 0xFFFF, number & 0xFFFF)]
    frame = pl.DataFrame(
        {"v4": text, "v6": v6, "mapped": mapped, "g0": groups[0], "g1": groups[1]}
        | {f"h{n}": HEX.gather(row) for n, row in enumerate(hosts)}
    )
    rotated = pl.format("fd7e:{}:{}:1:{}:{}:{}:{}", "g0", "g1", "h0", "h1", "h2", "h3")
    written = pl.when("v6").then(rotated).when("mapped").then(pl.lit("::ffff:") + pl.col("v4")).otherwise("v4")
    return frame.select(client_ip=written).to_series()


def _ipv4(kind: Ints, number: Ints) -> Ints:
    """IPv4 addresses as integers, in the ranges that are set aside for invented networks."""
    # An odd factor turns neighbours into strangers and keeps every home's address its own.
    home = (10 << 24) | (number * 0x9E3779B1 & 0xFFFFFF)
    office = np.where(number < 254, (192 << 24 | 0 << 16 | 2 << 8), (203 << 24 | 0 << 16 | 113 << 8)) + number % 254 + 1
    # Every sixteenth address of a data centre comes from the network whose exception has lapsed.
    lapsed, rented = (
        (198 << 24 | 19 << 16 | 7 << 8) + number // 16 % 250,
        (198 << 24 | 18 << 16 | 1 << 15) + number // 2,
    )
    cloud = np.where(number % 16 == 0, lapsed, rented)
    return np.select(
        [kind == CELLULAR, kind == OFFICE, kind == RELAY, kind == INCLUDED, kind == CLOUD],
        [
            (100 << 24 | 64 << 16) + number,
            office,
            (198 << 24 | 51 << 16 | 100 << 8) + number + 1,
            (198 << 24 | 18 << 16 | 77 << 8) + 10 + number,
            cloud,
        ],
        home,
    ).astype(np.int64)


def _dotted(value: Ints) -> pl.Series:
    parts = [DECIMAL.gather(value >> shift & 0xFF) for shift in (24, 16, 8, 0)]
    return (
        pl.DataFrame({f"p{n}": part for n, part in enumerate(parts)})
        .select(pl.concat_str(pl.all(), separator="."))
        .to_series()
    )
