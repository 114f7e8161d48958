"""CloudFront: the standard and the real-time logs of Amazon's CDN.

Here: the fields of both logs, and how our columns are read from them.
Not here: the cut by #Fields lines (w3c.py), the stream that real-time records are sent to, other CDNs' logs.
Source: Amazon CloudFront Developer Guide, "Standard logging reference" and "Real-time logs".

A real-time record names no fields. All forty, in the order of the guide, is what a configuration has unless somebody
took some out; then the names in the order of the configuration come from the person who imports, or from a #Fields line
that was put on top of the file. A configuration that samples less than 100 % of the requests cannot be counted at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from assets.importing.requests import NO_METHOD, country_code, number
from assets.importing.w3c import Column, Field, W3CLog, W3CParser, count, text
from sql.values import PermanentError


def _body_bytes(field: Field) -> pl.Expr:
    """sc-bytes counts the response's headers too, so it is cut at the length of the body where the log has it."""
    return pl.min_horizontal(number(field("sc-bytes")), number(field("sc-content-len")))


def _date_and_time(field: Field) -> pl.Expr:
    moment = pl.concat_str(field("date"), field("time"), separator=" ")
    return moment.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", time_zone="UTC", strict=False)


def _timestamp(field: Field) -> pl.Expr:
    """Seconds since 1970 with up to three decimals, exact: as a number of milliseconds, never through a float."""
    written = field("timestamp")
    whole = written.str.extract(r"^(\d{1,10})(?:\.\d{1,3})?$").cast(pl.Int64, strict=False)
    decimals = (
        written.str.extract(r"^\d{1,10}\.(\d{1,3})$").fill_null("0").str.pad_end(3, "0").cast(pl.Int64, strict=False)
    )
    return pl.from_epoch(whole * 1000 + decimals, time_unit="ms").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


# What both logs write alike. The range is that of the response.
COMMON: Mapping[str, Column] = {
    "request_id": text("x-edge-request-id"),
    "target": text("cs-uri-stem"),
    "client_ip": text("c-ip"),
    "http_method": lambda field: field("cs-method").fill_null(NO_METHOD),
    "http_status": count("sc-status", pl.Int16),
    "range_start": count("sc-range-start"),
    "range_end": count("sc-range-end"),
    "bytes_sent": _body_bytes,
}

STANDARD = W3CLog(
    # As the reference lists them.
    fields=(
        "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
        "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
        "x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
        "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
        "sc-range-start sc-range-end"
    ),
    needed=("date", "time", "c-ip", "cs-method", "cs-uri-stem", "sc-status", "cs(User-Agent)"),
    columns={
        **COMMON,
        "occurred_at": _date_and_time,
        "user_agent": text("cs(User-Agent)"),
        "referrer": text("cs(Referer)"),
    },
    miscounted="tab-separated fields of its #Fields line",
    timeless="its date and time cannot be read",
)

REALTIME = W3CLog(
    # As the guide lists them.
    fields=(
        "timestamp c-ip time-to-first-byte sc-status sc-bytes cs-method cs-protocol cs-host cs-uri-stem cs-bytes "
        "x-edge-location x-edge-request-id x-host-header time-taken cs-protocol-version c-ip-version cs-user-agent "
        "cs-referer cs-cookie cs-uri-query x-edge-response-result-type x-forwarded-for ssl-protocol ssl-cipher "
        "x-edge-result-type fle-encrypted-fields fle-status sc-content-type sc-content-len sc-range-start sc-range-end "
        "c-port x-edge-detailed-result-type c-country cs-accept-encoding cs-accept cache-behavior-path-pattern "
        "cs-headers cs-header-names cs-headers-count"
    ),
    needed=("timestamp", "c-ip", "cs-method", "cs-uri-stem", "sc-status", "cs-user-agent"),
    columns={
        **COMMON,
        "occurred_at": _timestamp,
        "user_agent": text("cs-user-agent"),
        "referrer": text("cs-referer"),
        "country_code": lambda field: country_code(field("c-country")),
        "asn": count("asn"),
    },
    miscounted=("tab-separated fields of its configuration; name those that it has, in their order, with --fields"),
    timeless="its timestamp is no number of seconds",
)


def standard_parser() -> W3CParser:
    """A parser of standard logs, in the legacy and in the v2 delivery."""
    return W3CParser(STANDARD)


def realtime_parser(fields: Sequence[str] = ()) -> W3CParser:
    """A parser of real-time records.

    fields: names in the order of the configuration; all of them where none are given. Raises PermanentError where they
    lack what measuring needs.
    """
    missing = [name for name in REALTIME.needed if fields and name not in fields]
    if missing:
        raise PermanentError(
            f"the fields lack {', '.join(missing)}, without which requests cannot be measured: "
            "add them to the real-time log configuration"
        )
    return W3CParser(REALTIME, fields)
