"""Megaphone: the metrics that its export service delivers, one JSON object a line.

Here: the fields of the export, and their limits.
Not here: the impressions export, whose rows are ads and not requests.
Source: Megaphone Help Center, "Metrics Export Service" (schema of the JSON file).

A metric is already a sum: all bytes that one client received of one episode, in any order. So a row keeps its bytes as
if they had been sent from the start, never more than the file has; a client that fetched the same bytes twice looks as
if it had fetched more of the file. Addresses come hashed, so a row keeps a household key made of the hash; an address
in the clear is taken as one. What Megaphone took for a bot, by agent or by address, is marked in its agent.
Import a day's file when it is final (04:30 UTC of the next day): a metric keeps its id while its bytes still grow, and
a row that is there already is left alone.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from assets.importing.hashed import with_household
from assets.importing.paths import guid_target
from assets.importing.requests import Parsed, country_code, first_reason, number, separate
from assets.listening.identity.addresses import parse_address
from assets.listening.identity.agent_rules import BOT_SUFFIX

# What is read of a metric, all as text; the export has more.
FIELDS = (
    "id",
    "created_at",
    "episode_id",
    "ip",
    "user_agent",
    "normalized_user_agent",
    "country",
    "region",
    "filesize",
    "bytes_sent",
    "blacklisted_ip",
    "blacklisted_ua",
)
NEEDED = ("id", "created_at", "episode_id", "bytes_sent")

# The export does not repeat the server's status; only what was served becomes a metric.
SERVED = 200


class MegaphoneParser:
    """Lines to requests; every line stands alone. The episode's id is looked for among the catalogue's guids."""

    def parse(self, lines: pl.DataFrame) -> Parsed:
        read = [_read_metric(line) for line in lines.get_column("line")]
        values = pl.DataFrame(read, schema=dict.fromkeys((*FIELDS, "_problem"), pl.String), orient="row")
        moment = pl.col("created_at").str.to_datetime(
            "%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC", strict=False
        )
        agent = pl.coalesce("user_agent", "normalized_user_agent")
        is_bot = (pl.col("blacklisted_ua") == "true") | (pl.col("blacklisted_ip") == "true")
        rows = lines.hstack(values).select(
            "line_number",
            "line",
            pl.col("id").alias("request_id"),
            moment.alias("occurred_at"),
            guid_target(pl.col("episode_id")).alias("target"),
            *_address(values.get_column("ip")),
            pl.when(is_bot).then(agent.fill_null("") + BOT_SUFFIX).otherwise(agent).alias("user_agent"),
            country_code(pl.col("country")).alias("country_code"),
            pl.col("region").alias("region_code"),
            pl.lit("GET").alias("http_method"),
            pl.lit(SERVED, dtype=pl.Int16).alias("http_status"),
            pl.min_horizontal(number(pl.col("bytes_sent")), number(pl.col("filesize"))).alias("bytes_sent"),
            first_reason(
                (pl.col("_problem") == "json", "it is no JSON object"),
                *((pl.col(name).is_null(), f"it has no {name}") for name in NEEDED),
                (moment.is_null(), "its created_at cannot be read"),
                (number(pl.col("bytes_sent")).is_null(), "its bytes_sent is no number of bytes"),
            ),
        )
        return separate(with_household(rows))


def _read_metric(line: str) -> tuple[str | None, ...]:
    """The fields as text, and last what is wrong with the line. A list of metrics may stand one a line in brackets."""
    try:
        metric: Any = json.loads(line.strip().removeprefix("[").removesuffix("]").removesuffix(","))
    except (ValueError, RecursionError):
        metric = None
    if not isinstance(metric, dict):
        return (*(None for _ in FIELDS), "json")
    return (*(_text(metric.get(name)) for name in FIELDS), None)


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value).replace("\x00", "\ufffd").strip() or None
    return None


def _address(addresses: pl.Series) -> tuple[pl.Series, pl.Series]:
    """client_ip where the export gives an address, _hashed where it gives a hash of one."""
    distinct = {text: parse_address(text) is not None for text in addresses.drop_nulls().unique()}
    is_address = pl.Series(
        [distinct.get(text, False) if text is not None else False for text in addresses], dtype=pl.Boolean
    )
    frame = pl.DataFrame(
        {"ip": addresses, "is_address": is_address}, schema={"ip": pl.String, "is_address": pl.Boolean}
    )
    split = frame.select(client_ip=pl.when("is_address").then("ip"), _hashed=pl.when(~pl.col("is_address")).then("ip"))
    return split.get_column("client_ip"), split.get_column("_hashed")
