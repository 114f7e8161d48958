"""Reading: what the function of a step asks the database for is what the step says that it is made of.

Each function computes a day of two small tenants, one of whose windows roll over midnight, through a reader that takes
note of every statement and its parameters. Which tables a statement reads is in its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import polars as pl
import pytest

from assets.campaigns.daily import live_campaigns
from assets.computing import bind
from assets.spans import LONGEST_PERIOD, LONGEST_WINDOW
from assets.steps import COMPUTED, DayStep
from sql.embedded import Server
from sql.statements import statement
from sql.values import Window
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.promises.machine import MEASUREMENT
from tests.promises.network import Plan, at, build_dimensions, named

# A Sunday, on which weekly tables have rows too, 45 days after the first campaign of either tenant began.
PLAN = Plan(date(2026, 1, 1), days=60, visits=0, orders=0, seed=1, slugs=("harbor", "kreuz"))
SUNDAY = date(2026, 2, 15)
IS_ROLLING = {"harbor": False, "kreuz": True}

# Reads that decide about no number: whether raw rows are gone since the day was computed, and by which version of the
# rules a day was measured, which a change of the day's downloads always says too.
NOT_CONTENT = {"read_missing_rows", "read_judged_requests", "read_measured_days"}
# Impressions are taken from delivery where it is newer than the exposures that it counts, and else counted: the same.
SHORTCUTS = {("read_reach_sizes", "placement_delivery")}

RAW = {"listener_events": ("requests",), "attribution_events": ("ads", "signals")}
TABLES = {table: (asset.name,) for step in COMPUTED for asset in step.assets for table in asset.tables} | RAW


class Read(NamedTuple):
    """The days that a statement asks for, counted from the one that is computed; None: without a bound."""

    source: str
    tenant: UUID
    first: int | None
    last: int


class Noting:
    """A reader that records its statements and parameters."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._read = warehouse.read
        self.reads: list[Read] = []

    def __call__(self, name: str, /, **params: Any) -> pl.DataFrame:
        for source in sources_read(name):
            days = days_read(statement(name).text, params)
            self.reads += [Read(source, tenant, *days) for tenant in params["tenants"]]
        return self._read(name, **params)


@cache
def sources_read(name: str) -> frozenset[str]:
    """What a statement reads, as the steps name it: the tables in its text."""
    text = statement(name).text
    found = {source for table in re.findall(r"(?:FROM|JOIN)\s+(\w+)", text) for source in TABLES.get(table, ())}
    if {"ads", "signals"} <= found:
        # Raw rows of one table, distinguished by their kind.
        found -= {"signals" if name == "read_ad_signals" else "ads"}
    return frozenset(source for source in found if name not in NOT_CONTENT and (name, source) not in SHORTCUTS)


def days_read(text: str, params: Mapping[str, Any]) -> tuple[int | None, int]:
    """The first and last day, by the names that statements give their bounds."""
    names = ["start", "first", "recent", *(["day"] if "day = %(day)s" in text else [])]
    firsts = [day_of(params[name]) for name in names if name in params]
    lasts = [day_of(params[name]) for name in ("last", "day") if name in params]
    ends = [day_of(params["end"] - timedelta(microseconds=1))] if "end" in params else []
    return min(firsts, default=None), max([*lasts, *ends])


def day_of(value: date) -> int:
    return ((value.date() if isinstance(value, datetime) else value) - SUNDAY).days


@pytest.fixture(scope="module")
def network(server: Server, template: str) -> Iterator[Warehouse]:
    with cloned_database(server, template) as url, closing(Warehouse(url)) as warehouse:
        build_dimensions(warehouse, PLAN)
        yield warehouse


@pytest.fixture(scope="module")
def reads(network: Warehouse) -> dict[str, list[Read]]:
    """What each step reads of the Sunday."""
    found = {}
    for step in COMPUTED:
        reader = Noting(network)
        bind(step, reader, MEASUREMENT)(Window.of_day(SUNDAY), [named(slug) for slug in PLAN.slugs])
        found[step.name] = reader.reads
    return found


every_step = pytest.mark.parametrize("step", COMPUTED, ids=lambda step: step.name)


@every_step
def test_a_step_reads_its_sources_and_nothing_else(reads: dict[str, list[Read]], step: DayStep) -> None:
    assert {read.source for read in reads[step.name]} == set(step.sources)


@every_step
@pytest.mark.parametrize("slug", PLAN.slugs)
def test_a_step_reads_the_days_of_its_spans(reads: dict[str, list[Read]], step: DayStep, slug: str) -> None:
    for source, span in step.sources.items():
        mine = [read for read in reads[step.name] if (read.source, read.tenant) == (source, named(slug))]
        first = min((read.first for read in mine if read.first is not None), default=None)
        last = max(read.last for read in mine)
        is_wide = IS_ROLLING[slug] or not span.only_rolling
        match span.since:
            case "day":
                assert (first, last) == ((-span.days_back, span.days_ahead) if is_wide else (0, 0))
            case "window":
                # Of every tenant as far as any may look back; the paths are cut to each campaign's own window.
                assert (first, last) == (-LONGEST_WINDOW.days, span.days_ahead)
            case "campaign":
                assert (first, last) == ((PLAN.first - SUNDAY).days, span.days_ahead)
            case "ever":
                # Statements about days before the day are given the day itself, and leave it out.
                assert last - 1 <= span.days_ahead <= last
                # Without a bound, or over an audience's longest period at least.
                assert any(read.first is None or read.first <= -LONGEST_PERIOD.days for read in mine)


@pytest.mark.parametrize(("ended", "is_live"), [(0, True), (59, True), (60, True), (61, False)])
def test_a_campaign_is_measured_for_as_long_as_the_ledger_has_it_live(ended: int, is_live: bool) -> None:
    """How many days ago its last day was; tests/assets/test_lineage.py has the same for the ledger."""
    last = SUNDAY - timedelta(days=ended)
    campaigns = pl.DataFrame({"starts_at": [at(last, -24)], "ends_at": [at(last, 24)]})
    assert live_campaigns(campaigns, Window.of_day(SUNDAY)).height == int(is_live)
