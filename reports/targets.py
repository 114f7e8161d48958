"""Targets: what a campaign's conversions may cost and its spend is to return, as was agreed with the sponsor.

Here: changing and showing them, with what is refused in words.
Not here: what a report says of them (content/against_targets.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from reports.archive import name_person
from reports.wording.formats import NOTHING, major_units, minor_digits
from sql.values import PermanentError
from sql.warehouse import Warehouse

OWN = "SELECT campaign_id, name, currency, target_cpa_minor, target_roas FROM campaigns WHERE tenant_id = %s"
CHANGE = "UPDATE campaigns SET target_cpa_minor = %s, target_roas = %s WHERE tenant_id = %s AND campaign_id = %s"


def change_target(
    warehouse: Warehouse, tenant: UUID, campaign: str, given: Mapping[str, str | None], person: str
) -> dict[str, str]:
    """Change the targets of a campaign, named by its name or id: cpa in major units, roas; '' none, None as it is.

    Returns name, cpa and roas as they are now. Raises PermanentError for what is no number above 0, and for campaigns
    that are not there.
    """
    with warehouse.transaction() as connection:
        name_person(connection, person)
        row = _find(connection.cursor(row_factory=dict_row).execute(OWN, [tenant]).fetchall(), campaign)
        currency = row["currency"]
        if given.get("cpa") is not None:
            cost = _number("cost per conversion", str(given["cpa"]))
            row["target_cpa_minor"] = None if cost is None else _minor(cost, currency)
        if given.get("roas") is not None:
            row["target_roas"] = _number("return on ad spend", str(given["roas"]))
        connection.execute(CHANGE, [row["target_cpa_minor"], row["target_roas"], tenant, row["campaign_id"]])
    cost = row["target_cpa_minor"]
    return {
        "name": row["name"],
        "cpa": NOTHING if cost is None else f"{major_units(cost, currency):f} {currency}",
        "roas": NOTHING if row["target_roas"] is None else f"{row['target_roas']:f}",
    }


def _find(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    wanted = name.strip().lower()
    found = [row for row in rows if wanted in (row["name"].lower(), str(row["campaign_id"]))]
    if len(found) != 1:
        problem = "several campaigns are" if found else "no campaign is"
        names = ", ".join(sorted(f"{row['name']} ({row['campaign_id']})" for row in found or rows))
        raise PermanentError(f"{problem} called {name!r}; there are {names or 'none'}")
    return found[0]


def _number(what: str, text: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number <= 0:
        raise PermanentError(f"a {what} is a number above 0, such as 3.5; got {text!r}")
    return number


def _minor(amount: Decimal, currency: str) -> int:
    minor = amount.scaleb(minor_digits(currency))
    if minor != int(minor):
        raise PermanentError(f"{currency} has {minor_digits(currency)} digits after the point; got {amount}")
    return int(minor)
