"""The library of one tenant: episodes by release rhythm, their files, and the byte spans of ads in them.

Here: what can be downloaded, as dimension rows and, beside them, as arrays that traffic is drawn from.
Not here: who downloads (audience.py), what campaigns cost (campaigns.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

import numpy as np
import polars as pl

from pipelines.demo.world.calendar import EPOCH, Span, local_moment, moment, start_of
from pipelines.demo.world.dice import Bools, Floats, Ints, identity, mixed
from pipelines.demo.world.network import Campaign, Show, Spot, Tenant
from pipelines.demo.world.titles import TRAILERS, title_of

UNKNOWN = -1

# PTMG 2.3: without a known size, one minute at 128 kbit/s.
MINUTE_OF_UNKNOWN_SIZE = 960_000

# A file carries at most a baked-in pre, mid and post and as many dynamic ads.
MOST_ADS = 6

TRAILER_SECONDS = 45
# Files that lack a value come from these shows: one episode in so many misses the size, another the duration.
GAPS_IN = frozenset({"ledger-and-loaf", "kiezgespraech", "asa-no-hon"})
ONE_IN = 9


@dataclass(frozen=True, slots=True)
class Placed:
    """A placement as the files need it: its id, its spot, and the flight of its campaign."""

    number: int
    placement_id: UUID
    campaign: Campaign
    spot: Spot
    flight_start: date
    flight_end: date


@dataclass(frozen=True, slots=True)
class Episode:
    """An invented episode."""

    episode_id: UUID
    show: int
    number: int
    title: str
    released: date
    published: int
    seconds: int
    trailer: bool


@dataclass(frozen=True, slots=True)
class AdSpan:
    """Where an ad lies in a file."""

    placed: Placed
    first_byte: int
    last_byte: int


@dataclass(frozen=True, slots=True)
class Asset:
    """A file. Size and duration are always set here, also where the database has no value.

    campaign: the place in the tenant of the campaign whose ads are stitched in; UNKNOWN for the plain file.
    """

    asset_id: UUID
    episode: int
    path: str
    size: int
    header: int
    seconds: int
    kbps: int
    has_size: bool
    has_duration: bool
    has_episode_duration: bool
    flight: tuple[date, date] | None
    campaign: int
    spans: tuple[tuple[int, int, Placed | None], ...]

    @property
    def need(self) -> int:
        """Content bytes that make one minute: the definition of PTMG 2.3, in whole numbers."""
        content = self.size - self.header
        if not self.has_size:
            return MINUTE_OF_UNKNOWN_SIZE
        if not (self.has_duration or self.has_episode_duration) or self.seconds < 60:
            return content
        return -(-60 * content // self.seconds)

    @property
    def plain(self) -> bool:
        """Whether the file can be requested in pieces whose outcome is certain beforehand."""
        return self.has_size and self.need < self.size - self.header

    @property
    def ads(self) -> list[AdSpan]:
        return [AdSpan(placed, first, last) for first, last, placed in self.spans if placed is not None]


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that a tenant serves, with the arrays that the traffic is computed on (one entry per file)."""

    tenant: Tenant
    tenant_id: UUID
    episodes: tuple[Episode, ...]
    assets: tuple[Asset, ...]
    placed: tuple[Placed, ...]
    first_asset: Ints = field(repr=False)
    asset_count: Ints = field(repr=False)
    asset_episode: Ints = field(repr=False)
    size: Ints = field(repr=False)
    header: Ints = field(repr=False)
    need: Ints = field(repr=False)
    seconds: Ints = field(repr=False)
    plain: Bools = field(repr=False)
    asset_campaign: Ints = field(repr=False)
    flight_first: Ints = field(repr=False)
    flight_last: Ints = field(repr=False)
    ad_first: Ints = field(repr=False)
    ad_last: Ints = field(repr=False)
    ad_placement: Ints = field(repr=False)

    @property
    def published(self) -> Ints:
        return np.array([episode.published for episode in self.episodes], dtype=np.int64)

    @property
    def show_of_episode(self) -> Ints:
        return np.array([episode.show for episode in self.episodes], dtype=np.int64)

    @property
    def prefix_show(self) -> Bools:
        return np.array([show.source == "prefix" for show in self.tenant.shows], dtype=np.bool_)

    def show_id(self, show: int) -> UUID:
        return identity(self.tenant.slug, "show", self.tenant.shows[show].slug)


def build_library(tenant: Tenant, span: Span) -> Library:
    """All episodes that were or will be released from 60 days before the span to its end, and their files."""
    placed = tuple(_place_campaigns(tenant, span))
    episodes = tuple(sorted(_release_episodes(tenant, span), key=lambda each: (each.published, each.episode_id)))
    assets = tuple(
        asset for number, episode in enumerate(episodes) for asset in _make_files(tenant, placed, number, episode)
    )
    return _with_arrays(tenant, placed, episodes, assets)


def _place_campaigns(tenant: Tenant, span: Span) -> Iterator[Placed]:
    number = 0
    for campaign in tenant.campaigns:
        for place, spot in enumerate(campaign.spots):
            yield Placed(
                number,
                identity(tenant.slug, "placement", campaign.slug, place),
                campaign,
                spot,
                span.before_last(campaign.starts),
                span.before_last(campaign.ends),
            )
            number += 1


def _release_episodes(tenant: Tenant, span: Span) -> Iterator[Episode]:
    earliest = span.first - timedelta(days=60)
    for position, show in enumerate(tenant.shows):
        for offset in range((span.last - earliest).days + 1):
            day = earliest + timedelta(days=offset)
            if day.weekday() in show.weekdays:
                yield _release(tenant, position, show, day)
    yield _release_trailer(tenant, span.first + timedelta(days=20))


def _release(tenant: Tenant, position: int, show: Show, day: date) -> Episode:
    # Numbered by the calendar, so that an episode keeps its number whatever span is simulated.
    number = (day - date(2023, 1, 1)).days * len(show.weekdays) // 7 + 1
    wobble = int(mixed(np.array([(day - EPOCH).days]), 11 + position)[0]) % (show.minutes * 12)
    return Episode(
        identity(tenant.slug, show.slug, day),
        position,
        number,
        title_of(show.language, number + position),
        day,
        local_moment(day, show.hour, tenant.timezone),
        show.minutes * 54 + wobble,
        trailer=False,
    )


def _release_trailer(tenant: Tenant, day: date) -> Episode:
    language = tenant.shows[0].language
    published = local_moment(day, 12, tenant.timezone)
    return Episode(
        identity(tenant.slug, "trailer", day), 0, 0, TRAILERS[language], day, published, TRAILER_SECONDS, trailer=True
    )


def _gap(show: Show, episode: Episode) -> int:
    """0 the size, 1 both durations, 2 the file's duration is not known; anything else: all is known."""
    if show.slug not in GAPS_IN or episode.trailer:
        return ONE_IN
    return (episode.released - EPOCH).days // 2 % ONE_IN


def _make_files(tenant: Tenant, placed: tuple[Placed, ...], number: int, episode: Episode) -> Iterator[Asset]:
    """The plain file and, for dynamic insertion, one stitched variant per campaign with a flight that it can meet."""
    show = tenant.shows[episode.show]
    gap = _gap(show, episode)
    here = [each for each in placed if each.spot.show == show.slug and not episode.trailer and gap != 0]
    baked = [
        each for each in here
        if each.spot.kind == "baked_in" and each.flight_start <= episode.released <= each.flight_end
    ]  # fmt: skip
    stitched: dict[str, list[Placed]] = {"": []}
    for each in here:
        meets = each.spot.kind == "dynamic" and episode.released <= each.flight_end
        if meets and show.source == "server_log" and gap > 2:
            stitched.setdefault(each.campaign.slug, []).append(each)
    for variant, (slug, dynamic) in enumerate(stitched.items()):
        yield _make_file(tenant, show, number, episode, variant, slug, [*dynamic, *baked], gap)


def _make_file(
    tenant: Tenant, show: Show, number: int, episode: Episode, variant: int, slug: str, ads: list[Placed], gap: int
) -> Asset:
    name = f"{show.slug}-{episode.released:%Y%m%d}" + ("-trailer" if episode.trailer else "")
    path = f"/{show.slug}/{name}.mp3" if not slug else f"/{show.slug}/{name}.{slug}.mp3"
    asset_id = identity(tenant.slug, path)
    luck = int(mixed(np.array([asset_id.int & 0x7FFFFFFF]), 3)[0])
    # ID3 tag with cover art: between a bare tag and a 150 kB picture. A file of unknown size has a bare stream.
    header = 0 if gap == 0 else 417 + luck % 150_000
    spans, seconds = _cut_spans(ads, episode.seconds, header, show.kbps * 125)
    return Asset(
        asset_id=asset_id,
        episode=number,
        path=path,
        size=spans[-1][1] + 1,
        header=header,
        seconds=seconds,
        kbps=show.kbps,
        has_size=gap != 0,
        has_duration=gap not in (1, 2),
        has_episode_duration=gap != 1,
        flight=(ads[0].flight_start, ads[0].flight_end) if slug else None,
        campaign=[each.slug for each in tenant.campaigns].index(slug) if slug else UNKNOWN,
        spans=spans,
    )


def _cut_spans(
    ads: list[Placed], seconds: int, header: int, rate: int
) -> tuple[tuple[tuple[int, int, Placed | None], ...], int]:
    """Byte spans in the order of the file, both ends included: ads where they belong, content between them."""
    half = seconds // 2
    at = {position: [each for each in ads if each.spot.position == position] for position in ("pre", "mid", "post")}
    parts: list[tuple[int, Placed | None]] = [(each.spot.seconds, each) for each in at["pre"]]
    parts += [(half, None), *((each.spot.seconds, each) for each in at["mid"]), (seconds - half, None)]
    parts += [(each.spot.seconds, each) for each in at["post"]]
    spans: list[tuple[int, int, Placed | None]] = []
    first = header
    for length, placed in parts:
        spans.append((first, first + length * rate - 1, placed))
        first += length * rate
    return tuple(spans), sum(length for length, _ in parts)


def _with_arrays(
    tenant: Tenant, placed: tuple[Placed, ...], episodes: tuple[Episode, ...], assets: tuple[Asset, ...]
) -> Library:
    owner = np.array([asset.episode for asset in assets], dtype=np.int64)
    first_asset = np.searchsorted(owner, np.arange(len(episodes)))
    ads = np.full((3, len(assets), MOST_ADS), UNKNOWN, dtype=np.int64)
    for row, asset in enumerate(assets):
        for column, ad in enumerate(asset.ads):
            ads[:, row, column] = ad.first_byte, ad.last_byte, ad.placed.number
    always = (date(1970, 1, 2), date(2200, 1, 1))
    flights = [asset.flight or always for asset in assets]
    return Library(
        tenant=tenant,
        tenant_id=identity(tenant.slug),
        episodes=episodes,
        assets=assets,
        placed=placed,
        first_asset=first_asset.astype(np.int64),
        asset_count=np.bincount(owner, minlength=len(episodes)).astype(np.int64),
        asset_episode=owner,
        size=_whole([asset.size for asset in assets]),
        header=_whole([asset.header for asset in assets]),
        need=_whole([asset.need for asset in assets]),
        seconds=_whole([asset.seconds for asset in assets]),
        plain=np.array([asset.plain for asset in assets], dtype=np.bool_),
        asset_campaign=_whole([asset.campaign for asset in assets]),
        flight_first=_whole([start_of(first) for first, _ in flights]),
        flight_last=_whole([start_of(last) for _, last in flights]),
        ad_first=ads[0],
        ad_last=ads[1],
        ad_placement=ads[2],
    )


def _whole(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def library_frames(library: Library) -> dict[str, pl.DataFrame]:
    """Dimension rows: podcasts, episodes, media_assets, asset_segments."""
    tenant_id = library.tenant_id.bytes
    shows = library.tenant.shows
    podcasts: list[dict[str, object]] = [
        {"podcast_id": library.show_id(n).bytes, "slug": show.slug, "title": show.title, "language": show.language}
        for n, show in enumerate(shows)
    ]
    segments: list[dict[str, object]] = [
        {
            "asset_id": asset.asset_id.bytes,
            "segment_no": number,
            "kind": "content" if placed is None else "ad",
            "first_byte": first,
            "last_byte": last,
            "placement_id": None if placed is None else placed.placement_id.bytes,
            "position": None if placed is None else placed.spot.position,
            "insertion": None if placed is None else placed.spot.kind,
        }
        for asset in library.assets
        if asset.has_size
        for number, (first, last, placed) in enumerate(asset.spans)
    ]
    rows: dict[str, Sequence[dict[str, object]]] = {
        "podcasts": podcasts,
        "episodes": [_episode_row(library, episode) for episode in library.episodes],
        "media_assets": [_asset_row(library, asset) for asset in library.assets],
        "asset_segments": segments,
    }
    return {
        table: pl.DataFrame(each, infer_schema_length=None).select(pl.lit(tenant_id).alias("tenant_id"), pl.all())
        for table, each in rows.items()
    }


def _episode_row(library: Library, episode: Episode) -> dict[str, object]:
    first = library.assets[int(library.first_asset[library.episodes.index(episode)])]
    return {
        "episode_id": episode.episode_id.bytes,
        "podcast_id": library.show_id(episode.show).bytes,
        "guid": str(episode.episode_id),
        "title": episode.title,
        "number": None if episode.trailer else episode.number,
        "published_at": moment(episode.published),
        "duration_s": float(first.seconds) if first.has_episode_duration else None,
    }


def _asset_row(library: Library, asset: Asset) -> dict[str, object]:
    return {
        "asset_id": asset.asset_id.bytes,
        "episode_id": library.episodes[asset.episode].episode_id.bytes,
        "path": asset.path,
        "file_bytes": asset.size if asset.has_size else None,
        "header_bytes": asset.header,
        "duration_s": float(asset.seconds) if asset.has_duration else None,
        "bitrate_bps": asset.kbps * 1000,
    }


def seconds_listened(library: Library, asset: Ints, upto: Ints) -> Floats:
    """How far into the file a byte lies, in seconds."""
    share = (upto - library.header[asset]) / (library.size[asset] - library.header[asset])
    return np.clip(share, 0, 1) * library.seconds[asset]
