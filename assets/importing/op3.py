"""OP3: the downloads that the Open Podcast Prefix Project exports.

Here: its tab-separated files with a header, from the API (/downloads/show/...) and from its hourly and daily files.
Not here: its API itself.
Source: skymethod/op3, worker/backend/query_downloads.ts and downloads.ts.

What OP3 gives is already less than a request: it hashes addresses, names agents instead of quoting them, and leaves
one row per listener, file and hour or day. So a row keeps a household key made of the hashed address, and its agent is
the name, which the rules match as well as the agent itself. Rows that OP3 took for bots are marked in their agent.
"""

from __future__ import annotations

import polars as pl

from assets.importing.hashed import with_household
from assets.importing.requests import Parsed, country_code, first_reason, number, separate, tab_separated
from assets.listening.identity.agent_rules import BOT_SUFFIX

# OP3 responds to every counted request with a redirect to the next prefix or the file.
REDIRECT = 302

# The API calls the requested URL url, the files of an hour or day call it serverUrl.
URL_NAMES = ("url", "serverUrl")
NEEDED = ("time", "hashedIpAddress", "agentName")


class Op3Parser:
    """Lines to requests. The header holds until the next one; files pasted together repeat it."""

    def __init__(self) -> None:
        self._header: str | None = None

    def parse(self, lines: pl.DataFrame) -> Parsed:
        fields = pl.col("line").str.split("\t")
        is_header = fields.list.contains("time") & fields.list.contains("hashedIpAddress")
        marked = lines.with_columns(
            pl.when(is_header).then("line").forward_fill().fill_null(self._header or "").alias("_header"),
            is_header.alias("_is_header"),
        )
        if marked.height:
            self._header = marked.item(-1, "_header")
        parts = [
            _parse_lines(part.drop("_header", "_is_header"), header.split("\t"))
            for (header,), part in marked.filter(~pl.col("_is_header")).group_by(["_header"], maintain_order=True)
        ]
        return separate(pl.concat(parts) if parts else _parse_lines(lines.clear(), []))


def _parse_lines(lines: pl.DataFrame, fields: list[str]) -> pl.DataFrame:
    missing = [name for name in NEEDED if name not in fields]
    if not any(name in fields for name in URL_NAMES):
        missing.append("url")
    field = tab_separated(fields)
    moment = field("time").str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC", strict=False)
    agent = pl.when(field("botType").is_not_null()).then(field("agentName") + BOT_SUFFIX)
    rows = lines.with_columns(pl.col("line").str.split("\t").alias("_values")).select(
        "line_number",
        "line",
        moment.alias("occurred_at"),
        pl.coalesce(field(name) for name in URL_NAMES).alias("target"),
        field("hashedIpAddress").alias("_hashed"),
        field("audienceId").alias("listener_id"),
        pl.coalesce(agent, field("agentName")).alias("user_agent"),
        field("referrerName").alias("referrer"),
        field("deviceName").alias("platform"),
        country_code(field("countryCode")).alias("country_code"),
        field("regionCode").alias("region_code"),
        number(field("asn")).alias("asn"),
        pl.lit("GET").alias("http_method"),
        pl.lit(REDIRECT, dtype=pl.Int16).alias("http_status"),
        first_reason(
            (pl.lit(bool(missing)), f"no header before it names {', '.join(missing)}"),
            (pl.col("_values").list.len() != len(fields), f"it has not the {len(fields)} fields of its header"),
            (moment.is_null(), "its time cannot be read"),
        ),
    )
    return with_household(rows)
