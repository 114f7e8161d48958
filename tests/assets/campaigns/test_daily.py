"""From raw signals in a real database to conversions, credits, delivery, reach and return, day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

import polars as pl
import pytest

from assets.attribution.day import compute_attribution_day
from assets.campaigns.daily import compute_delivery, compute_reach, compute_roi
from assets.campaigns.period.reading import read_period
from assets.campaigns.period.summarising import summarise
from assets.listening.identity.keys import Key, Keyring, derive_keys
from sql.values import PermanentError, Window
from sql.warehouse import Write

if TYPE_CHECKING:
    from sql.warehouse import Warehouse

NAMES = UUID("6f1d2a52-0c3c-4f5e-9a30-6f1b5f0f7a11")
KEYRING = Keyring((Key(1, b"a key that only this test knows."),))
HEARD = datetime(2026, 3, 3, 8, tzinfo=UTC)
BOUGHT = datetime(2026, 3, 5, 20, tzinfo=UTC)
DAY = Window.of_day(date(2026, 3, 5))
HOMES = [f"10.0.0.{number}" for number in range(1, 9)]
RUN = UUID(int=7)


def named(name: str) -> UUID:
    return uuid5(NAMES, name)


def add(warehouse: Warehouse, table: str, *rows: Mapping[str, object]) -> None:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    texts = {name: [str(v) if isinstance(v, UUID) else v for v in values] for name, values in columns.items()}
    warehouse.insert(table, pl.DataFrame(texts))


def add_campaign(warehouse: Warehouse, tenant: str) -> dict[str, object]:
    """A tenant with one show, one sponsor and one campaign: a baked-in placement of 100.00, a dynamic one of 50.00."""
    owner: dict[str, object] = {"tenant_id": named(tenant)}
    campaign = {**owner, "campaign_id": named("spring")}
    add(warehouse, "tenants", {**owner, "slug": tenant, "name": tenant, "brand_name": tenant, "timezone": "UTC"})
    add(warehouse, "podcasts", {**owner, "podcast_id": named("tides"), "slug": "tides", "title": "Tides"})
    episode = {"podcast_id": named("tides"), "published_at": HEARD - timedelta(hours=2)}
    episodes = [
        {**owner, "episode_id": named(f"ep-{n}"), "guid": f"ep-{n}", "title": f"Episode {n}", **episode} for n in (1, 2)
    ]
    add(warehouse, "episodes", *episodes)
    add(warehouse, "sponsors", {**owner, "sponsor_id": named("kettle"), "name": "Kettle"})
    span = {"starts_on": date(2026, 3, 1), "ends_on": date(2026, 3, 31), "goal_kind": "purchase", "currency": "USD"}
    add(warehouse, "campaigns", {**campaign, "sponsor_id": named("kettle"), "name": "Spring", **span})
    since = {"version": 1, "window_days": 14, "valid_from": datetime(2026, 2, 1, tzinfo=UTC)}
    add(warehouse, "attribution_configs", {**campaign, **since})
    add(warehouse, "insertion_orders", {**campaign, "insertion_order_id": named("io"), "number": "IO-1"})
    flight = {"flight_start": date(2026, 3, 1), "flight_end": date(2026, 3, 31), "insertion_order_id": named("io")}
    booked = {"podcast_id": named("tides"), "position": "mid", **flight, **campaign}
    host_read = {"placement_id": named("host-read"), "name": "Host read", "kind": "baked_in", "cost_minor": 10_000}
    inserted = {"placement_id": named("inserted"), "name": "Inserted", "kind": "dynamic", "cost_minor": 5_000}
    for placement in (host_read, inserted):
        add(warehouse, "placements", {**booked, **placement, "booked_impressions": 16})
    aired = {**owner, "placement_id": named("host-read"), "aired_at": HEARD - timedelta(hours=2)}
    add(warehouse, "placement_episodes", {**aired, "episode_id": named("ep-1")})
    code = {"promo_code_id": named("code"), "sponsor_id": named("kettle"), "placement_id": named("host-read")}
    add(warehouse, "promo_codes", {**owner, **code, "code": "tides20"})
    return owner


def add_exposures(warehouse: Warehouse, tenant: str) -> None:
    """Each home heard the host read on the 3rd; the first four also the inserted ad a day later."""
    homes = pl.DataFrame({"tenant_id": [str(named(tenant))] * 8, "client_ip": HOMES, "user_agent": ["Pod/1"] * 8})
    keys = derive_keys(homes, KEYRING)
    exposures = [(n, "host-read", "ep-1", HEARD) for n in range(8)]
    exposures += [(n, "inserted", "ep-2", HEARD + timedelta(days=1)) for n in range(4)]
    rows = [
        {
            "tenant_id": named(tenant),
            "occurred_at": at,
            "exposure_id": named(f"{placement} {n}"),
            "day": at.date(),
            "sponsor_id": named("kettle"),
            "campaign_id": named("spring"),
            "placement_id": named(placement),
            "podcast_id": named("tides"),
            "episode_id": named(episode),
            "kind": "delivered",
            "household_key": keys["household_key"][n],
            "consumer_key": keys["consumer_key"][n],
            "address_class": "household",
            "is_final": True,
            "run_id": RUN,
        }
        for n, placement, episode, at in exposures
    ]
    add(warehouse, "ad_exposures", *rows)


def signal(tenant: str, name: str, at: datetime, **fields: object) -> dict[str, object]:
    empty = dict.fromkeys(["order_id", "value_minor", "currency", "promo_code", "client_ip", "user_agent"])
    base = {"tenant_id": named(tenant), "event_id": named(name), "occurred_at": at, "sponsor_id": named("kettle")}
    return {**base, "kind": "purchase", "signal": "pixel", **empty, **fields}


def add_signals(warehouse: Warehouse, tenant: str) -> None:
    """Six homes buy for 20.00; one of them by a code and with a server call the day after; one returns half."""
    money = {"value_minor": 2000, "currency": "USD"}
    buys = [
        signal(tenant, f"buy {n}", BOUGHT, order_id=f"T-{n}", client_ip=HOMES[n], user_agent="Browser/9", **money)
        for n in range(6)
    ]
    code = signal(tenant, "code 5", BOUGHT, order_id="T-5", signal="promo_code", promo_code="TIDES20")
    later = BOUGHT + timedelta(days=1)
    server = signal(tenant, "server 5", later, order_id="T-5", signal="server", value_minor=2100, currency="USD")
    refund = signal(
        tenant, "refund", later, order_id="T-0", kind="refund", signal="server", value_minor=1000, currency="USD"
    )
    add(warehouse, "attribution_events", *buys, code, server, refund)


@pytest.fixture
def network(warehouse: Warehouse) -> Warehouse:
    for tenant in ("harbour", "lighthouse"):
        add_campaign(warehouse, tenant)
        add_exposures(warehouse, tenant)
        add_signals(warehouse, tenant)
    return warehouse


def stored(warehouse: Warehouse, tables: Mapping[str, pl.DataFrame], window: Window, tenants: Sequence[UUID]) -> None:
    """Write a day as its asset does."""
    for name, frame in tables.items():
        stamped = frame.with_columns(run_id=pl.lit(RUN.bytes), is_final=pl.lit(True))
        warehouse.replace([Write(name, stamped)], window, list(tenants))


def roll_up(warehouse: Warehouse, tenants: Sequence[UUID], last: date) -> pl.DataFrame:
    for window in map(Window.of_day, Window.of_days(date(2026, 3, 1), last).days()):
        stored(warehouse, compute_attribution_day(warehouse.read, window, tenants, KEYRING), window, tenants)
        stored(warehouse, compute_delivery(warehouse.read, window, tenants), window, tenants)
        stored(warehouse, compute_reach(warehouse.read, window, tenants), window, tenants)
        results = compute_roi(warehouse.read, window, tenants)
        stored(warehouse, results, window, tenants)
    return results["campaign_roi"]


def test_an_order_of_many_signals_is_one_conversion_and_shares_its_credit(network: Warehouse) -> None:
    tables = compute_attribution_day(network.read, DAY, [named("harbour")], KEYRING)
    conversions = tables["conversions"]
    assert conversions.height == 6
    assert sorted(conversions["matched_by"]) == ["household"] * 5 + ["promo_code"]
    by_code = conversions.filter(pl.col("matched_by") == "promo_code").row(0, named=True)
    assert (by_code["value_minor"], by_code["pixel_signals"], by_code["server_signals"]) == (2100, 1, 1)
    assert tables["conversion_adjustments"]["value_minor"].to_list() == [1000]
    linear = tables["attribution_credits"].filter(pl.col("model") == "linear")
    credit = dict(linear.group_by("placement_id").agg(pl.col("credit").sum()).iter_rows())
    assert credit == pytest.approx({named("host-read").bytes: 4.0, named("inserted").bytes: 2.0})
    assert compute_attribution_day(network.read, Window.of_day(date(2026, 3, 6)), [named("harbour")], KEYRING)[
        "conversions"
    ].is_empty()


def test_an_event_that_comes_again_after_midnight_stays_on_its_day(warehouse: Warehouse) -> None:
    add_campaign(warehouse, "harbour")
    visit = {**signal("harbour", "visit", BOUGHT, client_ip=HOMES[0], user_agent="Browser/9"), "kind": "visit"}
    again = {**visit, "occurred_at": BOUGHT + timedelta(hours=5)}
    add(warehouse, "attribution_events", visit, again, {**again, "event_id": named("other")})
    computed = [
        compute_attribution_day(warehouse.read, day, [named("harbour")], KEYRING)["conversions"]
        for day in map(Window.of_day, Window.of_days(DAY.day, DAY.day + timedelta(days=1)).days())
    ]
    days = [conversions["conversion_id"].to_list() for conversions in computed]
    assert days == [[named("visit").bytes], [named("other").bytes]]


def test_a_campaign_s_return_is_exact_and_the_same_for_every_model(network: Warehouse) -> None:
    results = roll_up(network, [named("harbour"), named("lighthouse")], DAY.day)
    assert results["tenant_id"].n_unique() == 2
    ours = results.filter(pl.col("tenant_id") == named("harbour").bytes)
    for model in ours["model"].unique():
        result = {row["kpi"]: row for row in ours.filter(pl.col("model") == model).to_dicts()}
        assert result["impressions"]["estimate"] == 12
        assert result["reach"]["estimate"] == 8
        assert result["conversions"]["estimate"] == pytest.approx(6)
        assert result["revenue"]["amount_minor"] == 6 * 2000 + 100
        assert result["spend"]["amount_minor"] == 10_000 + 5_000 * 4 // 16
        assert result["roas"]["estimate"] == pytest.approx(12_100 / 11_250)
        assert result["roas"]["lower"] <= result["roas"]["estimate"] <= result["roas"]["upper"]
        assert (result["roas"]["badge"], result["roi"]["badge"]) == ("low_confidence", "not_known")
        assert result["roas"]["config_version"] == 1


def test_a_refund_lowers_the_return_from_its_own_day_on(network: Warehouse) -> None:
    results = roll_up(network, [named("harbour")], date(2026, 3, 6))
    revenue = results.filter((pl.col("kpi") == "revenue") & (pl.col("model") == "linear"))
    assert revenue["amount_minor"].to_list() == [6 * 2000 + 100 - 1000]


def test_windows_mature_as_days_pass(network: Warehouse) -> None:
    results = roll_up(network, [named("harbour")], date(2026, 3, 17))
    assert results["mature_share"].unique().to_list() == pytest.approx([8 / 12])


def test_running_a_day_again_changes_nothing(network: Warehouse) -> None:
    once = roll_up(network, [named("harbour")], DAY.day)
    assert roll_up(network, [named("harbour")], DAY.day).equals(once)
    assert network.read("read_campaigns", tenants=[named("harbour")]).height == 1


def test_a_report_s_period_agrees_with_the_rollups(network: Warehouse) -> None:
    results = roll_up(network, [named("harbour")], DAY.day)
    window = Window.of_days(date(2026, 3, 1), DAY.day)
    period = summarise(read_period(network.read, named("harbour"), [named("spring")], window, "UTC", window.end))
    key = ["model", "kpi"]
    cut = period.kpis.filter(pl.col("level") == "campaign").sort(key).select(*key, "estimate", "amount_minor", "upper")
    assert cut.equals(results.sort(key).select(*key, "estimate", "amount_minor", "upper"))
    linear = period.shows.filter(pl.col("model") == "linear")
    assert linear["revenue_minor"].sum() == 12_100
    assert linear["spend_minor"].sum() == 11_250
    days = period.daily.filter(pl.col("model") == "linear")
    assert days["impressions"].to_list() == [0, 0, 8, 4, 0]
    assert days["conversions"].to_list() == pytest.approx([0, 0, 0, 0, 6])


def test_a_period_at_an_equal_age_leaves_out_what_came_later(network: Warehouse) -> None:
    roll_up(network, [named("harbour")], DAY.day)
    window = Window.of_days(date(2026, 3, 1), DAY.day)
    scope = (network.read, named("harbour"), [named("spring")], window, "UTC", window.end)
    earned = summarise(read_period(*scope, received_by=datetime(2026, 3, 1, tzinfo=UTC))).shows["conversions"].sum()
    assert earned == 0


def test_a_campaign_of_another_tenant_is_refused(network: Warehouse) -> None:
    with pytest.raises(PermanentError, match="has no campaign"):
        summarise(read_period(network.read, named("harbour"), [named("autumn")], DAY, "UTC", DAY.end))


def test_a_day_before_any_campaign_has_no_results_in_the_same_columns(network: Warehouse) -> None:
    early = compute_roi(network.read, Window.of_day(date(2026, 2, 1)), [named("harbour")])["campaign_roi"]
    assert early.is_empty()
    first = compute_roi(network.read, Window.of_day(date(2026, 3, 1)), [named("harbour")])["campaign_roi"]
    assert first.filter(kpi="impressions")["estimate"].unique().to_list() == [0]
    assert first.schema == early.schema
