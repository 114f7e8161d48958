"""Findings: what was found of one thing that was looked at, and what to do about it.

Here: the value, its levels, and the exit code that several of them make.
Not here: what is looked at (the other modules of this room), how it is printed (pipelines/commands/watching/doctor.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

# So many names stand in a line; the others are counted.
NAMED = 5


class Level(IntEnum):
    """How bad it is; the number is the exit code of `earshot doctor` where nothing worse was found."""

    OK = 0
    WARNING = 1
    PROBLEM = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """check: what was looked at. meaning: what was found, in a sentence. advice: a command or a step; empty if all is
    well. tenant: the slug, where it is about one tenant.
    """

    check: str
    level: Level
    meaning: str
    advice: str = ""
    tenant: str | None = None


def ok(check: str, meaning: str) -> Finding:
    """Nothing to do."""
    return Finding(check, Level.OK, meaning)


def warning(check: str, meaning: str, advice: str, tenant: str | None = None) -> Finding:
    """The work is done, and something should be looked at."""
    return Finding(check, Level.WARNING, meaning, advice, tenant)


def problem(check: str, meaning: str, advice: str, tenant: str | None = None) -> Finding:
    """Some of the work is not done, or soon will not be."""
    return Finding(check, Level.PROBLEM, meaning, advice, tenant)


def worst(findings: Iterable[Finding]) -> Level:
    """The worst level among them; OK where there is none."""
    return max((finding.level for finding in findings), default=Level.OK)


def name_some(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
