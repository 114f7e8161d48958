"""The machine: versions, room on its disks, and the key ring.

Here: what can be seen without a database.
Not here: the database (database.py), settings that cannot be read at all (examining.py).
"""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pipelines.doctor.finding import Finding, ok, problem, warning
from pipelines.settings import Settings
from sql.embedded import find_server
from sql.values import EarshotError

OLDEST_PYTHON = (3, 11)

# Beside EARSHOT_DISK_FREE_PERCENT, below which the disk counts as full: at twice as much free, room is short.
SHORT = 2


@dataclass(frozen=True, slots=True)
class Room:
    """How much of a disk is free. path: a folder that lies on it; what: what is kept there."""

    path: Path
    what: str
    total: int
    free: int

    @property
    def free_percent(self) -> float:
        return 100 * self.free / self.total if self.total else 0.0

    def __str__(self) -> str:
        return f"{self.free / 1e9:.1f} GB ({self.free_percent:.0f} %) free under {self.path} ({self.what})"


def measure_rooms(settings: Settings) -> list[Room]:
    """The disks of the home and of the private database, each disk once."""
    folders = {settings.home: "the home"}
    server = None if settings.database_url else find_server(settings.home)
    if server is not None:
        folders[server.data] = "the private database"
    rooms, seen = [], set()
    for folder, what in folders.items():
        there = next(each for each in (folder, *folder.parents) if each.exists())
        device = there.stat().st_dev
        if device not in seen:
            seen.add(device)
            usage = shutil.disk_usage(there)
            rooms.append(Room(there, what, usage.total, usage.free))
    return rooms


def check_versions(_: Settings) -> Iterator[Finding]:
    """Python, Earshot and Dagster."""
    found = f"Earshot {version('earshot')}, Python {platform.python_version()}, Dagster {version('dagster')}"
    if sys.version_info < OLDEST_PYTHON:
        yield problem("versions", f"{found}: Earshot needs Python 3.11 or newer", "install Python 3.11, then `make`")
    else:
        yield ok("versions", found)


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Room on each disk that Earshot writes to. A database of one's own may be on another machine: see metrics."""
    least = settings.disk_free_percent
    advice = (
        "`du -xh --max-depth=2 PATH | sort -h` shows what is large; docs/runbook.md, 'A full disk', says what may go"
    )
    for room in measure_rooms(settings):
        what_to_do = advice.replace("PATH", str(room.path))
        if room.free_percent < least:
            yield problem("disk", f"{room}: less than {least:g} %, writing will fail", what_to_do)
        elif room.free_percent < SHORT * least:
            yield warning("disk", f"{room}: less than {SHORT * least:g} %", what_to_do)
        else:
            yield ok("disk", str(room))


def check_key_ring(settings: Settings) -> Iterator[Finding]:
    """The keys that addresses are hashed with: without them no day can be computed again alike."""
    from assets.listening.identity.keys import Keyring

    path = settings.keyring_path or settings.home / "keyring.json"
    if not path.exists():
        advice = "restore it from its backup (docs/runbook.md, 'A lost key ring'); `EARSHOT_KEYRING` says where it lies"
        if settings.keyring_path is None:
            yield warning(
                "key ring",
                f"there is none at {path}; the first run makes one, and days of an earlier one come out otherwise",
                f"if days have been computed before, {advice}",
            )
        else:
            yield problem("key ring", f"there is none at {path}: nothing can be computed", advice)
        return
    try:
        Keyring.load(path)
    except EarshotError as error:
        yield problem("key ring", str(error), f"mend {path}, or restore it from its backup (docs/runbook.md)")
    else:
        yield ok("key ring", f"{path} can be read; keep a copy of it apart from the database's backup")
