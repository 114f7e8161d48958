"""A day of a podcast network, invented with a fixed seed: as many raw rows as requested, and the shows they are about.

Here: tenants, shows, files with ads, listeners with their addresses and agents, and their requests.
Not here: databases and stopwatches (listening.py).

What a row is like follows logs of podcast hosts: most downloads come in several ranges, a third of listeners speak
IPv6, agents are few and long, some rows are bots, probes, redirects of a prefix service and players' own reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

SEED = 20_261_121
DAY = date(2026, 11, 19)
MIDNIGHT = datetime(2026, 11, 19, tzinfo=UTC)

TENANTS = 50
SHOWS = 4
EPISODES = 12
AGENTS = 1_500
# A visit of one consumer to one episode is 2.8 requests on average; with rows of 2 million, some 700,000 visits.
ROWS_PER_VISIT = 2.8
ALONE = 0.4
MOST_RANGES = 6
VISITS_PER_CONSUMER = 1.3
# One address in front of many people, on the largest networks so busy that it stands out as suspect.
CROWD, CROWDED, SUSPECT_PAIRS = "203.0.113.9", 0.01, 100
BYTES_PER_SECOND = 16_000
HEADER_BYTES = 40_000
AD_SECONDS = 30
CHUNK_BYTES = 4_000_000

APPS = (
    "AppleCoreMedia/1.0.0.{0}E{1} (iPhone; U; CPU OS 18_{2} like Mac OS X; en_us)",
    "Podcasts/1650.{0}.{2} CFNetwork/1498.{1}.3 Darwin/23.{2}.0",
    "Spotify/8.9.{0} Android/34 (Pixel {2}) build {1}",
    "Overcast/3.0.{0} (+http://overcast.fm/; iOS podcast app; build {1}; model iPhone{2})",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1{2}.0.{1}.{0} Safari/537",
    "PocketCasts/1.0 (Pocket Casts Feed Parser; +http://pocketcasts.com/; {0}.{1}.{2})",
    "AntennaPod/3.{2}.{0} Dalvik/2.1.0 (Linux; U; Android 14; SM-S91{1} Build/UP1A)",
    "Podcast Addict/v2024.{0} (Android 14; samsung; {1}; rv:{2})",
)
BOTS = ("Googlebot/2.1 (+http://www.google.com/bot.html; {0}.{1})", "python-requests/2.{0}.{1}", "curl/8.{0}.{1}")
REFERRERS = 200
COUNTRIES = [first + second for first in "ABCDEFGH" for second in "ACEGIKMO"]

Integers = npt.NDArray[np.int64]
Tables = dict[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Network:
    """The tables that do not grow with the day, and of every episode its place in them."""

    tables: Tables
    episodes: pl.DataFrame


def invent_network(generator: np.random.Generator, owners: int = TENANTS, shows_each: int = SHOWS) -> Network:
    """Tenants with their shows of twelve episodes each; two campaigns a tenant, up to four ads a file."""
    tenants = _ids(generator, owners)
    tenant_of = np.repeat(np.arange(owners), shows_each * EPISODES)
    show_of = np.repeat(np.arange(owners * shows_each), EPISODES)
    shows, episodes, files = (_ids(generator, size) for size in (owners * shows_each, len(show_of), len(show_of)))
    seconds = generator.integers(1_200, 4_800, len(show_of))
    turn = np.tile(np.arange(EPISODES), owners * shows_each)
    known = pl.DataFrame(
        {
            "tenant_id": tenants[tenant_of],
            "podcast_id": shows[show_of],
            "episode_id": episodes,
            "asset_id": files,
            "number": pl.Series(turn, dtype=pl.Int32),
            "duration_s": seconds.astype(np.float64),
            "file_bytes": HEADER_BYTES + seconds * BYTES_PER_SECOND,
        }
    )
    title = pl.format("Episode {}", "number")
    published = pl.lit(MIDNIGHT) - pl.duration(days=7 * pl.col("number").cast(pl.Int64) + 1)
    named = pl.format("tenant-{}", pl.int_range(pl.len()))
    own = pl.DataFrame({"tenant_id": tenants})
    tables: Tables = {
        "tenants": own.with_columns(
            slug=named, name=named, brand_name=named, suspect_pairs=pl.lit(SUSPECT_PAIRS, dtype=pl.Int32)
        ),
        "podcasts": pl.DataFrame(
            {"tenant_id": tenants[np.arange(owners).repeat(shows_each)], "podcast_id": shows}
        ).with_columns(
            slug=pl.format("show-{}", pl.int_range(pl.len())), title=pl.format("Show {}", pl.int_range(pl.len()))
        ),
        "episodes": known.select(
            "tenant_id",
            "episode_id",
            "podcast_id",
            "number",
            "duration_s",
            guid=title,
            title=title,
            published_at=published,
        ),
        "media_assets": known.select(
            "tenant_id",
            "asset_id",
            "episode_id",
            "file_bytes",
            "duration_s",
            header_bytes=pl.lit(HEADER_BYTES, dtype=pl.Int64),
            path=pl.format("/{}.mp3", pl.int_range(pl.len())),
        ),
    }
    return Network({**tables, **_invent_ads(generator, own, known)}, known)


def _invent_ads(generator: np.random.Generator, tenants: pl.DataFrame, episodes: pl.DataFrame) -> Tables:
    """A sponsor and two campaigns a tenant, three placements a show, and the spans of their ads in each file."""
    flight = {"flight_start": pl.lit(date(2026, 9, 1)), "flight_end": pl.lit(date(2026, 12, 31))}
    sponsors = tenants.with_columns(sponsor_id=_ids(generator, tenants.height), name=pl.lit("Kettle & Co"))
    campaigns = pl.concat([sponsors, sponsors]).select(
        "tenant_id",
        "sponsor_id",
        campaign_id=_ids(generator, 2 * tenants.height),
        name=pl.format("Campaign {}", pl.int_range(pl.len())),
        currency=pl.lit("USD"),
        starts_on=flight["flight_start"],
        ends_on=flight["flight_end"],
    )
    orders = campaigns.select(
        "tenant_id",
        "campaign_id",
        insertion_order_id=_ids(generator, campaigns.height),
        number=pl.format("IO-{}", pl.int_range(pl.len())),
    )
    shows = episodes.select("tenant_id", "podcast_id").unique(maintain_order=True)
    placements = (
        shows.join(orders.unique("tenant_id", maintain_order=True).drop("number"), on="tenant_id")
        .join(pl.DataFrame({"position": ["pre", "mid", "post"]}), how="cross")
        .with_columns(kind=pl.lit("dynamic"), name=pl.col("position"), **flight)
    )
    placements = placements.with_columns(placement_id=_ids(generator, placements.height))
    spots = placements.select("tenant_id", "podcast_id", "placement_id", "position")
    places = {"pre": 0.0, "mid": 0.5, "post": 0.97}
    # Two shows of five carry no ads, as in most catalogues.
    with_ads = shows.gather_every(5).vstack(shows.gather_every(5, 1)).vstack(shows.gather_every(5, 2))
    length = AD_SECONDS * BYTES_PER_SECOND
    segments = (
        episodes.join(with_ads, on=["tenant_id", "podcast_id"], how="semi")
        .join(spots, on=["tenant_id", "podcast_id"])
        .with_columns(share=pl.col("position").replace_strict(places, return_dtype=pl.Float64))
        .with_columns(
            first_byte=HEADER_BYTES + (pl.col("share") * (pl.col("file_bytes") - HEADER_BYTES)).cast(pl.Int64)
        )
        .select(
            "tenant_id",
            "asset_id",
            "first_byte",
            "placement_id",
            "position",
            last_byte=pl.min_horizontal(pl.col("first_byte") + length, "file_bytes") - 1,
            segment_no=pl.int_range(pl.len(), dtype=pl.Int32).over("asset_id"),
            kind=pl.lit("ad"),
            insertion=pl.lit("dynamic"),
        )
    )
    return {
        "sponsors": sponsors,
        "campaigns": campaigns,
        "insertion_orders": orders,
        "placements": placements,
        "asset_segments": segments,
    }


def invent_requests(generator: np.random.Generator, network: Network, rows: int) -> pl.DataFrame:
    """Raw rows of the day, as many as requested, in order of time, with the columns of listener_events."""
    # A fifth more than needed on average, so that there are enough.
    visits = _invent_visits(generator, network, int(1.2 * rows / ROWS_PER_VISIT) + 1)
    requests = _invent_ranges(generator, visits).head(rows)
    return _spoil(generator, requests).sort("occurred_at", "event_id")


def _invent_visits(generator: np.random.Generator, network: Network, visits: int) -> pl.DataFrame:
    """One row per consumer and episode that they ask for on the day."""
    consumers = _invent_consumers(generator, int(visits / VISITS_PER_CONSUMER) + 1)
    episodes = network.episodes
    popularity = 1 / (1 + np.arange(episodes.height // EPISODES)) ** 0.6
    freshness = 1 / (1 + np.arange(EPISODES)) ** 1.3
    weights = np.outer(popularity[generator.permutation(len(popularity))], freshness).ravel()
    chosen = generator.choice(episodes.height, visits, p=weights / weights.sum())
    who = generator.integers(0, consumers.height, visits)
    return pl.concat(
        [
            episodes[chosen].select("tenant_id", "episode_id", "asset_id", "file_bytes", tenant_no=pl.Series(chosen)),
            consumers[who],
        ],
        how="horizontal",
    ).with_columns(
        starts=pl.Series(generator.integers(0, 86_400_000_000 - 3_600_000_000, visits)),
        is_prefix=pl.col("tenant_no") % 10 == 0,
        parts=pl.Series(np.where(generator.random(visits) < ALONE, 1, generator.integers(2, MOST_RANGES + 1, visits))),
        client_ip=pl.when(pl.Series(generator.random(visits)) < CROWDED).then(pl.lit(CROWD)).otherwise("client_ip"),
    )


def _invent_consumers(generator: np.random.Generator, consumers: int) -> pl.DataFrame:
    """client_ip, user_agent, country_code, region_code: homes hold 1.6 consumers; a third of the homes speak IPv6."""
    homes = generator.integers(0, int(consumers / 1.6) + 1, consumers)
    agents = pl.Series([APPS[at % len(APPS)].format(at % 97, at % 811, at % 10) for at in range(AGENTS)])
    bots = pl.Series([BOTS[at % len(BOTS)].format(at % 13, at % 7) for at in range(60)])
    popularity = 1 / (1 + np.arange(AGENTS)) ** 0.9
    frame = pl.DataFrame(
        {
            "v4": _spell_v4(homes),
            "v6": _spell_v6(homes, generator),
            "agent": agents[generator.choice(AGENTS, consumers, p=popularity / popularity.sum())],
            "bot": bots[generator.integers(0, len(bots), consumers)],
            "country_code": pl.Series(COUNTRIES)[homes % len(COUNTRIES)],
            "home": homes,
            "kind": generator.random(consumers),
        }
    )
    is_bot, is_hosted, is_v6 = pl.col("kind") < 0.04, pl.col("kind") > 0.985, pl.col("home") % 3 == 0
    hosted = pl.format("198.18.{}.{}", pl.col("home") % 11, pl.col("home") % 250)
    return frame.select(
        "country_code",
        user_agent=pl.when(is_bot).then("bot").otherwise("agent"),
        region_code=pl.format("{}-{}", "country_code", pl.col("home") % 11),
        client_ip=pl.when(is_hosted).then(hosted).when(is_v6).then("v6").otherwise("v4"),
    )


def _spell_v4(homes: Integers) -> pl.Series:
    """A home's own address; 80 to 89 are lines of consumers in Europe."""
    parts = {"a": 80 + homes // 2**24, "b": homes // 2**16 % 256, "c": homes // 2**8 % 256, "d": homes % 256}
    return pl.DataFrame(parts).select(pl.format("{}.{}.{}.{}", "a", "b", "c", "d")).to_series()


def _spell_v6(homes: Integers, generator: np.random.Generator) -> pl.Series:
    """An address in the home's own /64; devices change their half of it all the time."""
    hexadecimal = pl.Series([f"{number:x}" for number in range(2**16)])
    words = {
        "a": homes // 2**16,
        "b": homes % 2**16,
        "c": homes * 7 % 2**8,
        "d": generator.integers(1, 2**16, len(homes)),
        "e": generator.integers(1, 2**16, len(homes)),
    }
    spelt = pl.DataFrame({name: hexadecimal[word] for name, word in words.items()})
    return spelt.select(pl.format("2a02:{}:{}:{}:{}:0:1:{}", "a", "b", "c", "d", "e")).to_series()


def _invent_ranges(generator: np.random.Generator, visits: pl.DataFrame) -> pl.DataFrame:
    """The requests of each visit: the whole file at once, or one range after the other, some cut short."""
    rows = visits.with_columns(part=pl.int_ranges(0, "parts")).explode("part")
    size = rows.height
    start = pl.col("part") * CHUNK_BYTES
    ranged = (pl.col("parts") > 1) & ~pl.col("is_prefix")
    requested = pl.when(ranged).then(CHUNK_BYTES).otherwise("file_bytes")
    broken = pl.Series(generator.random(size))
    share = pl.when(broken < 0.12).then(pl.Series(generator.random(size))).otherwise(1.0)
    nothing = pl.lit(None, dtype=pl.Int64)
    return rows.with_columns(
        event_id=_ids(generator, size),
        occurred_at=pl.lit(MIDNIGHT)
        + pl.duration(
            microseconds=pl.col("starts")
            + pl.col("part") * 20_000_000
            + pl.Series(generator.integers(0, 9_000_000, size))
        ),
        source=pl.when("is_prefix").then(pl.lit("prefix")).otherwise(pl.lit("server_log")),
        event_type=pl.lit("download"),
        http_method=pl.lit("GET"),
        http_status=pl.when("is_prefix").then(302).when(ranged).then(206).otherwise(200).cast(pl.Int16),
        range_start=pl.when(ranged).then(start).otherwise(nothing),
        range_end=pl.when(ranged).then(start + CHUNK_BYTES - 1).otherwise(nothing),
        bytes_sent=pl.when("is_prefix").then(nothing).otherwise((requested * share).cast(pl.Int64)),
    )


def _spoil(generator: np.random.Generator, requests: pl.DataFrame) -> pl.DataFrame:
    """Probes, errors, other methods, missing agents, lost episodes, and one row in twenty that a player reports."""
    dice = pl.Series(generator.random(requests.height))
    draw = pl.Series(generator.integers(0, REFERRERS * 8, requests.height))
    plays = (dice >= 0.95) & (dice < 1)
    probe = (dice < 0.01) & (requests["source"] == "server_log")
    return requests.select(
        "tenant_id",
        "event_id",
        "occurred_at",
        "asset_id",
        "client_ip",
        "country_code",
        "region_code",
        "bytes_sent",
        received_at=pl.col("occurred_at") + timedelta(minutes=5),
        source=pl.when(plays).then(pl.lit("client")).otherwise("source"),
        event_type=pl.when(plays).then(pl.lit("listen_progress")).otherwise("event_type"),
        session_id=pl.when(plays).then(pl.format("session-{}", "starts")),
        heard_seconds=pl.when(plays).then(pl.lit(30.0)),
        episode_id=pl.when((dice >= 0.01) & (dice < 0.012)).then("event_id").otherwise("episode_id"),
        user_agent=pl.when((dice >= 0.012) & (dice < 0.016)).then(pl.lit("")).otherwise("user_agent"),
        referrer=pl.when(draw < REFERRERS).then(pl.format("https://show-{}.example/play", draw)),
        http_method=pl.when((dice >= 0.016) & (dice < 0.026)).then(pl.lit("HEAD")).otherwise("http_method"),
        http_status=pl.when((dice >= 0.026) & (dice < 0.034))
        .then(pl.lit(404, dtype=pl.Int16))
        .otherwise("http_status"),
        range_start=pl.when(probe).then(0).otherwise("range_start"),
        range_end=pl.when(probe).then(1).otherwise("range_end"),
    )


def _ids(generator: np.random.Generator, count: int) -> pl.Series:
    """Sixteen random bytes for each."""
    content = generator.bytes(16 * count)
    return pl.Series([content[at : at + 16] for at in range(0, 16 * count, 16)], dtype=pl.Binary)
