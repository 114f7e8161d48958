"""A report that was begun, by itself: its draft, building it again, and why neither may be possible any more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from assets.reporting.building import ReportBuilder
from assets.reporting.drafting import build_again, draft_of
from assets.reporting.tracing.finding import find_row
from reports.archive import Provenance
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.assets.reporting.test_building import archived, build, networks
from tests.sql.rows import RUN

__all__ = ["networks"]


def held(warehouse: Warehouse) -> tuple[ReportBuilder, dict[str, Any]]:
    """A builder, and Harbor's report on the spring, which is held because its days are missing."""
    report = build(warehouse)["Spring"].report_id
    assert report
    builder = ReportBuilder(warehouse, ["downloads"], Provenance(RUN, "1.0", datetime(2026, 3, 20, tzinfo=UTC)))
    return builder, dict(find_row(warehouse, report.hex[:8]))


def test_a_held_report_has_a_draft_which_changes_nothing(networks: Warehouse) -> None:
    builder, row = held(networks)
    before = archived(networks)

    draft = draft_of(builder, row)

    assert draft.key.report_id.bytes == row["report_id"]
    assert {file.name for file in draft.report.files} >= {"report.html", "report.txt", "report.pdf"}
    assert "not computed yet" in draft.reason
    assert archived(networks) == before
    assert build_again(builder, row).state == "held"


def test_a_report_whose_subscription_has_stopped_says_so(networks: Warehouse) -> None:
    builder, row = held(networks)
    with networks.transaction("earshot_owner") as connection:
        connection.execute("UPDATE report_subscriptions SET active = FALSE")

    for work in (draft_of, build_again):
        with pytest.raises(PermanentError, match="subscriptions list"):
            work(builder, row)


def test_a_report_whose_campaign_ran_at_another_time_after_all_has_nothing_to_show(networks: Warehouse) -> None:
    builder, row = held(networks)
    with networks.transaction("earshot_owner") as connection:
        connection.execute("UPDATE campaigns SET starts_on = '2027-03-01', ends_on = '2027-03-31'")

    with pytest.raises(PermanentError, match="nothing to show"):
        draft_of(builder, row)
