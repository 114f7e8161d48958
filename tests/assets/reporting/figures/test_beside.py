"""What stands beside the results of several reports: each has the rows of its own campaigns and placements."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import polars as pl

from assets.reporting.figures.beside import read_beside
from assets.reporting.figures.periods import week_of
from assets.reporting.figures.subscriptions import Subject
from tests.assets.reporting.campaigns import report_campaign

TENANT, KETTLE, ONE, BOTH = (UUID(int=number) for number in (1, 2, 3, 4))
SPRING, AUTUMN = b"spring".ljust(16), b"autumn".ljust(16)
FIRST, SECOND = UUID(int=11), UUID(int=12)
WEEK = week_of(date(2026, 3, 9), "UTC")
BEGIN = datetime(2026, 2, 23, tzinfo=UTC)
UTC_TIME = pl.Datetime("us", "UTC")

# The first order followed an ad of one campaign, the second one ads of both at the same moment, that of autumn last.
ADS = [
    (TENANT.bytes, b"one", SPRING, BEGIN, 1, BEGIN + timedelta(hours=1)),
    (TENANT.bytes, b"two", AUTUMN, BEGIN, 2, BEGIN + timedelta(days=2)),
    (TENANT.bytes, b"two", SPRING, BEGIN, 1, BEGIN + timedelta(days=2)),
]
ADS_SCHEMA = [
    *((name, pl.Binary()) for name in ("tenant_id", "conversion_id", "campaign_id")),
    ("touched_at", UTC_TIME),
    ("touch_no", pl.Int32()),
    ("converted_at", UTC_TIME),
]


def read(statement: str, /, **params: object) -> pl.DataFrame:
    """Each statement's rows of both campaigns, a code of each placement, and the network's logo."""
    match statement:
        case "read_logos":
            return pl.DataFrame({"owner_id": [TENANT.bytes], "picture": [b"png"]})
        case "read_code_uses":
            assert params["since"] == [BEGIN, BEGIN]
            places = {"placement_id": [FIRST.bytes, SECOND.bytes], "code": ["A", "B"]}
            return pl.DataFrame({**places, "since": [BEGIN] * 2}, schema_overrides={"since": UTC_TIME})
        case "read_report_names":
            return pl.DataFrame({"placement_id": params["placements"]}, schema={"placement_id": pl.Object})
        case "read_last_ads":
            assert params["since"] == BEGIN
            return pl.DataFrame(ADS, schema=ADS_SCHEMA, orient="row")
        case _:
            return pl.DataFrame({"campaign_id": [AUTUMN, SPRING], "from": [statement] * 2})


def test_each_report_has_the_rows_of_its_own() -> None:
    spring, autumn = report_campaign(SPRING), report_campaign(AUTUMN)
    subjects = {
        ONE: Subject("Kettle", KETTLE.bytes, [spring], is_portfolio=False),
        BOTH: Subject("Kettle", KETTLE.bytes, [spring, autumn], is_portfolio=True),
    }

    placements, since = {ONE: [FIRST], BOTH: [FIRST, SECOND]}, {ONE: BEGIN + timedelta(days=1), BOTH: BEGIN}
    found = read_beside(read, TENANT, WEEK, subjects, placements, since)

    assert found[ONE].codes["code"].to_list() == ["A"]
    assert found[BOTH].codes["code"].to_list() == ["A", "B"]
    assert found[ONE].lift.rows() == [(SPRING, "read_lift_result")]
    assert found[BOTH].data_driven["campaign_id"].to_list() == [AUTUMN, SPRING]
    assert found[ONE].medians["campaign_id"].to_list() == [SPRING]
    assert found[ONE].last_ads.select("conversion_id", "campaign_id").rows() == [(b"two", SPRING)]
    assert found[BOTH].last_ads.select("conversion_id", "campaign_id").rows() == [(b"one", SPRING), (b"two", AUTUMN)]
    assert found[ONE].logos == {TENANT.bytes: b"png"}
