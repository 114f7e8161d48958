"""The promises of a whole day, on frames: nothing vanishes, and no order of rows and no other tenant changes a bit."""

from __future__ import annotations

import weakref
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from assets.listening import compute_listening_day, cut_windows, day_shards, enrich_requests
from assets.listening.downloads import counting
from assets.listening.identity.addresses import INCLUSIONS, AddressRanges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.keys import Key, Keyring
from assets.listening.identity.retained_keys import REQUESTS
from sql.values import Window

Row = dict[str, Any]

DAY = Window.of_day(date(2026, 11, 2))
QUAYSIDE, MILLBROOK = UUID(int=1), UUID(int=2)
TIME = pl.Datetime("us", "UTC")

EVENT_SCHEMA: dict[str, Any] = {
    "tenant_id": pl.Binary,
    "event_id": pl.Binary,
    "occurred_at": TIME,
    **dict.fromkeys(("source", "event_type"), pl.String),
    **dict.fromkeys(("episode_id", "asset_id"), pl.Binary),
    **dict.fromkeys(("session_id", "listener_id", "client_ip"), pl.String),
    "household_key": pl.Int64,
    "key_version": pl.Int16,
    **dict.fromkeys(("user_agent", "referrer", "country_code", "region_code", "http_method"), pl.String),
    "http_status": pl.Int16,
    **dict.fromkeys(("range_start", "range_end", "bytes_sent"), pl.Int64),
    **dict.fromkeys(("position_seconds", "heard_seconds"), pl.Float64),
}
SIGNAL_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(
        ("tenant_id", "event_id", "sponsor_id", "campaign_id", "placement_id", "podcast_id", "episode_id"), pl.Binary
    ),
    "occurred_at": TIME,
    **dict.fromkeys(("kind", "position", "insertion", "client_ip", "user_agent", "listener_id"), pl.String),
    **dict.fromkeys(("household_key", "listener_key"), pl.Int64),
}


def fixed_tables() -> dict[str, pl.DataFrame]:
    """Two tenants with one episode and one file each, an ad at its beginning; one of them measures by last touch."""
    both = [QUAYSIDE.bytes, MILLBROOK.bytes]
    file = {"tenant_id": both, "asset_id": both}
    return {
        "read_listening_methods": pl.DataFrame(
            {"tenant_id": both, "download_window": ["calendar_day", "last_touch"], "suspect_pairs": [5, 5]}
        ),
        "read_episodes": pl.DataFrame(
            {
                "tenant_id": both,
                "episode_id": both,
                "podcast_id": both,
                "published_at": [DAY.start - timedelta(days=50)] * 2,
                "duration_s": [600.0] * 2,
            },
            schema_overrides={"published_at": TIME},
        ),
        "read_media": pl.DataFrame(
            {
                **file,
                "episode_id": both,
                "file_bytes": [1_000] * 2,
                "header_bytes": [100] * 2,
                "duration_s": [None] * 2,
            },
            schema_overrides={"duration_s": pl.Float64},
        ),
        "read_ad_segments": pl.DataFrame(
            {
                **file,
                "segment_no": [1, 1],
                "first_byte": [100] * 2,
                "last_byte": [119] * 2,
                **dict.fromkeys(("placement_id", "campaign_id", "sponsor_id"), both),
                "position": ["pre"] * 2,
                "insertion": ["dynamic"] * 2,
            }
        ),
        "read_ad_signals": pl.DataFrame(schema=SIGNAL_SCHEMA),
        "read_event_keys": pl.DataFrame(schema=REQUESTS.schema),
        "read_judged_requests": pl.DataFrame(schema={"tenant_id": pl.Binary, "day": pl.Date, "requests": pl.Int64}),
        "read_ip_inclusions": INCLUSIONS.to_frame(),
    }


TABLES = fixed_tables()
RULES, RANGES = load_rules(), AddressRanges.load()
KEYRING = Keyring(default=(Key(1, b"a secret for tests, 32 bytes long"),))


def compute(rows: list[Row]) -> dict[str, pl.DataFrame]:
    events = pl.DataFrame(rows, schema=EVENT_SCHEMA, orient="row")

    def read(statement: str, /, **params: Any) -> pl.DataFrame:
        scope = pl.col("tenant_id").is_in([tenant.bytes for tenant in params["tenants"]])
        if statement != "read_listener_events":
            return TABLES[statement].filter(scope)
        within = pl.col("occurred_at").is_between(params["start"], params["end"], closed="left")
        return events.filter(scope & within)

    return compute_listening_day(read, DAY, [QUAYSIDE, MILLBROOK], RULES, RANGES, KEYRING)


@st.composite
def raw_rows(draw: st.DrawFn) -> list[Row]:
    rows = []
    for number in range(draw(st.integers(0, 25))):
        tenant = draw(st.sampled_from([QUAYSIDE, MILLBROOK])).bytes
        start = draw(st.none() | st.integers(0, 900))
        is_playback = draw(st.integers(0, 4)) == 0
        rows.append(
            {
                "tenant_id": tenant,
                "event_id": UUID(int=1000 + number).bytes,
                "occurred_at": DAY.start + timedelta(hours=draw(st.integers(-30, 40))),
                "source": "client" if is_playback else draw(st.sampled_from(["server_log", "server_log", "prefix"])),
                "event_type": draw(st.sampled_from(["listen_start", "listen_complete"])) if is_playback else "download",
                "episode_id": tenant,
                "asset_id": draw(st.sampled_from([tenant, tenant, None])),
                "session_id": draw(st.sampled_from(["s1", "s2", None])),
                "client_ip": draw(st.sampled_from(["10.0.0.1", "fd00::1", "fd00::2", "198.18.0.9", None])),
                "household_key": draw(st.sampled_from([None, None, 77])),
                "user_agent": draw(st.sampled_from(["Overcast/3.0", "AntennaPod/3.2", "Googlebot/2.1", ""])),
                "country_code": draw(st.sampled_from(["NZ", None])),
                "http_method": "GET",
                "http_status": 200 if start is None else 206,
                "range_start": start,
                "bytes_sent": draw(st.none() | st.integers(0, 1_000)),
                "heard_seconds": draw(st.none() | st.floats(0, 600)),
            }
        )
    return rows


modest = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@modest
@given(rows=raw_rows(), random=st.randoms(use_true_random=False))
def test_shuffled_rows_give_the_same_five_tables_to_the_bit(rows: list[Row], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    expected, found = compute(rows), compute(shuffled)
    for table in expected:
        assert_frame_equal(found[table], expected[table], check_exact=True)


@modest
@given(rows=raw_rows())
def test_the_dispositions_sum_to_the_raw_rows_of_the_day(rows: list[Row]) -> None:
    found = compute(rows)["request_dispositions"]
    for tenant in (QUAYSIDE, MILLBROOK):
        raw = [row for row in rows if row["tenant_id"] == tenant.bytes and DAY.contains(row["occurred_at"])]
        assert found.filter(pl.col("tenant_id") == tenant.bytes)["requests"].sum() == len(raw)


@modest
@given(rows=raw_rows())
def test_the_tables_agree_with_each_other(rows: list[Row]) -> None:
    tables = compute(rows)
    downloads = tables["downloads"].height
    assert tables["listener_metrics"]["downloads"].sum() == downloads
    counted = tables["request_dispositions"].filter(pl.col("disposition") == "counted")
    assert counted["requests"].sum() == downloads
    apps = tables["listener_dimension_metrics"].filter(pl.col("dimension") == "app")
    assert apps["downloads"].sum() == downloads
    assert tables["listener_metrics"]["ads_delivered_pre"].sum() == tables["ad_exposures"].height


@modest
@given(rows=raw_rows())
def test_the_rows_of_another_tenant_change_none_of_the_five_tables(rows: list[Row]) -> None:
    alone = compute([row for row in rows if row["tenant_id"] == QUAYSIDE.bytes])
    for table, frame in compute(rows).items():
        assert_frame_equal(frame.filter(pl.col("tenant_id") == QUAYSIDE.bytes), alone[table], check_exact=True)


def test_a_day_without_tenants_is_six_empty_tables() -> None:
    tables = compute_listening_day(
        lambda name, /, **_: TABLES[name].clear() if name in TABLES else pl.DataFrame(schema=EVENT_SCHEMA),
        DAY,
        [],
        RULES,
        RANGES,
        KEYRING,
    )
    assert [frame.height for frame in tables.values()] == [0] * 6


def test_the_raw_rows_of_a_calendar_day_are_read_once() -> None:
    spans: list[tuple[datetime, datetime]] = []

    def read(name: str, /, **params: Any) -> pl.DataFrame:
        if name == "read_listening_methods":
            return TABLES[name].with_columns(download_window=pl.lit("calendar_day"))
        if name == "read_listener_events":
            spans.append((params["start"], params["end"]))
        return TABLES[name] if name in TABLES else pl.DataFrame(schema=EVENT_SCHEMA)

    compute_listening_day(read, DAY, [QUAYSIDE, MILLBROOK], RULES, RANGES, KEYRING)
    # Slice by slice, each moment in one of them; quiet tenants take no more than two.
    starts, ends = zip(*spans, strict=True)
    assert (starts[0], *ends) == (*starts, DAY.end)
    assert starts[0] == DAY.start
    assert len(spans) <= 2


def test_the_enriched_requests_are_gone_when_those_that_could_count_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    alive: list[weakref.ref[pl.DataFrame]] = []
    when_sorted: list[bool] = []

    def enrich(rows: pl.DataFrame, *settings: Any) -> pl.DataFrame:
        enriched = enrich_requests(rows, *settings)
        alive.extend([weakref.ref(rows), weakref.ref(enriched)])
        return enriched

    def sort(requests: pl.DataFrame) -> pl.DataFrame:
        when_sorted.extend(frame() is not None for frame in alive)
        return cut_windows(requests)

    monkeypatch.setattr(day_shards, "enrich_requests", enrich)
    monkeypatch.setattr(counting, "cut_windows", sort)
    compute([])
    assert when_sorted == [False, False]
