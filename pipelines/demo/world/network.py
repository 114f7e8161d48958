"""The invented network: its tenants, shows, sponsors and campaigns, as plain values.

Here: what a person would type into a media kit. Every company, show and address is made up.
Not here: episodes and files (catalogue.py), campaign rows with dates (campaigns.py), anything random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Position = Literal["pre", "mid", "post"]


@dataclass(frozen=True, slots=True)
class Show:
    """A show: weekdays of release (Monday is 0), local hour, length, and its share of the tenant's audience."""

    slug: str
    title: str
    language: str
    weekdays: tuple[int, ...]
    hour: int
    minutes: int
    share: float
    reach: float
    source: Literal["server_log", "prefix"] = "server_log"
    kbps: int = 128


@dataclass(frozen=True, slots=True)
class Spot:
    """One placement of a campaign: where in which show, how it is inserted, at what price in minor units.

    booked and cost are those of a demo of the default size; other sizes scale both.
    """

    show: str
    kind: Literal["baked_in", "dynamic"]
    position: Position
    seconds: int
    booked: int | None
    cost: int | None
    pricing: Literal["cpm", "flat"] = "cpm"
    code: str | None = None
    vanity: str | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign: its days counted back from the last simulated day (negative: still to come).

    holdout: the share of households that the ad server leaves out by lot; only ads stitched into files can be left out.
    """

    slug: str
    name: str
    sponsor: str
    starts: int
    ends: int
    goal: str
    spots: tuple[Spot, ...]
    margin: str | None = None
    stage: Literal["draft", "live", "ended"] = "live"
    window_days: int = 30
    second_config: bool = False
    holdout: float = 0.0


@dataclass(frozen=True, slots=True)
class Sponsor:
    """A sponsor: what a customer does, what an order is worth, and how often, with and without having heard an ad.

    lift: the chance that one delivered ad causes an order; baseline: orders per 1,000 households and day.
    """

    slug: str
    name: str
    kind: str
    low: int
    high: int
    lift: float
    baseline: float


@dataclass(frozen=True, slots=True)
class Tenant:
    """A network that uses Earshot, with its shows, sponsors and campaigns."""

    slug: str
    name: str
    timezone: str
    currency: str
    locale: str
    country: str
    color: str
    share: float
    shows: tuple[Show, ...]
    sponsors: tuple[Sponsor, ...]
    campaigns: tuple[Campaign, ...]


WEEKDAYS = (0, 1, 2, 3, 4)

HARBOR = Tenant(
    slug="harbor-lane",
    name="Harbor Lane Audio",
    timezone="America/New_York",
    currency="USD",
    locale="en_US",
    country="US",
    color="#1f5f8b",
    share=0.5,
    shows=(
        Show("the-long-ferry", "The Long Ferry", "en", (1,), 5, 44, 1.0, 0.31),
        Show("ledger-and-loaf", "Ledger & Loaf", "en", (0, 3), 6, 32, 0.55, 0.225),
        Show("morning-tide", "Morning Tide", "en", WEEKDAYS, 5, 14, 0.45, 0.11, kbps=96),
        Show("attic-radio", "Attic Radio", "en", (4,), 7, 51, 0.35, 0.25, source="prefix"),
    ),
    sponsors=(
        Sponsor("brightloaf", "Brightloaf Kitchen", "purchase", 1_200, 4_900, 0.006, 0.08),
        Sponsor("northwell-sleep", "Northwell Sleep", "purchase", 3_900, 14_900, 0.003, 0.04),
        Sponsor("pocketwise", "Pocketwise", "signup", 0, 0, 0.014, 0.15),
    ),
    campaigns=(
        Campaign(
            "brightloaf-autumn", "Brightloaf Autumn Table", "brightloaf", 80, -10, "purchase",
            (
                Spot(
                    "the-long-ferry", "baked_in", "mid", 60, 21_000, 72_000, "flat",
                    "ferry", "brightloaf.example/ferry",
                ),
                Spot("ledger-and-loaf", "baked_in", "pre", 30, 15_000, 48_000, "cpm", "loaf"),
                Spot("the-long-ferry", "dynamic", "pre", 30, 9_000, 27_000),
            ),
            margin="0.42", second_config=True,
        ),
        Campaign(
            "northwell-relaunch", "Northwell Relaunch", "northwell-sleep", 58, 12, "purchase",
            (
                Spot("the-long-ferry", "dynamic", "post", 30, 4_500, 18_000, "cpm", "ferry"),
                Spot("morning-tide", "dynamic", "mid", 30, 6_500, 24_000),
            ),
            stage="ended", window_days=45, holdout=0.25,
        ),
        Campaign(
            "pocketwise-first-budget", "Pocketwise First Budget", "pocketwise", 40, -25, "signup",
            (
                Spot("morning-tide", "baked_in", "pre", 20, 12_000, None, "cpm", "tide", "pocketwise.example/tide"),
                Spot("attic-radio", "dynamic", "mid", 30, 2_600, None),
            ),
        ),
    ),
)  # fmt: skip

LINDE = Tenant(
    slug="lindenfunk",
    name="Lindenfunk",
    timezone="Europe/Berlin",
    currency="EUR",
    locale="de_DE",
    country="DE",
    color="#2e7d4f",
    share=0.3,
    shows=(
        Show("werkbank", "Werkbank", "de", (2,), 6, 48, 1.0, 0.29),
        Show("kiezgespraech", "Kiezgespräch", "de", (0, 4), 7, 36, 0.6, 0.21),
        Show("sieben-minuten-recht", "Sieben Minuten Recht", "de", WEEKDAYS, 5, 8, 0.4, 0.125, kbps=96),
    ),
    sponsors=(
        Sponsor("kaffee-morgenrot", "Kaffeerösterei Morgenrot", "purchase", 1_290, 4_490, 0.007, 0.1),
        Sponsor("pocketwise", "Pocketwise", "install", 0, 0, 0.014, 0.2),
    ),
    campaigns=(
        Campaign(
            "morgenrot-abo", "Morgenrot Abo", "kaffee-morgenrot", 75, -5, "purchase",
            (
                Spot(
                    "werkbank", "baked_in", "pre", 30, 11_000, 33_000, "flat",
                    "werkbank10", "morgenrot.example/werkbank",
                ),
                Spot("kiezgespraech", "dynamic", "mid", 45, 3_600, 12_200, "cpm", "kiez"),
            ),
            margin="0.55",
        ),
        Campaign(
            "pocketwise-start", "Pocketwise Start", "pocketwise", 50, 9, "install",
            (
                Spot("werkbank", "dynamic", "post", 20, 3_200, 8_600, "cpm", "kiez"),
                Spot("sieben-minuten-recht", "baked_in", "post", 20, 4_400, 11_000),
            ),
            stage="ended", window_days=14, second_config=True,
        ),
    ),
)  # fmt: skip

TOKEI = Tenant(
    slug="tokei-club",
    name="Tokei Club",
    timezone="Asia/Tokyo",
    currency="JPY",
    locale="en_US",
    country="JP",
    color="#a33b5c",
    share=0.2,
    shows=(
        Show("asa-no-hon", "Asa no Hon", "ja", (0, 2, 4), 6, 22, 1.0, 0.25),
        Show("shotengai", "Shōtengai Dayori", "ja", (5,), 8, 41, 0.6, 0.3),
    ),
    sponsors=(
        Sponsor("hoshi-bunko", "Hoshi Bunko", "trial", 0, 0, 0.012, 0.15),
        Sponsor("umi-tea", "Umi no Ocha", "purchase", 1_200, 4_200, 0.014, 0.1),
    ),
    campaigns=(
        Campaign(
            "hoshi-aki", "Hoshi Bunko – Aki no Dokusho", "hoshi-bunko", 60, -15, "trial",
            (
                Spot("asa-no-hon", "baked_in", "pre", 20, 15_000, 54_000, "cpm", "asa", "hoshi.example/asa"),
                Spot("shotengai", "dynamic", "mid", 30, 2_000, 8_400),
            ),
        ),
        Campaign(
            "umi-shincha", "Umi no Ocha – Shincha", "umi-tea", 45, 3, "purchase",
            (Spot("shotengai", "baked_in", "mid", 45, 2_400, 19_200, "flat", "asa"),),
            margin="0.6",
        ),
    ),
)  # fmt: skip

TENANTS = (HARBOR, LINDE, TOKEI)
