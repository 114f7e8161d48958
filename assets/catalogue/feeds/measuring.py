"""Measuring: which files of a feed are looked at now, and what comes of it.

Here: many looks at once, within limits; when a file is looked at again.
Not here: a look at one file (probing.py), writing what was found (storing.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from assets.catalogue.feeds.probing import Probe, probe
from assets.catalogue.feeds.remote_files import Content
from assets.web.public_addresses import Network
from sql.failures import cause_of
from sql.values import EarshotError

# At a time, and of one feed in one run: a new show of a thousand episodes is measured in a few hours, the newest first.
AT_ONCE = 4
MOST_FILES = 250

SOONEST, LATEST = timedelta(days=1), timedelta(days=90)
LONGEST_WAIT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class FileToMeasure:
    """A file to look at. last_seen: its content when it was last looked at; failures: in a row, before this look."""

    asset_id: UUID
    episode_id: UUID
    path: str
    url: str
    published_at: datetime
    last_seen: Content | None = None
    failures: int = 0
    is_unmeasured: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """A file that was looked at: what was found, or why nothing was; and when it is looked at again (None: never)."""

    file: FileToMeasure
    probe: Probe | None
    problem: str | None
    next_at: datetime | None


def measure_files(
    files: Iterable[FileToMeasure],
    now: datetime,
    private: Sequence[Network] = (),
    progress: Callable[[FileToMeasure], object] = lambda _file: None,
) -> list[Look]:
    """Look at the newest of the files, as many as one run may; a file that cannot be read stops no other."""
    chosen = sorted(files, key=lambda file: file.published_at, reverse=True)[:MOST_FILES]
    return list(_look_at_all(chosen, now, private, progress))


def _look_at_all(
    files: Sequence[FileToMeasure],
    now: datetime,
    private: Sequence[Network],
    progress: Callable[[FileToMeasure], object],
) -> Iterator[Look]:
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="files") as pool:
        looks = {pool.submit(_look, file, now, private): file for file in files}
        for done in as_completed(looks):
            progress(looks[done])
            yield done.result()


def _look(file: FileToMeasure, now: datetime, private: Sequence[Network]) -> Look:
    try:
        found = probe(file.url, private, file.last_seen)
    except EarshotError as error:
        return Look(file, None, cause_of(error), again_after_failure(now, file.failures + 1))
    except Exception as error:
        # A file is made by anybody: whatever a library stumbles over is that file's trouble.
        return Look(file, None, f"it cannot be read. {cause_of(error)}", again_after_failure(now, file.failures + 1))
    return Look(file, found, None, None if found.varies else again_after(now, file.published_at))


def again_after(now: datetime, published_at: datetime) -> datetime:
    """When a file is looked at again: the older its episode, the later. Files are changed soon after they come out."""
    return now + min(max((now - published_at) / 10, SOONEST), LATEST)


def again_after_failure(now: datetime, failures: int) -> datetime:
    """When a look is repeated: after one hour, two, four, and so on."""
    return now + min(timedelta(hours=2 ** min(failures - 1, 20)), LONGEST_WAIT)
