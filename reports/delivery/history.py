"""The outbox for a person to look at.

Here: reading deliveries and what happened to them, and the one change that a person may ask for.
Not here: changes that happen by themselves (queue.py, reconcile.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
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


def retry_failed(warehouse: Warehouse, delivery_id: UUID, now: datetime) -> str:
    """Queue a failed mail again and return its recipient. Raises PermanentError for any other state.

    Only a failed one: the provider refused it, so a second try is no second mail. Where nobody knows (unknown), the way
    out is the provider's events, or a new revision of the report.
    """
    row, _ = show_delivery(warehouse, delivery_id)
    with warehouse.transaction() as connection:
        done = connection.execute(statement("retry_delivery").text, {"delivery": delivery_id, "now": now}).fetchone()
    if done is None:
        raise PermanentError(
            f"delivery {delivery_id} is {row['state']}; only a failed one can be tried again, because any other may "
            "reach its reader twice. Reconcile the provider's events first"
        )
    return str(done[0])
