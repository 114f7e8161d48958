"""Rows of several reports in one frame: each has its own, as often as they are needed, and since its own begin."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import polars as pl

from assets.campaigns.results.apart import Apart, Member, read_since

TENANT = UUID(int=1).bytes
SPRING, AUTUMN = UUID(int=2), UUID(int=3)
ONE, BOTH = b"one", b"both"
FIRST, SECOND = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)


def credits_(*rows: tuple[str, UUID, datetime]) -> pl.DataFrame:
    found = [{"conversion_id": name, "campaign_id": of.bytes, "converted_at": at} for name, of, at in rows]
    return pl.DataFrame(found).with_columns(tenant_id=pl.lit(TENANT), day=pl.col("converted_at").dt.date())


def test_each_report_has_the_rows_of_its_campaigns_in_their_order() -> None:
    apart = Apart([Member(ONE, [SPRING]), Member(BOTH, [SPRING, AUTUMN])])
    rows = pl.DataFrame(
        {"tenant_id": [TENANT] * 3, "campaign_id": [SPRING.bytes, AUTUMN.bytes, b"other"], "n": [1, 2, 3]}
    )

    parted = apart.by_campaign(rows)

    assert parted.columns == rows.columns
    assert parted.filter(tenant_id=ONE)["n"].to_list() == [1]
    assert parted.filter(tenant_id=BOTH)["n"].to_list() == [1, 2]
    placed = apart(
        pl.DataFrame({"tenant_id": [TENANT], "campaign_id": [SPRING.bytes], "m": [7]}), parted, "campaign_id"
    )
    assert sorted(placed.iter_rows()) == [(BOTH, SPRING.bytes, 7), (ONE, SPRING.bytes, 7)]


def test_a_conversion_comes_whole_with_what_other_campaigns_earned_of_it() -> None:
    rows = credits_(("a", SPRING, FIRST), ("a", AUTUMN, FIRST), ("b", AUTUMN, SECOND))

    parted = Apart([Member(ONE, [SPRING])]).by_conversion(rows)

    assert parted.select("tenant_id", "conversion_id", "campaign_id").rows() == [
        (ONE, "a", SPRING.bytes),
        (ONE, "a", AUTUMN.bytes),
    ]


def test_a_report_that_counts_from_later_on_has_no_earlier_rows() -> None:
    rows = credits_(("a", SPRING, FIRST), ("b", SPRING, SECOND))

    parted = Apart([Member(ONE, [SPRING], SECOND), Member(BOTH, [SPRING], FIRST)]).by_conversion(rows)

    assert parted.filter(tenant_id=ONE)["conversion_id"].to_list() == ["b"]
    assert parted.filter(tenant_id=BOTH)["conversion_id"].to_list() == ["a", "b"]


def test_a_statement_is_asked_once_for_each_campaign_and_begin() -> None:
    campaigns = pl.DataFrame({"tenant_id": [ONE, BOTH], "campaign_id": [SPRING.bytes] * 2, "since": [FIRST, SECOND]})

    def read(name: str, /, **params: object) -> pl.DataFrame:
        assert (name, params["campaigns"], params["since"], params["earliest"], params["day"]) == (
            "read_some", [SPRING, SPRING], [FIRST, SECOND], FIRST, date(2026, 3, 9),
        )  # fmt: skip
        found = {"tenant_id": [TENANT] * 2, "campaign_id": [SPRING.bytes] * 2, "since": [FIRST, SECOND], "n": [5, 4]}
        return pl.DataFrame(found)

    assert sorted(read_since(read, "read_some", campaigns, day=date(2026, 3, 9)).iter_rows()) == [
        (BOTH, SPRING.bytes, 4),
        (ONE, SPRING.bytes, 5),
    ]
