r"""Combined: the access logs of Apache httpd and nginx.

Here: the combined format (and the common one, which lacks referrer and agent), and three fields that operators may
append in any order: the request's Range or the response's Content-Range in quotes, and a request id of 32 hex digits.
Not here: formats of an operator's own making.
Source: Apache httpd, mod_log_config; nginx, ngx_http_log_module.

The plain format has status and bytes, but not where a range began: such a 206 keeps no range, and the measurement
treats it as it does every row of which it does not know the span. Append "$http_range" in nginx, or \"%{Range}i\" in
Apache, and the spans are exact.
"""

from __future__ import annotations

import re

import polars as pl

from assets.importing.requests import NO_METHOD, Parsed, dash_is_null, first_reason, map_distinct, number, separate

# host ident user [time] "request" status bytes, then "referrer" "agent", then what was appended.
LINE = (
    r"^(?P<host>\S+) \S+ .*?\[(?P<time>[^\]]+)\] "
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}|-) (?P<bytes>\d+|-)'
    r'(?: "(?P<referrer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"(?P<more>(?: .*)?))?\s*$'
)
REQUEST = r"^(?P<method>[A-Z]+) (?P<target>\S+)(?: HTTP/[\d.]+)?$"
REQUESTED_RANGE = r'"?bytes=(\d+)-(\d*)"?(?:\s|$)'
PROBE = r'"?bytes=0-1"?(?:\s|$)'
SENT_RANGE = r'"bytes (\d+)-(\d+)/'
REQUEST_ID = r"(?:^|[\s\"])([0-9a-f]{32})(?:[\s\"]|$)"

# nginx writes \xHH for what is not printable, Apache \" \\ and the letters of C besides.
ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"v": b"\v", b"f": b"\f"}


class CombinedParser:
    """Lines to requests; every line stands alone.

    bytes_sent is the body alone in both servers (%b, $body_bytes_sent). The response's range wins over the request's.
    """

    def parse(self, lines: pl.DataFrame) -> Parsed:
        parts = lines.with_columns(pl.col("line").str.extract_groups(LINE).alias("_parts")).unnest("_parts")
        requested = parts.with_columns(pl.col("request").str.extract_groups(REQUEST).alias("_requested")).unnest(
            "_requested"
        )
        moment = pl.col("time").str.to_datetime("%d/%b/%Y:%H:%M:%S %z", time_unit="us", strict=False)
        rows = requested.select(
            "line_number",
            "line",
            pl.col("more").str.extract(REQUEST_ID).alias("request_id"),
            moment.alias("occurred_at"),
            dash_is_null(pl.col("target")).alias("target"),
            pl.col("host").alias("client_ip"),
            dash_is_null(pl.col("agent")).alias("user_agent"),
            dash_is_null(pl.col("referrer")).alias("referrer"),
            pl.col("method").fill_null(NO_METHOD).alias("http_method"),
            number(pl.col("status"), pl.Int16).alias("http_status"),
            _range_part(1).alias("range_start"),
            _range_part(2).alias("range_end"),
            number(pl.col("bytes")).fill_null(0).alias("bytes_sent"),
            first_reason(
                (pl.col("host").is_null(), 'it does not read: address - user [time] "request" status bytes ...'),
                (moment.is_null(), "its time cannot be read"),
            ),
        )
        return separate(rows.pipe(map_distinct, "user_agent", unescaped).pipe(map_distinct, "referrer", unescaped))


def _range_part(group: int) -> pl.Expr:
    """One end of the span: that of the response where it is logged, else of the request.

    A request for several ranges at once has no single span and keeps none. A 200 is the whole file whatever range
    was requested; only a request for the first two bytes keeps its range then, because it is a probe however it was
    answered.
    """
    several = pl.col("more").str.contains(r"bytes=[\d-]+,")
    whole = (pl.col("status") == "200") & ~pl.col("more").str.contains(PROBE)
    sent, requested = (number(pl.col("more").str.extract(pattern, group)) for pattern in (SENT_RANGE, REQUESTED_RANGE))
    return pl.coalesce(sent, pl.when(~several & ~whole).then(requested))


def unescaped(text: str) -> str:
    """The text without the escapes of the log; what is no UTF-8, and NUL, becomes U+FFFD."""
    if "\\" not in text:
        return text

    def plain(match: re.Match[bytes]) -> bytes:
        code = match.group(1)
        return bytes.fromhex(code[1:].decode()) if len(code) == 3 else LETTERS.get(code, code)

    return ESCAPE.sub(plain, text.encode()).decode("utf-8", errors="replace").replace("\x00", "\ufffd")
