"""Ads that listeners really heard, by construction: which spans lie inside the bytes of a download.

Here: deliveries of a day, seen by byte or, where a prefix sees no bytes, reported by the app as impressions.
Not here: what the ads cause (orders.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.demo.events.traffic import Downloads
from pipelines.demo.world.audience import consumer
from pipelines.demo.world.calendar import DAY, MINUTE, SECOND, start_of
from pipelines.demo.world.catalogue import UNKNOWN, Library
from pipelines.demo.world.dice import Ints, joined

# How many downloads of a prefix show report the ad's impression.
REPORTED_IMPRESSIONS = 0.6


@dataclass(frozen=True, slots=True)
class Exposures:
    """Ads heard, one entry each: when, of which placement (its number), in which episode, by whom."""

    at: Ints
    placement: Ints
    episode: Ints
    listener: Ints
    address: Ints
    agent: Ints

    def __len__(self) -> int:
        return len(self.at)

    @property
    def consumer(self) -> Ints:
        return consumer(self.address, self.agent)


def deliver_ads(library: Library, downloads: Downloads) -> Exposures:
    """The ads of which every byte was received, at the anchor of their download."""
    placement = library.ad_placement[downloads.asset]
    inside = (
        (placement != UNKNOWN)
        & (library.ad_first[downloads.asset] >= downloads.first[:, None])
        & (library.ad_last[downloads.asset] <= downloads.last[:, None])
    )
    row, column = np.nonzero(inside)
    return _exposed(downloads, row, placement[row, column], downloads.at[row])


def report_impressions(library: Library, downloads: Downloads, rng: np.random.Generator) -> Exposures:
    """Impressions that apps report for shows behind a prefix, during the flight and on the day of the download."""
    parts = [_exposed(downloads, *[np.zeros(0, dtype=np.int64)] * 3)]
    luck = rng.random(len(downloads))
    at = downloads.at + rng.integers(20 * SECOND, 25 * MINUTE, size=len(downloads))
    show = library.show_of_episode[downloads.episode]
    for placed in library.placed:
        number = next(n for n, each in enumerate(library.tenant.shows) if each.slug == placed.spot.show)
        if library.tenant.shows[number].source != "prefix":
            continue
        in_flight = (start_of(placed.flight_start) <= at) & (at < start_of(placed.flight_end) + DAY)
        same_day = at // DAY == downloads.at // DAY
        row = np.nonzero((show == number) & (luck < REPORTED_IMPRESSIONS) & in_flight & same_day)[0]
        parts.append(_exposed(downloads, row, np.full(len(row), placed.number, dtype=np.int64), at[row]))
    return joined(parts)


def _exposed(downloads: Downloads, row: Ints, placement: Ints, at: Ints) -> Exposures:
    return Exposures(
        at, placement, downloads.episode[row], downloads.listener[row], downloads.address[row], downloads.agent[row]
    )
