"""Following: all feeds that are due, each by itself.

Here: which are due, retrieving many at once, and that one that fails stops no other, of whichever tenant.
Not here: one feed (syncing.py), when it runs (pipelines/schedules.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from assets.catalogue.feeds.retrieving import Retrieved, retrieve
from assets.catalogue.feeds.storing import FollowedFeed, OvertakenError, read_feeds
from assets.catalogue.feeds.syncing import Outcome, record_failure, sync_feed
from assets.web.public_addresses import Network
from sql.failures import FailureLog, cause_of, is_isolatable
from sql.values import Scope
from sql.warehouse import Warehouse

AT_ONCE = 8


def follow_feeds(
    warehouse: Warehouse, scope: Scope, now: datetime, failures: FailureLog, private: Sequence[Network] = ()
) -> Iterator[Outcome]:
    """Bring the catalogue in step with every feed of the scope that is due; what came of each, as they are done.

    failures: takes the feeds that fail, and forgets earlier failures of the others.
    """
    tenants = [UUID(bytes=each) for each in warehouse.tenants(scope)["tenant_id"]]
    due = [feed for feed in read_feeds(warehouse, tenants) if is_due(feed, now)]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="feeds") as pool:
        retrievals = {pool.submit(retrieve, feed.url, feed.etag, feed.last_modified, private): feed for feed in due}
        # Written by one thread, one after the other.
        for done in as_completed(retrievals):
            yield _follow(warehouse, retrievals[done], done.exception() or done.result(), now, failures, private)


def is_due(feed: FollowedFeed, now: datetime) -> bool:
    """Whether a feed is to be looked at: nobody stopped it, and it does not wait after a failure."""
    return feed.is_active and (feed.next_at is None or feed.next_at <= now)


def _follow(
    warehouse: Warehouse,
    feed: FollowedFeed,
    retrieved: Retrieved | BaseException,
    now: datetime,
    failures: FailureLog,
    private: Sequence[Network],
) -> Outcome:
    try:
        if isinstance(retrieved, BaseException):
            raise retrieved
        outcome = sync_feed(warehouse, feed, retrieved, now, private)
    except OvertakenError as error:
        return Outcome(feed, "unchanged", str(error))
    except BaseException as error:
        if not is_isolatable(error):
            raise
        failures.add(feed.tenant_id, error, [feed.subject])
        with suppress(OvertakenError):
            record_failure(warehouse, feed, error, now)
        return Outcome(feed, "failed", cause_of(error), error=error)
    failures.clear([feed.tenant_id], [feed.subject])
    return outcome
