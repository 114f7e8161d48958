"""The outbox for a person to look at.

Here: reading deliveries and what happened to them.
Not here: changing them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from sql.statements import statement
from sql.values import PermanentError
from sql.warehouse import Warehouse

STATES = (
    "queued",
    "sending",
    "accepted",
    "delivered",
    "bounced",
    "dropped",
    "failed",
    "unknown",
    "suppressed",
    "held",
)


def list_deliveries(
    warehouse: Warehouse, states: Sequence[str] = (), tenant: str = "", most: int = 50
) -> list[dict[str, Any]]:
    """delivery_id, tenant, recipient, subject, revision, state, attempts, not_before, updated_at, detail; latest."""
    values = {"states": list(states), "tenant": tenant, "most": most}
    with warehouse.transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("list_deliveries").text, values).fetchall()


def show_delivery(warehouse: Warehouse, delivery_id: UUID) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One delivery, and its attempts and events, oldest first. Raises PermanentError where there is none."""
    values = {"delivery": delivery_id}
    with warehouse.transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement("show_delivery").text, values).fetchone()
        if row is None:
            raise PermanentError(f"there is no delivery {delivery_id}: `earshot deliveries list` shows their ids")
        return row, cursor.execute(statement("show_delivery_history").text, values).fetchall()
