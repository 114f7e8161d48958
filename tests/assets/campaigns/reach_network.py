"""Two tenants with a campaign each that one show airs on five days, for the tests of reach.

Here: its rows and the truth about them. Ids of campaigns and placements are the same in both tenants.
Not here: running anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID, uuid5

import polars as pl

from sql.values import Window
from sql.warehouse import LedgerLine, Warehouse, Write

NAMES = UUID("0d5a0f6b-21f3-4f0e-a4d5-64a2ab0f4d7c")
RUN = UUID(int=5)
FIRST = date(2026, 3, 1)
LAST = date(2026, 3, 5)
HARBOR, KREUZ = (uuid5(NAMES, slug) for slug in ("harbor", "kreuz"))


def named(name: str) -> UUID:
    return uuid5(NAMES, name)


def add_campaign(warehouse: Warehouse, tenant: UUID, slug: str) -> None:
    owner = {"tenant_id": tenant.bytes}
    campaign = {**owner, "campaign_id": named("spring").bytes}
    flight = {"flight_start": FIRST, "flight_end": LAST, "insertion_order_id": named("io").bytes}
    rows: dict[str, Sequence[dict[str, object]]] = {
        "tenants": [{**owner, "slug": slug, "name": slug, "brand_name": slug}],
        "podcasts": [{**owner, "podcast_id": named("tides").bytes, "slug": "tides", "title": "Tides"}],
        "sponsors": [{**owner, "sponsor_id": named("kettle").bytes, "name": "Kettle"}],
        "campaigns": [
            {
                **campaign,
                "sponsor_id": named("kettle").bytes,
                "name": "Spring",
                "starts_on": FIRST,
                "ends_on": LAST,
                "currency": "EUR",
            }
        ],
        "insertion_orders": [{**campaign, "insertion_order_id": named("io").bytes, "number": "IO-1"}],
        "placements": [
            {
                **campaign,
                **flight,
                "placement_id": named(name).bytes,
                "podcast_id": named("tides").bytes,
                "name": name,
                "kind": "dynamic",
                "position": name,
                "booked_impressions": 1,
                "cost_minor": 1,
            }
            for name in ("pre", "mid")
        ],
    }
    for table, values in rows.items():
        warehouse.insert(table, pl.DataFrame(values))


def exposures(tenant: UUID, day: date, people: range, placement: str, exposed: int = 1) -> pl.DataFrame:
    """People who heard a placement on a day; three in ten households have a second listener."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    person = pl.int_range(people.start, people.stop, eager=True)
    rows = pl.DataFrame({"consumer_key": person, "household_key": person - (person % 10 < 3).cast(pl.Int64)})
    times = pl.DataFrame({"again": range(exposed)})
    return (
        rows.join(times, how="cross")
        .with_row_index("number")
        .select(
            pl.lit(tenant.bytes).alias("tenant_id"),
            (start + pl.duration(seconds="number")).alias("occurred_at"),
            pl.concat_str("number", pl.lit(f"{tenant} {day} {placement}")).hash(0).alias("hashed"),
            pl.lit(day).alias("day"),
            "household_key",
            "consumer_key",
            placement_id=pl.lit(named(placement).bytes),
            sponsor_id=pl.lit(named("kettle").bytes),
            campaign_id=pl.lit(named("spring").bytes),
            podcast_id=pl.lit(named("tides").bytes),
            episode_id=pl.lit(named("ep").bytes),
            kind=pl.lit("delivered"),
            position=pl.lit(placement),
            insertion=pl.lit("dynamic"),
            listener_id=pl.lit(None, dtype=pl.String),
            address_class=pl.lit("household"),
            is_final=pl.lit(True),
            run_id=pl.lit(RUN.bytes),
        )
        .with_columns(
            exposure_id=pl.Series([uuid5(tenant, f"{day} {placement} {n}").bytes for n in range(len(people) * exposed)])
        )
        .drop("hashed")
    )


def stored(warehouse: Warehouse, asset: str, tables: dict[str, pl.DataFrame], day: date, tenant: UUID) -> None:
    """Write a day of a tenant as its asset does, with its line in the ledger."""
    stamp = {"is_final": pl.lit(True), "run_id": pl.lit(RUN.bytes)}
    writes = [Write(name, frame.with_columns(**stamp)) for name, frame in tables.items()]
    line = LedgerLine(asset, day, tenant, RUN, 0, None, "final")
    warehouse.replace(writes, Window.of_day(day), [tenant], [line])


def heard_on(day: date, tenant: UUID = HARBOR) -> pl.DataFrame:
    """Regulars who hear the mid-roll daily, newcomers who hear the pre-roll twice; few of them on the last day."""
    number = (day - FIRST).days
    if day == LAST:
        return exposures(tenant, day, range(150), "mid")
    newcomers = range(400 + 200 * number, 700 + 200 * number)
    return pl.concat([exposures(tenant, day, range(500), "mid"), exposures(tenant, day, newcomers, "pre", exposed=2)])


def build_network(warehouse: Warehouse) -> None:
    for tenant, slug in ((HARBOR, "harbor"), (KREUZ, "kreuz")):
        add_campaign(warehouse, tenant, slug)
        for day in Window.of_days(FIRST, LAST).days():
            stored(warehouse, "ad_exposures", {"ad_exposures": heard_on(day, tenant)}, day, tenant)


def truth(first: date, last: date) -> dict[str, tuple[int, int, int]]:
    """Impressions, households and listeners of each level, counted in the open."""
    rows = pl.concat(heard_on(day) for day in Window.of_days(first, last).days())
    named_rows = rows.with_columns(pl.col("placement_id").replace_strict({named(n).bytes: n for n in ("pre", "mid")}))
    scopes = {"campaign": named_rows} | {
        str(n): part for (n,), part in named_rows.partition_by("placement_id", as_dict=True).items()
    }
    return {
        name: (part.height, part["household_key"].n_unique(), part["consumer_key"].n_unique())
        for name, part in scopes.items()
    }
