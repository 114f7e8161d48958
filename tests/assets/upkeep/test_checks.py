"""A check's verdict, tenant by tenant: good ones pass with the promise, bad ones fail with the first cases."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest

from assets.attribution.models import MODELS
from assets.steps import DAILY_ASSETS
from assets.upkeep.checks import CHECKS, Check, judge, run_checks
from sql.statements import statement
from sql.values import Window

OPERATORS = Path(__file__).parents[3] / "docs" / "operators.md"
DAY = Window.of_day(date(2026, 3, 14))
GOOD, BAD, BROKEN = (UUID(int=number) for number in (1, 2, 3))
SUMS = next(check for check in CHECKS if check.name == "credits_sum")


def read(name: str, /, **params: object) -> pl.DataFrame:
    """One tenant has two offences; of another nothing can be read."""
    tenants = params["tenants"]
    assert isinstance(tenants, list)
    if BROKEN in tenants:
        raise ZeroDivisionError("a share of nothing")
    assert name == "check_credits_sum"
    assert (params["day"], params["models"]) == (DAY.day, list(MODELS))
    rows = [(tenant.bytes, 2, "order A; order B") for tenant in tenants if tenant == BAD]
    schema = {"tenant_id": pl.Binary, "offences": pl.Int64, "example": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_each_tenant_has_its_own_verdict_and_one_that_cannot_be_judged_has_failed() -> None:
    found = run_checks(read, DAY, [GOOD, BROKEN, BAD], DAILY_ASSETS, [SUMS])

    verdicts = {
        UUID(bytes=tenant): (passed, detail)
        for tenant, passed, detail in found.select("tenant_id", "passed", "detail").iter_rows()
    }
    assert verdicts == {
        GOOD: (True, SUMS.promise),
        BAD: (False, "2 offence(s): order A; order B"),
        BROKEN: (False, "the check could not be made: ZeroDivisionError: a share of nothing"),
    }
    assert (found["check_name"].unique().item(), found["day"].unique().item()) == ("credits_sum", DAY.day)


def test_no_offences_are_a_pass() -> None:
    tenants = pl.DataFrame({"tenant_id": [GOOD.bytes, BAD.bytes]})
    offences = pl.DataFrame({"tenant_id": [BAD.bytes], "offences": [0], "example": [None]})

    assert judge(tenants, offences, SUMS)["passed"].to_list() == [True, True]


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if check.name != "ledger_fresh"], ids=lambda each: each.name
)
def test_a_check_is_a_statement_that_takes_its_parameters(check: Check) -> None:
    assert set(statement(f"check_{check.name}").parameters) == set(check.parameters)
    assert check.asset in DAILY_ASSETS


@pytest.mark.parametrize("name", [check.name for check in CHECKS])
def test_operators_can_read_of_each_check(name: str) -> None:
    assert f"\n| `{name}` |" in OPERATORS.read_text("utf-8"), f"the table of checks in {OPERATORS} has no {name}"


def test_checks_have_names_and_promises_of_their_own() -> None:
    assert len({check.name for check in CHECKS}) == len({check.promise for check in CHECKS}) == len(CHECKS)
