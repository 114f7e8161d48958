"""Formats: which log formats there are, and which one a file looks like.

Here: the list of formats and the guess.
Not here: how each is read (a module each).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from assets.importing.cloudfront import CloudFrontParser
from assets.importing.combined import CombinedParser
from assets.importing.op3 import Op3Parser
from assets.importing.requests import LogParser
from sql.values import PermanentError

# Enough lines to know a format by, whatever stands at the top of a file.
LINES_TO_GUESS = 200


@dataclass(frozen=True, slots=True)
class LogFormat:
    """A format, and the source that its rows count as: a server log sees bytes, a prefix service does not."""

    title: str
    source: str
    parser: Callable[[], LogParser]


FORMATS: Mapping[str, LogFormat] = {
    "cloudfront": LogFormat("CloudFront standard log", "server_log", CloudFrontParser),
    "combined": LogFormat("Apache or nginx combined log", "server_log", CombinedParser),
    "op3": LogFormat("OP3 downloads export", "prefix", Op3Parser),
}


def parser_of(name: str) -> LogParser:
    """A fresh parser for one file. Raises PermanentError for a format that is not known."""
    if name not in FORMATS:
        raise PermanentError(f"there is no log format called {name!r}; known: {', '.join(FORMATS)}")
    return FORMATS[name].parser()


def guess_format(lines: pl.DataFrame) -> str | None:
    """The format that reads most of the first lines, if it reads at least half of them; None if none does."""
    sample = lines.head(LINES_TO_GUESS)
    readable: dict[str, int] = {}
    for name, known in FORMATS.items():
        parsed = known.parser().parse(sample)
        if parsed.requests.height >= max(1, parsed.rejects.height):
            readable[name] = parsed.requests.height
    return max(readable, key=lambda name: readable[name]) if readable else None
