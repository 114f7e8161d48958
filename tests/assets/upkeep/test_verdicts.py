"""What checks said of days: judged again by hand, read back, and put into a sentence."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import polars as pl

from assets.steps import VERDICT
from assets.upkeep.checks import CHECKS
from assets.upkeep.verdicts import judge_by_hand, name_cases, read_results, read_unjudged
from sql.failures import FailureLog
from sql.values import PermanentError, Scope, Window
from sql.warehouse import Warehouse
from tests.sql.rows import DAY, HARBOR, KREUZBERG, RUN, add_tenants, fill, line

NEXT = DAY + timedelta(days=1)
COVERS = [check for check in CHECKS if check.name == "ledger_covers"]


def test_judging_by_hand_keeps_what_was_judged_before_and_shows_the_rest(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    lines = [line(asset, HARBOR, 0) for asset in ("request_dispositions", VERDICT)]
    warehouse.replace([], Window.of_day(DAY), [HARBOR], lines)
    begun = {DAY: {HARBOR, KREUZBERG}, NEXT: {KREUZBERG}}

    loose, judged = judge_by_hand(warehouse, UUID(int=5), str, Scope(), begun, COVERS)
    results, unread = read_results(warehouse, [DAY, NEXT], warehouse.tenants())

    assert judged == [DAY]
    assert set(results["check_name"]) == {check.name for check in CHECKS}
    assert set(results["tenant_id"]) == {HARBOR.bytes}
    assert unread == []
    assert loose.select("tenant_id", "day", "check_name").rows() == [
        (KREUZBERG.bytes, day, "ledger_covers") for day in (DAY, NEXT)
    ]
    assert not loose["passed"].any()


def test_results_are_those_of_the_days_and_tenants(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    fill(warehouse, HARBOR)

    def read(first: int, tenants: pl.DataFrame) -> int:
        return read_results(warehouse, [DAY + timedelta(days=first), NEXT], tenants)[0].height

    everybody = warehouse.tenants()
    assert (read(0, everybody), read(1, everybody)) == (1, 0)
    assert read(0, everybody.filter(slug="kreuzberg-radio")) == 0


def test_who_could_not_be_judged_in_this_run_is_named_with_the_cause(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    for tenant, run, subject in ((HARBOR, RUN, VERDICT), (KREUZBERG, UUID(int=9), VERDICT), (KREUZBERG, RUN, "pages")):
        FailureLog(warehouse, "computing", str, run).add(tenant, PermanentError("no such rate"), [subject], DAY)

    found = read_unjudged(warehouse, RUN, [DAY], warehouse.tenants(), [])

    assert [(each.where, each.cause) for each in found] == [(f"harbor-audio, {DAY}", "no such rate")]
    assert read_unjudged(warehouse, RUN, [NEXT], warehouse.tenants(), []) == []
    assert read_unjudged(warehouse, RUN, [DAY], warehouse.tenants(), found) == []


def test_the_first_three_cases_are_named_and_the_others_counted() -> None:
    bad = pl.DataFrame(
        [(f"network-{n}", DAY, "credits_sum", f"{n} offence(s).") for n in range(5)],
        schema=["slug", "day", "check_name", "detail"],
        orient="row",
    )

    assert name_cases(bad.head(1)) == "network-0 2026-03-14 (0 offence(s))"
    text = name_cases(bad, with_check=True)
    assert text.startswith("network-0 2026-03-14 credits_sum (0 offence(s)), network-1")
    assert text.endswith("network-2 2026-03-14 credits_sum (2 offence(s)) and 2 more")
