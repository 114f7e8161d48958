"""CloudFront real-time logs: the records that Amazon's CDN sends to a data stream, saved as a file.

Here: the tab-separated records without a header, whose fields the operator chose when configuring them.
Not here: the stream itself, the standard logs (cloudfront.py).
Source: Amazon CloudFront Developer Guide, "Real-time logs", fields of a configuration.

The record names no fields. All forty, in the order of the guide, is what a configuration has unless somebody took some
out; then the names in the order of the configuration come from the person who imports, or from a #Fields line that was
put on top of the file. A configuration that samples less than 100 % of the requests cannot be counted at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from assets.importing.cloudfront import cut_by_fields, decoded_agent
from assets.importing.requests import (
    Parsed,
    dash_is_null,
    first_reason,
    map_distinct,
    number,
    percent_decoded,
    tell_apart,
)
from sql.values import PermanentError

# The order in which a record holds all fields, as the guide lists them.
ALL_FIELDS = (
    "timestamp c-ip time-to-first-byte sc-status sc-bytes cs-method cs-protocol cs-host cs-uri-stem cs-bytes "
    "x-edge-location x-edge-request-id x-host-header time-taken cs-protocol-version c-ip-version cs-user-agent "
    "cs-referer cs-cookie cs-uri-query x-edge-response-result-type x-forwarded-for ssl-protocol ssl-cipher "
    "x-edge-result-type fle-encrypted-fields fle-status sc-content-type sc-content-len sc-range-start sc-range-end "
    "c-port x-edge-detailed-result-type c-country cs-accept-encoding cs-accept cache-behavior-path-pattern "
    "cs-headers cs-header-names cs-headers-count"
)
NEEDED = ("timestamp", "c-ip", "cs-method", "cs-uri-stem", "sc-status", "cs-user-agent")


class CloudFrontRealtimeParser:
    """Lines to requests; every line stands alone, but for a #Fields line, which holds until the next.

    fields: names in the order of the configuration; all of them where nothing is said. Raises PermanentError where
    they lack what measuring needs.
    """

    def __init__(self, fields: Sequence[str] = ()) -> None:
        missing = [name for name in NEEDED if fields and name not in fields]
        if missing:
            raise PermanentError(
                f"the fields lack {', '.join(missing)}, without which requests cannot be measured: "
                "add them to the real-time log configuration"
            )
        self._fields = " ".join(fields) or ALL_FIELDS

    def parse(self, lines: pl.DataFrame) -> Parsed:
        parts, self._fields = cut_by_fields(lines, self._fields)
        rows = [_parse_lines(part, names) for part, names in parts]
        return tell_apart(pl.concat(rows) if rows else _parse_lines(lines.clear(), ALL_FIELDS.split(" ")))


def _parse_lines(lines: pl.DataFrame, fields: list[str]) -> pl.DataFrame:
    missing = [name for name in NEEDED if name not in fields]

    def field(name: str) -> pl.Expr:
        if name not in fields:
            return pl.lit(None, dtype=pl.String)
        return dash_is_null(pl.col("_values").list.get(fields.index(name), null_on_oob=True))

    moment = _moment(field("timestamp"))
    country = field("c-country").str.to_uppercase()
    rows = lines.with_columns(pl.col("line").str.split("\t").alias("_values")).select(
        "line_number",
        "line",
        field("x-edge-request-id").alias("request_id"),
        moment.alias("occurred_at"),
        field("cs-uri-stem").alias("target"),
        field("c-ip").alias("client_ip"),
        field("cs-user-agent").alias("user_agent"),
        field("cs-referer").alias("referrer"),
        pl.when(country.str.contains("^[A-Z]{2}$")).then(country).alias("country_code"),
        number(field("asn")).alias("asn"),
        field("cs-method").fill_null("-").alias("http_method"),
        number(field("sc-status"), pl.Int16).alias("http_status"),
        number(field("sc-range-start")).alias("range_start"),
        number(field("sc-range-end")).alias("range_end"),
        pl.min_horizontal(number(field("sc-bytes")), number(field("sc-content-len"))).alias("bytes_sent"),
        first_reason(
            (pl.lit(bool(missing)), f"its #Fields line lacks {', '.join(missing)}"),
            (
                pl.col("_values").list.len() != len(fields),
                f"it has not the {len(fields)} tab-separated fields of its configuration; name those that it has, in "
                "their order, with --fields",
            ),
            (moment.is_null(), "its timestamp is no number of seconds"),
        ),
    )
    return rows.pipe(map_distinct, "user_agent", decoded_agent).pipe(map_distinct, "referrer", percent_decoded)


def _moment(text: pl.Expr) -> pl.Expr:
    """Seconds since 1970 with up to three decimals, exact: as a number of milliseconds, never through a float."""
    whole = text.str.extract(r"^(\d{1,10})(?:\.\d{1,3})?$").cast(pl.Int64, strict=False)
    decimals = (
        text.str.extract(r"^\d{1,10}\.(\d{1,3})$").fill_null("0").str.pad_end(3, "0").cast(pl.Int64, strict=False)
    )
    return pl.from_epoch(whole * 1000 + decimals, time_unit="ms").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
