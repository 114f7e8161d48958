"""The outbox for a person to look at.

Here: reading deliveries and what happened to them, and the changes that a person may make.
Not here: changes that happen by themselves (queue.py, reconcile.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

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
    "cancelled",
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

    Only a failed one: the provider refused it, so a second try is no second mail. For one in doubt see resend.
    """
    row, _ = show_delivery(warehouse, delivery_id)
    with warehouse.transaction() as connection:
        done = connection.execute(statement("retry_delivery").text, {"delivery": delivery_id, "now": now}).fetchone()
    if done is None:
        raise PermanentError(
            f"delivery {delivery_id} is {row['state']}; only a failed one can be tried again, because any other may "
            "reach its reader twice. `earshot deliveries resend` is for those in doubt (unknown)"
        )
    return str(done[0])


def resend(warehouse: Warehouse, delivery_id: UUID, now: datetime, by: str, reason: str | None = None) -> UUID:
    """Queue a mail in doubt once more, as a delivery of its own, and return that one's id.

    The one in doubt stays as it is. If events prove that it has arrived before the new one is sent, that is cancelled.
    by and reason stand in the trail of changes. Raises PermanentError for a delivery that is not in doubt, or was sent
    again before.
    """
    again = uuid4()
    values = {"delivery": delivery_id, "again": again, "by": by, "reason": reason, "now": now}
    with warehouse.transaction() as connection:
        done = connection.execute(statement("resend_delivery").text, values).fetchone()
    if done is None:
        check_resend(show_delivery(warehouse, delivery_id)[0])
        raise PermanentError(f"delivery {delivery_id} changed meanwhile: look at it again")
    return again


def check_resend(row: dict[str, Any]) -> None:
    """Raises PermanentError unless a delivery (of show_delivery) can be sent again."""
    name, state = f"delivery {row['delivery_id']}", row["state"]
    if row["sent_again_as"]:
        raise PermanentError(f"{name} was sent again already, as {row['sent_again_as']}")
    if state == "failed":
        raise PermanentError(f"{name} failed: `earshot deliveries retry {row['delivery_id']}` sends it")
    if state != "unknown":
        raise PermanentError(f"{name} is {state}; only one in doubt (unknown) can be sent again")
    if row["report_state"] != "frozen":
        raise PermanentError(f"the report of {name} is {row['report_state']}: there is nothing to send")
