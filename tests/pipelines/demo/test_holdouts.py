"""Holdouts: who is left out by lot hears none of the campaign's ads, and is listed by the key of its requests."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from assets.listening.identity.keys import Key, Keyring, derive_keys
from pipelines.demo.simulation import Activity, Batch, Simulation
from pipelines.demo.world.catalogue import Library
from pipelines.demo.world.holdouts import holdout_rows

RING = Keyring((Key(1, b"a secret of the tests, 32 bytes."),))


@pytest.fixture(scope="module")
def activities(simulation: Simulation) -> list[Activity]:
    """All that happens at the tenant that has a campaign with a holdout."""
    return [parts[0] for _, parts in simulation.activities()]


def place(library: Library) -> int:
    return next(n for n, each in enumerate(library.tenant.campaigns) if each.holdout)


def test_a_household_that_is_left_out_hears_none_of_the_campaigns_ads(
    simulation: Simulation, activities: list[Activity]
) -> None:
    plan = simulation.plans[0]
    campaign = plan.library.tenant.campaigns[place(plan.library)]
    heard = np.concatenate([each.exposures.address for each in activities])
    placement = np.concatenate([each.exposures.placement for each in activities])
    own = [each.number for each in plan.library.placed if each.campaign.slug == campaign.slug]
    left_out = plan.audience.withheld(heard, np.full(len(heard), place(plan.library)))
    assert np.isin(placement, own).sum() > 100
    assert not (left_out & np.isin(placement, own)).any()
    # They go on hearing everybody else's.
    assert (left_out & ~np.isin(placement, own)).any()


def test_the_lot_leaves_out_as_many_as_it_should(simulation: Simulation, activities: list[Activity]) -> None:
    audience, library = simulation.plans[0].audience, simulation.plans[0].library
    requesting = np.unique(np.concatenate([each.traffic.rows.address for each in activities]))
    share = audience.withheld(requesting, np.full(len(requesting), place(library))).mean()
    wanted = library.tenant.campaigns[place(library)].holdout
    # Five standard errors.
    assert abs(share - wanted) < 5 * (wanted * (1 - wanted) / len(requesting)) ** 0.5


def test_no_campaign_with_a_holdout_has_an_ad_that_cannot_be_left_out(simulation: Simulation) -> None:
    for library in simulation.libraries:
        sources = {show.slug: show.source for show in library.tenant.shows}
        for campaign in library.tenant.campaigns:
            for spot in campaign.spots if campaign.holdout else ():
                assert (spot.kind, sources[spot.show]) == ("dynamic", "server_log")


def test_their_keys_are_those_of_the_requests_that_they_send(batches: list[Batch]) -> None:
    loaded = pl.concat([holdout_rows(batch.withheld, RING) for batch in batches]).unique()
    requesting = pl.concat([batch.listener_events.select("tenant_id", "client_ip", "user_agent") for batch in batches])
    seen = derive_keys(requesting.drop_nulls("client_ip"), RING).select("tenant_id", "household_key").unique()
    assert loaded.height > 50
    assert loaded.join(seen, on=["tenant_id", "household_key"], how="anti").is_empty()
