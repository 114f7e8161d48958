"""Syncing: one feed, from what lies at its address to the tables.

Here: a feed's news, planned, measured and written; what came of it, in words.
Not here: each of these steps; many feeds (following.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from assets.catalogue.feeds.measuring import MOST_FILES, FileToMeasure, Look, measure_files
from assets.catalogue.feeds.planning import plan_feed
from assets.catalogue.feeds.retrieving import FeedGoneError, Retrieved
from assets.catalogue.feeds.state import FeedPlan, ShowState
from assets.catalogue.feeds.storing import FollowedFeed, Seen, read_due, read_show_state, write_feed
from assets.web.public_addresses import Network
from assets.web.requesting import shown
from sql.failures import cause_of
from sql.values import PermanentError
from sql.warehouse import Warehouse

# A feed that fails is tried after an hour, two, four, ... and one that is gone now and then.
LONGEST_WAIT = timedelta(days=1)
GONE_WAIT = timedelta(days=30)

# At most so many notes on a feed are shown.
MOST_NOTES = 6


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a look at a feed. detail: in words; error: where it failed."""

    feed: FollowedFeed
    state: str
    detail: str
    plan: FeedPlan = field(default_factory=FeedPlan)
    looks: tuple[Look, ...] = ()
    error: BaseException | None = None

    @property
    def measured(self) -> int:
        """Files of which something new was found."""
        return sum(look.probe is not None and look.probe.measures is not None for look in self.looks)


def plan_news(warehouse: Warehouse, feed: FollowedFeed, retrieved: Retrieved, now: datetime) -> FeedPlan:
    """What the feed says that the catalogue does not. Raises PermanentError for a feed that has lost all episodes."""
    if retrieved.feed is None:
        return FeedPlan()
    show = read_show_state(warehouse, feed, retrieved.feed)
    _refuse_emptied(feed, retrieved, show)
    return plan_feed(retrieved.feed, show, now, uuid4)


def sync_feed(
    warehouse: Warehouse,
    feed: FollowedFeed,
    retrieved: Retrieved,
    now: datetime,
    private: Sequence[Network] = (),
    progress: Callable[[FileToMeasure], object] = lambda _file: None,
    *,
    unmeasured: bool = False,
) -> Outcome:
    """Bring the catalogue in step with what lies at the feed's address.

    unmeasured: look again at files that could not be measured, however short ago: somebody asks who may have mended it.
    Raises PermanentError for a feed that cannot be as it is, OvertakenError where another run was quicker.
    """
    plan = plan_news(warehouse, feed, retrieved, now)
    due = [*_new_files(plan, now), *read_due(warehouse, feed, now, MOST_FILES, unmeasured=unmeasured)]
    replaced = set(plan.replaced)
    looks = measure_files([file for file in due if file.asset_id not in replaced], now, private, progress)
    detail = describe_news(feed, retrieved, plan, looks)
    write_feed(warehouse, feed, Seen(retrieved.state, detail, now, now, 0, retrieved), plan, looks, uuid4)
    return Outcome(feed, retrieved.state, detail, plan, tuple(looks))


def record_failure(warehouse: Warehouse, feed: FollowedFeed, error: BaseException, now: datetime) -> None:
    """Keep that a look at the feed failed, and when it is tried again. What it said before stays."""
    is_gone = isinstance(error, FeedGoneError)
    failures = feed.failures + 1
    wait = GONE_WAIT if is_gone else min(timedelta(hours=2 ** min(failures - 1, 10)), LONGEST_WAIT)
    seen = Seen("gone" if is_gone else "failed", cause_of(error), now, now + wait, failures)
    write_feed(warehouse, feed, seen, FeedPlan(), [], uuid4)


def _refuse_emptied(feed: FollowedFeed, retrieved: Retrieved, show: ShowState) -> None:
    present = len({episode for guid, episode in show.guids.items() if guid not in show.left})
    if present and retrieved.feed is not None and not any(item.files for item in retrieved.feed.items):
        raise PermanentError(
            f"{shown(feed.url)} has no episode any more, and had {present}. That looks like a mistake of its server, "
            "so nothing was changed. If it is meant, stop following it: earshot catalogue stop-feed"
        )


def _new_files(plan: FeedPlan, now: datetime) -> Iterator[FileToMeasure]:
    published = {each.episode_id: each.published_at for each in (*plan.added, *plan.changed)}
    for file in plan.new_files:
        # A file that is new in an episode that is not is as new as that episode would be.
        yield FileToMeasure(file.asset_id, file.episode_id, file.path, file.url, published.get(file.episode_id, now))


def describe_news(feed: FollowedFeed, retrieved: Retrieved, plan: FeedPlan, looks: Sequence[Look]) -> str:
    """What is new, in a sentence or two; what is odd about the feed comes after it."""
    removed = sum(why == "removed" for why in plan.left_episodes.values())
    counts = {
        "new episode(s)": len(plan.added),
        "changed": len(plan.changed),
        "taken out by the feed and kept here": removed,
        "beyond the end of the feed now and kept here": len(plan.left_episodes) - removed,
        "new file(s)": len(plan.new_files),
        "file(s) replaced": len(plan.replaced) + sum(_is_new_version(look) for look in looks),
        "file(s) measured": sum(look.probe is not None and look.probe.measures is not None for look in looks),
    }
    news = ", ".join(f"{count} {words}" for words, count in counts.items() if count) or "nothing new"
    sentences = [news]
    if retrieved.url != feed.url:
        sentences.append(f"it has moved for good, to {shown(retrieved.url)}")
    problems = [look.problem for look in looks if look.problem]
    if problems:
        sentences.append(f"{len(problems)} file(s) could not be measured and are tried again: {problems[0]}")
    notes = (*(retrieved.feed.notes if retrieved.feed else ()), *plan.notes)
    sentences += [f"the feed {note}" for note in notes[:MOST_NOTES]]
    return "; ".join(sentences)


def _is_new_version(look: Look) -> bool:
    return not look.file.is_unmeasured and look.probe is not None and look.probe.measures is not None
