"""A morning of many sponsors, invented with a fixed seed: their campaigns, and what is computed of them until Sunday.

Here: rows of the tables that reports read, as the nightly runs write them, for networks of a hundred sponsors each.
Not here: how such rows come about (assets/), stopwatches (morning.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.attribution.models import MODELS, credit_shows
from assets.steps import DAILY_ASSETS
from sql.values import DAY, Window
from sql.warehouse import LedgerLine, Warehouse

SEED = 20_261_123
SPONSORS_PER_TENANT = 100
SHOWS, EPISODES = 12, 10
PLACEMENTS = 4
# Campaigns began up to so many weeks before the week that is reported.
OLDEST = 8
ADS_PER_WEEK, ORDERS_PER_WEEK = 100, 9
LOCALES = ("en_US", "en_US", "en_GB", "de_DE", "fr_FR", "es_ES")
RUN = UUID("00000000-0000-4000-8000-000000000001")

Integers = npt.NDArray[np.int64]
Tables = dict[str, pl.DataFrame]


def load(warehouse: Warehouse, sponsors: int, monday: date) -> None:
    """Add the networks of so many sponsors: all until the end of the week of this Monday, which the morning reports."""
    generator = np.random.default_rng(SEED)
    for number in range(-(-sponsors // SPONSORS_PER_TENANT)):
        count = min(SPONSORS_PER_TENANT, sponsors - number * SPONSORS_PER_TENANT)
        tables = invent(generator, number, count, monday)
        subscriptions = tables.pop("report_subscriptions")
        for table, rows in tables.items():
            warehouse.insert(table, rows)
        _subscribe(warehouse, subscriptions)
        _judge(warehouse, UUID(bytes=tables["tenants"]["tenant_id"][0]), monday)
    warehouse.analyze_new()
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute("ANALYZE")


def _subscribe(warehouse: Warehouse, rows: pl.DataFrame) -> None:
    with warehouse.transaction("earshot_owner") as connection:
        connection.cursor().executemany(
            "INSERT INTO report_subscriptions"
            " (tenant_id, subscription_id, sponsor_id, campaign_id, cadence, recipients, locale)"
            " VALUES (%s, %s, %s, %s, 'weekly', %s, %s)",
            [tuple(UUID(bytes=each) if isinstance(each, bytes) else each for each in row) for row in rows.iter_rows()],
        )


def _judge(warehouse: Warehouse, tenant: UUID, monday: date) -> None:
    """Every day that the report and the one before need is final, and has passed its checks."""
    days = [monday + timedelta(days=offset) for offset in range(-7, 7)]
    fresh = midnight(monday + 8 * DAY)
    for day in days:
        lines = [LedgerLine(asset, day, tenant, RUN, 1, fresh, "final") for asset in DAILY_ASSETS]
        warehouse.replace([], Window.of_day(day), [tenant], lines)
    judged = {"check_name": "credits_sum", "passed": True, "detail": "", "run_id": RUN.bytes}
    rows = [{"tenant_id": tenant.bytes, "day": day, **judged} for day in days]
    warehouse.insert("check_results", pl.DataFrame(rows))


def invent(generator: np.random.Generator, number: int, sponsors: int, monday: date) -> Tables:
    """The tables of one network, in the order in which they are to be added."""
    (tenant,) = ids(generator, 1)
    own = {"tenant_id": pl.lit(tenant, dtype=pl.Binary)}
    name = f"Network {number:02d}"
    shows = pl.DataFrame({"podcast_id": ids(generator, SHOWS)}).with_columns(
        **own,
        slug=pl.format("show-{}", pl.int_range(pl.len())),
        title=pl.format("Show № {} & Co", pl.int_range(pl.len())),
    )
    show_of = np.repeat(np.arange(SHOWS), EPISODES)
    out = [
        midnight(monday - timedelta(weeks=OLDEST)) + timedelta(days=6 * int(place % EPISODES))
        for place in range(len(show_of))
    ]
    episodes = pl.DataFrame(
        {
            "episode_id": ids(generator, len(show_of)),
            "podcast_id": shows["podcast_id"].gather(show_of),
            "published_at": out,
        }
    ).with_columns(
        **own,
        guid=pl.format("guid-{}", pl.int_range(pl.len())),
        title=pl.format("Episode {}: what nobody says about it", pl.int_range(pl.len())),
        duration_s=pl.lit(1800.0),
    )
    buyers = pl.DataFrame({"sponsor_id": ids(generator, sponsors)}).with_columns(
        **own, name=pl.format("Sponsor {} of " + name, pl.int_range(pl.len()))
    )
    ages = generator.integers(1, OLDEST, sponsors)
    campaigns = pl.DataFrame(
        {
            "campaign_id": ids(generator, sponsors),
            "sponsor_id": buyers["sponsor_id"],
            "starts_on": [monday - timedelta(weeks=int(age), days=-int(age) % 3) for age in ages],
        }
    ).with_columns(
        **own,
        name=pl.format("Autumn {}", pl.int_range(pl.len())),
        ends_on=pl.lit(monday + timedelta(weeks=5)),
        goal_kind=pl.lit("purchase"),
        currency=pl.lit("USD"),
    )
    orders = campaigns.select("tenant_id", "campaign_id").with_columns(
        insertion_order_id=pl.Series(ids(generator, sponsors)), number=pl.format("IO-{}", pl.int_range(pl.len()))
    )
    placements = _placements(generator, campaigns, orders, shows)
    aired = placements.filter(kind="baked_in").join(
        episodes.select("podcast_id", "episode_id", "published_at"), on="podcast_id"
    )
    aired = aired.filter(pl.col("published_at").dt.date() >= pl.col("flight_start")).select(
        "tenant_id", "placement_id", "episode_id", aired_at="published_at"
    )
    ads = _ads(generator, placements, campaigns, episodes, midnight(monday + 7 * DAY))
    tables = {
        "tenants": pl.DataFrame({"slug": [f"network-{number:02d}"], "name": [name], "brand_name": [name]}).with_columns(
            **own
        ),
        "podcasts": shows,
        "episodes": episodes,
        "sponsors": buyers,
        "campaigns": campaigns,
        "insertion_orders": orders,
        "placements": placements,
        "placement_episodes": aired,
        "ad_exposures": ads,
        "placement_delivery": _delivery(ads),
        **_returns(generator, campaigns, ads, monday),
    }
    return {**tables, "report_subscriptions": _subscriptions(generator, campaigns)}


def _placements(
    generator: np.random.Generator, campaigns: pl.DataFrame, orders: pl.DataFrame, shows: pl.DataFrame
) -> pl.DataFrame:
    campaign_of = np.repeat(np.arange(campaigns.height), PLACEMENTS)
    place = np.tile(np.arange(PLACEMENTS), campaigns.height)
    chosen = campaigns[campaign_of]
    show = np.concatenate([generator.permutation(SHOWS)[:PLACEMENTS] for _ in range(campaigns.height)])
    kinds = pl.Series(["dynamic", "baked_in"]).gather(place % 2)
    return chosen.select(
        "tenant_id",
        "campaign_id",
        placement_id=pl.Series(ids(generator, len(place))),
        insertion_order_id=orders["insertion_order_id"].gather(campaign_of),
        podcast_id=shows["podcast_id"].gather(show),
        name=pl.format("Placement {}", pl.Series(place)),
        kind=kinds,
        position=pl.Series(["pre", "mid", "post"]).gather(place % 3),
        booked_impressions=pl.Series(generator.integers(300, 1500, len(place))),
        cost_minor=pl.Series(generator.integers(100_000, 900_000, len(place))),
        flight_start="starts_on",
        flight_end="ends_on",
    )


def _ads(
    generator: np.random.Generator,
    placements: pl.DataFrame,
    campaigns: pl.DataFrame,
    episodes: pl.DataFrame,
    end: datetime,
) -> pl.DataFrame:
    """Delivered ads from each campaign's start to the week's end, in one of the three newest episodes of the show."""
    seconds = np.array([(end - midnight(day)).total_seconds() for day in placements["flight_start"]])
    counts = (ADS_PER_WEEK / PLACEMENTS * seconds / 604_800).astype(np.int64)
    of = np.repeat(np.arange(placements.height), counts)
    moment = generator.random(len(of)) * seconds[of]
    starts = placements["flight_start"].gather(of).cast(pl.Datetime("us", "UTC"))
    at = starts + pl.Series((moment * 1e6).astype(np.int64)).cast(pl.Duration("us"))
    chosen = placements[of].select(
        "tenant_id", "campaign_id", "placement_id", "podcast_id", "position", insertion="kind"
    )
    homes = generator.integers(1, 60_000, len(of))
    rows = (
        chosen.with_columns(
            occurred_at=at,
            exposure_id=pl.Series(ids(generator, len(of))),
            household_key=pl.Series(homes),
            consumer_key=pl.Series(homes * 7 + 1),
            kind=pl.lit("delivered"),
            address_class=pl.Series(["household", "household", "household", "commercial"]).gather(homes % 4),
            is_final=pl.lit(True),
            run_id=pl.lit(RUN.bytes, dtype=pl.Binary),
        )
        .with_columns(day=pl.col("occurred_at").dt.date())
        .sort("occurred_at")
    )
    released = episodes.select("podcast_id", "episode_id", "published_at").sort("published_at")
    rows = rows.join_asof(
        released, left_on="occurred_at", right_on="published_at", by="podcast_id", check_sortedness=False
    )
    return rows.drop("published_at").join(campaigns.select("campaign_id", "sponsor_id"), on="campaign_id")


def _delivery(ads: pl.DataFrame) -> pl.DataFrame:
    key = ["tenant_id", "day", "campaign_id", "placement_id", "episode_id"]
    return ads.group_by(key, maintain_order=True).agg(
        pl.col("is_final", "run_id").first(),
        impressions=pl.len().cast(pl.Int64),
        households=pl.col("household_key").n_unique().cast(pl.Int64),
        usable_impressions=pl.len().cast(pl.Int64),
        clicks=pl.lit(0, dtype=pl.Int64),
    )


def _returns(generator: np.random.Generator, campaigns: pl.DataFrame, ads: pl.DataFrame, monday: date) -> Tables:
    """Orders after ads, as conversions with paths of one or two touches and credits, and as the raw signals."""
    ads = ads.sort("campaign_id", "occurred_at", "exposure_id")
    buyers = np.sort(generator.choice(ads.height, ads.height * ORDERS_PER_WEEK // ADS_PER_WEEK, replace=False))
    last = ads[buyers]
    wait = pl.Series((generator.exponential(2.5 * 86_400, last.height) * 1e6).astype(np.int64)).cast(pl.Duration("us"))
    value = pl.Series(np.round(np.exp(generator.normal(8.5, 0.8, last.height))).astype(np.int64))
    unknown = pl.Series(generator.random(last.height) < 0.05)
    sold = last.select(
        "tenant_id", "sponsor_id", "household_key", "address_class",
        converted_at=pl.col("occurred_at") + wait,
        conversion_id=pl.Series(ids(generator, last.height)),
        order_id=pl.format("order-{}", pl.int_range(pl.len())),
        value_minor=pl.when(unknown).then(None).otherwise(value),
    ).with_columns(
        currency=pl.when(pl.col("value_minor").is_not_null()).then(pl.lit("USD")),
        kind=pl.when(pl.int_range(pl.len()) % 9 == 0).then(pl.lit("visit")).otherwise(pl.lit("purchase")),
        day=pl.col("converted_at").dt.date(), place=pl.Series(buyers),
    )  # fmt: skip
    sold = sold.filter(pl.col("converted_at") < midnight(monday + 9 * DAY))
    run = {"is_final": pl.lit(True), "run_id": pl.lit(RUN.bytes, dtype=pl.Binary)}
    signals = {f"{each}_signals": pl.lit(0) for each in ("pixel", "promo_code", "vanity_url", "utm", "survey")}
    conversions = sold.drop("place").with_columns(
        **signals, **run, server_signals=pl.lit(1), matched_by=pl.lit("household")
    )
    touches = _touches(sold, ads).with_columns(**run)
    credits_ = credit_shows(
        touches.join(
            sold.select("tenant_id", "conversion_id", "converted_at"), on=["tenant_id", "conversion_id"]
        ).with_columns(
            age_s=(pl.col("converted_at") - pl.col("touched_at")).dt.total_microseconds() / 1e6,
            half_life_s=pl.lit(7.0 * 86_400),
            is_excluded=pl.lit(False),
        ),
        list(MODELS),
    )
    raw = sold.select(
        "tenant_id", "sponsor_id", "kind", "order_id", "value_minor", "currency", "household_key",
        event_id="conversion_id", occurred_at="converted_at", signal=pl.lit("server"),
        received_at=pl.col("converted_at") + pl.duration(minutes=5),
    )  # fmt: skip
    return {
        "attribution_events": raw,
        "conversions": conversions,
        "attribution_touches": touches,
        "attribution_credits": credits_.with_columns(**run),
        **_weekly(generator, campaigns, run, monday + 6 * DAY),
    }


def _touches(sold: pl.DataFrame, ads: pl.DataFrame) -> pl.DataFrame:
    """The ad that an order followed, and for every other order the campaign's ad before it."""
    columns = ["campaign_id", "placement_id", "episode_id", "exposure_id", "occurred_at"]
    own = sold.select("tenant_id", "conversion_id", "day", "place")
    after = pl.concat([own, ads[own["place"].to_list()].select(columns)], how="horizontal")
    earlier = own.filter((pl.int_range(pl.len()) % 2 == 0) & (pl.col("place") > 0)).with_columns(pl.col("place") - 1)
    before = pl.concat([earlier, ads[earlier["place"].to_list()].select(columns)], how="horizontal")
    of = after.select("conversion_id", "campaign_id")
    before = before.join(of, on=["conversion_id", "campaign_id"], how="semi")
    return (
        pl.concat([before, after])
        .sort("tenant_id", "conversion_id", "occurred_at")
        .with_columns(
            touch_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("conversion_id"),
            touched_at="occurred_at",
            matched_by=pl.lit("household"),
            config_version=pl.lit(0, dtype=pl.Int32),
        )
        .drop("occurred_at", "place")
    )


def _weekly(generator: np.random.Generator, campaigns: pl.DataFrame, run: dict[str, pl.Expr], sunday: date) -> Tables:
    """Sunday's results of the data-driven models, and the medians of other campaigns."""
    models = pl.DataFrame({"model": ["linear", "markov", "counterfactual"]})
    kpis = pl.DataFrame(
        {"kpi": ["conversions", "revenue", "cpa", "roas"], "unit": ["count", "minor", "minor", "ratio"]}
    )
    wide = campaigns.select("tenant_id", "campaign_id", "currency").join(models, how="cross").join(kpis, how="cross")
    estimate = pl.Series(generator.random(wide.height) * 40 + 10).round(3)
    roi = wide.with_columns(
        day=pl.lit(sunday), **run, estimate=estimate, lower=estimate * 0.8, upper=estimate * 1.3, sample=pl.lit(30.0),
        badge=pl.lit("ok"),
        amount_minor=pl.when(kpi="revenue").then((estimate * 1000).cast(pl.Int64)), config_version=pl.lit(0),
    )  # fmt: skip
    compared = pl.DataFrame({"kpi": ["cpa", "cpm", "frequency", "roas"], "unit": ["minor", "minor", "ratio", "ratio"]})
    beside = campaigns.select("tenant_id", "campaign_id", "currency").join(compared, how="cross")
    own = pl.Series(generator.random(beside.height) * 30 + 5).round(3)
    medians = beside.with_columns(
        day=pl.lit(sunday), **run, model=pl.lit("linear"), estimate=own, median=own * 0.9 + 1, campaigns=pl.lit(12),
        sponsors=pl.lit(9),
        badge=pl.lit("ok"),
    )  # fmt: skip
    return {"campaign_roi": roi, "campaign_benchmarks": medians}


def _subscriptions(generator: np.random.Generator, campaigns: pl.DataFrame) -> pl.DataFrame:
    """One for each sponsor; each tenth is to all of its campaigns."""
    place = pl.int_range(pl.len())
    return campaigns.select(
        "tenant_id",
        pl.Series("subscription_id", ids(generator, campaigns.height)),
        "sponsor_id",
        pl.when(place % 10 != 0).then("campaign_id").alias("campaign_id"),
        pl.concat_list(pl.format("ads{}@sponsor.example", place)).alias("recipients"),
        pl.Series("locale", [LOCALES[number % len(LOCALES)] for number in range(campaigns.height)]),
    )


def midnight(day: date) -> datetime:
    """The moment at which a UTC day begins."""
    return datetime.combine(day, time.min, UTC)


def ids(generator: np.random.Generator, count: int) -> Sequence[bytes]:
    """Random UUIDs of version 4, as bytes."""
    raw = generator.integers(0, 256, (count, 16), dtype=np.uint8)
    raw[:, 6] = (raw[:, 6] & 0x0F) | 0x40
    raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
    return [row.tobytes() for row in raw]
