"""Addresses and header text: what may go into a mail's head.

Here: cleaning one line of header text, reading an address, and the tenant's recipient allow-list.
Not here: building the mail (message.py), or who gets one (outbox.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sql.values import PermanentError

# Line breaks end a header and begin the next; the bidirectional overrides make an address read as another one.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_WITH_NAME = re.compile(r"^[^<>]*<([^<>]+)>$")
# RFC 5321 section 4.1.2, dot-string local parts only: quoted ones are legal, unused, and a classic way to inject.
_LOCAL = re.compile(r"^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
_LABEL = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$")
LOCAL_LIMIT = 64  # RFC 5321 section 4.5.3.1.1
ADDRESS_LIMIT = 254  # RFC 5321 section 4.5.3.1.3: a path of 256 with its two brackets


class AddressError(PermanentError):
    """An address that no mail can be sent to."""


def one_line(text: str, limit: int = 998) -> str:
    """The text without control characters and line breaks, runs of blanks made one; cut at RFC 5322's line limit."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())[:limit]


def clean_address(text: str) -> str:
    """The bare, lower-case address with an ASCII domain. Raises AddressError for anything else.

    Lower case because two spellings of one mailbox must not become two mails, and suppressions are kept that way.
    """
    line = one_line(text)
    named = _WITH_NAME.match(line)
    address = (named.group(1) if named else line).strip().lower()
    local, at, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    labels = domain.split(".")
    valid = bool(at) and _LOCAL.match(local) and len(labels) > 1 and all(map(_LABEL.match, labels))
    if not valid or len(local) > LOCAL_LIMIT or len(local) + 1 + len(domain) > ADDRESS_LIMIT:
        raise AddressError(f"{one_line(text, 80)!r} is not an address for mail: correct the subscription")
    return f"{local}@{domain}"


def as_recipient(text: str) -> str:
    """The address as the outbox keeps it: clean if it can be, else one printable line for the operator to correct."""
    try:
        return clean_address(text)
    except AddressError:
        return one_line(text, ADDRESS_LIMIT)


def is_allowed(address: str, domains: Sequence[str]) -> bool:
    """Whether the address is in one of the domains, exactly; an empty list allows all."""
    if not domains:
        return True
    domain = address.rpartition("@")[2]
    return domain in {allowed.strip().lower().removeprefix("@").encode("idna").decode("ascii") for allowed in domains}
