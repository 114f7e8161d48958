"""Periods in which nothing happened: what becomes of their report, and who is told of it, through the real builder."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reports.delivery.alerts import channels_of, send_waiting
from reports.mail_settings import FileSettings, TransportSettings
from reports.steering import ReportId, release
from sql.warehouse import Warehouse
from tests.assets.reporting.built.orders import TENANT, WEEKLY, add_campaign, add_week, build, week


@pytest.fixture
def empty(warehouse: Warehouse) -> Warehouse:
    """A final week without an ad or an order."""
    add_campaign(warehouse)
    add_week(warehouse, 0, ads=0)
    return warehouse


def policy(warehouse: Warehouse, name: str) -> None:
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute(
            "UPDATE report_subscriptions SET empty_policy = %s, owner_address = 'ann@tides.example'", (name,)
        )


def rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    with warehouse.transaction() as connection:
        return connection.execute(query.encode()).fetchall()


def test_notify_holds_the_report_and_tells_its_owner_once(empty: Warehouse, tmp_path: Any) -> None:
    policy(empty, "notify")
    built = build(empty, 0)
    assert built.state == "held"
    assert built.report_id is not None
    assert "`earshot reports release` sends it all the same" in built.reason

    assert build(empty, 0, week(0).window.end + timedelta(days=4)).state == "held"

    ((key, subscription, subject, body),) = rows(empty, "SELECT alert_key, subscription_id, subject, body FROM alerts")
    assert (key, subscription) == (f"empty/{built.report_id}", WEEKLY)
    assert subject == f"Nothing to report to Kettle from {week(0).first} to {week(0).last}"
    assert f"Report {built.report_id.hex[:8]}." in body

    mailed = TransportSettings(kind="file", file=FileSettings(tmp_path))
    sent = send_waiting(empty, channels_of(mailed), week(0).window.end + timedelta(days=4))
    assert sent.results["sent"] == 1
    ((recipient,),) = rows(empty, "SELECT recipient FROM alerts")
    assert recipient == "ann@tides.example"

    release(empty, ReportId(TENANT, built.report_id), "ann")
    assert build(empty, 0).state == "frozen"


@pytest.mark.parametrize(("name", "state"), [("skip", "skipped"), ("send", "frozen")])
def test_nobody_is_told_where_empty_periods_are_skipped_or_sent(empty: Warehouse, name: str, state: str) -> None:
    policy(empty, name)
    assert build(empty, 0).state == state
    assert rows(empty, "SELECT alert_key FROM alerts") == []
