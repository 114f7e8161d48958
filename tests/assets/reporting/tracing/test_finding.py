"""A report by the letters that its id begins with; one that was never frozen says why."""

from __future__ import annotations

import pytest

from assets.reporting.tracing.finding import find_report
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.sql.rows import HARBOR, KREUZBERG, RUN, add_tenants, fill


def test_a_name_that_no_report_has_is_refused(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    fill(warehouse, HARBOR)

    for name in ("1234", "spring", "", "%", "0_00"):
        with pytest.raises(PermanentError, match=f"There is no report '{name}'"):
            find_report(warehouse, name)


def test_a_held_report_says_why_and_letters_of_two_are_too_few(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    fill(warehouse, HARBOR)

    for name in ("00000000", f" {str(RUN).upper()} ", "00000000.v1"):
        with pytest.raises(PermanentError, match=f"Report {RUN} is held: waiting for data"):
            find_report(warehouse, name)
    fill(warehouse, KREUZBERG)
    with pytest.raises(PermanentError, match=f"2 reports begin with '0000': {RUN}, {RUN}. Give more letters"):
        find_report(warehouse, "0000")
