"""Planning: what is to be written so that the catalogue is in step with a feed.

Here: the difference between a feed and what the catalogue holds, as a pure function.
Not here: which episode an item is (matching.py), writing (storing.py).

Nothing is ever taken out: an episode that a feed has no more is marked, a file whose place another one takes stays,
because requests for it were and will be made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from assets.catalogue.feeds.matching import Matched, match_items
from assets.catalogue.feeds.reading import Feed, FeedFile
from assets.catalogue.feeds.state import FeedPlan, FollowedFile, MediaFile, NewFile, ShowState
from assets.catalogue.feeds.unwrapping import service_of, unwrap
from assets.catalogue.names import spelled_titles
from assets.importing.paths import is_host

REMOVED, BEYOND_END = "removed", "beyond_end"


@dataclass(slots=True)
class _Files:
    """What becomes of the files, as they are gone through."""

    by_path: dict[str, MediaFile]
    present: set[UUID]
    new: list[NewFile] = field(default_factory=list)
    made: set[UUID] = field(default_factory=set)
    followed: dict[UUID, FollowedFile] = field(default_factory=dict)
    restored: list[UUID] = field(default_factory=list)
    of_others: list[str] = field(default_factory=list)
    without_path: list[str] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    handed_on: list[UUID] = field(default_factory=list)


def plan_feed(feed: Feed, show: ShowState, now: datetime, new_id: Callable[[], UUID]) -> FeedPlan:
    """What is to be written. now: when an episode without a date counts as published; new_id: makes ids."""
    matched, notes = match_items(feed.items, show, now, new_id)
    files = _Files(
        {file.path: file for file in _newest_last(show.files)}, {each.episode.episode_id for each in matched}
    )
    for each in matched:
        for file in each.item.files:
            _place(files, file, each.episode.episode_id, new_id)
    added = tuple(each.episode for each in matched if each.before is None)
    others = [each.episode.title for each in matched if each.before] + [each.title for each in show.episodes]
    left = _left(feed, matched, show)
    return FeedPlan(
        title=feed.title,
        added=added,
        slugs=spelled_titles({each.episode_id: each.title for each in added}, others),
        changed=tuple(each.episode for each in matched if each.before not in (None, each.episode)),
        items={each.guid: each.episode.episode_id for each in matched},
        left=left,
        left_episodes={show.guids[guid]: why for guid, why in left.items()},
        new_files=tuple(files.new),
        followed=tuple(files.followed.values()),
        replaced=tuple(_replaced(matched, show, files)),
        restored=tuple(files.restored),
        notes=(*notes, *_file_notes(files), *_unlisted(feed)),
    )


def _newest_last(files: Sequence[MediaFile]) -> list[MediaFile]:
    """Of two files with one path the current one comes last."""
    return sorted(files, key=lambda file: file.is_current)


def _place(files: _Files, file: FeedFile, episode: UUID, new_id: Callable[[], UUID]) -> None:
    inner = unwrap(file.url)
    if not inner.path:
        files.without_path.append(inner.host)
        return
    # Files that differ in their query alone cannot be told apart in a log, and match nothing; with it they are kept.
    path = _path_for(files, inner.path, inner.url, episode)
    there = files.by_path.get(path)
    if there is not None and there.is_followed and there.is_current and there.episode_id not in files.present:
        # As feeds with one file for the newest episode have it: the path is handed on.
        files.handed_on.append(there.asset_id)
        there = None
    if there is None:
        made = NewFile(new_id(), episode, path, inner.url, file.declared_bytes)
        files.new.append(made)
        files.made.add(made.asset_id)
        files.by_path[path] = MediaFile(made.asset_id, episode, path, is_followed=True)
    elif there.episode_id != episode:
        files.of_others.append(path)
        return
    elif there.asset_id not in files.made:
        files.followed.setdefault(there.asset_id, FollowedFile(there.asset_id, inner.url, file.declared_bytes))
        if not there.is_current and there.asset_id not in files.restored:
            files.restored.append(there.asset_id)
    files.paths.add(path)


def _path_for(files: _Files, path: str, url: str, episode: UUID) -> str:
    """The path of a file; where another episode's file has it, with the query that distinguishes the two."""
    query, there = url.partition("?")[2], files.by_path.get(path)
    if there is None or there.episode_id == episode or not there.is_followed or there.episode_id not in files.present:
        return path
    return f"{path}?{query}" if query else path


def _replaced(matched: Sequence[Matched], show: ShowState, files: _Files) -> Iterator[UUID]:
    """Files of this feed whose episode it now has under other addresses."""
    renewed = {each.episode.episode_id for each in matched}
    for file in show.files:
        if file.is_followed and file.is_current and file.episode_id in renewed and file.path not in files.paths:
            yield file.asset_id
    yield from files.handed_on


def _left(feed: Feed, matched: Sequence[Matched], show: ShowState) -> Mapping[str, str]:
    """The guids that the feed had and has no more. Those of episodes that it has under another guid are not gone."""
    present = {each.episode.episode_id for each in matched}
    here = {each.guid for each in matched} | {item.guid for item in feed.items}
    published = {episode.episode_id: episode.published_at for episode in show.episodes}
    oldest = min((item.published_at for item in feed.items if item.published_at), default=None)
    gone = {}
    for guid, episode in show.guids.items():
        if guid in here or guid in show.left or episode in present:
            continue
        is_older = oldest is not None and episode in published and published[episode] < oldest
        gone[guid] = BEYOND_END if is_older else REMOVED
    return gone


def _file_notes(files: _Files) -> Iterator[str]:
    if files.of_others:
        yield (
            f"has {len(files.of_others)} file(s) that are those of other episodes already, such as "
            f"{min(files.of_others)}; requests for them stay with these"
        )
    if files.without_path:
        host = min(files.without_path)
        yield f"has {len(files.without_path)} file(s) without a path, on {host}; logs cannot show them"


def _unlisted(feed: Feed) -> Iterator[str]:
    """Hosts that look like prefix services and are not on the list."""
    found = set()
    for item in feed.items:
        for file in item.files:
            inner = unwrap(file.url)
            if any(is_host(part) for part in inner.path.split("/")[1:-1]) and service_of(inner.host) is None:
                found.add(inner.host)
    if found:
        named = ", ".join(sorted(found)[:3])
        yield f"has files on {named} whose paths name another host: if it is a prefix service, it is not on the list"
