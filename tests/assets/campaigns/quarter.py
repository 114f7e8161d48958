"""A quarter of one campaign, told by what had been received at any moment: ads, orders that came late, and refunds.

Here: a world of orders, and the facts of it that a report of a given moment would read.
Not here: computing anything of them.

One dynamic placement is booked for 13,000 ads at 130,000.00 and delivers in two episodes; every order is of a household
of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from assets.campaigns.period.reading import PeriodFacts
from assets.campaigns.period.to_date import CampaignHistory
from assets.campaigns.results.credited_conversions import SIGNALS
from sql.values import Window

MOMENT = pl.Datetime("us", "UTC")
START = datetime(2026, 1, 5, tzinfo=UTC)
WEEKS = 13
TENANT, SPRING, KETTLE, MID = (bytes([number]) * 16 for number in (1, 2, 3, 4))
EPISODES = (bytes([5]) * 16, bytes([6]) * 16)
KEY = {"tenant_id": TENANT, "campaign_id": SPRING}


@dataclass(frozen=True, slots=True)
class Order:
    """at: when it was placed; received: when it was reported; refunds: (when received, how much)."""

    number: int
    at: datetime
    received: datetime
    value_minor: int | None
    credit: float = 1.0
    refunds: Sequence[tuple[datetime, int]] = ()

    def worth(self, known_at: datetime) -> int | None:
        if self.value_minor is None:
            return None
        return self.value_minor - sum(amount for received, amount in self.refunds if received < known_at)


@dataclass(frozen=True, slots=True)
class World:
    """What happened, whoever knew of it when. ads: (when delivered, when received)."""

    orders: Sequence[Order]
    ads: Sequence[tuple[datetime, datetime]] = field(default_factory=list)

    def history(self, moments: Sequence[datetime], known_at: datetime) -> CampaignHistory:
        """The campaign's facts since its start, in the spans of the moments, as they were known at a moment."""
        counts: dict[int, int] = {}
        for at, received in self.ads:
            if received < known_at and at < max(moments):
                span = sum(moment <= at for moment in moments)
                counts[span] = counts.get(span, 0) + 1
        place = {**KEY, "placement_id": MID, "episode_id": EPISODES[0]}
        delivered = [{**place, "span": span, "impressions": n} for span, n in counts.items()]
        schema = {**dict.fromkeys(place, pl.Binary), "span": pl.Int32, "impressions": pl.Int64}
        return CampaignHistory(
            since=START,
            moments=sorted(moments),
            model="linear",
            campaigns=campaigns(),
            placements=placements(),
            airings=airings(),
            credited=self._credited(Window(START, max(moments)), known_at),
            delivered=pl.DataFrame(delivered, schema=schema),
        )

    def period(self, window: Window, known_at: datetime) -> PeriodFacts:
        """What a report on the window reads."""
        known = [at for at, received in self.ads if received < known_at]
        shown = {**KEY, "placement_id": MID, "kind": "delivered", "address_class": "household"}
        exposures = [
            {**shown, "episode_id": EPISODES[n % 2], "occurred_at": at, "household_key": n, "consumer_key": n}
            for n, at in enumerate(known)
            if window.contains(at)
        ]
        text = dict.fromkeys(("kind", "address_class"), pl.String)
        ids = dict.fromkeys((*KEY, "placement_id", "episode_id"), pl.Binary)
        keys = dict.fromkeys(("household_key", "consumer_key"), pl.Int64)
        before = sum(at < window.start for at in known)
        return PeriodFacts(
            window=window,
            as_of=known_at,
            timezone="UTC",
            campaigns=campaigns(),
            exposures=pl.DataFrame(exposures, schema={**ids, **text, "occurred_at": MOMENT, **keys}),
            before=pl.DataFrame([{**KEY, "placement_id": MID, "impressions": before}]),
            placements=placements(),
            airings=airings(),
            credited=self._credited(window, known_at),
            curves=pl.DataFrame(schema={**_SHOW, "age_days": pl.Int32(), "downloads": pl.Int64()}),
        )

    def _credited(self, window: Window, known_at: datetime) -> pl.DataFrame:
        same: dict[str, object] = {**KEY, "model": "linear", "placement_id": MID, "episode_id": EPISODES[0]}
        same |= {"kind": "purchase", "is_goal": True, "matched_by": "household", "currency": "USD"}
        signals = {f"{name}_signals": int(name == "server") for name in SIGNALS}
        rows = [
            {
                **same,
                **signals,
                "conversion_id": order.number.to_bytes(16, "big"),
                "unit": f"household {order.number}",
                "converted_at": order.at,
                "household_key": order.number,
                "credit": order.credit,
                "own_credit": 0.0,
                "revenue_minor": order.worth(known_at),
            }
            for order in self.orders
            if order.received < known_at and window.contains(order.at)
        ]
        return pl.DataFrame(rows, schema=_CREDITED)


_SHOW: dict[str, Any] = dict.fromkeys(("tenant_id", "podcast_id"), pl.Binary())
_CREDITED: dict[str, Any] = {
    **dict.fromkeys(("tenant_id", "campaign_id", "placement_id", "episode_id", "conversion_id"), pl.Binary),
    **dict.fromkeys(("model", "kind", "matched_by", "currency", "unit"), pl.String),
    **dict.fromkeys((f"{name}_signals" for name in SIGNALS), pl.Int64),
    "is_goal": pl.Boolean(),
    "converted_at": MOMENT,
    "household_key": pl.Int64(),
    "credit": pl.Float64(),
    "own_credit": pl.Float64(),
    "revenue_minor": pl.Int64(),
}


def campaigns() -> pl.DataFrame:
    row = {**KEY, "sponsor_id": KETTLE, "goal_kind": "purchase", "currency": "USD", "margin": None, "starts_at": START}
    settings = {"window_days": 30.0, "default_model": "linear", "config_version": 1}
    return pl.DataFrame([{**row, **settings}], schema_overrides={"margin": pl.Float64, "starts_at": MOMENT})


def placements() -> pl.DataFrame:
    booked = {"booked_impressions": 13_000, "cost_minor": 13_000_000}
    flight = {"flight_starts_at": START, "flight_ends_at": START + timedelta(weeks=WEEKS)}
    row = {**KEY, "placement_id": MID, "podcast_id": bytes([7]) * 16, "sponsor_id": KETTLE, "kind": "dynamic"}
    return pl.DataFrame([{**row, **booked, **flight}])


def airings() -> pl.DataFrame:
    place = {"tenant_id": TENANT, "placement_id": MID}
    rows = [{**place, "episode_id": episode, "aired_at": START} for episode in EPISODES]
    return pl.DataFrame(rows, schema_overrides={"aired_at": MOMENT})
