"""What the network's own app reports while an episode plays: starts, progress, ads heard, ends, new subscriptions.

Here: client events of some of the downloads. They feed consumption and never a download.
Not here: requests for files (requests.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.demo.events.traffic import Downloads
from pipelines.demo.events.wire import place_columns, received, redelivered, reference_columns, times
from pipelines.demo.world import agents
from pipelines.demo.world.audience import address_text
from pipelines.demo.world.calendar import MINUTE, SECOND, Span
from pipelines.demo.world.catalogue import UNKNOWN, Library, seconds_listened
from pipelines.demo.world.dice import Floats, Ints, event_ids, joined, taken

EVENTS = (
    "listen_start", "listen_progress", "listen_complete", "ad_start", "ad_complete", "follow",
)  # fmt: skip
START, PROGRESS, COMPLETE, AD_START, AD_COMPLETE, FOLLOW = range(len(EVENTS))

REPORTED_SHARE = 0.8
FOLLOW_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class Plays:
    """Client events, one entry each: the download they belong to, when, what, and where in the file (seconds)."""

    download: Ints
    at: Ints
    event: Ints
    position: Floats
    placement: Ints

    def __len__(self) -> int:
        return len(self.at)


def make_plays(library: Library, downloads: Downloads, span: Span, rng: np.random.Generator) -> Plays:
    """The client events of a day's downloads, those before the end of the span."""
    chosen = np.nonzero(
        np.isin(downloads.agent, agents.PLAYBACK_AGENTS) & (rng.random(len(downloads)) < REPORTED_SHARE)
    )[0]
    asset = downloads.asset[chosen]
    held = seconds_listened(library, asset, downloads.last[chosen] + 1)
    # Most who start hear nearly everything; a quarter leaves on the way.
    patience = np.where(rng.random(len(chosen)) < 0.25, rng.random(len(chosen)), 1.0)
    heard = np.floor(np.minimum(held, library.seconds[asset] * patience))
    begin = downloads.at[chosen] + rng.integers(5 * SECOND, 20 * MINUTE, size=len(chosen))
    parts = [_mark(chosen, begin, START, np.zeros(len(chosen)))]
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        parts.append(_until(chosen, begin, PROGRESS, np.floor(library.seconds[asset] * share), heard))
    parts.append(_until(chosen, begin, COMPLETE, library.seconds[asset].astype(np.float64), heard))
    parts += _ads(library, chosen, asset, begin, heard)
    follows = rng.random(len(chosen)) < FOLLOW_SHARE
    parts.append(taken(_mark(chosen, begin + 30 * SECOND, FOLLOW, np.full(len(chosen), 30.0)), np.nonzero(follows)[0]))
    plays = joined(parts)
    return taken(plays, np.nonzero(plays.at < span.end)[0])


def _mark(chosen: Ints, begin: Ints, event: int, position: Floats, placement: Ints | None = None) -> Plays:
    at = begin + (position * SECOND).astype(np.int64)
    nothing = np.full(len(chosen), UNKNOWN, dtype=np.int64)
    return Plays(chosen, at, np.zeros_like(chosen) + event, position, nothing if placement is None else placement)


def _until(chosen: Ints, begin: Ints, event: int, position: Floats, heard: Floats) -> Plays:
    return taken(_mark(chosen, begin, event, position), np.nonzero(position <= heard)[0])


def _ads(library: Library, chosen: Ints, asset: Ints, begin: Ints, heard: Floats) -> list[Plays]:
    """Starts and ends of the ads that the listener came to."""
    parts = []
    for column in range(library.ad_placement.shape[1]):
        placement = library.ad_placement[asset, column]
        starts = seconds_listened(library, asset, library.ad_first[asset, column])
        ends = seconds_listened(library, asset, library.ad_last[asset, column] + 1)
        for event, position in ((AD_START, starts), (AD_COMPLETE, ends)):
            hit = np.nonzero((placement != UNKNOWN) & (position <= heard))[0]
            parts.append(taken(_mark(chosen, begin, event, np.round(position, 1), placement), hit))
    return parts


def play_frame(
    library: Library, downloads: Downloads, plays: Plays, span: Span, rng: np.random.Generator
) -> pl.DataFrame:
    """Rows of listener_events with source client."""
    of = taken(downloads, plays.download)
    placements = pl.Series(["", *(f'{{"placement_id": "{each.placement_id}"}}' for each in library.placed)])
    tag = pl.Series([f"{library.tenant.slug[:2]}-"], dtype=pl.String)
    frame = pl.DataFrame(
        {
            "event_id": event_ids(rng, len(plays)),
            "occurred_at": times(plays.at),
            "received_at": times(received(plays.at, span, rng)),
            "event_type": pl.Series(EVENTS, dtype=pl.String).gather(plays.event),
            **reference_columns(library, of.episode, of.asset, rng),
            "session_id": pl.Series(of.at * 31 + of.listener, dtype=pl.Int64).cast(pl.String),
            "listener_id": tag.gather(np.zeros_like(plays.at)) + pl.Series(of.listener).cast(pl.String),
            "client_ip": address_text(of.address, rng),
            "user_agent": agents.ALL.gather(of.agent),
            "platform": agents.PLATFORMS.gather(of.agent),
            **place_columns(library, of.address),
            "position_seconds": plays.position,
            "heard_seconds": plays.position,
            "event_data": placements.gather(plays.placement + 1).replace("", None),
        }
    ).with_columns(tenant_id=pl.lit(library.tenant_id.bytes), source=pl.lit("client"))
    return redelivered(frame, rng)
