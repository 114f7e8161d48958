"""Addresses and header text: what may go into a mail's head.

Here: cleaning one line of header text, reading an address, and the tenant's recipient allow-list.
Not here: building the mail (message.py), or who gets one (outbox.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sql.safety.characters import is_unreadable, one_line
from sql.values import PermanentError

_WITH_NAME = re.compile(r"^[^<>]*<([^<>]+)>$")
# RFC 5321 section 4.1.2, dot-string local parts only: quoted ones are legal, unused, and a classic way to inject.
_LOCAL = re.compile(r"^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
_LABEL = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$")
_IN_TEXT = re.compile(r"[^\s@<>()\[\],;:\"'`]+@([^\s@<>()\[\],;:\"'`]*[^\s@<>()\[\],;:\"'`.])")
LOCAL_LIMIT = 64  # RFC 5321 section 4.5.3.1.1
ADDRESS_LIMIT = 254  # RFC 5321 section 4.5.3.1.3: a path of 256 with its two brackets


class AddressError(PermanentError):
    """An address that no mail can be sent to."""


def header_text(text: str, limit: int = 998) -> str:
    """The text as a header may have it: one line, which ends no header and begins none; without controls, direction
    marks, which make one text read as another, and what nobody sees; cut at RFC 5322's line limit."""
    return " ".join(one_line(text).split())[:limit]


def clean_address(text: str) -> str:
    """The bare, lower-case address with an ASCII domain. Raises AddressError for anything else.

    Lower case because two spellings of one mailbox must not become two mails, and suppressions are kept that way.
    """
    # What nobody sees is no part of an address: taken out of one, it would be another's.
    line = " ".join("".join(" " if is_unreadable(each) else each for each in text).split())
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
        raise AddressError(f"{header_text(text, 80)!r} is not an address for mail: correct the subscription")
    return f"{local}@{domain}"


def as_recipient(text: str) -> str:
    """The address as the outbox keeps it: clean if it can be, else one printable line for the operator to correct."""
    try:
        return clean_address(text)
    except AddressError:
        return header_text(text, ADDRESS_LIMIT)


def is_allowed(address: str, domains: Sequence[str]) -> bool:
    """Whether the address is in one of the domains, exactly; an empty list allows all."""
    if not domains:
        return True
    domain = address.rpartition("@")[2]
    return domain in {allowed.strip().lower().removeprefix("@").encode("idna").decode("ascii") for allowed in domains}


def shorten_addresses(text: str) -> str:
    """The text with every address in it shortened, for eyes that need not know it: a…@acme.example."""
    return _IN_TEXT.sub(lambda found: f"{found.group()[0]}…@{found.group(1)}", text)
