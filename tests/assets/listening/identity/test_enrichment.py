"""Keys, address classes and the inclusion list of rows over several days, and keys that a platform made itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from assets.listening.downloads.ad_delivery import collect_signals
from assets.listening.identity.addresses import INCLUSIONS, AddressRanges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.enrichment import enrich_requests, enrich_signals
from assets.listening.identity.keys import Key, Keyring

KEYRING = Keyring((Key(1, b"a key that only this test knows."),))
NO_INCLUSIONS = pl.DataFrame(schema={**INCLUSIONS, "tenant_id": pl.String()})


def click(**fields: object) -> dict[str, object]:
    shown = {"sponsor_id": "kettle", "campaign_id": "spring", "placement_id": "mid", "position": "mid"}
    where = {"podcast_id": "tides", "episode_id": "ep-1", "insertion": "dynamic", "listener_id": None}
    at = datetime(2026, 3, 5, 8, tzinfo=UTC)
    keys = {"client_ip": None, "user_agent": None, "household_key": None, "listener_key": None}
    who = {"tenant_id": "harbour", "event_id": "x", "occurred_at": at, "kind": "click"}
    return {**who, **shown, **where, **keys, **fields}


@pytest.mark.parametrize(
    ("sent", "address_class"),
    [
        ({"household_key": 77}, "household"),
        ({"listener_key": 78}, "household"),
        ({}, "unknown"),
        ({"client_ip": "34.80.0.5", "listener_key": 78}, "data_centre"),
    ],
)
def test_a_platforms_key_without_an_address_counts_as_platform_supplied(
    sent: dict[str, object], address_class: str
) -> None:
    types = {
        **dict.fromkeys(("client_ip", "user_agent", "listener_id"), pl.String),
        **dict.fromkeys(("household_key", "listener_key"), pl.Int64),
    }
    rows = pl.DataFrame([click(**sent)], schema_overrides=types)
    exposures = collect_signals(enrich_signals(rows, load_rules(), AddressRanges.load(), NO_INCLUSIONS, KEYRING))
    result = exposures.row(0, named=True)
    assert result["address_class"] == address_class
    assert result["consumer_key"] == 78 or "listener_key" not in sent
    assert result["household_key"] == sent.get("household_key") or "client_ip" in sent


def test_each_row_has_the_inclusion_list_of_its_own_day() -> None:
    """An entry counts until 90 days after its validation, and rows of many days come in together."""
    validated = datetime(2026, 1, 1, tzinfo=UTC)
    entries = [("north", "198.51.100.0/24", 0), ("north", "203.0.113.0/24", 2), ("south", "198.51.100.0/24", 9)]
    inclusions = pl.DataFrame(
        [(tenant, network, "office", validated + timedelta(days=days)) for tenant, network, days in entries],
        schema={**INCLUSIONS, "tenant_id": pl.String()},
        orient="row",
    )
    rows = pl.DataFrame(
        [
            (tenant, validated + timedelta(days=day, hours=8), address, "Overcast/3.0")
            for tenant in ("north", "south", "west")
            for day in (90, 91, 92, 93)
            for address in ("198.51.100.7", "203.0.113.7", None)
        ],
        schema=["tenant_id", "occurred_at", "client_ip", "user_agent"],
        orient="row",
    )
    found = enrich_requests(rows, load_rules(), AddressRanges.load(), inclusions, KEYRING).hstack(
        rows.select("client_ip")
    )
    listed = {
        (row["tenant_id"], row["client_ip"], (row["occurred_at"] - validated).days)
        for row in found.filter("on_inclusion_list").iter_rows(named=True)
    }
    assert listed == {
        ("north", "198.51.100.7", 90),
        *(("north", "203.0.113.7", day) for day in (90, 91, 92)),
        *(("south", "198.51.100.7", day) for day in (90, 91, 92, 93)),
    }
