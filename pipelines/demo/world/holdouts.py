"""Holdouts: households that a campaign leaves out by lot, as an ad server reports them.

Here: the addresses that were left out, and their keys. Not here: the lot itself (audience.py), which file is served
instead (schedule.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from assets.frames import UTC_TIME
from assets.listening.identity.keys import Keyring, derive_keys
from pipelines.demo.world.audience import CLOUD, KIND_SHIFT, Audience, address_text
from pipelines.demo.world.calendar import Span, moment, start_of
from pipelines.demo.world.campaigns import campaign_id
from pipelines.demo.world.catalogue import Library
from pipelines.demo.world.dice import Ints

SCHEMA: dict[str, pl.DataType] = {
    "tenant_id": pl.Binary(),
    "campaign_id": pl.Binary(),
    "client_ip": pl.String(),
    "assigned_at": UTC_TIME,
}


def withheld_frame(library: Library, audience: Audience, addresses: Ints, span: Span) -> pl.DataFrame:
    """tenant_id, campaign_id, client_ip, assigned_at: which of the addresses are left out of which campaign."""
    households = np.unique(addresses[addresses >> KIND_SHIFT != CLOUD])
    parts = [pl.DataFrame(schema=SCHEMA)]
    for number, campaign in enumerate(library.tenant.campaigns):
        chosen = households[audience.withheld(households, np.full(len(households), number))]
        # The hosts inside a /64 do not matter to its key.
        text = address_text(chosen, np.random.default_rng(number), mapped_share=0.0)
        parts.append(
            pl.DataFrame({"client_ip": text}).select(
                tenant_id=pl.lit(library.tenant_id.bytes),
                campaign_id=pl.lit(campaign_id(library.tenant, campaign.slug).bytes),
                client_ip="client_ip",
                assigned_at=pl.lit(moment(start_of(span.before_last(campaign.starts)))),
            )
        )
    return pl.concat(parts, how="vertical_relaxed")


def holdout_rows(withheld: pl.DataFrame, keyring: Keyring) -> pl.DataFrame:
    """Rows of campaign_holdouts."""
    keyed = derive_keys(withheld.with_columns(user_agent=pl.lit(None, pl.String)), keyring)
    return keyed.select("tenant_id", "campaign_id", "household_key", "assigned_at").unique(
        ["tenant_id", "campaign_id", "household_key"], keep="any", maintain_order=True
    )
