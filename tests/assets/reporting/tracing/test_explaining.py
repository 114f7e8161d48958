"""Which numbers and parts of a report can be explained; tests/pipelines/commands/test_explain.py adds up the rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from assets.reporting.figures.periods import week_of
from assets.reporting.figures.subscriptions import Subject
from assets.reporting.tracing.explaining import Part, explain, number_named, parts_of
from assets.reporting.tracing.finding import Report
from assets.reporting.tracing.numbers import NUMBERS, OF_A_CAMPAIGN, OF_A_MODEL, OF_A_PLACEMENT
from reports.content.tables.records import COLUMNS
from sql.embedded import Server
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.assets.reporting.campaigns import report_campaign
from tests.sql.rows import HARBOR

WEEK = week_of(date(2026, 3, 9), "UTC")
PLACED = {
    "section": "placement",
    "campaign": "spring",
    "placement": "Host read",
    "episode": "One",
    "aired": "2026-03-02",
}
RECORDS: list[dict[str, str]] = [
    {"section": "total"},
    {"section": "model", "model": "linear"},
    {"section": "campaign", "campaign": "spring"},
    {**PLACED, "position": "mid", "model": "linear"},
    {**PLACED, "position": "mid", "model": "last_touch"},
    # Folded: it has no position.
    {"section": "placement", "campaign": "spring", "placement": "Other rows", "episode": "Other rows"},
]


@pytest.fixture
def report() -> Report:
    rows = [[record.get(column, "") for column in COLUMNS] for record in RECORDS]
    subject = Subject("Kettle", b"kettle", [report_campaign(b"0123456789spring")], is_portfolio=True)
    parameters: dict[str, Any] = {
        "start": WEEK.window.start,
        "end": WEEK.window.end,
        "since": WEEK.window.start,
        "first": WEEK.first,
        "last": WEEK.last,
        "as_of": datetime(2026, 3, 18, tzinfo=UTC),
        "campaigns": subject.campaign_ids,
        "model": "linear",
        "currency": "USD",
        "currencies": [],
        "digits": [],
    }
    row = {"tenant_id": HARBOR.bytes, "timezone": "UTC"}
    return Report(row, {"locale": "en_US", "records": {"columns": COLUMNS, "rows": rows}}, subject, WEEK, parameters)


def test_every_row_that_the_report_prints_is_a_part_and_folded_ones_are_none(report: Report) -> None:
    assert parts_of(report) == [
        (Part(), list(NUMBERS)),
        (Part(model="linear"), OF_A_MODEL),
        (Part(campaign="spring"), OF_A_CAMPAIGN),
        (Part(campaign="spring", placement="Host read", episode="One", aired="2026-03-02"), OF_A_PLACEMENT),
    ]


def test_a_number_is_found_by_its_other_names() -> None:
    assert number_named("Ads-Delivered") is NUMBERS["delivered"]
    assert number_named(" return on  ad spend") is NUMBERS["roas"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lift", "lift cannot be led back to rows: lift compares"),
        ("delivred", "did you mean delivered"),
        ("zzz", "there are delivered, reach"),
    ],
)
def test_a_number_that_rows_do_not_explain_says_why(name: str, message: str) -> None:
    with pytest.raises(PermanentError, match=message):
        number_named(name)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Part(campaign="summer"), "no campaign 'summer'; there are 0123456789spring"),
        (Part(model="markov"), "'markov': this model learns"),
        (Part(model="guess"), "'guess'; there are .*linear"),
        (Part(day=date(2026, 3, 16)), "2026-03-16 is no day of the report: 2026-03-09 to 2026-03-15 are"),
        (Part(day=date(2026, 3, 9), placement="Host read"), "leave out --campaign and --placement"),
    ],
)
def test_a_part_that_the_report_does_not_have_is_refused(
    server: Server, report: Report, part: Part, message: str
) -> None:
    # Nothing is read before a part is refused, so any database will do.
    warehouse = Warehouse(server.url)
    with pytest.raises(PermanentError, match=message):
        explain(warehouse, report, ["delivered"], part)
