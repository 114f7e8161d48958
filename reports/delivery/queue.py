"""The queue's rows: claiming, settling, expiring and releasing deliveries.

Here: one function per step, each inside the caller's transaction.
Not here: calling a provider, or the order of the steps (outbox.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection
from psycopg.rows import class_row, dict_row

from reports.delivery.addresses import AddressError, as_recipient, clean_address, is_allowed
from reports.delivery.outcomes import Outcome, Verdict, next_attempt
from reports.delivery.transports.base import LONGEST_CALL_S
from sql.failures import bisect_failures
from sql.statements import statement

logger = logging.getLogger(__name__)

# Three times as long as any call can take, so that a worker has reported back before its claim expires.
CLAIM_FOR = 3 * timedelta(seconds=LONGEST_CALL_S)
EXPIRED = (
    "the worker that was sending this mail never reported back, so it may have left or not; it is not sent again. "
    "Look for it at the provider, or reconcile the provider's events."
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the queue: a report for a recipient."""

    tenant_id: UUID
    delivery_id: UUID
    report_id: UUID
    recipient: str
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryContext:
    """The tenant's side of a delivery."""

    slug: str
    brand_name: str
    reply_to: str | None
    recipient_domains: list[str]
    suppressed_for: str | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a delivery is not even tried: the state it gets, and the reason."""

    state: str
    detail: str


def enqueue(
    connection: Connection[Any], tenant_id: UUID, report_id: UUID, revision: int, recipients: Iterable[str]
) -> int:
    """Queue a frozen report for its recipients; returns how many are new. Calling it again adds nothing.

    Two spellings of one address are one recipient. Without recipients nothing is queued, and that is logged.
    """
    wanted = list(dict.fromkeys(map(as_recipient, recipients)))
    if not wanted:
        logger.warning("report %s of tenant %s has no recipients: add some to its subscription", report_id, tenant_id)
    values = {"tenant": tenant_id, "report": report_id, "revision": revision}
    return sum(
        connection.execute(
            statement("add_delivery").text, {**values, "delivery": uuid4(), "recipient": recipient}
        ).rowcount
        for recipient in wanted
    )


def claim_next(
    connection: Connection[Any], due: datetime, now: datetime, token: UUID, transport: str
) -> Delivery | None:
    """Claim one row that is due; the caller commits before it calls anyone."""
    values = {"due": due, "now": now, "expires": now + CLAIM_FOR, "token": token, "transport": transport}
    with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(statement("claim_due_delivery").text, values).fetchone()


def due_deliveries(connection: Connection[Any], now: datetime, most: int) -> list[Delivery]:
    """The rows that a run would claim."""
    with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(statement("read_due_deliveries").text, {"now": now, "most": most}).fetchall()


def context_of(connection: Connection[Any], delivery: Delivery) -> DeliveryContext:
    """The tenant and the suppression of a delivery's address."""
    values = {"tenant": delivery.tenant_id, "address": delivery.recipient}
    with connection.cursor(row_factory=class_row(DeliveryContext)) as cursor:
        context = cursor.execute(statement("read_delivery_context").text, values).fetchone()
    assert context is not None, "a delivery's tenant exists: the foreign key of its report says so"  # noqa: S101
    return context


def screen(recipient: str, context: DeliveryContext) -> Stop | None:
    """Why this address gets no mail of this tenant now; None where it may. Pure."""
    try:
        address = clean_address(recipient)
    except AddressError as error:
        return Stop("failed", str(error))
    if context.suppressed_for:
        return Stop("suppressed", f"{address} gets no more mail of {context.slug}: {context.suppressed_for}")
    if not is_allowed(address, context.recipient_domains):
        allowed = ", ".join(context.recipient_domains)
        return Stop(
            "held",
            f"{address} is outside the domains that {context.slug} may mail ({allowed}): add its domain to the "
            "tenant's recipient_domains and it goes out, or correct the subscription",
        )
    return None


def stop(connection: Connection[Any], delivery: Delivery, token: UUID, reason: Stop, now: datetime) -> None:
    """Finish a claimed row that is not tried; the claim does not count as an attempt."""
    _finish_claim(connection, delivery, token, reason.state, reason.detail, now, uncounted=1)


def record_outcome(
    connection: Connection[Any],
    delivery: Delivery,
    token: UUID,
    transport: str,
    outcome: Outcome,
    started: datetime,
    now: datetime,
) -> None:
    """Write an attempt down, and move its row unless the provider's events have moved it already."""
    state = "queued" if outcome.verdict in (Verdict.RETRY, Verdict.PAUSED) else str(outcome.verdict)
    again = next_attempt(delivery.attempts, now, delivery.delivery_id, outcome)
    not_before = again if outcome.verdict is Verdict.RETRY else None
    finished = _finish_claim(
        connection,
        delivery,
        token,
        state,
        outcome.detail,
        now,
        message_id=outcome.provider_message_id,
        not_before=not_before,
        # A refused key has nothing to do with the mail, so it does not use up the mail's attempts.
        uncounted=1 if outcome.verdict is Verdict.PAUSED else 0,
    )
    ids = {"tenant": delivery.tenant_id, "delivery": delivery.delivery_id}
    if not finished and outcome.provider_message_id:
        values = {**ids, "token": token, "message_id": outcome.provider_message_id}
        connection.execute(statement("keep_provider_message_id").text, values)
    if finished and state == str(Verdict.ACCEPTED):
        cancel_resends(connection, delivery.tenant_id, delivery.delivery_id, now)
    attempt = {
        **ids,
        "attempt": token,
        "transport": transport,
        "outcome": str(outcome.verdict),
        "message_id": outcome.provider_message_id,
        "detail": outcome.detail,
        "started": started,
        "finished": now,
        "status_code": outcome.status_code,
    }
    connection.execute(statement("add_delivery_attempt").text, attempt)


def _finish_claim(
    connection: Connection[Any],
    delivery: Delivery,
    token: UUID,
    state: str,
    detail: str,
    now: datetime,
    *,
    message_id: str | None = None,
    not_before: datetime | None = None,
    uncounted: int = 0,
) -> bool:
    values = {
        "tenant": delivery.tenant_id,
        "delivery": delivery.delivery_id,
        "token": token,
        "state": state,
        "detail": detail,
        "message_id": message_id,
        "not_before": not_before,
        "uncounted": uncounted,
        "now": now,
    }
    return connection.execute(statement("record_delivery_outcome").text, values).rowcount > 0


def cancel_resends(connection: Connection[Any], tenant_id: UUID, delivery_id: UUID, now: datetime) -> int:
    """Mails sent again in place of this one that wait still are cancelled if it has arrived; returns how many."""
    detail = f"not sent: the earlier mail {delivery_id} has arrived after all"
    values = {"tenant": tenant_id, "delivery": delivery_id, "detail": detail, "now": now}
    return connection.execute(statement("cancel_resends").text, values).rowcount


def expire_claims(connection: Connection[Any], now: datetime) -> int:
    """Claims past their end become unknown; returns how many."""
    values = {"now": now, "claim_for": CLAIM_FOR, "detail": EXPIRED}
    return connection.execute(statement("expire_claims").text, values).rowcount


def release_allowed(connection: Connection[Any], now: datetime, failed: Callable[[UUID, BaseException], object]) -> int:
    """Held rows whose domain is allowed by now go back into the queue; returns how many.

    failed: called with the tenant of each row for which that cannot be decided; it stays held.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        held = cursor.execute(statement("read_held_deliveries").text).fetchall()

    def are_allowed(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row for row in rows if is_allowed(row["recipient"], row["recipient_domains"])]

    found = bisect_failures(held, are_allowed, lambda row, error: failed(row["tenant_id"], error))
    allowed = [row for rows in found for row in rows]
    return sum(
        connection.execute(
            statement("release_held_delivery").text,
            {"tenant": row["tenant_id"], "delivery": row["delivery_id"], "now": now},
        ).rowcount
        for row in allowed
    )


def unaddressed(connection: Connection[Any]) -> Sequence[tuple[str, int]]:
    """Tenants with frozen reports that nobody gets, and how many."""
    return connection.execute(statement("count_unaddressed_reports").text).fetchall()
