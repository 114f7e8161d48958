"""Keys that are retained of an address give a row without it what it had with it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import polars as pl
import pytest

from assets.listening.identity.addresses import INCLUSIONS, AddressRanges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.enrichment import enrich_requests
from assets.listening.identity.keys import Key, Keyring
from assets.listening.identity.retained_keys import (
    REQUESTS,
    SIGNALS,
    Relation,
    read_signal_keys,
    restore_keys,
    retain_keys,
)

TENANT, DAY = UUID(int=1), date(2026, 11, 2)
FIRST, SECOND = Key(1, bytes(range(32))), Key(2, bytes(range(1, 33)))
KEYRING = Keyring((FIRST, SECOND))
RANGES = AddressRanges.of({"data_centre": ["198.18.0.0/16"]})
ROWS = pl.DataFrame(
    {
        "tenant_id": [TENANT.bytes] * 2,
        "occurred_at": [datetime(2026, 11, 2, hour, tzinfo=UTC) for hour in (9, 8)],
        "event_id": [b"later", b"earlier"],
        "client_ip": ["203.0.113.7", "198.18.7.7"],
        "user_agent": ["Overcast/3.0"] * 2,
    },
    schema_overrides={"occurred_at": pl.Datetime("us", "UTC")},
)


def retain(relation: Relation, keyring: Keyring = KEYRING) -> pl.DataFrame:
    return retain_keys(ROWS, relation, RANGES, INCLUSIONS.to_frame(), keyring, DAY)


def enrich(rows: pl.DataFrame) -> pl.DataFrame:
    return enrich_requests(rows, load_rules(), RANGES, INCLUSIONS.to_frame(), KEYRING)


@pytest.mark.parametrize("relation", [REQUESTS, SIGNALS])
def test_a_relation_retains_the_newest_version(relation: Relation) -> None:
    found = retain(relation)
    assert dict(found.schema) == dict(relation.schema)
    assert found["key_version"].to_list() == [2, 2]
    assert found["occurred_at"].is_sorted()


def test_requests_without_their_address_get_back_what_they_had() -> None:
    with_address = enrich(ROWS)
    without = enrich(ROWS.with_columns(client_ip=pl.lit(None, dtype=pl.String), household_key=pl.lit(77)))
    restored = restore_keys(without, retain(REQUESTS), REQUESTS, KEYRING)
    columns = [*REQUESTS.restored, "is_data_centre", "app"]
    text = pl.col("address_class").cast(pl.String)
    assert restored.select(columns).with_columns(text).equals(with_address.select(columns).with_columns(text))
    assert restored["is_data_centre"].to_list() == [False, True]


def test_keys_that_were_retained_under_an_older_version_are_brought_up_to_the_newest() -> None:
    older, newest = retain(SIGNALS, Keyring((FIRST,))), retain(SIGNALS)
    bare = ROWS.drop("client_ip").with_columns(
        pl.lit(None, dtype=SIGNALS.schema[name]).alias(name) for name in SIGNALS.restored
    )
    expected = newest.sort("event_id", descending=True)
    for retained in (older, newest, pl.concat([newest, older])):
        restored = restore_keys(bare, retained, SIGNALS, KEYRING)
        for key in ("consumer_key", "household_key"):
            assert restored[key].to_list() == expected[key].to_list()
    assert set(older["consumer_key"]).isdisjoint(newest["consumer_key"])


def test_nothing_is_read_where_every_signal_has_its_address() -> None:
    def read(statement: str, /, **params: object) -> pl.DataFrame:
        raise AssertionError(statement)

    assert read_signal_keys(read, ROWS, [TENANT], exposures=True).schema == SIGNALS.schema
