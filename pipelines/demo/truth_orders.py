"""The truth about orders: time, value, cause, code and refunds of each, and their counts.

Here: rows and sums of what customers were meant to do. Not here: listening (truth.py), any rule of attribution.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.demo.events.conversion_rows import order_ids
from pipelines.demo.events.orders import Actions
from pipelines.demo.events.wire import times
from pipelines.demo.simulation import Activity
from pipelines.demo.world.calendar import DAY, start_of
from pipelines.demo.world.campaigns import airings, sponsor_id
from pipelines.demo.world.catalogue import UNKNOWN, Library
from pipelines.demo.world.dice import Ints


def order_rows(activity: Activity) -> pl.DataFrame:
    """One row per order or visit."""
    orders = _action_frame(
        activity, activity.actions, activity.signals.first_signal_at, activity.signals.value, activity.signals.code
    )
    orders = orders.with_columns(order_id=order_ids(activity.order_numbers))
    nothing = np.full(len(activity.visits), UNKNOWN, dtype=np.int64)
    visits = _action_frame(activity, activity.visits, activity.visits.at, nothing, nothing)
    visits = visits.with_columns(kind=pl.lit("visit"), order_id=pl.lit(None, pl.String))
    return pl.concat([orders, visits.select(orders.columns)])


def _action_frame(activity: Activity, actions: Actions, at: Ints, value: Ints, code: Ints) -> pl.DataFrame:
    library = activity.library
    sponsors = library.tenant.sponsors
    placements = [each.placement_id.bytes for each in library.placed]
    return pl.DataFrame(
        {
            "sponsor_id": _pick([sponsor_id(library.tenant, each.slug).bytes for each in sponsors], actions.sponsor),
            "kind": pl.Series([each.kind for each in sponsors], dtype=pl.String).gather(actions.sponsor),
            "converted_at": times(at),
            "day": pl.Series(at // DAY).cast(pl.Int32).cast(pl.Date),
            "value_minor": pl.Series(value).replace(UNKNOWN, None),
            "cause": pl.Series(np.where(actions.placement == UNKNOWN, "baseline", "exposure"), dtype=pl.String),
            "placement_id": _pick(placements, actions.placement),
            "exposed_at": times(actions.caused_at),
            "code_placement_id": _pick(placements, code),
            "household": actions.address,
        }
    ).with_columns(
        exposed_at=pl.when(pl.col("cause") == "exposure").then("exposed_at"),
        tenant_id=pl.lit(library.tenant_id.bytes),
        currency=pl.lit(library.tenant.currency),
    )


def refund_rows(activity: Activity) -> pl.DataFrame:
    """One row per refund or cancellation."""
    frame = pl.DataFrame(
        {
            "sponsor_id": _pick(
                [sponsor_id(activity.library.tenant, each.slug).bytes for each in activity.library.tenant.sponsors],
                activity.actions.sponsor,
            ),
            "order_id": order_ids(activity.order_numbers),
            "refunded_at": times(activity.signals.refund_at),
            "day": pl.Series(activity.signals.refund_at // DAY).cast(pl.Int32).cast(pl.Date),
            "value_minor": activity.signals.refund,
            "cancelled": activity.signals.cancelled,
            "given": activity.signals.refund_at != UNKNOWN,
        }
    )
    owner = pl.lit(activity.library.tenant_id.bytes).alias("tenant_id")
    return frame.filter("given").drop("given").select(owner, pl.all())


def count_conversions(orders: pl.DataFrame, refunds: pl.DataFrame) -> pl.DataFrame:
    """Orders and visits by sponsor, kind and day of the earliest signal, with what was given back of them later."""
    keys = ["tenant_id", "sponsor_id", "order_id"]
    refunded_by_order = refunds.group_by(keys).agg(refunded=pl.col("value_minor").sum())
    return (
        orders.join(refunded_by_order, on=keys, how="left", validate="m:1")
        .group_by("tenant_id", "sponsor_id", "kind", "day")
        .agg(
            conversions=pl.len(),
            caused=(pl.col("cause") == "exposure").sum(),
            value_minor=pl.col("value_minor").sum(),
            refunded_minor=pl.col("refunded").sum(),
        )
        .sort("tenant_id", "sponsor_id", "kind", "day")
    )


def code_orders(library: Library, orders: pl.DataFrame) -> pl.DataFrame:
    """Orders that used the code of a placement, and how many lie inside the window after its last airing."""
    coded = orders.filter((pl.col("tenant_id") == library.tenant_id.bytes) & pl.col("code_placement_id").is_not_null())
    aired: dict[int, list[int]] = {}
    for placed, episode in airings(library):
        aired.setdefault(placed.number, []).append(library.episodes[episode].published)
    rows = []
    for placed in library.placed:
        used = coded.filter(pl.col("code_placement_id") == placed.placement_id.bytes)
        at = used["converted_at"].cast(pl.Int64).to_numpy()
        if placed.spot.kind == "dynamic":
            last = np.minimum(at, start_of(placed.flight_end) + DAY)
        else:
            moments = np.array([np.iinfo(np.int64).min // 2, *sorted(aired.get(placed.number, []))])
            last = moments[np.searchsorted(moments, at, side="right") - 1]
        inside = at - last <= placed.campaign.window_days * DAY
        rows.append(
            {
                "tenant_id": library.tenant_id.bytes,
                "placement_id": placed.placement_id.bytes,
                "orders": used.height,
                "in_window": int(inside.sum()),
            }
        )
    return pl.DataFrame(rows)


def _pick(ids: list[bytes], chosen: Ints) -> pl.Series:
    frame = pl.DataFrame({"id": pl.Series(ids, dtype=pl.Binary).gather(np.maximum(chosen, 0)), "n": chosen})
    return frame.select(id=pl.when(pl.col("n") != UNKNOWN).then("id")).to_series()
