"""Networks: newer published ranges of data centres, VPNs and relays than the installed package brought, under the home.

Here: fetching the data file of the package iporigin, refusing a broken or much smaller one, and putting it in force.
Not here: the content of the file (assets/listening/identity/published_ranges.py), rules on agents and lists of one's
own (rulesets.py).

    HOME/rules/networks/current         the file in force
    HOME/rules/networks/DIGEST.bin      every file that ever was
    HOME/rules/networks/changes.jsonl   when which followed which, and where it came from
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assets.listening.identity.published_ranges import PublishedRanges, load_published, read_published
from assets.listening.identity.rule_files import read_bytes
from pipelines.rules.fetching import check_address, fetch, shown
from pipelines.rules.rulesets import NAME, own_path, put_in_force, read_name
from sql.values import PermanentError

# The package's own repository, where its ranges are compiled anew every week; the releases follow once a month.
PUBLISHED_AT = "https://raw.githubusercontent.com/Yuix-Networks/iporigin/main/src/iporigin/data/ranges.bin"

# An owner's feed that is empty by mistake looks like an owner without networks. The package's own build has the same
# limit.
LEAST_SHARE = 0.8

# How far the build time may lie ahead: clocks differ a little.
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Refresh:
    """One change-over: at (UTC, ISO 8601), the digests of the files before and after, when the latter was compiled,
    how many ranges it holds, and its source."""

    at: str
    before: str
    after: str
    built_at: str
    ranges: int
    source: str


def fetched_file(home: Path) -> Path | None:
    """The file that was last changed over to; None where only the installed package is used.

    Raises PermanentError if the record names a file that is gone: to fall back would change numbers silently.
    """
    current = home / "rules" / "networks" / "current"
    if not current.exists():
        return None
    name = read_name(current)
    path = current.parent / name
    if not re.fullmatch(NAME, name) or not path.is_file():
        raise PermanentError(f"{current} names {name!r}, which is gone: run `earshot rules update` again")
    return path


def refresh(home: Path, source: str = PUBLISHED_AT, allow_private: bool = False) -> Refresh | None:
    """Change over to the published ranges of a file or web address; None if those in force are as new.

    allow_private: the address may be of this machine or network.
    Raises PermanentError for what is no such file or much smaller, RulesUnavailableError where a server does not
    answer; then everything stays as it was.
    """
    before = load_published(fetched_file(home))
    content = _read(source, allow_private)
    after = read_published(content, shown(source))
    if after.built_at > datetime.now(UTC) + A_DAY:
        # It would be newer than every later one, for ever.
        raise PermanentError(f"{shown(source)} says that it is of {after.built_at:%Y-%m-%d}; nothing was changed")
    if after.built_at <= before.built_at:
        return None
    _refuse_loss(before, after, shown(source))
    folder = home / "rules" / "networks"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{after.digest}.bin"
    file.write_bytes(content)
    change = Refresh(
        datetime.now(UTC).isoformat(timespec="seconds"),
        before.digest,
        after.digest,
        after.built_at.isoformat(timespec="seconds"),
        after.spans.height,
        shown(source),
    )
    put_in_force(folder, file.name, asdict(change))
    return change


def _read(source: str, allow_private: bool) -> bytes:
    if "://" not in source:
        path = own_path(source)
        if not path.is_file():
            raise PermanentError(
                f"{shown(source)} is no file and no http(s) address: name one that holds published ranges"
            )
        return read_bytes(path)
    check_address(source)
    content = fetch(source, allow_private)
    if content is None:
        raise PermanentError(f"there is nothing at {shown(source)}; nothing was changed")
    return content


def _refuse_loss(before: PublishedRanges, after: PublishedRanges, source: str) -> None:
    if after.spans.height < before.spans.height * LEAST_SHARE:
        raise PermanentError(
            f"{source} holds {after.spans.height:,} ranges where those in force are {before.spans.height:,}: so many "
            "do not vanish in a week. Nothing was changed"
        )
