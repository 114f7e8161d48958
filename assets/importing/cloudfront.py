"""CloudFront: the standard access logs of Amazon's CDN.

Here: the tab-separated format with its #Fields line, in the legacy and the v2 delivery.
Not here: other CDNs' logs, real-time logs (cloudfront_realtime.py).
Source: Amazon CloudFront Developer Guide, "Standard logging reference".
"""

from __future__ import annotations

import polars as pl

from assets.importing.requests import (
    Parsed,
    dash_is_null,
    first_reason,
    map_distinct,
    number,
    percent_decoded,
    tell_apart,
)

FIELDS_MARK = "#Fields:"

# The order of a log whose #Fields line is missing, as the reference gives it.
STANDARD_FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
    "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
    "x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
    "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    "sc-range-start sc-range-end"
)
NEEDED = ("date", "time", "c-ip", "cs-method", "cs-uri-stem", "sc-status", "cs(User-Agent)")


class CloudFrontParser:
    """Lines to requests. The fields of the last #Fields line hold until the next, across batches.

    bytes_sent: sc-bytes counts the response's headers too, so it is cut at sc-content-len, the length of the body,
    where the log has it. range: that of the response, sc-range-start and sc-range-end.
    """

    def __init__(self) -> None:
        self._fields = STANDARD_FIELDS

    def parse(self, lines: pl.DataFrame) -> Parsed:
        parts, self._fields = cut_by_fields(lines, self._fields)
        rows = [_parse_lines(part, names) for part, names in parts]
        return tell_apart(pl.concat(rows) if rows else _parse_lines(lines.clear(), STANDARD_FIELDS.split(" ")))


def cut_by_fields(lines: pl.DataFrame, fields: str) -> tuple[list[tuple[pl.DataFrame, list[str]]], str]:
    """The lines without comments, cut by the #Fields line that holds for them, each part with the names of its fields.

    fields: those that hold before the first #Fields line. The second value: those that hold after the last line.
    """
    is_comment = pl.col("line").str.starts_with("#")
    told = pl.when(pl.col("line").str.starts_with(FIELDS_MARK)).then(
        pl.col("line").str.strip_prefix(FIELDS_MARK).str.replace_all(r"\s+", " ").str.strip_chars()
    )
    marked = lines.with_columns(told.forward_fill().fill_null(fields).alias("_fields"))
    parts = [
        (part.drop("_fields"), names.split(" "))
        for (names,), part in marked.filter(~is_comment).group_by(["_fields"], maintain_order=True)
    ]
    return parts, marked.item(-1, "_fields") if marked.height else fields


def _parse_lines(lines: pl.DataFrame, fields: list[str]) -> pl.DataFrame:
    missing = [name for name in NEEDED if name not in fields]
    values = pl.col("line").str.split("\t")

    def field(name: str) -> pl.Expr:
        if name not in fields:
            return pl.lit(None, dtype=pl.String)
        return dash_is_null(pl.col("_values").list.get(fields.index(name), null_on_oob=True))

    moment = pl.concat_str(field("date"), field("time"), separator=" ").str.to_datetime(
        "%Y-%m-%d %H:%M:%S", time_unit="us", time_zone="UTC", strict=False
    )
    rows = lines.with_columns(values.alias("_values")).select(
        "line_number",
        "line",
        field("x-edge-request-id").alias("request_id"),
        moment.alias("occurred_at"),
        field("cs-uri-stem").alias("target"),
        field("c-ip").alias("client_ip"),
        field("cs(User-Agent)").alias("user_agent"),
        field("cs(Referer)").alias("referrer"),
        field("cs-method").fill_null("-").alias("http_method"),
        number(field("sc-status"), pl.Int16).alias("http_status"),
        number(field("sc-range-start")).alias("range_start"),
        number(field("sc-range-end")).alias("range_end"),
        pl.min_horizontal(number(field("sc-bytes")), number(field("sc-content-len"))).alias("bytes_sent"),
        first_reason(
            (pl.lit(bool(missing)), f"its #Fields line lacks {', '.join(missing)}"),
            (
                pl.col("_values").list.len() != len(fields),
                f"it has not the {len(fields)} tab-separated fields of its #Fields line",
            ),
            (moment.is_null(), "its date and time cannot be read"),
        ),
    )
    return rows.pipe(map_distinct, "user_agent", decoded_agent).pipe(map_distinct, "referrer", percent_decoded)


def decoded_agent(text: str) -> str:
    """The agent as the client sent it. Older logs encode spaces twice (%2520), then no plain space is left."""
    once = percent_decoded(text)
    return percent_decoded(once) if "%20" in once and " " not in once and "%2520" in text else once
