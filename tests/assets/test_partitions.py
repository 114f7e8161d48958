"""How time is cut for the orchestrator, and what a run says of its scope and its failures."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import polars as pl
import pytest
from dagster import Failure

from assets.partitions import (
    days_ago,
    describe_scope,
    fail_for_tenants,
    mapping_back,
    partitions_from,
    refuse_campaigns,
    refuse_partial,
)
from sql.failures import TenantFailure
from sql.values import PermanentError, Scope

THURSDAY = date(2025, 3, 13)
MUCH_LATER = date(2025, 9, 1)
TENANTS = pl.DataFrame({"slug": [f"network-{number:02}" for number in range(12)]})


def test_weeks_begin_on_mondays_and_months_on_their_first() -> None:
    found = partitions_from(THURSDAY, MUCH_LATER)

    assert found.daily.get_first_partition_key() == "2025-03-13"
    assert found.weekly.get_first_partition_key() == "2025-03-10"
    assert found.monthly.get_first_partition_key() == "2025-03-01"


def test_before_there_is_data_the_days_that_schedules_ask_for_are_there() -> None:
    found = partitions_from(MUCH_LATER, THURSDAY)

    assert found.daily.start.date() == THURSDAY - timedelta(days=3)
    assert found.weekly.start.date() == date(2025, 2, 24)
    assert found.monthly.start.date() == date(2025, 2, 1)


# Where no asset asked for it before, Dagster says that mappings are beta.
@pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.BetaWarning")
def test_a_mapping_reaches_as_many_days_back_and_none_for_the_day_alone() -> None:
    back = mapping_back(60)

    assert back is not None
    assert (back.start_offset, back.end_offset, back.allow_nonexistent_upstream_partitions) == (-60, 0, True)
    assert mapping_back(0) is None


def test_days_are_counted_back_from_the_utc_day_of_the_clock() -> None:
    assert days_ago(1, datetime(2026, 3, 1, 0, 30, tzinfo=UTC)) == "2026-02-28"


def test_a_scope_is_described_by_slugs_and_names_a_few_of_many() -> None:
    campaign = UUID(int=7)

    assert describe_scope(Scope(), TENANTS) == "all tenants"
    assert describe_scope(Scope((UUID(int=1),), stale_only=True), TENANTS.head(1)) == "network-00; only what is stale"
    assert describe_scope(Scope((UUID(int=1),), (campaign,)), TENANTS.head(2)).endswith(f"-01; campaigns {campaign}")
    assert describe_scope(Scope((UUID(int=1),)), TENANTS).endswith("network-09 and 2 more")


def test_scopes_that_a_table_cannot_have_are_refused_by_its_name() -> None:
    refuse_campaigns(Scope(), ["downloads"])
    refuse_partial(Scope(), ["methodologies"])
    with pytest.raises(PermanentError, match="downloads: computed for whole tenants"):
        refuse_campaigns(Scope(campaigns=(UUID(int=1),)), ["downloads"])
    with pytest.raises(PermanentError, match="methodologies: made whole in every run"):
        refuse_partial(Scope(stale_only=True), ["methodologies"])


def test_a_run_fails_at_its_end_and_names_the_first_tenants_with_their_causes() -> None:
    failures = [
        TenantFailure(UUID(int=n), f"network-{n}", "computing", ("downloads",), THURSDAY, PermanentError(f"cause {n}."))
        for n in range(5)
    ]

    fail_for_tenants("Not computed", [])
    with pytest.raises(Failure) as raised:
        fail_for_tenants("Not computed", failures)
    text = str(raised.value.description)
    assert text.startswith("Not computed for 5 tenant(s): network-0, 2025-03-13: cause 0; network-1")
    assert "and 2 more" in text
    assert "| network-4 | 2025-03-13 | downloads | cause 4. |" in str(raised.value.metadata["failures"].value)
    assert not raised.value.allow_retries
