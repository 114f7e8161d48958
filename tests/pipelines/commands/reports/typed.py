"""What was typed and what came of it: words of a command, and the reports that it left.

Here: reading results, and changes behind the commands' back. Not here: the fixtures (conftest.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from click.testing import Result

from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.pipelines.running import rows
from tests.pipelines.small_network import MONDAY, named

Type = Callable[..., Result]
HARBOR = named("harbor")
BUILD = ("build", "--period", str(MONDAY))


def said(result: Result) -> str:
    assert result.exception is None, (result.output, result.exception)
    return " ".join(result.output.split())


def refused(result: Result) -> str:
    assert isinstance(result.exception, PermanentError), (result.output, result.exception)
    return str(result.exception)


def change(week: Warehouse, statement: str, *values: object) -> None:
    with week.transaction("earshot_owner") as connection:
        connection.execute(statement.encode(), values)


def id_of(reports: Type, tenant: str = "harbor") -> str:
    """The id of the tenant's report, as the list shows it."""
    found = re.search(rf"^([0-9a-f]{{8,}}) .* {tenant} ", reports("list").output, re.MULTILINE)
    assert found, reports("list").output
    return found[1]


def wait_for_approval(week: Warehouse) -> None:
    change(week, "UPDATE report_subscriptions SET needs_approval = TRUE WHERE tenant_id = %s", HARBOR)


def frozen_files(week: Warehouse) -> dict[str, bytes]:
    return dict(rows(week, "SELECT name, body FROM report_artefacts WHERE tenant_id = %s", HARBOR))


def without_mark(page: str) -> str:
    return re.sub(r"<!--draft-->.*<!--/draft-->", "", page)
