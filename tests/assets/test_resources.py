"""The scope of a run: looked up before anything runs, with near names for what is not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID

import pytest
from dagster import build_init_resource_context

from assets.resources import day_tags, find_scope, scope, scope_tags
from sql.embedded import Server
from sql.values import PermanentError, Scope
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.sql.rows import HARBOR, KREUZBERG, RUN, add_tenants, fill


@pytest.fixture(scope="module")
def networks(server: Server, template: str) -> Iterator[Warehouse]:
    """Two tenants; Harbor has a campaign Spring. Nothing is written."""
    with cloned_database(server, template) as url, closing(Warehouse(url)) as warehouse:
        add_tenants(warehouse)
        fill(warehouse, HARBOR)
        yield warehouse


def scope_of(warehouse: Warehouse, **config: object) -> Scope:
    context = build_init_resource_context(config=config, resources={"warehouse": warehouse})
    found = scope(context)
    assert isinstance(found, Scope)
    return found


def test_tenants_are_found_by_slug_or_id_and_campaigns_by_id(networks: Warehouse) -> None:
    assert find_scope(networks) == Scope()
    assert find_scope(networks, ["harbor-audio", str(KREUZBERG)], [f" {RUN} "]) == Scope((HARBOR, KREUZBERG), (RUN,))


def test_a_name_that_is_not_there_is_refused_with_what_is(networks: Warehouse) -> None:
    with pytest.raises(PermanentError, match="harbor-audio"):
        find_scope(networks, ["harbor-audo"])
    with pytest.raises(PermanentError, match=f"no campaign 'Spring of harbor'.*{RUN} \\(Spring of harbor-audio\\)"):
        find_scope(networks, [], ["Spring of harbor"])
    with pytest.raises(PermanentError, match=r"in this scope.*no campaign yet"):
        find_scope(networks, ["kreuzberg-radio"], [str(RUN)])


def test_a_moment_needs_its_time_zone(networks: Warehouse) -> None:
    since = scope_of(networks, skip_computed_since="2026-03-01T10:00:00+02:00").skip_computed_since

    assert since == datetime(2026, 3, 1, 8, tzinfo=UTC)
    for text in ("2026-03-01T08:00:00", "0001-01-01T00:00:00+14:00"):
        with pytest.raises(PermanentError, match="Write a moment with its time zone"):
            scope_of(networks, skip_computed_since=text)


def test_a_run_is_tagged_with_what_it_is_about() -> None:
    assert scope_tags(["harbor-audio", "kreuzberg-radio"]) == {"earshot/tenant": "harbor-audio, kreuzberg-radio"}
    assert scope_tags([], [str(UUID(int=1))]) == {"earshot/campaign": str(UUID(int=1))}
    days = {"dagster/asset_partition_range_start": "2026-03-01", "dagster/asset_partition_range_end": "2026-03-03"}
    assert day_tags(days) == {"earshot/day": "2026-03-01 to 2026-03-03"}
    assert day_tags({"dagster/partition": "2026-03-01"}) == {"earshot/day": "2026-03-01"}
    assert day_tags({}) == {}
