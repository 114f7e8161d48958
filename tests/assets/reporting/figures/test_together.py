"""Reports whose results are computed at once have those that they have alone; one that fails takes no other with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import date
from itertools import pairwise
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.reporting.figures.subscriptions import Subject
from assets.reporting.figures.together import MOST_ADS, MOST_REPORTS, Measuring, Results, Together, grouped
from assets.reporting.reading import ReportReader
from reports.archive import Provenance
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.assets.reporting.built.orders import (
    CAMPAIGN,
    EPISODE,
    OWNER,
    SHOW,
    SPONSOR,
    TABLES,
    TENANT,
    add,
    add_campaign,
    add_orders,
    add_week,
    at,
    named,
    refund,
    tenant_of,
    week,
)
from tests.sql.rows import RUN

ALONE, ALL = UUID(int=1), UUID(int=2)
SECOND = week(1)


@pytest.fixture
def subjects(warehouse: Warehouse) -> dict[UUID, Subject]:
    """A campaign with two weeks of ads, orders and a refund; a portfolio of it and of one that began a week later."""
    add_campaign(warehouse)
    span = {"starts_on": SECOND.first, "ends_on": date(2026, 5, 31), "goal_kind": "purchase", "currency": "USD"}
    other = {**OWNER, "campaign_id": named("other")}
    add(warehouse, "campaigns", {**other, "sponsor_id": SPONSOR, "name": "Other", **span})
    add(warehouse, "insertion_orders", {**other, "insertion_order_id": named("io"), "number": "IO-2"})
    flight = {"flight_start": SECOND.first, "flight_end": date(2026, 5, 31), "booked_impressions": 500}
    kind = {"name": "Pre-roll", "kind": "baked_in", "position": "pre", "cost_minor": 70_000, "podcast_id": SHOW}
    placement = {**OWNER, "placement_id": named("read")}
    add(warehouse, "placements", {**other, **placement, "insertion_order_id": named("io"), **flight, **kind})
    add(warehouse, "placement_episodes", {**placement, "episode_id": EPISODE, "aired_at": at(SECOND.first)})
    for number in range(2):
        add_week(warehouse, number)
        add_orders(warehouse, week(number).first, range(100 * number, 100 * number + 7))
    refund(warehouse, SECOND.first, 101, 9_000)
    reader = reader_of(warehouse)
    with warehouse.as_tenant(TENANT) as read:
        subscription = reader(read).subscriptions()[0]
        topics = [subscription, replace(subscription, topic=replace(subscription.topic, campaign_id=None))]
        one, portfolio = reader(read).subjects(topics)
    assert [each.label for each in (one, portfolio)] == ["Spring", "all campaigns"]
    assert len(portfolio.campaigns) == 2
    return {ALONE: one, ALL: portfolio}


def reader_of(warehouse: Warehouse) -> Callable[[Any], ReportReader]:
    provenance = Provenance(RUN, "1.0", SECOND.window.end)
    return lambda read: ReportReader(read, tenant_of(warehouse), SECOND, TABLES, provenance)


def plain(results: Results) -> dict[str, object]:
    """Everything but the key under which it stood."""
    found: dict[str, object] = {"last": results.last}
    for what in (results.now, results.previous, results.so_far):
        for each in fields(what) if what is not None else ():
            value = getattr(what, each.name)
            found[f"{type(what).__name__}.{each.name}"] = value.to_dicts() if isinstance(value, pl.DataFrame) else value
    return found


def test_reports_at_once_have_what_they_have_alone(warehouse: Warehouse, subjects: dict[UUID, Subject]) -> None:
    with warehouse.as_tenant(TENANT) as read:
        measuring = reader_of(warehouse)(read).measuring()
        together = measuring.results(subjects)
        for key, subject in subjects.items():
            (alone,) = measuring.results({key: subject}).values()
            assert plain(together[key]) == plain(alone)
    assert together[ALONE].previous is not None
    assert together[ALONE].so_far.each[SECOND.window.end][CAMPAIGN].conversions == 14
    assert together[ALL].so_far.each[SECOND.window.end][named("other")].spend_minor == 70_000


class Broken(Measuring):
    """Cannot measure several reports at once, as where one of them has no exchange rate."""

    def results(self, subjects: Mapping[UUID, Subject]) -> dict[UUID, Results]:
        if len(subjects) > 1:
            raise PermanentError("no rate")
        return super().results(subjects)


def test_what_fails_at_once_is_left_to_each_report(warehouse: Warehouse, subjects: dict[UUID, Subject]) -> None:
    with warehouse.as_tenant(TENANT) as read:
        measuring = reader_of(warehouse)(read).measuring()
        broken = Broken(*(getattr(measuring, each.name) for each in fields(measuring)))
        together = Together(subjects)

        assert together.results(ALONE, lambda: broken) is None
        assert together.results(ALL, lambda: broken) is None
        assert Together(subjects).results(ALONE, lambda: measuring) is not None


@given(st.lists(st.sampled_from([0, 1, MOST_ADS // 2, MOST_ADS, MOST_ADS + 1]), max_size=12))
def test_groups_hold_each_report_once_in_order_and_stay_small(sizes: list[int]) -> None:
    ads = {UUID(int=number): size for number, size in enumerate(sizes)}

    groups = list(grouped(ads))

    assert [each for group in groups for each in group] == list(ads)
    for group in groups:
        assert len(group) == 1 or sum(ads[each] for each in group) <= MOST_ADS
    for group, following in pairwise(groups):
        assert sum(ads[each] for each in (*group, following[0])) > MOST_ADS


def test_a_group_has_no_more_reports_than_fit() -> None:
    groups = grouped({UUID(int=number): 0 for number in range(2 * MOST_REPORTS + 1)})
    assert [len(group) for group in groups] == [MOST_REPORTS, MOST_REPORTS, 1]


@pytest.mark.parametrize(("reports", "sizes"), [(1, [1]), (5, [4, 1]), (50, [25, 25]), (130, [64, 64, 2])])
def test_workers_share_the_reports_of_a_tenant(reports: int, sizes: list[int]) -> None:
    groups = grouped({UUID(int=number): 0 for number in range(reports)}, workers=2)
    assert [len(group) for group in groups] == sizes
