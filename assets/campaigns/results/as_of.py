"""As of: conversions as they stood at an earlier moment, made of the signals that had been received by then.

Here: merging the raw signals of a period anew, so that a period can be measured at an earlier age.
Not here: who is credited with them: which ads precede an order does not depend on when its signals came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import polars as pl

from assets.attribution.conversions import SIGNAL_RANK, adjust_conversions, merge_conversions, recognise_orders
from assets.attribution.day import read_rates
from assets.grain import CONVERSION
from sql.values import Reader, Window

# What a signal that comes later may change about a conversion.
RESTATED = ["day", "converted_at", "value_minor", "currency", *(f"{signal}_signals" for signal in SIGNAL_RANK)]


@dataclass(frozen=True, slots=True)
class ConversionsAsOf:
    """conversions: CONVERSION and RESTATED, of the window; adjustments: of conversions.adjust_conversions.

    since: no conversion of these has any signal, received by then or not, before it.
    """

    conversions: pl.DataFrame
    adjustments: pl.DataFrame
    since: datetime

    def restate(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of these conversions, with the values of that moment."""
        return rows.drop(RESTATED).join(self.conversions, on=CONVERSION, validate="m:1").select(rows.columns)


def read_as_of(
    read: Reader, tenants: Sequence[UUID], sponsors: Sequence[UUID], window: Window, received_by: datetime
) -> ConversionsAsOf:
    """The sponsors' conversions in the window as far as their signals had been received before received_by.

    An order's time, value and refunds are those of its signals until then, so it may have stood on another day than it
    does now. Needs the raw signals: what their retention has dropped counts as never received.
    """
    parameters = {"start": window.start, "end": window.end, "tenants": list(tenants), "sponsors": list(sponsors)}
    signals = read("read_conversion_signals", **parameters).with_columns(address_class=pl.lit("unknown"))
    shared = read("read_shared_orders", start=window.start, end=window.end, tenants=list(tenants))
    signals = recognise_orders(signals, shared)
    received = signals.filter(pl.col("received_at") < received_by)
    merged = merge_conversions(received)
    inside = merged.filter((pl.col("converted_at") >= window.start) & (pl.col("converted_at") < window.end))
    earliest: datetime = signals["occurred_at"].min() or window.start  # type: ignore[assignment]
    adjustments = adjust_conversions(received, merged, read_rates(read, received))
    return ConversionsAsOf(
        inside.select(*CONVERSION, *RESTATED),
        adjustments.join(inside, on=CONVERSION, how="semi"),
        min(window.start, earliest),
    )
