"""Fetching: a file of rules from a web address, for a command that brings rules up to date.

Here: how much and how long is read, and the message when it fails. An operator waits for the command, so nothing is
retried: the message says to run it again.
Not here: the request itself (assets/web/requesting.py), what the files mean (rulesets.py, networks.py).
"""

from __future__ import annotations

from assets.web.public_addresses import EVERYWHERE
from assets.web.requesting import Limits, PrivateAddressError, UnavailableError, check_address, request, shown
from sql.values import EarshotError, PermanentError

__all__ = ["RulesUnavailableError", "check_address", "fetch", "shown"]

# Seconds for everything together; a list is a few hundred kilobytes.
TOTAL_S = 60.0

# The longest list of the OPAWG set and the published ranges are below 1 MB each; ten times that is no such file.
MOST_BYTES = 10_000_000


class RulesUnavailableError(EarshotError):
    """The server of a rule set did not answer; trying again may help."""


def fetch(address: str, allow_private: bool = False, total_s: float = TOTAL_S) -> bytes | None:
    """The file, None where there is none. Raises RulesUnavailableError or PermanentError.

    allow_private: addresses of this machine and its networks may be fetched from.
    """
    try:
        response = request(address, Limits(MOST_BYTES, total_s), private=EVERYWHERE if allow_private else ())
    except PrivateAddressError as error:
        raise PermanentError(
            f"{error}; nothing was changed. If it is one of yours, allow it with --allow-private"
        ) from None
    except PermanentError as error:
        raise PermanentError(f"{error}; nothing was changed") from None
    except UnavailableError as error:
        raise RulesUnavailableError(
            f"{error}; nothing was changed. Try again later, or name a file or folder"
        ) from None
    if response.status in (404, 410):
        return None
    if response.status != 200:
        raise RulesUnavailableError(f"{shown(address)} answered with status {response.status}; nothing was changed")
    return response.content
