"""Matching: which episode of the catalogue an item of a feed is.

Here: knowing an episode again by its guid, by its file, or by its title and date; guids that change or stand twice.
Not here: its files (planning.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from assets.catalogue.feeds.reading import LONGEST_GUID, FeedItem
from assets.catalogue.feeds.state import Episode, ShowState
from assets.catalogue.feeds.unwrapping import unwrap


@dataclass(frozen=True, slots=True)
class Matched:
    """An item with its episode. guid: under which the feed is known to have it; before: as the catalogue had it."""

    item: FeedItem
    guid: str
    episode: Episode
    before: Episode | None


@dataclass(slots=True)
class _Found:
    """What has been matched so far: chosen, by guid. An episode is taken once; what is sure comes first."""

    by_id: Mapping[UUID, Episode]
    chosen: dict[str, UUID] = field(default_factory=dict)
    taken: set[UUID] = field(default_factory=set)

    def choose(self, pairs: Iterable[tuple[str, UUID | None]]) -> None:
        for guid, episode in pairs:
            if episode is not None and episode in self.by_id and guid not in self.chosen and episode not in self.taken:
                self.chosen[guid] = episode
                self.taken.add(episode)


def match_items(
    items: Sequence[FeedItem], show: ShowState, now: datetime, new_id: Callable[[], UUID]
) -> tuple[list[Matched], list[str]]:
    """The items that have a file, in their order, each with its episode; and notes.

    An episode is recognised by its guid; where that is new, by a file that the catalogue has of it; else by its title
    and date. Items that share a guid with others are told apart by their files. Two items that are the same in guid and
    file are one.
    """
    named, notes = _identify(items)
    by_id = {episode.episode_id: episode for episode in show.episodes}
    found = _Found(by_id)
    by_guid = {episode.guid: episode.episode_id for episode in show.episodes}
    found.choose((guid, by_guid.get(guid)) for guid in named)
    found.choose((guid, show.guids.get(guid)) for guid in named)
    # A path that is handed from episode to episode identifies none of them.
    by_path = {file.path: by_id[file.episode_id] for file in show.files if file.episode_id in by_id}
    found.choose(
        (guid, by_path[path].episode_id)
        for guid, item in named.items()
        for path in paths_of(item)
        if path in by_path and _are_alike(item, by_path[path])
    )
    by_title = _by_title(show.episodes)
    found.choose((guid, by_title.get((item.title, item.published_at))) for guid, item in named.items())
    chosen = found.chosen
    matched = []
    for guid, item in named.items():
        before = by_id.get(chosen[guid]) if guid in chosen else None
        matched.append(Matched(item, guid, _episode(item, guid, before, now, new_id), before))
    return matched, notes


def _identify(items: Sequence[FeedItem]) -> tuple[dict[str, FeedItem], list[str]]:
    """The items that have a file, by what identifies them."""
    notes = []
    playable = [item for item in items if item.files]
    distinct = list(dict.fromkeys((item.guid, item.files[0].url) for item in playable))
    shared = {guid for guid, count in Counter(guid for guid, _ in distinct).items() if guid and count > 1}
    named: dict[str, FeedItem] = {}
    for item in playable:
        path = unwrap(item.files[0].url).url
        is_clear = item.guid and item.guid not in shared
        named.setdefault(str(item.guid) if is_clear else f"{item.guid or ''}#{path}"[:LONGEST_GUID], item)
    if shared:
        example = min(shared)
        notes.append(f"has {len(shared)} guid(s) on several episodes, such as {example!r}; their files tell them apart")
    if len(named) < len(playable):
        notes.append(f"has {len(playable) - len(named)} item(s) twice")
    return named, notes


def _are_alike(item: FeedItem, episode: Episode) -> bool:
    """Whether an item may be an episode under another guid: its title or its date is the same."""
    return item.title == episode.title or item.published_at == episode.published_at


def paths_of(item: FeedItem) -> Iterator[str]:
    """The paths under which the servers of its files are asked for them."""
    return (path for file in item.files if (path := unwrap(file.url).path))


def _by_title(episodes: Sequence[Episode]) -> Mapping[tuple[str | None, datetime | None], UUID]:
    """The episodes by title and date, where these are those of one alone."""
    words = [(episode.title, episode.published_at) for episode in episodes]
    once = {each for each, count in Counter(words).items() if count == 1}
    return {each: episode.episode_id for each, episode in zip(words, episodes, strict=True) if each in once}


def _episode(item: FeedItem, guid: str, before: Episode | None, now: datetime, new_id: Callable[[], UUID]) -> Episode:
    """The episode as the item says it; what the item does not say stays as it was."""
    if before is None:
        title = item.title or f"Episode of {(item.published_at or now):%Y-%m-%d}"
        return Episode(new_id(), guid, title, item.published_at or now, item.number, item.duration_s)
    return replace(
        before,
        guid=guid,
        title=item.title or before.title,
        published_at=item.published_at or before.published_at,
        number=before.number if item.number is None else item.number,
        duration_s=before.duration_s if item.duration_s is None else item.duration_s,
    )
