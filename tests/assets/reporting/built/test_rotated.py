"""A report that is read while the keys are rotated has the numbers that it has without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
import pytest

from assets.listening.identity.key_versions import TRIES
from assets.reporting.figures.subscriptions import Subject
from assets.reporting.figures.together import Together
from assets.reporting.reading import ReportReader
from reports.archive import Provenance, ReportKey
from sql.raw.rotating import replace_keys
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.assets.reporting.built.orders import (
    TABLES,
    TENANT,
    add_campaign,
    add_orders,
    add_week,
    tenant_of,
    week,
)
from tests.sql.rows import RUN

WEEK = week(0)


class Rotating:
    """Reads, and rotates the tenant's keys so often, each time after the first statement that returned some."""

    def __init__(self, warehouse: Warehouse, read: Any, times: int) -> None:
        self.warehouse, self.read, self.left, self.is_begun = warehouse, read, times, True

    def __call__(self, name: str, /, **params: object) -> pl.DataFrame:
        found: pl.DataFrame = self.read(name, **params)
        self.is_begun = self.is_begun or name == "read_key_versions"
        if self.left and self.is_begun and "household_key" in found.columns:
            self.left, self.is_begun = self.left - 1, False
            replace_keys(self.warehouse, TENANT, lambda keys: keys + 1_000_000, 1, 100 - self.left, "Ada")
        return found


@pytest.fixture
def network(warehouse: Warehouse) -> Warehouse:
    """A week of ads, and of orders of five of the households that heard them."""
    add_campaign(warehouse)
    add_week(warehouse, 0)
    add_orders(warehouse, WEEK.first, range(5))
    return warehouse


@contextmanager
def opened(warehouse: Warehouse, times: int = 0) -> Iterator[tuple[ReportReader, Subject, ReportKey]]:
    with warehouse.as_tenant(TENANT) as read:
        reading = Rotating(warehouse, read, times)
        reader = ReportReader(reading, tenant_of(warehouse), WEEK, TABLES, Provenance(RUN, "1.0", WEEK.window.end))
        subscription = reader.subscriptions()[0]
        (subject,) = reader.subjects([subscription])
        topic = subscription.topic
        ids = (TENANT, subscription.subscription_id, topic.sponsor_id, topic.campaign_id)
        yield reader, subject, ReportKey(*ids, WEEK.cadence, WEEK.first, WEEK.last, WEEK.timezone)


def test_what_is_read_on_both_sides_of_a_rotation_is_read_again(network: Warehouse) -> None:
    with opened(network) as (reader, subject, key):
        undisturbed = reader.facts(subject, key)
    with opened(network, times=1) as (reader, subject, key):
        # Once, as it would be without a second look: nobody who bought is found among those who heard the ads.
        assert reader._facts(subject, key, None) != undisturbed
    with opened(network, times=1) as (reader, subject, key):
        together = Together({key.subscription_id: subject}, reader.key_version())
        assert reader.facts(subject, key, together) == undisturbed


def test_a_report_is_not_made_of_keys_that_do_not_stay(network: Warehouse) -> None:
    with opened(network, times=TRIES) as (reader, subject, key), pytest.raises(PermanentError, match="were rotated"):
        reader.facts(subject, key)
