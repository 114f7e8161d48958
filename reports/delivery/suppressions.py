"""Suppressions: addresses that a tenant's mails no longer go to.

Here: adding one, and stopping the recipient of a delivery. Each is for one tenant only.
Not here: looking them up (the outbox does, before every mail), or tokens (tokens.py).
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from reports.delivery.addresses import clean_address
from reports.delivery.tokens import Claims
from sql.statements import statement
from sql.values import PermanentError

Reason = Literal["bounce", "spam_report", "unsubscribe", "manual"]


def suppress(connection: Connection[Any], tenant_id: UUID, address: str, reason: Reason) -> bool:
    """No further mail of the tenant to the address. False where it was suppressed before. Raises AddressError."""
    values = {"tenant": tenant_id, "address": clean_address(address), "reason": reason}
    return connection.execute(statement("add_suppression").text, values).rowcount > 0


def stop_recipient(connection: Connection[Any], claims: Claims) -> bool:
    """What an unsubscribe endpoint calls with verified claims. False where the recipient had stopped before."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement("find_delivery").text, {"delivery": claims.delivery_id}).fetchone()
    if row is None or row["tenant_id"] != claims.tenant_id:
        raise PermanentError(f"delivery {claims.delivery_id} is not known (any more): suppress the address by hand")
    return suppress(connection, claims.tenant_id, row["recipient"], "unsubscribe")
