"""State: what the catalogue holds of a show, and what a feed would make of it.

Here: the values that planning reads and gives.
Not here: planning (matching.py, planning.py), the tables (storing.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Episode:
    """An episode of a show, as its row has it."""

    episode_id: UUID
    guid: str
    title: str
    published_at: datetime
    number: int | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that is served.

    is_followed: it came from this feed. is_current: no other file has taken its place.
    """

    asset_id: UUID
    episode_id: UUID
    path: str
    is_followed: bool = False
    is_current: bool = True


@dataclass(frozen=True, slots=True)
class ShowState:
    """What the catalogue holds.

    episodes:  of the show
    guids:     under which guid the feed has had which episode
    left:      guids of these that it did not have when it was last read
    files:     of the show's episodes, and those of the tenant that have a path which the feed names
    """

    episodes: tuple[Episode, ...] = ()
    guids: Mapping[str, UUID] = field(default_factory=dict)
    left: frozenset[str] = frozenset()
    files: tuple[MediaFile, ...] = ()


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that the feed names and the catalogue did not have. url: without prefix services."""

    asset_id: UUID
    episode_id: UUID
    path: str
    url: str
    declared_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class FollowedFile:
    """A file of the catalogue under the address that the feed now has for it."""

    asset_id: UUID
    url: str
    declared_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """What is to be written so that the catalogue is in step with a feed.

    title:     of the show
    added, changed: episodes
    slugs:     of added ones that are not called by their title alone, without the show's
    items:     guid and episode of every item of the feed
    left:      guids that the feed has no more, with why: removed, or beyond_end where it keeps only the newest
    left_episodes: the episodes of these, of which each may have had several
    new_files: to be added; followed: those that are there already
    replaced:  files whose place another one has taken; restored: those that are named again
    notes:     what is odd, each in words that follow "the feed"
    """

    title: str | None = None
    added: tuple[Episode, ...] = ()
    changed: tuple[Episode, ...] = ()
    slugs: Mapping[UUID, str] = field(default_factory=dict)
    items: Mapping[str, UUID] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    left_episodes: Mapping[UUID, str] = field(default_factory=dict)
    new_files: tuple[NewFile, ...] = ()
    followed: tuple[FollowedFile, ...] = ()
    replaced: tuple[UUID, ...] = ()
    restored: tuple[UUID, ...] = ()
    notes: tuple[str, ...] = ()
