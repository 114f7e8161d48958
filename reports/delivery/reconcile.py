"""Reconciliation: what the provider reports of the mails, after it took them.

Here: reading an export of SendGrid's event webhook, and moving deliveries to the state that the events prove. Events
may come late, twice, in any order and in several files; the result is the same.
Not here: receiving a webhook. Earshot serves no web pages; the platform's endpoint stores what it got (events/).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import logging
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
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


@dataclass(frozen=True, slots=True)
class EventsFound:
    """What a file of events holds. foreign: events about other mails. bad: what cannot be read, and was left out."""

    events: list[ProviderEvent]
    foreign: int
    bad: int


def event_text(body: bytes) -> str:
    """The text of a file of events; bytes that are no UTF-8 are shown as what they are, and cost nothing else."""
    return body.decode("utf-8-sig", errors="replace")


def read_events(text: str) -> EventsFound:
    """The events of an export or of a request's body: JSON lists, or one object a line, also one behind the other.

    What cannot be read loses itself alone, and is counted: an event that is broken off, one without an id, what is no
    event at all. Characters that no database keeps go, and the event stays.
    Raises PermanentError where there is nothing that can be read: that is no file of events.
    """
    values, bad = _values(text)
    events, foreign = [], 0
    for raw in values:
        try:
            if DELIVERY_ARG in dict(raw):
                events.append(_event(_storable(raw)))
            else:
                foreign += 1
        except (KeyError, ValueError, TypeError, OverflowError, OSError, RecursionError):
            bad += 1
    if bad and not events and not foreign:
        raise PermanentError(
            f"none of the {bad} event(s) of the file can be read; nothing was applied. It is a JSON list, or one JSON "
            "object a line: export the events again"
        )
    return EventsFound(events, foreign, bad)


# Where the next event may begin after one that cannot be read.
_NEXT = re.compile(r"(?<=[},\n])[\s,\[\]]*(?=\{)")
_BETWEEN = re.compile(r"[\s,\[\]\x00]*")


def _values(text: str) -> tuple[list[Any], int]:
    """Every JSON value of the lists and lines in the text, and how many cannot be read.

    Controls inside of texts are read as they are. Brackets and commas between values only hold them together.
    """
    decoder = json.JSONDecoder(strict=False)
    found: list[Any] = []
    bad = 0
    place = _after(_BETWEEN, text, 0)
    while place < len(text):
        try:
            value, end = decoder.raw_decode(text, place)
            found.append(value)
        except (ValueError, RecursionError):
            bad += 1
            later = _NEXT.search(text, place + 1)
            end = later.end() if later else len(text)
        place = _after(_BETWEEN, text, end)
    return found, bad


def _after(pattern: re.Pattern[str], text: str, place: int) -> int:
    matched = pattern.match(text, place)
    return matched.end() if matched else place


def _storable(value: Any) -> Any:
    """The same without NUL, halves of characters shown as such: JSON can spell them, and no database keeps them."""
    if isinstance(value, str):
        return _HALVES.sub("\ufffd", value.replace("\0", ""))
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(each) for name, each in value.items()}
    return value


_HALVES = re.compile("[\ud800-\udfff]")


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


def check_signature(body: bytes, public_key: str, signature: str, timestamp: str) -> None:
    """Raises PermanentError unless the provider signed exactly these bytes (ECDSA over timestamp and body)."""
    try:
        # The library's own check takes text alone, and a body may hold bytes that are none.
        key = EventWebhook(public_key.strip()).public_key
        key.verify(base64.b64decode(signature), timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise PermanentError(
            "the events are not what the provider signed: nothing was applied. Fetch them again"
        ) from None
    except (ValueError, binascii.Error) as error:
        raise PermanentError("the public key or the signature is not base64 as the provider shows it") from error


def reconcile(warehouse: Warehouse, found: EventsFound, now: datetime) -> Reconciled:
    """Record the events and move their deliveries, each in a transaction of its own, so a repetition goes on.

    An event that cannot be applied is counted and logged, and the others go on. Raises DatabaseUnavailableError.
    """
    result = Reconciled(foreign=found.foreign, bad=found.bad)
    for event in found.events:
        try:
            _apply(warehouse, event, now, result)
        except BaseException as error:
            if not is_isolatable(error):
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
