"""The listening rollups in pandas with SQLAlchemy, run by the Python of an environment of its own.

Here: a day read with read_sql, computed as one writes it in pandas with whole columns, written with to_sql, and timed.
Not here: Earshot: this program imports nothing of it, and is given an address and a day on the command line.

Covered: the dispositions 0 to 13, byte coverage as a union, the minute, downloads, ads delivered, daily metrics, and
breakdowns of shows only (those of episodes and tenants are most of the rows that Earshot writes). Left out, in favour
of pandas: what agents are (given in rollups.agents), keyed hashes (hash_pandas_object instead), networks (the /64
alone), suspect households, what each later request added, when exactly the minute was reached, rolling windows,
playback, and replacing a day in one transaction.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy

READ = """
SELECT
    tenant_id::text AS tenant_id, event_id::text AS event_id, occurred_at, source, event_type,
    episode_id::text AS episode_id, asset_id::text AS asset_id, host(client_ip) AS client_ip, user_agent, referrer,
    country_code::text AS country_code, region_code, http_method, http_status, range_start, range_end, bytes_sent
FROM listener_events
WHERE occurred_at >= %(day)s AND occurred_at < %(day)s::date + 1
"""
CATALOGUE = """
SELECT
    files.asset_id::text AS asset_id, files.episode_id::text AS file_episode_id, files.file_bytes, files.header_bytes,
    coalesce(files.duration_s, episodes.duration_s) AS duration_s, episodes.podcast_id::text AS podcast_id,
    episodes.published_at
FROM media_assets AS files
INNER JOIN episodes ON files.tenant_id = episodes.tenant_id AND files.episode_id = episodes.episode_id
"""
SPOTS = """
SELECT asset_id::text AS asset_id, placement_id::text AS placement_id, position, first_byte, last_byte
FROM asset_segments
"""
DIMENSIONS = ["app", "device", "os", "country_code", "region_code", "referrer", "hour"]
GROUP = ["consumer_key", "episode_id"]
SPAN = [*GROUP, "asset_id"]


def judge(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds verdict: the first rule that fits, NaN for a request that could count."""
    prefix = rows["source"] == "prefix"
    served = rows["http_status"].isin([200, 206]) | (prefix & rows["http_status"].isin([301, 302, 307, 308]))
    rules = {
        "not_a_request": ~rows["event_type"].isin(["download", "stream"]) | (rows["source"] == "client"),
        "malformed": rows["client_ip"].isna() | (rows["range_end"] < rows["range_start"]),
        "method_not_get": rows["http_method"].str.upper() != "GET",
        "not_modified": rows["http_status"] == 304,
        "status_not_ok": ~served,
        "range_probe": ~prefix & (rows["range_start"] == 0) & (rows["range_end"] == 1),
        "no_user_agent": rows["user_agent"].fillna("").str.strip() == "",
        "watch_duplicate": rows["user_agent"].str.startswith("atc/", na=False),
        "bot_agent": rows["is_bot"].fillna(False).astype(bool),
        "pre_release": rows["occurred_at"] < rows["published_at"],
        "unknown_asset": rows["podcast_id"].isna() | (rows["episode_id"] != rows["file_episode_id"]),
    }
    verdict = pd.Series(None, index=rows.index, dtype="object")
    for name, rule in reversed(rules.items()):
        verdict = verdict.mask(rule, name)
    return rows.assign(verdict=verdict)


def add_keys(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds household_key and consumer_key: hashes of the address (IPv6: its first half) and of it with the agent."""
    six = rows["client_ip"].str.contains(":", na=False)
    home = rows["client_ip"].mask(six, rows["client_ip"].str.split(":", n=4).str[:4].str.join(":"))
    both = home + "\x1f" + rows["user_agent"].fillna("")
    return rows.assign(
        household_key=pd.util.hash_pandas_object(home, index=False).astype("int64"),
        consumer_key=pd.util.hash_pandas_object(both, index=False).astype("int64"),
    )


def count_downloads(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The downloads, and every request that could count with the bytes received before it (reach) in its span."""
    could = rows[rows["verdict"].isna()].copy()
    could["start"] = could["range_start"].fillna(0)
    could["end"] = pd.concat(
        [could["range_end"] + 1, could["start"] + could["bytes_sent"], could["file_bytes"]], axis=1
    ).min(axis=1)
    could = could.sort_values([*SPAN, "start"])
    could["reach"] = could.groupby(SPAN, sort=False)["end"].cummax()
    could["reach"] = could.groupby(SPAN, sort=False)["reach"].shift()
    content = could[["start", "header_bytes"]].max(axis=1)
    could["new_bytes"] = (could["end"] - pd.concat([content, could["reach"]], axis=1).max(axis=1)).clip(lower=0)
    could["covered_bytes"] = could.groupby(SPAN, sort=False)["new_bytes"].transform("sum")
    minute = 60 * (could["file_bytes"] - could["header_bytes"]) / could["duration_s"]
    could["reaches"] = (could["source"] == "prefix") | (could["covered_bytes"] >= minute)
    reached = could[could["reaches"]].sort_values(["occurred_at", "event_id"])
    return reached.drop_duplicates(GROUP), could


def find_ads(downloads: pd.DataFrame, could: pd.DataFrame, spots: pd.DataFrame) -> pd.DataFrame:
    """One row per ad all of whose bytes lie in one merged interval of its download."""
    seen = (could["source"] != "prefix") & (could["end"] > could["start"])
    with_ads = could[could["asset_id"].isin(spots["asset_id"]) & seen]
    island = (with_ads["reach"].isna() | (with_ads["start"] > with_ads["reach"])).cumsum()
    merged = with_ads.groupby([*SPAN, island.rename("island")], sort=False).agg(
        start=("start", "min"), end=("end", "max")
    )
    found = merged.reset_index().merge(spots, on="asset_id")
    found = found[(found["start"] <= found["first_byte"]) & (found["end"] > found["last_byte"])]
    first_requests = downloads[[*GROUP, "tenant_id", "podcast_id", "event_id", "occurred_at", "household_key"]]
    return found.merge(first_requests, on=GROUP)


def measure(downloads: pd.DataFrame, ads: pd.DataFrame, rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables of the day."""
    episode = ["tenant_id", "podcast_id", "episode_id"]
    metrics = downloads.groupby(episode).agg(
        downloads=("event_id", "size"), listeners=("consumer_key", "nunique"), households=("household_key", "nunique")
    )
    positions = ads.pivot_table(index=episode, columns="position", values="event_id", aggfunc="count", fill_value=0)
    host = downloads["referrer"].str.extract(r"^[a-z]+://(?:www\.)?([^/]+)")[0]
    named = downloads.assign(referrer=host, hour=downloads["occurred_at"].dt.strftime("%H"))
    named[DIMENSIONS] = named[DIMENSIONS].fillna("unknown")
    breakdowns = [
        named.groupby(["tenant_id", "podcast_id", name])
        .agg(downloads=("event_id", "size"), listeners=("consumer_key", "nunique"))
        .reset_index()
        .rename(columns={name: "value"})
        .assign(dimension=name)
        for name in DIMENSIONS
    ]
    refused = rows.dropna(subset="verdict").groupby(["tenant_id", "verdict"]).size()
    kept = ["tenant_id", "occurred_at", "event_id", *SPAN, "podcast_id", "household_key", "covered_bytes", *DIMENSIONS]
    return {
        "peer_downloads": named[kept].sort_values(["tenant_id", "occurred_at", "event_id"]),
        "peer_exposures": ads[
            ["tenant_id", "occurred_at", "event_id", "placement_id", "position", *GROUP, "household_key"]
        ],
        "peer_metrics": metrics.join(positions).reset_index(),
        "peer_breakdowns": pd.concat(breakdowns),
        "peer_dispositions": refused.rename("requests").reset_index(),
    }


def main(url: str, day: str) -> dict[str, Any]:
    """Measure one day with pandas and SQLAlchemy; returns the seconds of each stage and the counts."""
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    began = time.perf_counter()
    rows = pd.read_sql_query(READ, engine, params={"day": day})
    agents = pd.read_sql_query("SELECT * FROM rollups.agents", engine)
    catalogue, spots = pd.read_sql_query(CATALOGUE, engine), pd.read_sql_query(SPOTS, engine)
    extracted = time.perf_counter()
    rows = rows.merge(agents, on="user_agent", how="left").merge(catalogue, on="asset_id", how="left")
    rows = add_keys(judge(rows))
    downloads, could = count_downloads(rows)
    tables = measure(downloads, find_ads(downloads, could, spots), rows)
    computed = time.perf_counter()
    with engine.begin() as connection:
        for name, frame in tables.items():
            frame.to_sql(name, connection, if_exists="replace", index=False, chunksize=10_000)
    ended = time.perf_counter()
    return {
        "seconds": round(ended - began, 3),
        "extract_s": round(extracted - began, 3),
        "compute_s": round(computed - extracted, 3),
        "write_s": round(ended - computed, 3),
        "peak_mb": round(peak_mb(), 1),
        **{name: len(frame) for name, frame in tables.items()},
    }


def peak_mb() -> float:
    """The most memory that this program has had resident."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:3])))
