"""Notices: what a log says about itself that a person should know, whether or not every line of it could be read.

Here: counts over all batches of an import, and their sentences.
Not here: what is refused, storing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from assets.importing.addresses import private_peers
from assets.importing.checks.doubts import unmapped_paths
from assets.importing.paths import MediaPaths

# As many as a person reads; and, while counting, as many as a memory holds of paths that scanners make up.
SHOWN = 5
MOST_COUNTED = 100_000

PARTIAL_CONTENT = 206


@dataclass(slots=True)
class Notices:
    """Counts over the batches so far.

    private:   by private address
    unplaced:  answers with a part of a file of which nothing says which part
    unmatched: requests for no file of the catalogue, by path
    """

    private: Counter[str] = field(default_factory=Counter)
    unplaced: int = 0
    unmatched: Counter[str] = field(default_factory=Counter)

    def add(self, events: pl.DataFrame) -> None:
        """Count a batch. events: the rows of MadeBatch."""
        self.private.update(_counted(private_peers(events.get_column("client_ip"))))
        self.unplaced += without_place(events)
        self.unmatched.update(_counted(unmapped_paths(events).drop_nulls()))
        for counts in (self.private, self.unmatched):
            if len(counts) > MOST_COUNTED:
                most_common = dict(counts.most_common(MOST_COUNTED // 2))
                counts.clear()
                counts.update(most_common)

    def sentences(self, media: MediaPaths) -> Iterator[str]:
        """What there is to say, a sentence each, and with the paths that match nothing the nearest file of each."""
        if self.private:
            number = sum(self.private.values())
            yield (
                f"{number:,} requests come from {len(self.private):,} private addresses, most from "
                f"{_listed(self.private)}: if these are proxies of yours, everybody behind one counts as one "
                "household. Log X-Forwarded-For and name them with --trusted-proxy"
            )
        if self.unplaced:
            yield (
                f"{self.unplaced:,} answers are a part of a file and do not say which: as many bytes as one of them "
                "has count as content, a whole file as a whole one, and ads in whole files only. Log the range to know "
                "more"
            )
        for path, count in self.unmatched.most_common(SHOWN):
            near = media.nearest(path)
            yield f"{count:,} requests for {path}, which is not in the catalogue" + (
                f"; the nearest there is {near}" if near else ""
            )


def without_place(events: pl.DataFrame) -> int:
    """How many answers are a part of a file, of so many bytes, of which nothing says where it lies."""
    is_part = (pl.col("http_status") == PARTIAL_CONTENT) & pl.col("range_start").is_null() & (pl.col("bytes_sent") > 0)
    return events.filter(is_part).height


def _counted(texts: pl.Series) -> dict[str, int]:
    return dict(texts.alias("text").value_counts().iter_rows())


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{text} ({count:,})" for text, count in counts.most_common(3))
