"""Reading lines: what the tests of the log formats have in common.

Here: lines as a parser takes them, and the example of each format in docs/examples.
Not here: what a format says; each has its own test.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from assets.importing import parser_of, read_batches
from assets.importing.requests import Parsed

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
FILES = {
    "akamai": "akamai.json",
    "azure-front-door": "azure-front-door.json",
    "bunny": "bunny.log",
    "bunny-json": "bunny.json",
    "caddy": "caddy.json",
    "cloudflare": "cloudflare.json",
    "cloudfront": "cloudfront.log",
    "cloudfront-json": "cloudfront-v2.json",
    "cloudfront-realtime": "cloudfront-realtime.log",
    "combined": "combined.log",
    "fastly": "fastly.json",
    "google-cloud-cdn": "google-cloud-cdn.json",
    "megaphone": "megaphone-metrics.json",
    "megaphone-delivery": "megaphone-delivery.json",
    "nginx-json": "nginx.json",
    "op3": "op3-downloads.tsv",
    "op3-json": "op3-downloads.json",
    "s3": "s3-access.log",
    "traefik": "traefik.json",
}


def numbered(*lines: str, first: int = 1) -> pl.DataFrame:
    frame = pl.DataFrame({"line": lines}, schema={"line": pl.String}).with_row_index("line_number", offset=first)
    return frame.with_columns(pl.col("line_number").cast(pl.Int64))


def parse(name: str, *lines: str, fields: tuple[str, ...] = ()) -> Parsed:
    return parser_of(name, fields).parse(numbered(*lines))


def one(name: str, *lines: str, fields: tuple[str, ...] = ()) -> dict[str, object]:
    """The first request of the lines."""
    return parse(name, *lines, fields=fields).requests.row(0, named=True)


def example(name: str) -> Parsed:
    """The file in docs/examples."""
    [batch] = read_batches(EXAMPLES / FILES[name])
    return parser_of(name).parse(batch.lines)
