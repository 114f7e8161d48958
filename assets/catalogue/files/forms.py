"""Forms: what is written in a file as a value, and a value as it is written.

Here: the forms of fields (kinds.Form): text to value, value to text, exactly and back.
Not here: what a field may hold besides (schema.json), references and amounts of money, which need other rows
(resolving.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_network
from typing import Any

from assets.catalogue.kinds import Form
from reports.delivery.addresses import clean_address
from sql.values import EarshotError

_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2}(?:\.\d+)?)")
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def parse(form: Form, text: str) -> Any:
    """The value of a text. Raises ValueError, saying what a value of this form looks like."""
    return _PARSERS[form](text.strip())


def write(value: Any) -> str:
    """A value as text that parse takes for the same."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        return moment.isoformat(timespec="microseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,19}", text):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or len(text) > 40:
        raise ValueError(f"{text!r} is no number; a point separates the decimals: 12.5")
    return number


def _seconds(text: str) -> float:
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, seconds = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
    try:
        return float(_decimal(text))
    except ValueError:
        raise ValueError(f"{text!r} is no time: seconds, as 90.5, or a clock, as 1:30 or 00:01:30.5") from None


def _flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise ValueError(f"{text!r} is neither true nor false")
    return _FLAGS[text.lower()]


def _date(text: str) -> date:
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day; write it as 2026-03-31") from None


def _moment(text: str) -> datetime:
    try:
        if not re.match(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        found = datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d\d|Z)", "", text))
    except ValueError:
        raise ValueError(
            f"{text!r} is no moment; write it as 2026-03-31T09:00:00Z or with an offset, 2026-03-31 09:00 +02:00 "
            "(without one it is UTC)"
        ) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError(f"{text!r} is no network: {error}") from None


def _address(text: str) -> str:
    try:
        return clean_address(text)
    except EarshotError as error:
        raise ValueError(str(error)) from None


def _plain(text: str) -> str:
    return text


_PARSERS: Mapping[Form, Callable[[str], Any]] = {
    "text": _plain,
    "texts": _plain,
    "reference": _plain,
    "whole": _whole,
    "decimal": _decimal,
    "money": _decimal,
    "seconds": _seconds,
    "flag": _flag,
    "date": _date,
    "moment": _moment,
    "network": _network,
    "address": _address,
}
