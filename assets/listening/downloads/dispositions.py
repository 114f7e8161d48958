"""Dispositions: what becomes of every raw row, first of all which rows are no request that could count.

Here: the eighteen dispositions in their order, and the rules 0 to 13, which take one row at a time (rule 10: one
address at a time).
Not here: which of the remaining requests add up to a download (counting.py), what a bot or a data centre is
(agent_rules.py, addresses.py).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from assets.frames import add_columns

# In the order in which they are tried: the first that fits is the row's disposition.
DISPOSITIONS: Final = (
    "not_a_request",
    "malformed",
    "method_not_get",
    "not_modified",
    "status_not_ok",
    "range_probe",
    "no_user_agent",
    "watch_duplicate",
    "bot_agent",
    "datacenter_ip",
    "suspect_ip",
    "bad_referrer",
    "pre_release",
    "unknown_asset",
    "below_threshold",
    "counted",
    "contributed",
    "duplicate",
)
Disposition: Final = pl.Enum(DISPOSITIONS)

# Client players report what they play with these too; only a server or a prefix sees requests.
REQUEST_EVENTS: Final = ("download", "stream")
CLIENT: Final = "client"
PREFIX: Final = "prefix"

NOT_MODIFIED: Final = 304
# PTMG 2.3: a server responds to a request that counts with the file or a part of it; a prefix service redirects to it.
SERVED: Final = (200, 206)
SERVED_BY_PREFIX: Final = (200, 206, 301, 302, 307, 308)


def is_request() -> pl.Expr:
    """Whether a raw row is a request; the others are playback events of client players."""
    return pl.col("event_type").is_in(REQUEST_EVENTS) & (pl.col("source") != CLIENT)


def judge_requests(requests: pl.DataFrame) -> pl.DataFrame:
    """The rows with `verdict`: the first of the rules 0 to 13 that fits, null for a request that could count.

    requests: tenant_no, suspect_pairs, occurred_at (UTC), source, event_type, http_method, http_status, range_start,
              range_end, bytes_sent, user_agent, household_key, is_bot, is_data_centre, on_inclusion_list,
              is_bad_referrer, named_no, published_at, is_known
    Source:   PTMG 2.3, the filters before de-duplication.

    What a source did not record (a method, a status) excludes nothing by itself: without a status there is no byte
    that is known to have been sent, so such a server log reaches no minute unless it states its range.
    """
    early = (
        requests.pipe(add_columns, _look_at_agents(requests["user_agent"]), ["user_agent"])
        .with_columns(verdict=_first_of(_early_rules()))
        .drop("is_blank", "is_watch")
    )
    suspects = _find_suspects(early)
    return (
        early.with_columns(_day=pl.col("occurred_at").dt.date())
        .pipe(add_columns, suspects, ["tenant_no", "household_key", "_day"])
        .with_columns(verdict=pl.coalesce("verdict", _first_of(_late_rules())))
        .drop("_day", "is_crowd")
    )


def _look_at_agents(agents: pl.Series) -> pl.DataFrame:
    """user_agent, is_blank and is_watch, once for each distinct agent: rows have far more of them."""
    distinct = agents.unique().rename("user_agent").to_frame()
    agent = pl.col("user_agent").cast(pl.String).fill_null("")
    is_watch = agent.str.starts_with("atc/") & agent.str.contains("watchOS", literal=True)
    return distinct.with_columns(
        is_blank=agent.str.strip_chars() == "",
        is_watch=is_watch | agent.str.contains("(null)/(null) watchOS", literal=True),
    )


def _first_of(rules: dict[str, pl.Expr]) -> pl.Expr:
    """The name of the first rule that is true; a null one does not count."""
    return pl.coalesce(
        pl.when(rule.fill_null(False)).then(pl.lit(name, dtype=Disposition)) for name, rule in rules.items()
    )


def _early_rules() -> dict[str, pl.Expr]:
    """Rules 0 to 9, in order."""
    is_prefix = pl.col("source") == PREFIX
    status = pl.col("http_status")
    return {
        "not_a_request": ~is_request(),
        "malformed": pl.col("household_key").is_null() | _is_contradictory(),
        "method_not_get": pl.col("http_method").cast(pl.String).str.to_uppercase() != "GET",
        "not_modified": status == NOT_MODIFIED,
        "status_not_ok": pl.when(is_prefix).then(~status.is_in(SERVED_BY_PREFIX)).otherwise(~status.is_in(SERVED)),
        "range_probe": ~is_prefix & (pl.col("range_start") == 0) & (pl.col("range_end") == 1),
        "no_user_agent": pl.col("is_blank"),
        "watch_duplicate": pl.col("is_watch"),
        "bot_agent": pl.col("is_bot"),
        "datacenter_ip": pl.col("is_data_centre") & ~_is_shared(),
    }


def _late_rules() -> dict[str, pl.Expr]:
    """Rules 10 to 13, in order."""
    return {
        "suspect_ip": pl.col("is_crowd") & ~_is_shared(),
        "bad_referrer": pl.col("is_bad_referrer"),
        "pre_release": pl.col("occurred_at") < pl.col("published_at"),
        "unknown_asset": ~pl.col("is_known"),
    }


def _is_contradictory() -> pl.Expr:
    """A range that ends before it starts or lies before the file, an end without a start, fewer than no bytes."""
    start, end = pl.col("range_start"), pl.col("range_end")
    return (
        (end < start).fill_null(False)
        | (start < 0).fill_null(False)
        | (start.is_null() & end.is_not_null())
        | (pl.col("bytes_sent") < 0).fill_null(False)
    )


def _is_shared() -> pl.Expr:
    return pl.col("on_inclusion_list").fill_null(False)


def _find_suspects(judged: pl.DataFrame) -> pl.DataFrame:
    """Households with more distinct pairs of episode and agent on a day than their tenant allows.

    returns: tenant_no, household_key, _day, is_crowd (always true)
    Only those with more rows than the limit are counted pair by pair: they are few.
    """
    household = ["tenant_no", "household_key", "_day"]
    passing = judged.lazy().filter(pl.col("verdict").is_null() & ~_is_shared() & (pl.col("suspect_pairs") > 0))
    rows = passing.select(
        "tenant_no", "household_key", "suspect_pairs", "named_no", "user_agent", _day=pl.col("occurred_at").dt.date()
    )
    crowded = rows.group_by(household).agg(pl.len().alias("_rows"), pl.col("suspect_pairs").first())
    return (
        rows.join(crowded.filter(pl.col("_rows") > pl.col("suspect_pairs")), on=household, how="semi")
        .unique(["tenant_no", "household_key", "_day", "named_no", "user_agent"])
        .group_by(household)
        .agg(pl.len().alias("_pairs"), pl.col("suspect_pairs").first())
        .filter(pl.col("_pairs") > pl.col("suspect_pairs"))
        .select(*household, is_crowd=pl.lit(True))
        .collect()
    )
