"""Requests as a server logs them: from arrays of what happened to rows of listener_events.

Here: the columns of a raw request, with addresses and agents as text, late arrivals and redeliveries.
Not here: what was requested and why (requests.py, noise.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from assets.frames import UTC_TIME
from pipelines.demo.world import agents
from pipelines.demo.world.audience import CELLULAR, CLOUD, KIND_SHIFT, RELAY, address_text
from pipelines.demo.world.calendar import DAY, HOUR, MINUTE, SECOND, Span
from pipelines.demo.world.catalogue import UNKNOWN, Library
from pipelines.demo.world.dice import Ints, as_binary, event_ids, mixed

METHODS = pl.Series(["GET", "HEAD", "POST", "OPTIONS"], dtype=pl.String)
GET = 0
REFERRERS = pl.Series([*agents.REFERRERS, *agents.BAD_REFERRERS], dtype=pl.String)

# An id that no library holds: a file that was deleted, or a path that was never mapped to an episode.
NO_SUCH_ID = -2

# Logs arrive within the hour; three rows in a hundred come hours to three days after.
LATE_SHARE, LATEST = 0.03, 3 * DAY
REDELIVERED_SHARE = 0.004

ABROAD = ("US", "GB", "DE", "AT", "CH", "FR", "CA", "AU", "JP", "NL")
REGIONS: dict[str, tuple[str, ...]] = {
    "US": ("NY", "CA", "TX", "MA", "IL", "WA", "FL"),
    "DE": ("BE", "NW", "BY", "HH", "SN", "HE"),
    "JP": ("13", "27", "14", "23", "40", "01"),
}
# Private-use autonomous systems (RFC 6996), one per kind of line.
FIRST_ASN = 4_200_000_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Raw requests, one entry each; UNKNOWN (-1) is NULL, NO_SUCH_ID (-2) an id that does not exist."""

    at: Ints
    episode: Ints
    asset: Ints
    address: Ints
    agent: Ints
    method: Ints
    status: Ints
    first: Ints
    last: Ints
    sent: Ints
    referrer: Ints
    outcome: Ints

    def __len__(self) -> int:
        return len(self.at)


def request_frame(library: Library, rows: Rows, span: Span, rng: np.random.Generator) -> pl.DataFrame:
    """Rows of listener_events, redelivered ones twice, in the order of time."""
    count = len(rows)
    prefix = library.prefix_show[library.show_of_episode[np.maximum(rows.episode, 0)]] & (rows.episode >= 0)
    frame = pl.DataFrame(
        {
            "event_id": event_ids(rng, count),
            "occurred_at": times(rows.at),
            "received_at": times(received(rows.at, span, rng)),
            "source": pl.Series(np.where(prefix, "prefix", "server_log"), dtype=pl.String),
            **reference_columns(library, rows.episode, rows.asset, rng),
            "client_ip": address_text(np.maximum(rows.address, 0), rng),
            "user_agent": agents.ALL.gather(np.maximum(rows.agent, 0)),
            "referrer": REFERRERS.gather(rows.referrer),
            **place_columns(library, rows.address),
            "http_method": METHODS.gather(rows.method),
            "http_status": pl.Series(rows.status, dtype=pl.Int16),
            "range_start": rows.first,
            "range_end": rows.last,
            "bytes_sent": rows.sent,
            "no_address": rows.address == UNKNOWN,
            "no_agent": rows.agent == UNKNOWN,
        }
    ).with_columns(
        pl.col("range_start", "range_end", "bytes_sent").replace(UNKNOWN, None),
        client_ip=pl.when("no_address").then(None).otherwise("client_ip"),
        user_agent=pl.when("no_agent").then(None).otherwise("user_agent"),
        referrer=pl.col("referrer").replace("", None),
        event_type=pl.lit("download"),
        tenant_id=pl.lit(library.tenant_id.bytes),
    )
    return redelivered(frame.drop("no_address", "no_agent"), rng)


def received(at: Ints, span: Span, rng: np.random.Generator) -> Ints:
    """When rows arrive: nothing is received long after the last simulated day, as if the demo ran the next morning."""
    soon = (rng.exponential(9 * MINUTE, size=len(at))).astype(np.int64) + SECOND
    late = rng.integers(3 * HOUR, LATEST, size=len(at))
    lag = np.where(rng.random(len(at)) < LATE_SHARE, late, soon)
    arrived: Ints = np.minimum(at + lag, np.maximum(at + SECOND, span.end + 15 * MINUTE))
    return arrived


def redelivered(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Some rows are delivered again, with the same id and a later arrival; a loader must drop them."""
    again = frame.filter(pl.Series(rng.random(frame.height) < REDELIVERED_SHARE))
    later = again.with_columns(pl.col("received_at") + pl.duration(minutes=7))
    return pl.concat([frame, later]).sort("occurred_at", "event_id", "received_at")


def times(at: Ints) -> pl.Series:
    """Microseconds as a column of UTC times."""
    return pl.Series(at, dtype=pl.Int64).cast(UTC_TIME)


def reference_columns(library: Library, episode: Ints, asset: Ints, rng: np.random.Generator) -> dict[str, pl.Series]:
    """The ids of show, episode and file."""
    shows = _ids([library.show_id(n).bytes for n in range(len(library.tenant.shows))])
    episodes = _ids([each.episode_id.bytes for each in library.episodes])
    assets = _ids([each.asset_id.bytes for each in library.assets])
    other_ids = event_ids(rng, len(episode))
    show = library.show_of_episode[np.maximum(episode, 0)]
    return {
        "podcast_id": _pick(shows, np.where(episode >= 0, show, UNKNOWN), other_ids),
        "episode_id": _pick(episodes, episode, other_ids),
        "asset_id": _pick(assets, asset, other_ids),
    }


def _ids(values: list[bytes]) -> pl.Series:
    return as_binary(np.frombuffer(b"".join(values), dtype=np.uint8).reshape(-1, 16))


def _pick(ids: pl.Series, chosen: Ints, other_ids: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"id": ids.gather(np.maximum(chosen, 0)), "n": chosen, "other": other_ids})
    chosen_id = pl.when(pl.col("n") >= 0).then("id").when(pl.col("n") == NO_SUCH_ID).then("other")
    return frame.select(id=chosen_id).to_series()


def place_columns(library: Library, address: Ints) -> dict[str, pl.Series]:
    """Country, region and network of an address, as a platform enriches its rows."""
    home = library.tenant.country
    luck = mixed(np.maximum(address, 0), 71)
    kind = np.maximum(address, 0) >> KIND_SHIFT
    regions = REGIONS[home]
    foreign = luck % 100 >= np.where(kind == CLOUD, 40, 87)
    country = pl.Series([home, *ABROAD], dtype=pl.String).gather(np.where(foreign, 1 + luck // 100 % len(ABROAD), 0))
    # A relay hides the region, and so do some phone networks.
    hidden = foreign | (kind == RELAY) | ((kind == CELLULAR) & (luck % 7 < 3))
    region = pl.Series(["", *regions], dtype=pl.String).gather(np.where(hidden, 0, 1 + luck // 700 % len(regions)))
    return {
        "country_code": country,
        "region_code": region.replace("", None),
        "asn": pl.Series(FIRST_ASN + kind * 10 + luck % 5, dtype=pl.Int64),
    }
