"""A peer's whole published data set, table by table: raw events to sessions, paths, credits and return on spend."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from assets.attribution import channel_totals, collapse_repeats, credit_paths

SNOWPLOW = Path(__file__).parents[4] / "shared/data/attribution/snowplow_fractribution_v0"
LOOK_BACK = timedelta(days=30)

pytestmark = pytest.mark.skipif(
    not SNOWPLOW.exists(), reason="the peer's test data (attribution/snowplow_fractribution_v0) is not on this machine"
)


def table(name: str) -> pl.DataFrame:
    """One of the peer's files, as text with lower-case columns."""
    frame = pl.read_csv(SNOWPLOW / f"snowplow_fractribution_{name}.csv", infer_schema=False)
    return frame.rename(str.lower)


def moment(column: str, pattern: str = "%Y-%m-%d %H:%M:%S%.f") -> pl.Expr:
    return pl.col(column).str.to_datetime(pattern, time_unit="us")


def channel() -> pl.Expr:
    """The peer's rules for where a session came from."""
    source, medium = pl.col("source"), pl.col("medium")
    return (
        pl.when((source == "(direct)") & (medium == "(none)"))
        .then(pl.lit("Direct"))
        .when(medium == "organic")
        .then(pl.lit("Organic_Search"))
        .when(medium.is_in(["cpc", "ppc", "paidsearch"]))
        .then(pl.lit("Paid_Search_Other"))
        .when((medium == "referral") & source.str.contains("youtube"))
        .then(pl.lit("Video"))
        .when(medium == "referral")
        .then(pl.lit("Referral"))
        .otherwise(pl.lit("Unmatched_Channel"))
    )


@cache
def events() -> pl.DataFrame:
    return table("events").with_columns(
        customer_id=pl.lit("f") + pl.col("domain_userid"), at=moment("derived_tstamp", "%Y-%m-%dT%H:%M:%SZ")
    )


@cache
def sessions() -> pl.DataFrame:
    views = events().filter(event_name="page_view")
    result = views.select("customer_id", "at", campaign="mkt_campaign", source="mkt_source", medium="mkt_medium")
    return result.with_columns(channel=channel())


@cache
def conversions() -> pl.DataFrame:
    bought = events().filter(pl.col("tr_total").is_not_null())
    return bought.select("customer_id", "at", revenue=pl.col("tr_total").cast(pl.Float64))


@cache
def touches() -> pl.DataFrame:
    """The sessions up to 30 days before the customer's conversion, or before the last session of one without any."""
    failed = (
        sessions().join(conversions(), on="customer_id", how="anti").group_by("customer_id").agg(pl.col("at").max())
    )
    ends = pl.concat([conversions(), failed.with_columns(revenue=pl.lit(None, dtype=pl.Float64))], how="diagonal")
    inside = (
        sessions()
        .join(ends.rename({"at": "ended_at"}), on="customer_id", validate="m:1")
        .filter((pl.col("ended_at") - pl.col("at")).is_between(timedelta(0), LOOK_BACK))
        .sort("customer_id", "at")
    )
    return inside.with_columns(
        path_id=pl.col("customer_id"), touch_no=pl.int_range(1, pl.len() + 1).over("customer_id")
    )


def written(paths: pl.DataFrame) -> pl.DataFrame:
    return paths.group_by("path_id").agg(
        pl.col("channel").sort_by("touch_no").str.join(" > ").alias("path"), pl.col("revenue").first()
    )


@cache
def summary() -> pl.DataFrame:
    """One row per distinct path without repeats: how many converted, how many did not, and what was paid."""
    return (
        written(collapse_repeats(touches()))
        .group_by("path")
        .agg(
            conversions=pl.col("revenue").is_not_null().sum().cast(pl.Int64),
            nulls=pl.col("revenue").is_null().sum().cast(pl.Int64),
            value=pl.col("revenue").sum(),
        )
        .sort("path")
    )


@cache
def indexed_paths() -> pl.DataFrame:
    split = summary().with_columns(path_id="path", channel=pl.col("path").str.split(" > "))
    exploded = split.explode("channel", empty_as_null=True)
    return exploded.with_columns(touch_no=pl.int_range(1, pl.len() + 1).over("path_id"))


def same(group: pl.DataFrame, other: pl.DataFrame) -> None:
    """Equal rows in any order."""
    columns = group.columns
    assert group.sort(columns).rows() == other.select(columns).sort(columns).rows()


def test_sessions_by_customer_id() -> None:
    other = table("sessions_by_customer_id_expected").with_columns(at=moment("visit_start_tstamp"))
    same(sessions().select("customer_id", "at", "channel", "source", "medium"), other)


def test_channel_counts() -> None:
    group = sessions().group_by("channel", "campaign", "source", "medium").len("sessions")
    other = table("channel_counts_expected").with_columns(sessions=pl.col("number_of_sessions").cast(pl.UInt32))
    same(group, other)


def test_conversions_by_customer_id() -> None:
    other = table("conversions_by_customer_id_expected").with_columns(
        at=moment("conversion_tstamp"), revenue=pl.col("revenue").cast(pl.Float64)
    )
    same(conversions(), other)


@pytest.mark.parametrize("outcome", ["conversion", "non_conversion"])
def test_paths_to_conversion_and_to_non_conversion(outcome: str) -> None:
    converted = pl.col("revenue").is_not_null()
    selected = touches().filter(converted if outcome == "conversion" else ~converted)
    raw, plain = written(selected), written(collapse_repeats(selected))
    group = raw.join(plain.select("path_id", transformed_path="path"), on="path_id", validate="1:1")
    other = table(f"paths_to_{outcome}_expected").rename({"customer_id": "path_id"})
    same(group.select("path_id", "path", "transformed_path"), other)


def test_path_summary() -> None:
    other = table("path_summary_expected").select(
        pl.col("conversions", "non_conversions").cast(pl.Int64),
        path="transformed_path",
        value=pl.col("revenue").cast(pl.Float64).fill_null(0),
    )
    assert summary()["value"].to_list() == pytest.approx(other.sort("path")["value"].to_list(), abs=1e-6)
    same(summary().select("path", "conversions", non_conversions="nulls"), other)


PEERS_NAME = {"counterfactual": "shapley", "last_touch": "last_touch"}


@pytest.mark.parametrize("model", PEERS_NAME)
def test_path_summary_with_channels(model: str) -> None:
    """The peer prints three digits, and no credit for paths that never converted under its own model."""
    other = table("path_summary_with_channels_expected").filter(attribution_type=PEERS_NAME[model])
    named = other.select("transformed_path", "^(video|organic_search|paid_search_other|referral|direct)$")
    long = named.unpivot(index="transformed_path", variable_name="channel", value_name="share").drop_nulls()
    credited = (
        credit_paths(indexed_paths(), [model])
        .filter(pl.col("path_id").is_in(summary().filter(pl.col("conversions") > 0)["path"].to_list()))
        .with_columns(pl.col("channel").str.to_lowercase())
    )
    both = credited.join(long, left_on=["path_id", "channel"], right_on=["transformed_path", "channel"], validate="1:1")
    assert both.height == credited.height
    assert both["credit"].to_list() == pytest.approx(both["share"].cast(pl.Float64).to_list(), abs=5e-4)


@pytest.mark.parametrize("model", PEERS_NAME)
def test_channel_attribution(model: str) -> None:
    other = table("channel_attribution_expected").filter(attribution_type=PEERS_NAME[model]).sort("channel")
    group = channel_totals(indexed_paths(), [model], fewest_conversions=1).sort("channel")
    assert group["channel"].to_list() == other["channel"].to_list()
    assert group["conversions"].to_list() == pytest.approx(other["conversions"].cast(pl.Float64).to_list(), abs=1e-6)
    assert group["value"].to_list() == pytest.approx(other["revenue"].cast(pl.Float64).to_list(), abs=1e-6)


@pytest.mark.parametrize("model", PEERS_NAME)
def test_report_table_with_channel_spend(model: str) -> None:
    other = table("report_table_expected").filter(attribution_type=PEERS_NAME[model]).sort("channel")
    spend = table("channel_spend_expected").select("channel", pl.col("spend").cast(pl.Float64))
    earned = channel_totals(indexed_paths(), [model], fewest_conversions=1).join(spend, on="channel", validate="1:1")
    roas = earned.sort("channel").select(roas=pl.col("value") / pl.col("spend"))["roas"]
    assert roas.to_list() == pytest.approx(other["roas"].cast(pl.Float64).to_list(), abs=1e-6)


def test_the_peer_s_headline_to_the_last_digit() -> None:
    result = channel_totals(indexed_paths(), ["counterfactual"], fewest_conversions=1)
    earned = {channel: row for channel, *row in result.select("channel", "conversions", "value").iter_rows()}
    assert earned["Direct"] == pytest.approx([3.5409582690664606, 170.1541576513], abs=1e-9)
    assert earned["Organic_Search"] == pytest.approx([1.459041731664606, 130.7658423493], abs=1e-9)
    assert earned["Video"] == pytest.approx([1, 200], abs=1e-9)
