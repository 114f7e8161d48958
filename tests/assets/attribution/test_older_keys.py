"""Exposures that are stored under an earlier key of an address are found under its newest one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import polars as pl

from assets.attribution.older_keys import OlderKeys
from assets.listening.identity.keys import Key, Keyring, derive_keys

FIRST, SECOND = Key(1, b"the first key of these tests 32b."), Key(2, b"the second key of these tests 32b")
RING = Keyring((FIRST, SECOND))
HARBOUR, OTHER = (str(UUID(int=number)) for number in (1, 2))


def at_home(**fields: Any) -> pl.DataFrame:
    row = {"tenant_id": HARBOUR, "client_ip": "10.0.0.1", "user_agent": "Pod/1", "household_key": None, **fields}
    return pl.DataFrame([row], schema_overrides={"household_key": pl.Int64, "client_ip": pl.String})


def keys(ring: Keyring, home: pl.DataFrame) -> pl.DataFrame:
    return home.select("tenant_id").hstack(derive_keys(home, ring).select("household_key", "consumer_key"))


def test_an_exposure_under_the_older_key_gets_the_newest_of_both() -> None:
    older, newest = keys(Keyring((FIRST,)), at_home()), keys(RING, at_home())
    stored = pl.concat([newest, older])

    renamed = OlderKeys.of(at_home(), RING).rename(stored)

    assert not older.equals(newest)
    assert renamed.equals(pl.concat([newest, newest]))


def test_an_address_without_a_signal_and_another_tenant_s_keys_stay_as_they_are() -> None:
    stored = keys(Keyring((FIRST,)), at_home())
    elsewhere = stored.with_columns(tenant_id=pl.lit(OTHER))

    assert OlderKeys.of(at_home(client_ip="10.0.0.2"), RING).rename(stored).equals(stored)
    assert OlderKeys.of(at_home(), RING).rename(elsewhere).equals(elsewhere)


def test_a_tenant_that_never_had_the_older_key_has_none() -> None:
    own = Keyring((FIRST, SECOND), {HARBOUR: (SECOND,)})

    assert OlderKeys.of(at_home(), own).consumers.is_empty()
    assert OlderKeys.of(at_home(), Keyring((SECOND,))).consumers.is_empty()


def test_a_key_that_the_platform_sent_in_place_of_an_address_has_no_older_one() -> None:
    found = OlderKeys.of(at_home(household_key=42, client_ip=None), RING)

    assert found.households.is_empty()
