"""Fetching: a file from a web address, for what an operator asks to be brought up to date.

Here: which addresses are taken, one GET, and what is said when it fails.
Not here: what the files mean (rulesets.py, networks.py).
"""

from __future__ import annotations

from http.client import HTTPException
from urllib import error, request
from urllib.parse import urlsplit

from sql.values import EarshotError, PermanentError

# Seconds for a server to answer or to go on; a list is a few hundred kilobytes.
TIMEOUT_S = 20.0

# The longest list of the OPAWG set and the published ranges are below 1 MB each; ten times that is no such file.
MOST_BYTES = 10_000_000


class RulesUnavailableError(EarshotError):
    """The server of a rule set did not answer; trying again may help."""


def check_address(address: str) -> None:
    """Raises PermanentError for what is no http(s) address, or for one with a password in it."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PermanentError(f"{address} is no http or https address")
    if parts.username or parts.password:
        raise PermanentError("a web address with a password in it would stand in the record of changes: leave it out")


def fetch(address: str) -> bytes | None:
    """The file, None where there is none. Raises RulesUnavailableError or PermanentError."""
    try:
        with _opener().open(address, timeout=TIMEOUT_S) as answer:
            content: bytes = answer.read(MOST_BYTES + 1)
    except error.HTTPError as found:
        found.close()
        if found.code in (404, 410):
            return None
        raise RulesUnavailableError(f"{address} answered with status {found.code}; nothing was changed") from None
    except (OSError, HTTPException) as found:
        reason = getattr(found, "reason", found)
        raise RulesUnavailableError(
            f"{address} could not be read ({reason}); nothing was changed. Try again later, or name a file or folder"
        ) from None
    if len(content) > MOST_BYTES:
        raise PermanentError(f"{address} is longer than {MOST_BYTES:,} bytes: it is no list of rules")
    return content


def _opener() -> request.OpenerDirector:
    """No other handlers: a redirect must not lead to a file of this machine."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
