"""Rows for the database tests: tenants and facts that are like the real thing.

Here: frames as runs write them. Not here: fixtures, assertions.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import polars as pl

from sql.values import Window
from sql.warehouse import LedgerLine, Warehouse, Write

HARBOR = UUID("5f0c4b57-3a9c-4a0e-8d25-0b6c1b8f7a01")
KREUZBERG = UUID("a1d2e3f4-0b1c-4d2e-9f3a-4b5c6d7e8f90")
RUN = UUID("00000000-0000-4000-8000-000000000001")
DAY = date(2026, 3, 14)


def add_tenants(warehouse: Warehouse) -> None:
    """Two networks: harbor-audio and kreuzberg-radio."""
    warehouse.insert(
        "tenants",
        pl.DataFrame(
            {
                "tenant_id": [HARBOR.bytes, KREUZBERG.bytes],
                "slug": ["harbor-audio", "kreuzberg-radio"],
                "name": ["Harbor Audio", "Kreuzberg Radio"],
                "brand_name": ["Harbor", "Kreuzberg"],
            }
        ),
    )


def dispositions(counts: Sequence[tuple[UUID, str, int]], day: date = DAY) -> pl.DataFrame:
    """Rows for request_dispositions."""
    return pl.DataFrame(
        {
            "tenant_id": [tenant.bytes for tenant, _, _ in counts],
            "day": [day] * len(counts),
            "disposition": [disposition for _, disposition, _ in counts],
            "requests": [requests for _, _, requests in counts],
        },
        schema={"tenant_id": pl.Binary, "day": pl.Date, "disposition": pl.String, "requests": pl.Int64},
    ).with_columns(
        range_assumed=pl.lit(0), rules_version=pl.lit("2026.1"), is_final=pl.lit(True), run_id=pl.lit(RUN.bytes)
    )


def events(tenant: UUID, moments: Sequence[datetime]) -> pl.DataFrame:
    """Rows for listener_events, one per moment, with ids that follow from it."""
    return pl.DataFrame(
        {
            "tenant_id": [tenant.bytes] * len(moments),
            "event_id": [uuid5(tenant, moment.isoformat()).bytes for moment in moments],
            "occurred_at": moments,
            "source": ["server_log"] * len(moments),
            "event_type": ["download"] * len(moments),
            "client_ip": ["10.20.30.40"] * len(moments),
        }
    )


def metrics(tenant: UUID, day: date = DAY) -> pl.DataFrame:
    """One row for listener_metrics."""
    counts = ("downloads", "listeners", "households", "playback_starts")
    ads = ("ads_delivered_pre", "ads_delivered_mid", "ads_delivered_post")
    return pl.DataFrame({"tenant_id": [tenant.bytes], "day": [day]}).with_columns(
        podcast_id=pl.lit(RUN.bytes),
        episode_id=pl.lit(RUN.bytes),
        **{name: pl.lit(3) for name in counts},
        completion=pl.lit(0.5),
        heard_seconds=pl.lit(60.0),
        **{name: pl.lit(1) for name in ads},
        rules_version=pl.lit("2026.1"),
        is_final=pl.lit(True),
        run_id=pl.lit(RUN.bytes),
    )


def line(asset: str, tenant: UUID, rows: int, day: date = DAY) -> LedgerLine:
    return LedgerLine(asset, day, tenant, RUN, rows, datetime(2026, 3, 15, tzinfo=UTC), "final")


def hours(day: date = DAY) -> list[datetime]:
    """Each full hour of the UTC day."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return [start + timedelta(hours=hour) for hour in range(24)]


def fill(warehouse: Warehouse, tenant: UUID) -> None:
    """A tenant's day in every kind of table: raw events, dimensions, facts, checks, history."""
    window = Window.of_day(DAY)
    warehouse.insert("listener_events", events(tenant, hours()))
    warehouse.replace(
        [
            Write("request_dispositions", dispositions([(tenant, "counted", 5)])),
            Write("listener_metrics", metrics(tenant)),
        ],
        window,
        [tenant],
        [line("listening", tenant, 5)],
    )
    with warehouse.transaction() as connection:
        for statement in _DIMENSIONS:
            connection.execute(statement, {"tenant": tenant, "id": RUN, "day": DAY})


# Each names its tenant; the ids are the same in every tenant, so that a join without the tenant would show.
_DIMENSIONS = (
    b"INSERT INTO podcasts (tenant_id, podcast_id, slug, title) VALUES (%(tenant)s, %(id)s, 'tides', 'Tides')",
    b"INSERT INTO sponsors (tenant_id, sponsor_id, name) VALUES (%(tenant)s, %(id)s, 'Nordlicht Coffee')",
    b"INSERT INTO campaigns (tenant_id, campaign_id, sponsor_id, name, starts_on, ends_on, currency) "
    b"VALUES (%(tenant)s, %(id)s, %(id)s, 'Spring', %(day)s, %(day)s, 'EUR')",
    b"INSERT INTO attribution_configs (tenant_id, campaign_id, version) VALUES (%(tenant)s, %(id)s, 1)",
    b"INSERT INTO check_results (tenant_id, day, check_name, passed, detail, run_id) "
    b"VALUES (%(tenant)s, %(day)s, 'ledger_covers', true, '', %(id)s)",
    b"INSERT INTO reports (tenant_id, report_id, subscription_id, sponsor_id, cadence, period_start, period_end, "
    b"timezone, state, held_reason, as_of, code_version, run_id) VALUES (%(tenant)s, %(id)s, %(id)s, %(id)s, 'weekly', "
    b"%(day)s, %(day)s, 'UTC', 'held', 'waiting for data', now(), '1', %(id)s)",
    b"INSERT INTO report_deliveries (tenant_id, delivery_id, report_id, revision, recipient) "
    b"VALUES (%(tenant)s, %(id)s, %(id)s, 1, 'dana@example.org')",
    b"INSERT INTO delivery_attempts (tenant_id, attempt_id, delivery_id, transport, started_at, outcome) "
    b"VALUES (%(tenant)s, %(id)s, %(id)s, 'file', now(), 'accepted')",
    b"INSERT INTO delivery_events (tenant_id, provider_event_id, delivery_id, event, occurred_at, payload) "
    b"VALUES (%(tenant)s, 'e1', %(id)s, 'delivered', now(), '{}')",
    b"INSERT INTO fx_rates (day, base, quote, rate, source) VALUES (%(day)s, 'EUR', 'USD', 1.08, 'ecb') "
    b"ON CONFLICT DO NOTHING",
)
