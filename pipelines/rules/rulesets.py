"""Rule sets: fuller rules on agents than the packaged ones, fetched, tried and kept under the home.

Here: reading a set from a folder or a web address (fetching.py), refusing it as a whole if anything in it is broken,
changing over to it, and the record of changes. Every set that was ever in force stays, under its version.
Not here: what rules mean (assets/listening/identity: agent_rules.py, addresses.py), published networks (networks.py),
the command (commands/rules.py).

    HOME/rules/current         the version in force
    HOME/rules/sets/VERSION/   its files, as they came
    HOME/rules/changes.jsonl   when which version followed which, and where it came from
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from assets.listening.identity.addresses import LISTS, lists_version
from assets.listening.identity.agent_patterns import compile_pattern
from assets.listening.identity.agent_rules import KINDS, load_rules, problem_of
from assets.listening.identity.rule_files import read_bytes, read_list, shown
from pipelines.rules.fetching import RulesUnavailableError as RulesUnavailableError
from pipelines.rules.fetching import check_address, fetch
from pipelines.rules.fetching import shown as shown_address
from sql.values import PermanentError

# As many broken patterns as one message shows.
MOST_SHOWN = 5

# Without these two there is nothing to measure with.
NEEDED = ("bots", "apps")

# What names of sets and of files of networks are made of.
NAME = r"[A-Za-z0-9.-]{1,100}"

FILES = tuple(f"{name}.json" for name in (*KINDS, *LISTS))


@dataclass(frozen=True, slots=True)
class RulesChange:
    """One change-over: at (UTC, ISO 8601), the version before (None: the packaged rules), the one after, its source."""

    at: str
    before: str | None
    after: str
    source: str


def folder_in_force(home: Path) -> Path | None:
    """The folder of the set that was last changed over to; None where the packaged rules are in force."""
    version = version_in_force(home)
    return None if version is None else _sets(home) / version


def version_in_force(home: Path) -> str | None:
    """Raises PermanentError if the record names a set that is gone: to fall back would change numbers silently."""
    current = home / "rules" / "current"
    if not current.exists():
        return None
    version = read_name(current)
    if not re.fullmatch(NAME, version) or not (_sets(home) / version).is_dir():
        raise PermanentError(
            f"{current} names the rule set {version!r}, which is not in {_sets(home)}: put it back, or run "
            "`earshot rules update --from ...` again"
        )
    return version


def read_name(file: Path) -> str:
    """The name in the file that records what is in force, as far as it is text."""
    return file.read_text(encoding="utf-8", errors="replace").strip()[:200]


def changes(home: Path) -> list[RulesChange]:
    """Every change-over, oldest first."""
    record = home / "rules" / "changes.jsonl"
    if not record.exists():
        return []
    try:
        return [RulesChange(**json.loads(line)) for line in record.read_text(encoding="utf-8").splitlines() if line]
    except (ValueError, TypeError) as error:
        raise PermanentError(f"{record} is not the record that it was ({error}): take the broken line out") from error


def update(home: Path, source: str, allow_private: bool = False) -> RulesChange | None:
    """Change over to the set of a folder or web address; None if it is in force already.

    allow_private: the address may be of this machine or network.

    Lists of networks that the new set does not have stay as they are. Raises PermanentError for a set that cannot be
    used, RulesUnavailableError where a server does not answer; then everything stays as it was.
    """
    before = version_in_force(home)
    _sets(home).mkdir(parents=True, exist_ok=True)
    incoming = Path(tempfile.mkdtemp(prefix=".incoming-", dir=_sets(home)))
    try:
        lists = _lists_in_force(home)
        for name, content in {**lists, **_fetch(source, allow_private)}.items():
            (incoming / name).write_bytes(content)
        version = tried_version(incoming, shown_address(source))
        if version == before:
            return None
        if not (_sets(home) / version).is_dir():
            incoming.chmod(0o755)
            incoming.rename(_sets(home) / version)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    change = RulesChange(datetime.now(UTC).isoformat(timespec="seconds"), before, version, shown_address(source))
    put_in_force(home / "rules", version, asdict(change))
    return change


def tried_version(folder: Path, source: str) -> str:
    """The version of a set whose every file and pattern can be used. Raises PermanentError naming what cannot."""
    problems = list(_problems(folder))
    if problems:
        more = f" and {len(problems) - MOST_SHOWN} more" if len(problems) > MOST_SHOWN else ""
        raise PermanentError(
            f"the rules of {source} cannot be used: {'; '.join(problems[:MOST_SHOWN])}{more}. Nothing was changed"
        )
    return f"{load_rules(folder).version}-{lists_version(folder)}"


def _problems(folder: Path) -> Iterator[str]:
    for kind in KINDS:
        path = folder / f"{kind}.json"
        if not path.is_file():
            if kind in NEEDED:
                yield f"there is no {path.name}"
            continue
        try:
            entries = read_list(path)
        except PermanentError as found:
            yield str(found).replace(f"{folder}{os.sep}", "")
            continue
        if kind in NEEDED and not entries:
            yield f"{path.name} is empty"
        yield from (f"{path.name}: {problem}" for entry in entries if (problem := _problem_of(entry)))
    try:
        lists_version(folder)
    except PermanentError as found:
        yield str(found).replace(f"{folder}{os.sep}", "")


def _problem_of(entry: Any) -> str | None:
    problem = problem_of(entry)
    if problem is None and compile_pattern(entry["pattern"]).search(""):
        return f"the pattern of '{shown(entry['name'])}' matches every agent"
    return problem


def _lists_in_force(home: Path) -> Mapping[str, bytes]:
    folder = folder_in_force(home)
    paths = [folder / f"{name}.json" for name in LISTS] if folder is not None else []
    return {path.name: path.read_bytes() for path in paths if path.is_file()}


def _fetch(source: str, allow_private: bool) -> Mapping[str, bytes]:
    """The files of a set by name."""
    if "://" in source:
        return dict(_download(source, allow_private))
    folder = own_path(source)
    if not folder.is_dir():
        raise PermanentError(
            f"{shown_address(source)} is no folder and no http(s) address: name one that holds bots.json and apps.json"
        )
    return {name: read_bytes(folder / name) for name in FILES if (folder / name).is_file()}


def own_path(source: str) -> Path:
    """A path as a person writes it. Raises PermanentError for one that cannot be."""
    try:
        return Path(source).expanduser()
    except (RuntimeError, ValueError) as error:  # a home of nobody, a NUL
        raise PermanentError(f"{shown(source)} is no path ({error})") from error


def _download(address: str, allow_private: bool) -> Iterator[tuple[str, bytes]]:
    check_address(address)
    base = urlsplit(address)._replace(query="", fragment="").geturl().rstrip("/")
    for name in FILES:
        content = fetch(f"{base}/{name}", allow_private)
        if content is not None:
            yield name, content


def put_in_force(folder: Path, name: str, change: Mapping[str, object]) -> None:
    """Make the name the current one of the folder, with a line in its record of changes.

    The record is written first, so that no version is ever in force without its line.
    """
    with (folder / "changes.jsonl").open("a", encoding="utf-8") as record:
        record.write(json.dumps(change, ensure_ascii=False) + "\n")
    fresh = folder / "current.new"
    fresh.write_text(name + "\n", encoding="utf-8")
    fresh.replace(folder / "current")


def _sets(home: Path) -> Path:
    return home / "rules" / "sets"
