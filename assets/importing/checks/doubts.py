"""Doubts: what a person should look at before, or after, the rows of a log are taken for listening.

Here: what the first lines of a log say against storing it, and what a whole import says against trusting it.
Not here: single lines that cannot be read, and storing (assets/importing).

Nothing here is a law of logs: each check can be overruled by a person (--force), because the log may be right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from assets.importing.checks.misplaced import find_misplaced
from assets.importing.events import MadeBatch
from assets.importing.paths import MediaPaths
from assets.importing.requests import unread
from sql.values import PermanentError

# More rejected lines than good ones: the format, the fields or the clock of the server are other ones than was said.
MOST_REJECTED = 0.5

# A server's log has a broken line here and there; a small one may have one in five.
WORTH_A_LOOK, FEW, OF_FEW = 0.05, 10, 0.2

# RFC 9110, section 15, and what CDNs write where the listener left before an answer.
STATUSES, NO_ANSWER = (100, 599), 0

# A server that answers 200 sends the whole file. Some listeners leave early, and not nearly all at once.
FEWEST_ANSWERS, LEAST_BYTES, MOST_TOO_SMALL = 20, 1_000, 0.95

# Nobody is behind a request without an address: it cannot be counted.
MOST_WITHOUT_ADDRESS = 0.95

# Enough files to see whose they are.
PATHS_LOOKED_AT = 1_000


class DoubtfulError(PermanentError):
    """The log is not what it was said to be; nothing of it was stored.

    for_tenant: the same without the name of another tenant, for what the readers of the tenant see.
    """

    def __init__(self, message: str, for_tenant: str | None = None) -> None:
        super().__init__(message)
        self.for_tenant = for_tenant or message


def refuse_doubtful(made: MadeBatch, tenant: str, others: Callable[[], Mapping[str, MediaPaths]]) -> None:
    """Raises DoubtfulError where the first batch of a log should not be stored.

    tenant: the slug of whom it was said to be of. others: the files of the other tenants by their slugs, looked at only
    where most requests are for files that this one does not have.
    """
    events, rejects = made.events, unread(made.rejects)
    lines = events.height + rejects.height
    if rejects.height > MOST_REJECTED * lines:
        reason, count = rejects.get_column("reason").value_counts(sort=True).row(0)
        raise DoubtfulError(
            f"{rejects.height:,} of its first {lines:,} lines cannot be read ({count:,} of them: {reason}). Nothing "
            "was stored. Look at the format and, where they were given, the fields; --force stores the lines that can "
            "be read"
        )
    said = events.get_column("http_status").drop_nulls()
    unknown = said.filter(~said.is_between(*STATUSES) & (said != NO_ANSWER))
    if 2 * len(unknown) > events.height:
        raise DoubtfulError(
            f"{len(unknown):,} of its first {events.height:,} requests have a status that HTTP does not know, such as "
            f"{unknown[0]}. Nothing was stored. Look at the fields, and which of them is the status; --force stores "
            "them all the same"
        )
    _refuse_empty_answers(events)
    if misplaced := find_misplaced(events, unmapped_paths(events)):
        raise DoubtfulError(
            f"nearly all of its first {events.height:,} requests {misplaced}. Nothing was stored. Look at the fields, "
            "and which of them were exchanged; --force stores them all the same"
        )
    without = without_address(events)
    if without > MOST_WITHOUT_ADDRESS * events.height:
        raise DoubtfulError(
            f"{without:,} of its first {events.height:,} requests have no address that can be read, and none of them "
            "could be counted. Nothing was stored. Log the listener's address, or name its field; --force stores them "
            "all the same"
        )
    _refuse_other_tenant(events, tenant, others)


def _refuse_empty_answers(events: pl.DataFrame) -> None:
    carried = events.filter(
        pl.col("episode_id").is_not_null(), pl.col("http_status") == 200, pl.col("http_method").ne_missing("HEAD")
    )["bytes_sent"].drop_nulls()
    too_small = carried.filter(carried < LEAST_BYTES)
    if len(carried) >= FEWEST_ANSWERS and len(too_small) > MOST_TOO_SMALL * len(carried):
        raise DoubtfulError(
            f"{len(too_small):,} of its first {len(carried):,} whole answers (status 200) with files of the catalogue "
            f"have fewer than {LEAST_BYTES:,} bytes, such as {too_small[0]:,}, and hardly any would count. Nothing was "
            "stored. Look at the fields, and which of them is the bytes sent; --force stores them all the same"
        )


def _refuse_other_tenant(events: pl.DataFrame, tenant: str, others: Callable[[], Mapping[str, MediaPaths]]) -> None:
    unmapped = unmapped_paths(events)
    if 2 * len(unmapped) <= events.height:
        return
    paths = unmapped.value_counts(sort=True).head(PATHS_LOOKED_AT)
    mine = events.height - len(unmapped)
    for slug, media in others().items():
        theirs = sum(count for path, count in paths.iter_rows() if path is not None and media.find(path) is not None)
        if theirs > mine:
            found = (
                f"{theirs:,} of its first {events.height:,} requests are for files of {{}}, and {mine:,} for files of "
                f"{tenant}. Nothing was stored. Name the right tenant{{}}; --force stores them for {tenant} all the "
                "same"
            )
            raise DoubtfulError(
                found.format(f"the tenant {slug}", f" (--tenant {slug}?)"), found.format("another tenant", "")
            )


def unmapped_paths(events: pl.DataFrame) -> pl.Series:
    """The path of each request that is for no file of the catalogue."""
    unmapped = events.filter(pl.col("episode_id").is_null()).get_column("event_data")
    return unmapped.str.json_path_match("$.path").alias("path")


def without_address(events: pl.DataFrame) -> int:
    """How many requests name nobody: no address, no hash of one and no listener."""
    return events.filter(pl.all_horizontal(pl.col("client_ip", "household_key", "listener_id").is_null())).height


def doubts_of(*, lines: int, rejected: int, events: int, unmapped: int, without_address: int) -> list[str]:
    """What a person should look at after a whole import, a sentence each; none for a log as logs are."""
    found = []
    if are_many(rejected, lines):
        found.append(f"{rejected:,} of {lines:,} lines were rejected ({rejected / lines:.0%}): look at their reasons")
    if events and unmapped == events:
        found.append("not one request is for a file of the catalogue, so nothing of it is counted: enter the episodes")
    if are_many(without_address, events):
        found.append(f"{without_address:,} requests ({without_address / events:.0%}) have no address and do not count")
    return found


def are_many(count: int, of: int) -> bool:
    """Whether so many lines of a log, or orders of an export, are a reason to look at it."""
    return count > max(WORTH_A_LOOK * of, min(FEW, OF_FEW * of))
