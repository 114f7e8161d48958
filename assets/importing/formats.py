"""Formats: which log formats there are, and which one a file looks like.

Here: the list of formats and the guess.
Not here: how each is read (a module each).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from assets.importing.cloudfront import realtime_parser, standard_parser
from assets.importing.combined import CombinedParser
from assets.importing.megaphone import MegaphoneParser
from assets.importing.op3 import Op3Parser
from assets.importing.requests import LogParser
from assets.importing.s3 import S3Parser
from sql.values import PermanentError

# Enough lines to recognise a format by, whatever a file begins with.
LINES_TO_GUESS = 200


@dataclass(frozen=True, slots=True)
class LogFormat:
    """A format, and the source that its rows count as: a server log sees bytes, a prefix service does not.

    chosen_fields: makes a parser for the fields that an operator chose, where a file does not name them itself.
    """

    title: str
    source: str
    parser: Callable[[], LogParser]
    chosen_fields: Callable[[Sequence[str]], LogParser] | None = None


FORMATS: Mapping[str, LogFormat] = {
    "cloudfront": LogFormat("CloudFront standard log", "server_log", standard_parser),
    "cloudfront-realtime": LogFormat("CloudFront real-time log", "server_log", realtime_parser, realtime_parser),
    "combined": LogFormat("Apache or nginx combined log", "server_log", CombinedParser),
    "megaphone": LogFormat("Megaphone metrics export", "server_log", MegaphoneParser),
    "op3": LogFormat("OP3 downloads export", "prefix", Op3Parser),
    "s3": LogFormat("Amazon S3 server access log", "server_log", S3Parser),
}


def parser_of(name: str, fields: Sequence[str] = ()) -> LogParser:
    """A fresh parser for one file. fields: the names of its columns, for a format that leaves them to the operator.

    Raises PermanentError for a format that is not known, and for fields where the format has its own.
    """
    if name not in FORMATS:
        raise PermanentError(f"there is no log format called {name!r}; known: {', '.join(FORMATS)}")
    chosen = FORMATS[name]
    if not fields:
        return chosen.parser()
    if chosen.chosen_fields is None:
        takers = ", ".join(each for each, form in FORMATS.items() if form.chosen_fields)
        raise PermanentError(f"a {chosen.title} names its own fields: --fields is for {takers}")
    return chosen.chosen_fields(fields)


def guess_format(lines: pl.DataFrame) -> str | None:
    """The format that reads most of the first lines, if it reads at least half of them; None if none does."""
    sample = lines.head(LINES_TO_GUESS)
    readable: dict[str, int] = {}
    for name, candidate in FORMATS.items():
        parsed = candidate.parser().parse(sample)
        if parsed.requests.height >= max(1, parsed.rejects.height):
            readable[name] = parsed.requests.height
    return max(readable, key=lambda name: readable[name]) if readable else None
