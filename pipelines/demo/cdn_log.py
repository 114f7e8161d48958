"""A day's access log as CloudFront writes it, for one tenant, with its truth: something to import.

Here: the day before the simulated span, which nothing else fills, so that an import is exactly this file.
Not here: reading such logs (the product imports them).
Source of the format: Amazon CloudFront Developer Guide, "Standard logging reference".
"""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.demo.events.requests import BELOW, NUMBER
from pipelines.demo.events.schedule import expected_sessions, plan_sessions
from pipelines.demo.events.traffic import Traffic, make_traffic
from pipelines.demo.events.wire import METHODS, REFERRERS, times
from pipelines.demo.simulation import Simulation
from pipelines.demo.world import agents
from pipelines.demo.world.audience import Audience, address_text
from pipelines.demo.world.calendar import SECOND, Span
from pipelines.demo.world.catalogue import UNKNOWN, Library
from pipelines.demo.world.dice import Bools, Ints, stream, taken

# About so many lines, whatever the size of the simulation.
LINES = 2_000
ROWS_PER_SESSION = 1.65

# CloudFront counts the response's headers as sent.
HEADERS_SENT = 386

FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
    "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
    "x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
    "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    "sc-range-start sc-range-end"
)

# Lines that no parser can use: cut short, without a time, and what a full disk leaves behind.
BROKEN = (
    "2026-01-05\t04:1",
    "not-a-date\t25:61:00" + "\t-" * 31,
    "GET /favicon.ico",
    "-\t-" + "\t-" * 31,
    "%%% no space left on device %%%",
)


def cdn_traffic(simulation: Simulation) -> tuple[Library, Traffic]:
    """The requests of the logged day: the first tenant's, without the shows behind a prefix."""
    plan = simulation.plans[0]
    library, day = plan.library, simulation.span.first - timedelta(days=1)
    span = Span(day, day)
    per_listener = float(expected_sessions(library, span).sum()) * ROWS_PER_SESSION
    audience = Audience(library.tenant, simulation.seed, int(LINES / per_listener))
    traffic = make_traffic(plan_sessions(library, audience, span, simulation.seed), day, simulation.seed, events=0)
    prefix = library.prefix_show[library.show_of_episode]
    rows, downloads = traffic.rows, traffic.downloads
    # What has no address or a contradictory range is never in such a log.
    is_logged = (rows.outcome != NUMBER["malformed"]) & ~((rows.episode >= 0) & prefix[np.maximum(rows.episode, 0)])
    rows = taken(rows, np.nonzero(is_logged)[0])
    # The log has whole seconds, so two requests of one second have no order; in either order the sums are the same.
    rows = replace(rows, at=rows.at // SECOND * SECOND)
    downloads = taken(downloads, np.nonzero(~prefix[downloads.episode])[0])
    return library, Traffic(rows, replace(downloads, at=downloads.at // SECOND * SECOND))


def write_cdn_log(simulation: Simulation, folder: Path) -> Path:
    """Write the log, gzipped, with a few broken lines; returns its path. The same simulation gives the same bytes."""
    library, traffic = cdn_traffic(simulation)
    rng = stream(simulation.seed, library.tenant.slug, "cdn log")
    lines = _log_lines(library, traffic, rng)
    for place, broken in enumerate(BROKEN):
        lines.insert((place + 1) * len(lines) // (len(BROKEN) + 1), broken)
    text = "\n".join(["#Version: 1.0", f"#Fields: {FIELDS}", *lines]) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    day = simulation.span.first - timedelta(days=1)
    path = folder / f"E1DEMOHARBORLANE.{day:%Y-%m-%d}-23.{simulation.seed & 0xFFFFFFFF:08x}.gz"
    path.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))
    return path


def _log_lines(library: Library, traffic: Traffic, rng: np.random.Generator) -> list[str]:
    """One line per request, in the order of time."""
    rows = traffic.rows
    size = np.where(rows.asset >= 0, library.size[np.maximum(rows.asset, 0)], 5_120_000)
    sent = np.where(rows.sent == UNKNOWN, size, rows.sent)
    ranged = (rows.status == 206) & (rows.first != UNKNOWN)
    requested_to = np.where(rows.last == UNKNOWN, size - 1, rows.last)
    length = np.where(ranged, requested_to - rows.first + 1, np.where(rows.status == 200, size, sent))
    at = times(rows.at)
    columns = {
        "date": at.dt.strftime("%Y-%m-%d"),
        "time": at.dt.strftime("%H:%M:%S"),
        "x-edge-location": pl.Series(["JFK50-P3", "BOS50-C1", "ORD58-P6", "SFO53-C1"]).gather(rows.at // SECOND % 4),
        "sc-bytes": _text(sent + np.where(rows.outcome == BELOW, 0, HEADERS_SENT)),
        "c-ip": address_text(rows.address, rng),
        "cs-method": METHODS.gather(rows.method),
        "cs(Host)": _same(rows.at, "d1demo.cdn.example.net"),
        "cs-uri-stem": _paths(library, rows.asset),
        "sc-status": _text(rows.status),
        "cs(Referer)": REFERRERS.replace("", "-").gather(rows.referrer),
        "cs(User-Agent)": _agents(rows.agent),
        "x-edge-result-type": _same(rows.at, "Hit"),
        "x-edge-request-id": _request_ids(rng, len(rows)),
        "cs-protocol": _same(rows.at, "https"),
        "cs-bytes": _text(rows.at // SECOND % 200 + 220),
        "time-taken": _text(rows.at % 900 + 20),
        "cs-protocol-version": _same(rows.at, "HTTP/2.0"),
        "sc-content-type": _same(rows.at, "audio/mpeg"),
        "sc-content-len": _text(length),
        "sc-range-start": _text(rows.first, ranged),
        "sc-range-end": _text(requested_to, ranged),
    }
    blank = _same(rows.at, "-")
    frame = pl.DataFrame({name: columns.get(name, blank) for name in FIELDS.split()})
    lines = frame.sort("date", "time", "x-edge-request-id").select(pl.concat_str(pl.all(), separator="\t"))
    return lines.to_series().to_list()


def _text(values: Ints, is_logged: Bools | None = None) -> pl.Series:
    text = pl.Series(values, dtype=pl.Int64).cast(pl.String)
    return text if is_logged is None else text.zip_with(pl.Series(is_logged), pl.repeat("-", len(values), eager=True))


def _same(like: Ints, value: str) -> pl.Series:
    return pl.repeat(value, len(like), dtype=pl.String, eager=True)


def _paths(library: Library, asset: Ints) -> pl.Series:
    """Paths of files; a request for what is no file has the path of one that was taken down."""
    paths = pl.Series([*(each.path for each in library.assets), "/archive/taken-down.mp3"], dtype=pl.String)
    return paths.gather(np.where(asset >= 0, asset, len(library.assets)))


def _agents(agent: Ints) -> pl.Series:
    """Agents as CloudFront writes them: spaces and quotes percent-encoded; nothing is a dash."""
    encoded = agents.ALL.str.replace_all("%", "%25", literal=True).str.replace_all(" ", "%20", literal=True)
    return encoded.replace("", "-").gather(np.where(agent == UNKNOWN, agents.EMPTY_AGENT, agent))


def _request_ids(rng: np.random.Generator, count: int) -> pl.Series:
    """Ids of 56 characters, unique to a request."""
    return pl.Series([rng.bytes(27).hex() + "==" for _ in range(count)], dtype=pl.String)
