"""A day of listening from a real database into its five tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets.listening import compute_listening_day
from assets.listening.identity.addresses import AddressRanges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.keys import Key, Keyring
from sql.values import Window
from sql.warehouse import Write

if TYPE_CHECKING:
    from sql.warehouse import Warehouse

DAY = Window.of_day(date(2026, 11, 2))
EIGHT = DAY.start + timedelta(hours=8)
NAMES = UUID("5b0c1f52-7b1e-4f0e-9d6a-2f1f6a1c7a10")
OVERCAST = "Overcast/3.0 (+http://overcast.fm/; iOS podcast app)"
TABLES = [
    "request_dispositions",
    "downloads",
    "ad_exposures",
    "listener_metrics",
    "listener_dimension_metrics",
    "listener_breakdowns",
]


def name(text: str) -> UUID:
    return uuid5(NAMES, text)


def dimensions(tenant: str) -> list[tuple[str, dict[str, Any]]]:
    """One show with one episode of an hour, and two ads of one campaign in its file."""
    own = {"tenant_id": name(tenant)}
    show, episode, file = (name(f"{tenant} {what}") for what in ("show", "episode", "file"))
    sponsor, campaign, order = (name(f"{tenant} {what}") for what in ("sponsor", "campaign", "order"))
    flight = {"flight_start": date(2026, 11, 1), "flight_end": date(2026, 11, 30)}
    rows = [
        ("tenants", {**own, "slug": tenant, "name": tenant.title(), "brand_name": tenant.title()}),
        ("podcasts", {**own, "podcast_id": show, "slug": "harbour-lights", "title": "Harbour Lights"}),
        (
            "episodes",
            {
                **own,
                "episode_id": episode,
                "podcast_id": show,
                "guid": "12",
                "title": "The Ferry",
                "published_at": datetime(2026, 11, 1, 6, tzinfo=UTC),
                "duration_s": 3600,
            },
        ),
        (
            "media_assets",
            {
                **own,
                "asset_id": file,
                "episode_id": episode,
                "path": "/12.mp3",
                "file_bytes": 3_601_000,
                "header_bytes": 1_000,
            },
        ),
        ("sponsors", {**own, "sponsor_id": sponsor, "name": "Pantry"}),
        (
            "campaigns",
            {
                **own,
                "campaign_id": campaign,
                "sponsor_id": sponsor,
                "name": "Autumn",
                "starts_on": date(2026, 11, 1),
                "ends_on": date(2026, 11, 30),
                "currency": "USD",
            },
        ),
        ("insertion_orders", {**own, "insertion_order_id": order, "campaign_id": campaign, "number": "IO-1"}),
    ]
    for number, position in enumerate(("pre", "mid")):
        placement = name(f"{tenant} {position}")
        ids = {"placement_id": placement, "insertion_order_id": order, "campaign_id": campaign, "podcast_id": show}
        rows.append(("placements", {**own, **ids, "name": position, "kind": "dynamic", "position": position, **flight}))
        span = {"first_byte": 1_000 + 100_000 * number, "last_byte": 30_999 + 100_000 * number}
        rows.append(
            (
                "asset_segments",
                {
                    **own,
                    "asset_id": file,
                    "segment_no": number,
                    "kind": "ad",
                    **span,
                    "placement_id": placement,
                    "position": position,
                    "insertion": "dynamic",
                },
            )
        )
    airing = {"episode_id": episode, "aired_at": datetime(2026, 11, 1, 6, tzinfo=UTC)}
    rows.append(("placement_episodes", {**own, "placement_id": name(f"{tenant} pre"), **airing}))
    return rows


def request(tenant: str, event: str, **change: Any) -> tuple[str, dict[str, Any]]:
    row = {
        "tenant_id": name(tenant),
        "event_id": name(f"{tenant} {event}"),
        "occurred_at": EIGHT,
        "source": "server_log",
        "event_type": "download",
        "episode_id": name(f"{tenant} episode"),
        "asset_id": name(f"{tenant} file"),
        "client_ip": "10.1.2.3",
        "user_agent": OVERCAST,
        "country_code": "NZ",
        "http_method": "GET",
        "http_status": 200,
        "bytes_sent": 3_601_000,
        **change,
    }
    return "listener_events", row


def load(warehouse: Warehouse, rows: list[tuple[str, dict[str, Any]]]) -> None:
    with warehouse.transaction("earshot_owner") as connection:
        for table, row in rows:
            columns, holes = ", ".join(row), ", ".join(["%s"] * len(row))
            connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({holes})", list(row.values()))


def compute(warehouse: Warehouse, *tenants: str, window: Window = DAY) -> dict[str, pl.DataFrame]:
    return compute_listening_day(
        warehouse.read,
        window,
        [name(tenant) for tenant in tenants],
        load_rules(),
        AddressRanges.load(),
        Keyring(default=(Key(1, b"a secret for tests, 32 bytes long"),)),
    )


@pytest.fixture
def quayside(warehouse: Warehouse) -> Warehouse:
    halves = {"client_ip": "10.9.9.9", "http_status": 206}
    load(
        warehouse,
        [
            *dimensions("quayside"),
            request("quayside", "whole"),
            request("quayside", "again", occurred_at=EIGHT + timedelta(hours=1)),
            request("quayside", "bot", user_agent="Googlebot/2.1"),
            request("quayside", "cloud", client_ip="198.18.4.4"),
            request("quayside", "half", **halves, range_start=0, range_end=50_000, bytes_sent=50_001),
            request(
                "quayside",
                "other half",
                **halves,
                range_start=50_001,
                range_end=99_999,
                bytes_sent=49_999,
                occurred_at=EIGHT + timedelta(minutes=5),
            ),
            request("quayside", "yesterday", occurred_at=DAY.start - timedelta(seconds=1)),
            request("quayside", "play", event_type="listen_start", source="client", session_id="s"),
            (
                "attribution_events",
                {
                    "tenant_id": name("quayside"),
                    "event_id": name("click"),
                    "occurred_at": EIGHT,
                    "sponsor_id": name("quayside sponsor"),
                    "placement_id": name("quayside pre"),
                    "kind": "click",
                    "signal": "pixel",
                    "client_ip": "10.1.2.3",
                    "user_agent": OVERCAST,
                },
            ),
        ],
    )
    return warehouse


def test_a_day_is_measured_and_written(quayside: Warehouse) -> None:
    tables = compute(quayside, "quayside")
    split = dict(tables["request_dispositions"].select("disposition", "requests").iter_rows())
    assert split == {
        "not_a_request": 1,
        "bot_agent": 1,
        "datacenter_ip": 1,
        "counted": 2,
        "contributed": 1,
        "duplicate": 1,
    }
    (metrics,) = tables["listener_metrics"].to_dicts()
    assert (metrics["downloads"], metrics["listeners"], metrics["playback_starts"]) == (2, 2, 1)
    assert (metrics["ads_delivered_pre"], metrics["ads_delivered_mid"]) == (2, 1)
    kinds = tables["ad_exposures"].group_by("kind").len().sort("kind").rows()
    assert kinds == [("click", 1), ("delivered", 3)]
    click = tables["ad_exposures"].filter(pl.col("kind") == "click").row(0, named=True)
    assert click["episode_id"] == name("quayside episode").bytes
    assert click["household_key"] in tables["downloads"]["household_key"].to_list()
    stamp = {"run_id": pl.lit(name("run").bytes), "is_final": pl.lit(False)}
    writes = [Write(table, tables[table].with_columns(**stamp)) for table in TABLES]
    for _ in range(2):
        written = quayside.replace(writes, DAY, [name("quayside")])
        assert written == {table: tables[table].height for table in TABLES}


def test_how_much_of_a_short_file_may_be_missing_is_the_tenants_setting(quayside: Warehouse) -> None:
    load(quayside, [request("quayside", "broken off", client_ip="10.8.8.8", bytes_sent=3_600_500)])
    change = "UPDATE media_assets SET duration_s = 30; UPDATE tenants SET whole_file_slack = {}"
    found = []
    for slack in (499, 500):
        with quayside.transaction("earshot_owner") as connection:
            connection.execute(change.format(slack).encode())
        tables = compute(quayside, "quayside")
        [version] = tables["downloads"]["rules_version"].unique()
        found.append((tables["downloads"].height, version))
    (strict, strict_version), (tolerant, tolerant_version) = found
    assert (strict, tolerant) == (1, 2)
    assert strict_version != tolerant_version


def test_a_day_without_rows_has_five_empty_tables_of_the_same_form(quayside: Warehouse) -> None:
    empty = compute(quayside, "quayside", window=Window.of_day(date(2026, 10, 1)))
    full = compute(quayside, "quayside")
    for table in TABLES:
        assert empty[table].is_empty()
        assert empty[table].schema == full[table].schema


def test_another_tenant_changes_nothing(quayside: Warehouse) -> None:
    alone = compute(quayside, "quayside")
    load(
        quayside,
        [
            *dimensions("millbrook"),
            *(request("millbrook", f"visit {number}", client_ip="10.1.2.3") for number in range(3)),
        ],
    )
    together = compute(quayside, "quayside", "millbrook")
    for table in TABLES:
        own = together[table].filter(pl.col("tenant_id") == name("quayside").bytes)
        assert_frame_equal(own, alone[table])
        assert together[table].height > own.height


def test_a_rolling_window_reads_yesterday(quayside: Warehouse) -> None:
    load(quayside, [request("quayside", "late", client_ip="10.1.2.3", occurred_at=DAY.start - timedelta(hours=15))])
    with quayside.transaction("earshot_owner") as connection:
        connection.execute("UPDATE tenants SET download_window = 'first_touch'")
    tables = compute(quayside, "quayside")
    # One home was counted yesterday: its window opened at nine and stays open until nine today.
    assert tables["downloads"]["downloaded_at"].sort().to_list() == [EIGHT, EIGHT + timedelta(hours=1)]
    split = dict(tables["request_dispositions"].select("disposition", "requests").iter_rows())
    assert sum(split.values()) == 7
    assert split["duplicate"] == 1


def test_numbers_that_rest_on_a_range_taken_as_received_are_marked(quayside: Warehouse) -> None:
    unsaid = {"client_ip": "10.9.9.10", "http_status": 206, "bytes_sent": None}
    load(
        quayside,
        [
            request("quayside", "unsaid", **unsaid, range_start=0, range_end=80_000),
            request("quayside", "too little", **unsaid | {"client_ip": "10.9.9.11"}, range_start=0, range_end=9),
        ],
    )
    tables = compute(quayside, "quayside")
    marked = tables["downloads"].filter("is_range_assumed")
    assert (marked["download_id"].to_list(), marked["basis"].to_list()) == ([name("quayside unsaid").bytes], ["bytes"])
    split = {row["disposition"]: row for row in tables["request_dispositions"].iter_rows(named=True)}
    assert {kind: row["range_assumed"] for kind, row in split.items() if row["range_assumed"]} == {
        "counted": 1,
        "below_threshold": 1,
    }
    assert (split["counted"]["requests"], split["bot_agent"]["range_assumed"]) == (3, 0)


def test_an_event_that_is_delivered_again_on_its_day_under_another_time_counts_once(warehouse: Warehouse) -> None:
    player = {"event_type": "listen_start", "source": "client", "heard_seconds": 60}
    once = [request("quay", "asked"), request("quay", "heard", **player)]
    load(warehouse, [*dimensions("quay"), *once])
    before = compute(warehouse, "quay")
    later = {"occurred_at": EIGHT + timedelta(hours=2)}
    load(warehouse, [request("quay", "asked", **later), request("quay", "heard", **player, **later)])
    after = compute(warehouse, "quay")
    split = dict(after["request_dispositions"].select("disposition", "requests").iter_rows())
    assert split == {"counted": 1, "duplicate": 1, "not_a_request": 2}
    for table in set(TABLES) - {"request_dispositions"}:
        assert_frame_equal(before[table], after[table])
