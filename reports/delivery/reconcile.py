"""Reconciliation: what the provider reports of the mails, after it took them.

Here: reading an export of SendGrid's event webhook, and moving deliveries to the state that the events prove. Events
may come late, twice, in any order and in several files; the result is the same.
Not here: receiving a webhook. Earshot serves no web pages; the platform's endpoint stores what it got (events/).
"""

from __future__ import annotations

import binascii
import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sendgrid.helpers.eventwebhook import EventWebhook

from reports.delivery.addresses import AddressError, header_text
from reports.delivery.message import DELIVERY_ARG
from reports.delivery.queue import cancel_resends
from reports.delivery.suppressions import Reason, suppress
from sql.failures import is_isolatable
from sql.statements import statement
from sql.values import PermanentError
from sql.warehouse import Warehouse

logger = logging.getLogger(__name__)

# What an event proves. A bounce can follow a delivery by hours and never the other way round, so the higher one stays
# and the order of arrival does not matter.
PROOFS = {
    "processed": "accepted",
    "deferred": "accepted",
    "open": "delivered",
    "click": "delivered",
    "spamreport": "delivered",
    "unsubscribe": "delivered",
    "group_unsubscribe": "delivered",
    "delivered": "delivered",
    "dropped": "dropped",
    "bounce": "bounced",
}
# queued and failed are overruled too: after an error answer the provider may have taken the mail all the same.
RANKS = {
    "queued": 0,
    "sending": 0,
    "unknown": 0,
    "failed": 0,
    "accepted": 1,
    "delivered": 2,
    "dropped": 3,
    "bounced": 4,
}
SUPPRESSING: dict[str, Reason] = {
    "spamreport": "spam_report",
    "unsubscribe": "unsubscribe",
    "group_unsubscribe": "unsubscribe",
    "bounce": "bounce",
}
# Personal data that the outbox has no use for.
_PERSONAL = frozenset({"email", "ip", "useragent", "tls", "smtp-id"})


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One event about one of our deliveries."""

    event_id: str
    delivery_id: UUID
    event: str
    occurred_at: datetime
    payload: dict[str, Any]

    @property
    def suppression(self) -> Reason | None:
        """Why the address gets no more mail; a blocked bounce is about this mail only, so it stays open."""
        return None if self.payload.get("type") == "blocked" else SUPPRESSING.get(self.event)


@dataclass(slots=True)
class Reconciled:
    """What a file of events changed."""

    applied: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    unmatched: int = 0
    foreign: int = 0
    suppressed: int = 0
    cancelled: int = 0
    bad: int = 0

    def add(self, other: Reconciled) -> None:
        """Count what another file changed as well."""
        self.applied.update(other.applied)
        for name in ("repeated", "unmatched", "foreign", "suppressed", "cancelled", "bad"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __str__(self) -> str:
        parts = [f"{count} {name}" for name, count in sorted(self.applied.items())] or ["no new events"]
        numbers = {"repeated": self.repeated, "of unknown deliveries": self.unmatched, "not from Earshot": self.foreign}
        numbers["that cannot be read"] = self.bad
        parts += [f"{count} {text}" for text, count in numbers.items() if count]
        text = ", ".join(parts) + f"; {self.suppressed} address(es) suppressed"
        return text + (f"; {self.cancelled} mail(s) need not be sent again" if self.cancelled else "")


def event_text(body: bytes, source: str) -> str:
    """The text of a file of events. Raises PermanentError for bytes that are none."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PermanentError(f"{source} is no UTF-8 text (at byte {error.start}); nothing was applied") from error


def read_events(text: str) -> tuple[list[ProviderEvent], int]:
    """The events of an export, a JSON list or one object a line, and how many are about other mails.

    Raises PermanentError, naming the place, for what cannot be read: half a file must not look like a whole one.
    """
    events, foreign = [], 0
    for number, raw in enumerate(_objects(text), start=1):
        if DELIVERY_ARG not in raw:
            foreign += 1
            continue
        try:
            events.append(_event(_without_nul(raw)))
        except (KeyError, ValueError, TypeError, OverflowError, OSError) as error:
            raise PermanentError(
                f"event {number} of the file cannot be read ({type(error).__name__}: {header_text(str(error), 80)}); "
                "nothing was applied. Export the events again"
            ) from error
    return events, foreign


def read_events_singly(text: str) -> tuple[list[ProviderEvent], int, int]:
    """The same, but an event that cannot be read is counted and loses only itself: events, foreign, bad.

    For the body of one signed request, which is whole because it is signed. Raises PermanentError for what is not JSON.
    """
    events, foreign, bad = [], 0, 0
    for raw in _values(text):
        try:
            if DELIVERY_ARG in dict(raw):
                events.append(_event(_without_nul(raw)))
            else:
                foreign += 1
        except (KeyError, ValueError, TypeError, OverflowError, OSError):
            bad += 1
    return events, foreign, bad


def _objects(text: str) -> list[dict[str, Any]]:
    found = _values(text)
    if not all(isinstance(event, dict) for event in found):
        raise PermanentError("the file holds something that is not an event; nothing was applied")
    return found


def _values(text: str) -> list[Any]:
    """What all JSON values in the text hold: the webhook's bodies are lists, often appended to one file."""
    decoder, rest, found = json.JSONDecoder(), text.removeprefix("\ufeff").strip(), []
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError) as error:
            message = "it is nested too deeply" if isinstance(error, RecursionError) else header_text(str(error), 100)
            raise PermanentError(f"the file of events is not JSON ({message}); nothing was applied") from error
        found += value if isinstance(value, list) else [value]
        rest = rest[end:].lstrip()
    return found


def _without_nul(value: Any) -> Any:
    """The same without NUL characters, which JSON can spell and no database can keep."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(each) for each in value]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(each) for name, each in value.items()}
    return value


def _event(raw: dict[str, Any]) -> ProviderEvent:
    payload = {name: value for name, value in raw.items() if name not in _PERSONAL}
    canonical = json.dumps(raw, sort_keys=True, ensure_ascii=False).encode()
    return ProviderEvent(
        event_id=str(raw.get("sg_event_id") or hashlib.blake2b(canonical, digest_size=16).hexdigest()),
        delivery_id=UUID(str(raw[DELIVERY_ARG])),
        event=str(raw["event"]),
        occurred_at=datetime.fromtimestamp(int(raw["timestamp"]), UTC),
        payload=payload,
    )


def moved_state(state: str, event: str) -> str:
    """The state after an event: the better proof wins, whatever came first. Mails never sent stay as they are."""
    proof = PROOFS.get(event)
    if proof is None or state not in RANKS or RANKS[proof] <= RANKS[state]:
        return state
    return proof


def check_signature(body: str, public_key: str, signature: str, timestamp: str) -> None:
    """Raises PermanentError unless the provider signed exactly this body (ECDSA over timestamp and body)."""
    try:
        genuine = EventWebhook(public_key.strip()).verify_signature(body, signature, timestamp)
    except (ValueError, binascii.Error) as error:
        raise PermanentError("the public key or the signature is not base64 as the provider shows it") from error
    if not genuine:
        raise PermanentError("the events are not what the provider signed: nothing was applied. Fetch them again")


def reconcile(
    warehouse: Warehouse, events: Iterable[ProviderEvent], now: datetime, *, isolated: bool = False
) -> Reconciled:
    """Record the events and move their deliveries, each in a transaction of its own, so a repetition goes on.

    isolated: an event that cannot be applied is counted and logged, and the others go on.
    """
    result = Reconciled()
    for event in events:
        try:
            _apply(warehouse, event, now, result)
        except BaseException as error:
            if not isolated or not is_isolatable(error):
                raise
            result.bad += 1
            logger.exception("the event %s of delivery %s cannot be applied", event.event_id, event.delivery_id)
    return result


def _apply(warehouse: Warehouse, event: ProviderEvent, now: datetime, result: Reconciled) -> None:
    with warehouse.transaction() as connection:
        with connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(statement("find_delivery").text, {"delivery": event.delivery_id}).fetchone()
        if row is None:
            result.unmatched += 1
            return
        ids = {"tenant": row["tenant_id"], "delivery": row["delivery_id"]}
        values = {
            **ids,
            "event_id": event.event_id,
            "event": event.event,
            "occurred": event.occurred_at,
            "payload": Jsonb(event.payload),
        }
        if connection.execute(statement("add_delivery_event").text, values).rowcount == 0:
            result.repeated += 1
            return
        result.applied[event.event] += 1
        state = moved_state(row["state"], event.event)
        if state != row["state"]:
            connection.execute(
                statement("move_delivery").text, {**ids, "state": state, "detail": _detail(event), "now": now}
            )
            result.cancelled += cancel_resends(connection, row["tenant_id"], row["delivery_id"], now)
        if event.suppression:
            try:
                result.suppressed += suppress(connection, row["tenant_id"], row["recipient"], event.suppression)
            except AddressError:
                return


def _detail(event: ProviderEvent) -> str:
    message = header_text(str(event.payload.get("reason") or event.payload.get("response") or ""), 300)
    return f"the provider reports: {event.event} on {event.occurred_at:%Y-%m-%d %H:%M} UTC. {message}".strip()
