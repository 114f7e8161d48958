"""What is read for a period: of the chosen campaigns alone, inside the period and before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from assets.campaigns.period.reading import PeriodFacts, read_period
from sql.embedded import Server
from sql.values import PermanentError, Window
from sql.warehouse import Warehouse
from tests.assets.campaigns.test_daily import HEARD, add, add_campaign, add_exposures, named
from tests.conftest import cloned_database

# The host read was heard on the 3rd, the inserted ad on the 4th.
FOURTH = Window.of_day(date(2026, 3, 4))


@pytest.fixture(scope="module")
def harbour(server: Server, template: str) -> Iterator[Warehouse]:
    """Two campaigns, of which one has placements and exposures."""
    with cloned_database(server, template) as url, closing(Warehouse(url)) as warehouse:
        add_two(warehouse)
        yield warehouse


def add_two(warehouse: Warehouse) -> None:
    owner = add_campaign(warehouse, "harbour")
    span = {"starts_on": date(2026, 3, 4), "ends_on": date(2026, 3, 31), "goal_kind": "lead", "currency": "USD"}
    other = {**owner, "campaign_id": named("other"), "sponsor_id": named("kettle"), "name": "Other", **span}
    add(warehouse, "campaigns", other)
    add_exposures(warehouse, "harbour")


def facts(harbour: Warehouse, campaigns: list[UUID]) -> PeriodFacts:
    as_of = datetime(2026, 3, 20, tzinfo=UTC)
    return read_period(harbour.read, named("harbour"), campaigns, FOURTH, "UTC", as_of)


def test_what_was_delivered_before_the_period_is_counted_apart(harbour: Warehouse) -> None:
    found = facts(harbour, [named("spring")])

    assert found.exposures["occurred_at"].unique().to_list() == [HEARD + timedelta(days=1)]
    assert found.exposures.height == 4
    assert dict(found.before.select("placement_id", "impressions").iter_rows()) == {named("host-read").bytes: 8}
    assert found.placements["placement_id"].sort().to_list() == sorted(
        named(n).bytes for n in ("host-read", "inserted")
    )
    assert set(found.airings["placement_id"]) == set(found.placements["placement_id"])
    assert found.campaigns["window_days"].cast(float).to_list() == [14.0]


def test_another_campaign_has_nothing_of_it(harbour: Warehouse) -> None:
    found = facts(harbour, [named("other")])

    assert found.campaigns["campaign_id"].to_list() == [named("other").bytes]
    assert [len(frame) for frame in (found.exposures, found.before, found.placements, found.airings)] == [0] * 4


def test_a_campaign_that_the_tenant_does_not_have_is_refused_by_its_id(harbour: Warehouse) -> None:
    with pytest.raises(PermanentError, match=f"has no campaign {named('nobody')}: check the ids"):
        facts(harbour, [named("spring"), named("nobody")])
