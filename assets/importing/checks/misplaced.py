"""Misplaced: columns of a log whose values are never those of what the columns are called, as where two were exchanged.

Here: what no honest log has in nearly all of its rows, and the sentence that says so.
Not here: refusing a log (doubts.py), values that are none and cost their row (assets/importing/engines).

Two columns that look alike, such as two times or two addresses, cannot be told apart by their values.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from assets.importing.paths import is_host
from assets.importing.requests import NO_METHOD

# Of so many values, nearly all: some clients send anything.
FEWEST, NEARLY_ALL = 20, 0.95

# An agent begins with the name of a program (RFC 9110, section 10.1.5); a referrer is an address, which has no version
# and no blank.
NO_AGENT = r"(?i)^(?:(?:https?:/)?/\S*|HTTP/\d(?:\.\d)?|TLSv?[\d.]+|IPv[46])$"
AGENT = r"^[A-Za-z][\w-]*/v?\d[\w.]*(?: \S.*|)$"

# RFC 9110, section 9, and what WebDAV, caches and scanners add.
METHODS = (
    *("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH", "PURGE", "BAN", "TRACK", "DEBUG"),
    *("PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "REPORT", "PRI", "QUERY"),
)


def find_misplaced(events: pl.DataFrame, unmapped: pl.Series) -> str | None:
    """What stands in the place of what, as a part of a sentence; None where nothing does.

    events: user_agent, referrer, http_method, range_start, range_end
    unmapped: the path of each request that is for no file of the catalogue
    """
    return next(_found(events, unmapped), None)


def _found(events: pl.DataFrame, unmapped: pl.Series) -> Iterator[str]:
    agents, referrers, methods = (
        events.get_column(name).drop_nulls() for name in ("user_agent", "referrer", "http_method")
    )
    if _are_nearly_all(agents.str.contains(NO_AGENT)):
        yield f"have something else where the agent is, such as {agents[0]}"
    if _are_nearly_all(referrers.str.contains(AGENT)):
        yield f"have an agent where the referrer is, such as {referrers[0]}"
    named = methods.filter(methods != NO_METHOD)
    if _are_nearly_all(~named.str.to_uppercase().is_in(METHODS)):
        yield f"have a method that HTTP does not know, such as {named[0]}"
    start, end = events.get_column("range_start"), events.get_column("range_end")
    if _are_nearly_all((start > end).drop_nulls()):
        yield "have a range that ends before it starts"
    # With one dot it may be a file, such as feed.atom.
    if len(unmapped) == events.height and len(unmapped) >= FEWEST:
        hosts = unmapped.drop_nulls().unique()
        if len(hosts) and all(path.count(".") > 1 and is_host(path.removeprefix("/")) for path in hosts):
            yield f"have a host where the path is, such as {hosts[0].removeprefix('/')}"


def _are_nearly_all(holds: pl.Series) -> bool:
    return len(holds) >= FEWEST and int(holds.sum()) > NEARLY_ALL * len(holds)
