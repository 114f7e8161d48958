"""S3: the server access logs of Amazon's object storage, for shows that are served from a bucket without a CDN.

Here: the space-separated format with its quoted fields, in every length that it has had.
Not here: the JSON records that the same logs have in CloudWatch.
Source: Amazon S3 User Guide, "Amazon S3 server access log format".

The log does not have the requested range. A 206 that sent as many bytes as the object has is the whole
object; every other 206 keeps no range, and the measurement treats it as it does every row of which it does not know
the span. Where a CDN stands in front of the bucket its own log is the one to import: here, it is the only client.
"""

from __future__ import annotations

import polars as pl

from assets.importing.requests import NO_METHOD, Parsed, dash_is_null, first_reason, number, separate

# owner bucket [time] ip requester request-id operation key "request" status error bytes size total turnaround
# "referrer" "agent", then version, host id and what was added over the years. A client may put quotes into the two
# quoted fields, so they end where nothing but bare words follows.
LINE = (
    r"^\S+ (?P<bucket>\S+) \[(?P<time>[^\]]+)\] (?P<ip>\S+) \S+ (?P<request>\S+) (?P<operation>\S+) (?P<key>\S+) "
    r'(?:"(?P<requested>.*?)"|-) (?P<status>\d{3}|-) \S+ (?P<bytes>\d+|-) (?P<size>\d+|-) (?:\d+|-) (?:\d+|-) '
    r'(?:"(?P<referrer>.*?)"|-) (?:"(?P<agent>.*)"|-)(?: [^\s"]+)*\s*$'
)
TARGET = r"^[A-Z]+ (\S+)"

# Operations that serve an object to a client; all others (lists, settings, copies, expiry) are the owner's.
SERVES = r"^(?:REST|WEBSITE)\.(GET|HEAD)\.OBJECT$"


class S3Parser:
    """Lines to requests; every line stands alone.

    bytes_sent is the body alone. An operation that serves no object has no method, so it is never a download.
    """

    def parse(self, lines: pl.DataFrame) -> Parsed:
        parts = lines.with_columns(pl.col("line").str.extract_groups(LINE).alias("_parts")).unnest("_parts")
        moment = pl.col("time").str.to_datetime("%d/%b/%Y:%H:%M:%S %z", time_unit="us", strict=False)
        sent, size = number(pl.col("bytes")).fill_null(0), number(pl.col("size"))
        is_whole = (pl.col("status") == "206") & (sent == size) & (size > 0)
        method = pl.col("operation").str.extract(SERVES)
        rows = parts.select(
            "line_number",
            "line",
            # A batch of deletions shares one id between its lines; served objects have one each.
            pl.when(method.is_not_null()).then(dash_is_null(pl.col("request"))).alias("request_id"),
            moment.alias("occurred_at"),
            _target().alias("target"),
            dash_is_null(pl.col("ip")).alias("client_ip"),
            dash_is_null(pl.col("agent")).alias("user_agent"),
            dash_is_null(pl.col("referrer")).alias("referrer"),
            method.fill_null(NO_METHOD).alias("http_method"),
            number(pl.col("status"), pl.Int16).alias("http_status"),
            pl.when(is_whole).then(pl.lit(0, dtype=pl.Int64)).alias("range_start"),
            pl.when(is_whole).then(size - 1).alias("range_end"),
            sent.alias("bytes_sent"),
            first_reason(
                (
                    pl.col("bucket").is_null(),
                    "it does not read: owner bucket [time] address requester id operation ...",
                ),
                (moment.is_null(), "its time cannot be read"),
            ),
        )
        return separate(rows)


def _target() -> pl.Expr:
    """The requested path, without the bucket in front of it; the key, which the log encodes, where no path is.

    A client may name the bucket in the host or as the first part of the path, and the log repeats what it wrote.
    """
    path = pl.col("requested").str.extract(TARGET)
    bucket = pl.format("/{}/", "bucket")
    names_bucket = path.str.starts_with(bucket) & ~pl.format("/{}", "key").str.starts_with(bucket)
    return pl.coalesce(
        pl.when(names_bucket).then(path.str.strip_prefix(bucket)).otherwise(path), dash_is_null(pl.col("key"))
    )
