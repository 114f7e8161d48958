"""How fast a day of a CDN's log comes in from an object store: lines a minute, and whose processor's time it takes.

Here: an invented day of CloudFront's standard log in gzip objects, a real store that speaks S3 and a private database,
all on this machine, and the import of a source as a run does it.
Not here: what the lines are worth. `python -m benchmarks.importing --help`.

The store and the database share the machine with the import, so the whole takes more of it than where they have
machines of their own.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import polars as pl

from assets.importing.sources.configured import Source, add_source
from assets.importing.sources.objects import importer
from assets.importing.sources.places import Place
from assets.importing.sources.reading import read_source
from sql.embedded import Server, ensure_server, stop_server
from sql.schema.migrate import migrate
from sql.warehouse import Warehouse
from tests.object_store import ObjectStore, environment, running_store

TENANT, PODCAST = uuid4(), uuid4()
EPISODES, AGENTS, LISTENERS = 500, 300, 400_000
DAY = datetime(2026, 10, 14, tzinfo=UTC)

HEAD = (
    "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
    "cs(Referer) cs(User-Agent) cs-uri-query x-edge-result-type x-edge-request-id cs-protocol sc-range-start "
    "sc-range-end\n"
)


def lines_of(number: int, count: int, rng: np.random.Generator) -> str:
    """One object: its share of the day, as listeners fetch files in ranges."""
    at = np.sort(rng.integers(0, 86_400, count))
    episode, agent = rng.integers(0, EPISODES, count), rng.integers(0, AGENTS, count)
    listener = rng.integers(0, LISTENERS, count)
    start = rng.integers(0, 20, count) * 1_048_576
    moments = [DAY + timedelta(seconds=int(second)) for second in at]
    rows = (
        f"{moment:%Y-%m-%d\t%H:%M:%S}\tFRA56-P4\t1049000\t{10 + (who >> 16)}.{who >> 8 & 255}.{who & 255}.7\tGET\t"
        f"d1.cloudfront.net\t/show/{what:04}-an-episode.mp3\t206\t-\tAntennaPod/3.{how}.0%20(Android;%20Phone)\t"
        f"listener={who}\tHit\treq-{number}-{place}-aXj4kQpL9wz\thttps\t{first}\t{first + 1_048_575}\n"
        for place, (moment, what, how, who, first) in enumerate(
            zip(moments, episode.tolist(), agent.tolist(), listener.tolist(), start.tolist(), strict=True)
        )
    )
    return HEAD + "".join(rows)


def fill_store(store: ObjectStore, lines: int, objects: int) -> int:
    """Put the day into the store; returns its bytes."""
    rng, size = np.random.default_rng(1), 0
    for number in range(objects):
        content = gzip.compress(lines_of(number, lines // objects, rng).encode(), 6)
        store.put(f"bench/cdn/E1.2026-10-14-{number:04}.gz", content)
        size += len(content)
    return size


def fill_catalogue(warehouse: Warehouse) -> None:
    """One tenant with a show and its episodes."""
    warehouse.insert(
        "tenants",
        pl.DataFrame({"tenant_id": [TENANT.bytes], "slug": ["bench"], "name": ["Bench"], "brand_name": ["Bench"]}),
    )
    show = {"tenant_id": [TENANT.bytes], "podcast_id": [PODCAST.bytes], "slug": ["show"], "title": ["Show"]}
    warehouse.insert("podcasts", pl.DataFrame(show))
    ids = [uuid4().bytes for _ in range(EPISODES)]
    common = {"tenant_id": [TENANT.bytes] * EPISODES, "episode_id": ids}
    numbers = [f"{number:04}" for number in range(EPISODES)]
    warehouse.insert(
        "episodes",
        pl.DataFrame(
            common
            | {
                "podcast_id": [PODCAST.bytes] * EPISODES,
                "guid": numbers,
                "title": numbers,
                "published_at": [DAY] * EPISODES,
            }
        ),
    )
    files = {"asset_id": ids, "path": [f"/show/{number}-an-episode.mp3" for number in numbers]}
    warehouse.insert("media_assets", pl.DataFrame(common | files))


def processor_seconds(postmaster: int) -> Mapping[str, float]:
    """Seconds of processor's time so far, of this process, of the database's and of the store's."""
    return {"import": time.process_time(), "database": _family(postmaster), "store": _family(os.getpid(), own=False)}


def _family(parent: int, own: bool = True) -> float:
    """A process with those that it started, ended ones included."""
    ticks, total = os.sysconf("SC_CLK_TCK"), 0.0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        user, system, ended_user, ended_system = (int(fields[place]) for place in (11, 12, 13, 14))
        if int(folder.name) == parent and own:
            total += (user + system + ended_user + ended_system) / ticks
        elif int(fields[1]) == parent:
            total += (user + system) / ticks
    return total


@contextmanager
def database() -> Iterator[Server]:
    """A private server with the whole schema, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="earshot-bench-"))
    folder.chmod(0o755)
    try:
        server = ensure_server(folder / "home", lambda _: None)
        migrate(server.migrator_url, lambda _: None)
        yield server
    finally:
        stop_server(folder / "home", wipe=True)
        shutil.rmtree(folder, ignore_errors=True)


def measure(lines: int, objects: int) -> None:
    """Print what the import of one source took, from an empty table and again."""
    os.environ.update(environment())
    with running_store() as store, database() as server:
        warehouse = Warehouse(server.url)
        fill_catalogue(warehouse)
        size = fill_store(store, lines, objects)
        place = Place("s3://bench/cdn/", {"endpoint": store.endpoint})
        source = Source(
            tenant=TENANT,
            tenant_slug="bench",
            name="cdn",
            kind="requests",
            place=place,
            format_name="cloudfront",
            entered_by="bench",
        )
        add_source(warehouse, source)
        postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
        print(f"{lines:,} lines in {objects} objects of {size / objects / 1e6:.1f} MB, {os.cpu_count()} processors")
        before, began = processor_seconds(postmaster), time.perf_counter()
        read = read_source(warehouse, source, importer(warehouse, "bench"))
        took = time.perf_counter() - began
        after = processor_seconds(postmaster)
        assert (read.stored, read.rejected) == (lines // objects * objects, 0), read
        shares = {name: after[name] - before[name] for name in before}
        print(f"{took:.1f} s: {read.stored / took * 60:,.0f} lines a minute")
        print(", ".join(f"{name} {seconds:.1f} s" for name, seconds in shares.items()) + " of processor's time")
        total = sum(shares.values())
        busy = total / took / (os.cpu_count() or 1)
        print(f"{total / read.stored * 1e6:.1f} us a line; the processors were {busy:.0%} busy with it")
        warehouse.close()


def main() -> None:
    """Read the options, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=int, default=500_000, help="5000000 is a day of a large network")
    parser.add_argument("--objects", type=int, default=10)
    given = parser.parse_args()
    measure(given.lines, given.objects)


if __name__ == "__main__":
    main()
