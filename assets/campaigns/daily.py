"""Day: delivery, reach and return of every live campaign as of one UTC day.

Here: what is read and the tables that come out. Delivery is of the day; reach and return run from the campaign's
start to the end of the day, for campaigns that ended no longer ago than the longest window.
Not here: formulas (the modules beside this one), and who writes the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import polars as pl

from assets.attribution.models import MODELS
from assets.campaigns.delivery.impressions import count_delivery
from assets.campaigns.delivery.pacing import expect_delivery
from assets.campaigns.delivery.spend import recognise_spend
from assets.campaigns.delivery.terms import price_campaigns, settings_at
from assets.campaigns.reach.ranges import measure_reach_so_far, sketch_large_day
from assets.campaigns.results.credited_conversions import ids_of, read_credited, since_start
from assets.campaigns.results.data_driven import read_journeys, respond_data_driven
from assets.campaigns.results.kpis import measure, measure_data_driven
from assets.frames import UTC_TIME, empty_frame
from assets.grain import CAMPAIGN, PLACEMENT, PLACEMENT_EPISODE
from assets.spans import LONGEST_WINDOW
from sql.values import Reader, Window

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SUNDAY = 7
# Raw rows lie from 2000 on (in_event_time_bounds).
FIRST_ROWS = pl.lit(datetime(2000, 1, 1, tzinfo=UTC), dtype=UTC_TIME)

Tables = dict[str, pl.DataFrame]

# Columns without run_id and is_final; None: ids.
CAMPAIGN_ROI: dict[str, pl.DataType | None] = {
    "tenant_id": None,
    "day": pl.Date(),
    "campaign_id": None,
    **dict.fromkeys(("model", "kpi", "unit", "currency", "badge"), pl.String()),
    "amount_minor": pl.Int64(),
    **dict.fromkeys(("estimate", "lower", "upper", "sample", "usable_share", "mature_share"), pl.Float64()),
    "config_version": pl.Int32(),
    "is_fallback": pl.Boolean(),
}
MODEL_TOTALS: dict[str, pl.DataType | None] = {
    "tenant_id": None,
    "day": pl.Date(),
    "sponsor_id": None,
    "goal_kind": pl.String(),
    "model": pl.String(),
    "placement_id": None,
    **dict.fromkeys(("conversions", "share", "base_rate"), pl.Float64()),
    **dict.fromkeys(("journeys", "all_conversions"), pl.Int64()),
    "is_fallback": pl.Boolean(),
}


def compute_delivery(read: Reader, window: Window, tenants: Sequence[UUID]) -> Tables:
    """placement_delivery of one UTC day, without run_id and is_final."""
    exposures = read(
        "read_campaign_exposures", start=window.start, end=window.end, tenants=list(tenants), campaigns=None
    )
    return {"placement_delivery": count_delivery(exposures)}


def compute_reach(read: Reader, window: Window, tenants: Sequence[UUID]) -> Tables:
    """campaign_reach as of the end of one UTC day, and its reach_sketches, without run_id and is_final."""
    live = live_campaigns(read("read_campaigns", tenants=list(tenants)), window)
    sketches = sketch_large_day(read, live, window)
    first = min(live["starts_at"].dt.date().to_list(), default=window.day)
    levels = measure_reach_so_far(read, live, first, window, sketches)
    return {"campaign_reach": levels.with_columns(day=pl.lit(window.day)), "reach_sketches": sketches}


def compute_roi(read: Reader, window: Window, tenants: Sequence[UUID]) -> Tables:
    """campaign_roi and model_totals as of the end of one UTC day, without run_id and is_final.

    Impressions and reach come from the rollups of the days so far, conversions from their credits. A conversion counts
    from the UTC day on which its campaign starts. Data-driven models are computed on Sundays (ISO weeks); on other days
    they have no rows.
    """
    scope = list(tenants)
    campaigns = read("read_campaigns", tenants=scope)
    live = live_campaigns(campaigns, window)
    totals = empty_frame(MODEL_TOTALS, live.schema["tenant_id"])
    if live.is_empty():
        return {"campaign_roi": empty_frame(CAMPAIGN_ROI, live.schema["tenant_id"]), "model_totals": totals}
    settings = read("read_attribution_configs", tenants=scope)
    live = settings_at(live, settings, window.end)
    span = Window(Window.of_day(live["starts_at"].min().date()).start, window.end)  # type: ignore[union-attr]
    delivery = read_delivery(read, scope, live, span).pipe(mark_mature, live, window)
    credited = since_start(read_credited(read, scope, live, span, window.end), live)
    reach = read("read_campaign_reach", day=window.day, tenants=scope, campaigns=ids_of(live, "campaign_id"))
    placements = read("read_placements", tenants=scope).join(live.select(CAMPAIGN), on=CAMPAIGN, validate="m:1")
    inputs = (
        _scoped(live.select(*CAMPAIGN, "currency", "margin", "default_model", "config_version")),
        _scoped(delivery),
        _scoped(reach),
        _scoped(_priced(read, scope, placements, delivery, window)),
    )
    first_ads = _scoped(_read_first_ads(read, scope, credited, live, span))
    results = [measure(*inputs, _scoped(credited), list(MODELS), first_ads)]
    if ends_week(window):
        journeys = read_journeys(read, scope, campaigns, live, window)
        totals = journeys.totals().with_columns(day=pl.lit(window.day)).select(MODEL_TOTALS.keys())
        response = respond_data_driven(journeys, totals, live, placements, credited, window.end)
        results.append(measure_data_driven(*inputs, response))
    rows = pl.concat(results).rename({"scope_id": "campaign_id"}).with_columns(day=pl.lit(window.day))
    return {"campaign_roi": rows.select(CAMPAIGN_ROI.keys()), "model_totals": totals}


def _read_first_ads(
    read: Reader, tenants: list[UUID], credited: pl.DataFrame, live: pl.DataFrame, span: Window
) -> pl.DataFrame:
    """When the live campaigns first reached each household that converted; see responders.find_first_ads."""
    households = credited["household_key"].drop_nulls().unique().sort().to_list()
    ids = ids_of(live, "campaign_id")
    return read("read_first_ads", start=span.start, end=span.end, tenants=tenants, campaigns=ids, households=households)


def _priced(
    read: Reader, tenants: list[UUID], placements: pl.DataFrame, delivery: pl.DataFrame, window: Window
) -> pl.DataFrame:
    """terms.price_campaigns as of the end of the day."""
    airings = read("read_airings", tenants=tenants)
    spend = recognise_spend(placements, airings, delivery.clear(), sum_shows(delivery), EPOCH, window.end)
    podcasts = ids_of(placements, "podcast_id")
    parameters = {"before": window.end, "last": window.day, "tenants": tenants, "podcasts": podcasts}
    aired = airings.join(placements.select(PLACEMENT), on=PLACEMENT, how="semi")
    expected = expect_delivery(placements, aired, read("read_paced_curves", **parameters), window.end)
    return price_campaigns(placements, spend, delivery, expected, window.end)


def ends_week(window: Window) -> bool:
    """Whether the day closes an ISO week."""
    return window.day.isoweekday() == SUNDAY


def live_campaigns(campaigns: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Campaigns that have begun, and whose last windows may still be open.

    starts_at: no earlier than the first raw rows that there may be, so that a start of long ago does not make a run
    read the days of centuries.
    """
    has_begun = pl.col("starts_at") < window.end
    can_respond = pl.col("ends_at") + LONGEST_WINDOW > window.start
    return campaigns.filter(has_begun & can_respond).with_columns(starts_at=pl.max_horizontal("starts_at", FIRST_ROWS))


def read_delivery(read: Reader, tenants: list[UUID], live: pl.DataFrame, span: Window) -> pl.DataFrame:
    """placement_delivery of the live campaigns, each from the UTC day of its start."""
    rows = read(
        "read_placement_delivery",
        first=span.day,
        last=list(span.days())[-1],
        tenants=tenants,
        campaigns=ids_of(live, "campaign_id"),
    )
    starts = live.select(*CAMPAIGN, first_day=pl.col("starts_at").dt.date())
    return rows.join(starts, on=CAMPAIGN, validate="m:1").filter(pl.col("day") >= pl.col("first_day"))


def mark_mature(delivery: pl.DataFrame, live: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Adds mature_impressions: all of a day's, once the window of its last moment is complete at the end of the day."""
    windows = live.select(*CAMPAIGN, "window_days")
    age = (pl.lit(window.day) - pl.col("day")).dt.total_days()
    return delivery.join(windows, on=CAMPAIGN, validate="m:1").with_columns(
        mature_impressions=pl.when(age >= pl.col("window_days")).then("impressions").otherwise(0)
    )


def sum_shows(delivery: pl.DataFrame) -> pl.DataFrame:
    """Impressions by placement and episode over all days."""
    return delivery.group_by(PLACEMENT_EPISODE).agg(pl.col("impressions").sum())


def _scoped(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.rename({"campaign_id": "scope_id"})
