"""The truth of a simulation, known by construction: what the product must find, counted without the product.

Here: tables of truth, made from what every request and order was meant to be; written to and read from a folder.
Not here: any rule. Nothing of the product's computing is imported.

Tables (ids are 16-byte binaries; day is the UTC day; origin is loaded, or imported for what lies in the CDN log):
  dispositions   origin, tenant_id, day, disposition, rows
  downloads      origin, tenant_id, podcast_id, episode_id, day, downloads
  listeners      origin, tenant_id, podcast_id (null: the whole tenant), day, listeners, households
  ads            origin, tenant_id, placement_id, episode_id, day, impressions
  impressions    tenant_id, placement_id, day, kind (impression, click), events: reported, not delivered by byte
  reach          tenant_id, placement_id, households, consumers over all loaded days (delivered by byte)
  plays          tenant_id, day, event_type, events
  orders         tenant_id, sponsor_id, kind, order_id (null: a visit), converted_at, day, value_minor, currency, cause
                 (exposure, baseline), placement_id and exposed_at of the cause, code_placement_id, household
  conversions    tenant_id, sponsor_id, kind, day, conversions, caused, value_minor, refunded_minor (of these orders)
  refunds        tenant_id, sponsor_id, order_id, refunded_at, day, value_minor, cancelled
  code_orders    tenant_id, placement_id, orders: with a code; in_window: of these, inside the window of the last airing
and, in detail only:
  download_rows  origin, tenant_id, podcast_id, episode_id, downloaded_at, day, consumer, household
  exposure_rows  origin, tenant_id, placement_id, episode_id, occurred_at, day, consumer, household
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.demo.cdn_log import BROKEN, cdn_traffic
from pipelines.demo.events.advertising import Exposures, deliver_ads
from pipelines.demo.events.playback import EVENTS
from pipelines.demo.events.requests import DISPOSITIONS
from pipelines.demo.events.traffic import Traffic
from pipelines.demo.events.wire import times
from pipelines.demo.simulation import Activity, Simulation
from pipelines.demo.truth_orders import code_orders, count_conversions, order_rows, refund_rows
from pipelines.demo.world.calendar import DAY
from pipelines.demo.world.catalogue import Library
from pipelines.demo.world.dice import Ints

LOADED, IMPORTED = "loaded", "imported"


@dataclass(frozen=True, slots=True)
class Truth:
    """Tables of truth by name, and what they are about."""

    tables: dict[str, pl.DataFrame]
    about: dict[str, object]

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self.tables[name]


def find_truth(simulation: Simulation, detail: bool = False) -> Truth:
    """Count everything that the simulation meant. With detail, every download and every ad is a row (large)."""
    found: dict[str, list[pl.DataFrame]] = {}
    seen: dict[bytes, list[Ints]] = {}
    for activity in chain.from_iterable(activities for _, activities in simulation.activities()):
        heard = exposure_frame(activity.library, activity.exposures)
        _add(found, traffic_tables(LOADED, activity.library, activity.traffic, heard, detail))
        _add(found, _event_tables(activity))
        seen.setdefault(activity.library.tenant_id.bytes, []).append(_reach_keys(activity.exposures))
    library, traffic = cdn_traffic(simulation)
    heard = exposure_frame(library, deliver_ads(library, traffic.downloads))
    _add(found, traffic_tables(IMPORTED, library, traffic, heard, detail))
    tables = {name: pl.concat(parts) for name, parts in found.items()}
    summed = {name: _sum_up(tables[name]) for name in ("dispositions", "downloads", "ads", "impressions", "plays")}
    # Only night downloads put a day's listeners into two batches, and each of those has a guest of its own.
    tables |= summed | {"listeners": _sum_up(tables["listeners"])}
    tables["reach"] = pl.concat([_count_reach(library, seen) for library in simulation.libraries])
    tables["conversions"] = count_conversions(tables["orders"], tables["refunds"])
    tables["code_orders"] = pl.concat([code_orders(library, tables["orders"]) for library in simulation.libraries])
    return Truth(tables, _about(simulation, tables))


def traffic_tables(
    origin: str, library: Library, traffic: Traffic, heard: pl.DataFrame, detail: bool
) -> dict[str, pl.DataFrame]:
    """Dispositions, downloads, listeners and ads of one batch of traffic."""
    downloads = download_frame(library, traffic)
    per_episode = downloads.group_by("podcast_id", "episode_id", "day").agg(downloads=pl.len())
    people = (pl.col("consumer").n_unique().alias("listeners"), pl.col("household").n_unique().alias("households"))
    per_show = downloads.group_by("podcast_id", "day").agg(*people)
    whole = downloads.group_by("day").agg(*people).select(pl.lit(None, pl.Binary).alias("podcast_id"), pl.all())
    tables = {
        "dispositions": _count_dispositions(traffic),
        "downloads": per_episode,
        "listeners": pl.concat([per_show, whole.select(per_show.columns)]),
        "ads": heard.group_by("placement_id", "episode_id", "day").agg(impressions=pl.len()),
    }
    if detail:
        tables |= {"download_rows": downloads, "exposure_rows": heard}
    owner = (pl.lit(origin).alias("origin"), pl.lit(library.tenant_id.bytes).alias("tenant_id"))
    return {name: table.select(*owner, pl.all()) for name, table in tables.items()}


def _count_dispositions(traffic: Traffic) -> pl.DataFrame:
    frame = pl.DataFrame({"day": traffic.rows.at // DAY, "n": traffic.rows.outcome})
    counted = frame.group_by("day", "n").agg(rows=pl.len())
    return counted.select(_day("day"), disposition=_names(DISPOSITIONS, counted["n"]), rows="rows")


def download_frame(library: Library, traffic: Traffic) -> pl.DataFrame:
    """One row per download."""
    downloads = traffic.downloads
    return pl.DataFrame(
        {
            "podcast_id": _shows(library, downloads.episode),
            "episode_id": _pick([each.episode_id.bytes for each in library.episodes], downloads.episode),
            "downloaded_at": times(downloads.at),
            "day": downloads.at // DAY,
            "consumer": downloads.consumer,
            "household": downloads.address,
        }
    ).with_columns(_day("day"))


def exposure_frame(library: Library, exposures: Exposures) -> pl.DataFrame:
    """One row per ad that was heard."""
    return pl.DataFrame(
        {
            "placement_id": _pick([each.placement_id.bytes for each in library.placed], exposures.placement),
            "episode_id": _pick([each.episode_id.bytes for each in library.episodes], exposures.episode),
            "occurred_at": times(exposures.at),
            "day": exposures.at // DAY,
            "consumer": exposures.consumer,
            "household": exposures.address,
        }
    ).with_columns(_day("day"))


def _event_tables(activity: Activity) -> dict[str, pl.DataFrame]:
    """Tables of what is not a request: playback, reported impressions and clicks, orders, visits, refunds."""
    library = activity.library
    reported = pl.DataFrame({"day": activity.plays.at // DAY, "n": activity.plays.event})
    plays = reported.group_by("day", "n").agg(events=pl.len())
    exposures = (("impression", activity.impressions), ("click", activity.clicks))
    owner = pl.lit(library.tenant_id.bytes).alias("tenant_id")
    not_requests = plays.group_by("day").agg(rows=pl.col("events").sum())
    return {
        "plays": plays.select(owner, _day("day"), event_type=_names(EVENTS, plays["n"]), events="events"),
        "dispositions": not_requests.select(
            pl.lit(LOADED).alias("origin"), owner, _day("day"), pl.lit("not_a_request").alias("disposition"),
            pl.col("rows").cast(pl.get_index_type()),
        ),
        "impressions": pl.concat([_count_contacts(library, kind, contacts) for kind, contacts in exposures]),
        "orders": order_rows(activity),
        "refunds": refund_rows(activity),
    }  # fmt: skip


def _count_contacts(library: Library, kind: str, exposures: Exposures) -> pl.DataFrame:
    counted = exposure_frame(library, exposures).group_by("placement_id", "day").agg(events=pl.len())
    return counted.select(
        pl.lit(library.tenant_id.bytes).alias("tenant_id"), "placement_id", "day", pl.lit(kind).alias("kind"), "events"
    )


def _reach_keys(exposures: Exposures) -> Ints:
    """Distinct pairs of placement and consumer, packed; the household follows from the consumer."""
    return np.unique(exposures.consumer << 8 | exposures.placement)


def _count_reach(library: Library, seen: dict[bytes, list[Ints]]) -> pl.DataFrame:
    keys = np.unique(np.concatenate(seen[library.tenant_id.bytes]))
    frame = pl.DataFrame({"placement": keys & 0xFF, "consumer": keys >> 8, "household": keys >> 8 + 6})
    reach = frame.group_by("placement").agg(pl.col("household").n_unique(), pl.col("consumer").n_unique())
    return reach.sort("placement").select(
        pl.lit(library.tenant_id.bytes).alias("tenant_id"),
        _pick([each.placement_id.bytes for each in library.placed], reach.sort("placement")["placement"].to_numpy()),
        households="household",
        consumers="consumer",
    )


def _sum_up(table: pl.DataFrame) -> pl.DataFrame:
    """Add up batches that touch the same day."""
    counts = [name for name, dtype in table.schema.items() if dtype.is_integer()]
    keys = [name for name in table.columns if name not in counts]
    return table.group_by(keys).agg(pl.col(counts).sum()).sort(keys, nulls_last=True)


def _add(found: dict[str, list[pl.DataFrame]], tables: dict[str, pl.DataFrame]) -> None:
    for name, table in tables.items():
        found.setdefault(name, []).append(table)


def _day(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Int32).cast(pl.Date)


def _names(names: Iterable[str], chosen: pl.Series) -> pl.Series:
    return pl.Series(list(names), dtype=pl.String).gather(chosen)


def _shows(library: Library, episode: Ints) -> pl.Series:
    shows = [library.show_id(n).bytes for n in range(len(library.tenant.shows))]
    return _pick(shows, library.show_of_episode[episode])


def _pick(ids: list[bytes], chosen: Ints) -> pl.Series:
    return pl.Series("placement_id", ids, dtype=pl.Binary).gather(chosen)


def _about(simulation: Simulation, tables: dict[str, pl.DataFrame]) -> dict[str, object]:
    loaded = tables["dispositions"].filter(pl.col("origin") == LOADED)
    return {
        "seed": simulation.seed,
        "events": simulation.events,
        "first_day": simulation.span.first.isoformat(),
        "last_day": simulation.span.last.isoformat(),
        "listener_rows": int(loaded["rows"].sum()),
        "imported_tenant": str(simulation.libraries[0].tenant_id),
        "imported_day": (simulation.span.first - timedelta(days=1)).isoformat(),
        "imported_rows": len(cdn_traffic(simulation)[1].rows),
        "rejected_lines": len(BROKEN),
        "orders": tables["orders"].height,
    }


def write_truth(simulation: Simulation, folder: Path, detail: bool = False) -> Truth:
    """Find the truth and write it: one Parquet file per table, about.json beside them."""
    truth = find_truth(simulation, detail)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in truth.tables.items():
        table.write_parquet(folder / f"{name}.parquet")
    (folder / "about.json").write_text(json.dumps(truth.about, indent=2) + "\n", encoding="utf-8")
    return truth


def read_truth(folder: Path) -> Truth:
    """The truth as it was written."""
    tables = {path.stem: pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    return Truth(tables, json.loads((folder / "about.json").read_text(encoding="utf-8")))
