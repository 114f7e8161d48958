"""Rows: from the records of an export to rows of attribution_events, and rejects with their reasons.

Here: times, ids and bounds of an order.
Not here: columns (shops.py), finding them in a record (fields.py), the spelling of amounts (amounts.py), which orders
make a conversion (assets/attribution/conversions.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import polars as pl
from babel.numbers import get_currency_precision

from assets.attribution.spellings import clean_code, clean_order_id
from assets.frames import UTC_TIME
from assets.importing.addresses import TrustedProxies, client_of
from assets.importing.doubled import TWO_VALUES
from assets.importing.events import LONGEST_REJECT, MadeBatch, uuid5_bytes
from assets.importing.requests import EARLIEST
from assets.orders.amounts import BadAmountError, known_currencies, read_amount
from assets.orders.fields import UNREADABLE, said_of, text_of, texts_beside, value_at
from assets.orders.records import Record
from assets.orders.shops import Shop
from sql.safety.characters import one_line
from sql.safety.spelling import clean_code as clean_code_of
from sql.values import half_up

KINDS = ("purchase", "trial", "install", "signup", "lead", "visit", "refund")

# As the table has it (in_money_bounds, and its constraints on texts).
MOST_MINOR = 10**12
LONGEST = {"order_id": 1_000, "promo_code": 1_000, "user_agent": 20_000, "listener_id": 1_000}

# Texts that are compared with others: one that was damaged on the way would be another one.
COMPARED = ("order_id", "promo_code", "listener_id", "event_id")

# Between the codes of an order that has several.
SEPARATORS = re.compile(r"[,;|]")

# What a reject shows of a record.
SHOWN = ("order_id", "occurred_at", "kind", "value", "currency", "promo_code")

# A clock that is a little ahead, or a local time without its zone.
AHEAD = timedelta(days=1)

# Also as databases, tables of numbers and spreadsheets of other languages write it.
YES = frozenset({"true", "yes", "y", "t", "1", "1.0", "new", "wahr", "ja", "vrai", "oui", "verdadero", "vero", "waar"})
NO = frozenset({"false", "no", "n", "f", "0", "0.0", "returning", "falsch", "nein", "faux", "non", "falso", "onwaar"})
UNKNOWN = frozenset({"unknown", "n/a", "null", "none", "undefined", "-"})

SCHEMA: Mapping[str, pl.DataType] = {
    "tenant_id": pl.Binary(),
    "event_id": pl.Binary(),
    "occurred_at": UTC_TIME,
    "sponsor_id": pl.Binary(),
    "kind": pl.String(),
    "signal": pl.String(),
    "order_id": pl.String(),
    "value_minor": pl.Int64(),
    "currency": pl.String(),
    "promo_code": pl.String(),
    "listener_id": pl.String(),
    "client_ip": pl.String(),
    "user_agent": pl.String(),
    "is_new_customer": pl.Boolean(),
}
REJECTS: Mapping[str, pl.DataType] = {
    "tenant_id": pl.Binary(),
    "reject_id": pl.Binary(),
    "source": pl.String(),
    "line_number": pl.Int64(),
    "line": pl.String(),
    "reason": pl.String(),
}


class _BadOrderError(ValueError):
    """Why a record is no order."""


@dataclass(slots=True)
class OrderMaker:
    """Makes the rows of one export. It holds the records without an id that it has seen, so each file takes a new one.

    codes: those of the sponsor, as they are compared. currency, timezone: of amounts and times that do not say theirs.
    refunded: records of which something was paid back. repeated: records with the number of an order above them, and
    another time or value, which were passed over. unpaid: records that are no orders which were paid.
    """

    tenant: UUID
    sponsor: UUID
    shop: Shop
    currency: str | None = None
    timezone: str = "UTC"
    codes: Set[str] = frozenset()
    refunded: int = 0
    repeated: int = 0
    unpaid: int = 0
    _seen: dict[str, int] = field(default_factory=dict)

    def make(self, records: Iterable[Record], now: datetime) -> MadeBatch:
        """events: SCHEMA; rejects: REJECTS. Further rows of an order are neither."""
        read: list[tuple[dict[str, Any], Mapping[str, Any]]] = []
        rejects: list[dict[str, Any]] = []
        for record in records:
            try:
                if record.values is None:
                    raise _BadOrderError(record.reason)
                self._refuse_twice(record)
                if not self._is_item(record.values):
                    read.append((self._event(record.values, now), record.values))
            except _BadOrderError as error:
                rejects.append(self._reject(record, str(error)))
        events = pl.DataFrame([event for event, _ in read], schema=SCHEMA).with_columns(
            clean_order_id(pl.col("order_id")), clean_code(pl.col("promo_code"))
        )
        ids = [
            self._event_id(values, event, order)
            for (event, values), order in zip(read, events.get_column("order_id"), strict=True)
        ]
        named = events.with_columns(pl.Series("event_id", ids, dtype=pl.Binary))
        once = named.unique("event_id", keep="first", maintain_order=True)
        self.repeated += named.unique(["event_id", "occurred_at", "value_minor", "currency"]).height - once.height
        return MadeBatch(once, pl.DataFrame(rejects, schema=REJECTS))

    def _refuse_twice(self, record: Record) -> None:
        assert record.values is not None  # noqa: S101
        for meaning, names in self.shop.read().items():
            for name in names:
                if name in record.twice or value_at(record.values, name) is TWO_VALUES:
                    raise _BadOrderError(f"the column {name} is there twice, with two values for its {meaning}")

    def _is_item(self, values: Mapping[str, Any]) -> bool:
        column = self.shop.first_row_has
        return column is not None and column in values and not str(values[column]).strip()

    def _event(self, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        self._refuse_unpaid(values)
        if text_of(values, self.shop.refunded) not in (None, "0", "0.0", "0.00"):
            self.refunded += 1
        given = self._given(values)
        kind = (given.get("kind") or "purchase").lower()
        if kind not in KINDS:
            raise _BadOrderError(f"its kind is {one_line(kind)[:40]!r}; it can be {', '.join(KINDS)}")
        moment = self._moment(given.get("occurred_at"), now)
        value, currency = self._money(values, given)
        if any("\n" in (text or "") for text in given.values()):
            raise _BadOrderError("it goes on over several lines: a quote is not closed, and orders may be lost in it")
        for name, longest in LONGEST.items():
            if len(given.get(name) or "") > longest:
                raise _BadOrderError(f"its {name} is longer than {longest:,} characters")
        address = given.get("client_ip")
        for name in COMPARED:
            if UNREADABLE in (given.get(name) or ""):
                raise _BadOrderError(f"its {name} has characters that cannot be read: save the export as UTF-8")
        return {
            "tenant_id": self.tenant.bytes,
            # Made of the cleaned order id; until then the record's own.
            "event_id": (given.get("event_id") or "").encode(),
            "occurred_at": moment,
            "sponsor_id": self.sponsor.bytes,
            "kind": kind,
            "signal": "server",
            "order_id": _order_number(given.get("order_id")),
            "value_minor": value,
            "currency": currency,
            "promo_code": self._code(values, given.get("promo_code")),
            "listener_id": given.get("listener_id"),
            "client_ip": client_of(address, None, TrustedProxies()) if address else None,
            "user_agent": given.get("user_agent"),
            "is_new_customer": _is_yes(given.get("is_new_customer")),
        }

    def _given(self, values: Mapping[str, Any]) -> dict[str, str | None]:
        """The text of each column by its meaning."""
        given = {meaning: text_of(values, names) for meaning, names in self.shop.columns.items()}
        for meaning, names in self.shop.columns.items():
            inside = (value_at(values, name) for name in names)
            if given[meaning] is None and any(isinstance(value, dict | list) and value for value in inside):
                raise _BadOrderError(f"its {meaning} is a list or an object: name the part of it in a mapping (--map)")
        return given

    def _code(self, values: Mapping[str, Any], first: str | None) -> str | None:
        """The code; of several (TIDES10, FREE) one of the sponsor's, else what stands there."""
        if first is None or clean_code_of(first) in self.codes:
            return first
        several = (*SEPARATORS.split(first), *texts_beside(values, self.shop.columns["promo_code"]))
        return next((code for code in several if clean_code_of(code) in self.codes), first)

    def _refuse_unpaid(self, values: Mapping[str, Any]) -> None:
        if self.shop.only_if is not None:
            names, wanted = self.shop.only_if
            state = text_of(values, names)
            if state is not None and state.lower() not in wanted:
                self.unpaid += 1
                raise _BadOrderError(f"its {names[0]} is {one_line(state)[:40]}: it is no order that was paid")

    def _moment(self, text: str | None, now: datetime) -> datetime:
        if text is None:
            raise _BadOrderError("it has no time")
        try:
            if re.fullmatch(r"[0-9]{9,11}(\.[0-9]+)?", text):
                moment = datetime.fromtimestamp(float(text), UTC)
            elif re.fullmatch(r"[0-9]{12,13}", text):
                moment = datetime.fromtimestamp(int(text) / 1000, UTC)
            else:
                moment = datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d\d:?\d\d$)|\s+UTC$", "", text))
            zone = UTC if text.endswith("UTC") else ZoneInfo(self.timezone)
            found = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            shown = one_line(text)[:40]
            raise _BadOrderError(f"its time {shown!r} cannot be read: write 2026-10-14T08:12:00+02:00") from None
        if moment.tzinfo is None and found.astimezone(zone).replace(tzinfo=None) != moment:
            raise _BadOrderError(
                f"its time {one_line(text)[:40]!r} was skipped by the clocks of {zone}: is --time-zone the shop's?"
            )
        if not EARLIEST <= found < now + AHEAD:
            raise _BadOrderError(f"its time {one_line(text)[:40]!r} is before 2000 or yet to come")
        return found

    def _money(self, values: Mapping[str, Any], given: Mapping[str, str | None]) -> tuple[int | None, str | None]:
        text = given.get("value")
        if text is None:
            return None, None
        currency = (given.get("currency") or self.currency or "").upper()
        if currency and currency not in known_currencies():
            raise _BadOrderError(f"its currency {one_line(currency)[:20]!r} is none")
        shown = one_line(text)[:40]
        try:
            said = said_of(values, self.shop.columns["value"])
            amount, currency = read_amount(said if isinstance(said, int | float) else text, currency)
        except BadAmountError as error:
            raise _BadOrderError(f"its value {shown!r} {error}") from None
        # Compared first: what is out of all bounds cannot be rounded.
        if 0 <= amount <= MOST_MINOR:
            minor = half_up(amount.scaleb(get_currency_precision(currency)))
            if minor <= MOST_MINOR:
                return minor, currency
        raise _BadOrderError(f"its value {shown} is less than nothing, or more than is possible")

    def _event_id(self, values: Mapping[str, Any], event: Mapping[str, Any], order: str | None) -> bytes:
        """The same order has the same id in every export; what has no number is known by its content."""
        if event["event_id"]:
            return uuid5_bytes(f"order event\n{self.sponsor}\n{event['event_id'].decode()}")
        if order is not None and event["kind"] != "refund":
            return uuid5_bytes(f"order\n{self.sponsor}\n{event['kind']}\n{order}")
        if order is not None:
            moment = event["occurred_at"].isoformat()
            return uuid5_bytes(f"order refund\n{self.sponsor}\n{order}\n{moment}\n{event['value_minor']}")
        content = json.dumps(values, sort_keys=True, default=str)
        ordinal = self._seen[content] = self._seen.get(content, -1) + 1
        return uuid5_bytes(f"order line\n{self.sponsor}\n{ordinal}\n{content}")

    def _shown(self, record: Record) -> str:
        """What is kept of a record that is no order: what the mapping reads, and not who bought it where."""
        if record.values is None:
            return record.text.encode(errors="replace").decode()
        names = {meaning: self.shop.columns.get(meaning, ()) for meaning in SHOWN}
        return json.dumps({meaning: text_of(record.values, columns) for meaning, columns in names.items()})

    def _reject(self, record: Record, reason: str) -> dict[str, Any]:
        return {
            "tenant_id": self.tenant.bytes,
            "reject_id": uuid5_bytes(f"order reject\n{self.sponsor}\n{record.number}\n{record.text}"),
            "source": f"import-orders {self.shop.name}",
            "line_number": record.number,
            "line": self._shown(record)[:LONGEST_REJECT],
            "reason": reason,
        }


def _order_number(text: str | None) -> str | None:
    """The number of an order without what programs put around it: '1001, 1001.0. Raises _BadOrderError where
    one has written it in powers of ten, as it is the same for many orders then, or has lost it.
    """
    if text is None:
        return None
    if re.fullmatch(r"#(N/A|REF!|VALUE!|NAME\?|NULL!|DIV/0!|NUM!)", text):
        raise _BadOrderError(f"its number is the error {text} of a spreadsheet: export the orders again")
    if re.fullmatch(r"\d(\.\d+)?E\+\d+", text):
        raise _BadOrderError(
            f"its number {text} was cut by a spreadsheet: export the orders again, and do not open them"
        )
    bare = re.fullmatch(r"'(.+)", text) or re.fullmatch(r"([0-9]+)\.0", text)
    return bare[1].strip() or None if bare else text


def _is_yes(text: str | None) -> bool | None:
    """What a text says; None where it says that nobody knows. Raises _BadOrderError for another text."""
    said = (text or "unknown").lower()
    if said not in YES | NO | UNKNOWN:
        raise _BadOrderError(f"its is_new_customer is {one_line(said)[:40]!r}: write true or false")
    return None if said in UNKNOWN else said in YES
